"""Evaluation of a policy, its video, and the log of a run's metrics."""
