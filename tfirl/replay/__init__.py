"""Replay: blocks of transitions in Reverb tables, drawn a round at a time."""
