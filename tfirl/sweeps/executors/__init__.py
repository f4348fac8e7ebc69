"""Ways of running the same list of work units."""
