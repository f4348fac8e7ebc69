"""Run folders to curves, tables and one page; imports no TensorFlow."""
