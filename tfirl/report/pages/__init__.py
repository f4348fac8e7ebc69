"""Tables and the page, from what was read and drawn."""
