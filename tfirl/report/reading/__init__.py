"""Run folders, and the sweeps they are of, as they are read."""
