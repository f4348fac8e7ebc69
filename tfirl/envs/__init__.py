"""Gymnasium's environments, mazes and a user's own, as TF-Agents'."""
