"""Environments: gymnasium's MuJoCo tasks as TF-Agents environments."""
