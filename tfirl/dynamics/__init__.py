"""Learned dynamics: an ensemble, its fit, and what is imagined in it."""
