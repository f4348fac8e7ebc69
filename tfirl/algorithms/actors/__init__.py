"""Actors: environments of other processes, from which a learner learns."""
