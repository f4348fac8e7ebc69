"""Hybrid inverse reinforcement learning on TF-Agents."""

import os

# Set before TensorFlow starts: its notices (no GPU, a plug-in found twice)
# drown what a program has to say. Python's exceptions are not touched.
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')

# Before NumPy is imported: policies act in NumPy, one observation at a time,
# and a second thread makes products that small three times as slow.
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
