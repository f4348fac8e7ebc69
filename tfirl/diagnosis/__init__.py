"""What is wrong with a run, told from its own record; needs no TensorFlow."""
