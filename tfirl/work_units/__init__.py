"""One run of a sweep: what to call, in which folder, and how far it is."""
