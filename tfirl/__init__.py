"""Hybrid inverse reinforcement learning on TF-Agents."""

import os

# Set before TensorFlow starts: its notices (no GPU, a plug-in found twice)
# drown what a program has to say. Python's exceptions are not touched.
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
