"""Hybrid inverse reinforcement learning on TF-Agents."""

import os

# Before TensorFlow is imported: its start-up notices (no GPU, a plug-in found
# twice) drown what a program has to say. Errors still show.
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
