"""Evaluation of a policy, the log of a run's metrics, the progress bar."""
