"""Hybrid inverse reinforcement learning on TF-Agents."""
