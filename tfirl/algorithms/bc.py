"""Behaviour cloning: no environment step, one number to beat."""

from collections.abc import Callable

import gin
import numpy as np

from tfirl import budget, tasks
from tfirl.agents import bc as bc_agent
from tfirl.algorithms import algorithm
from tfirl.algorithms.parts import maze_record
from tfirl.algorithms.parts import tables as algorithm_tables


@gin.configurable(denylist=['load_demos', 'seed', 'restore_from'])
class BehaviorCloning(algorithm.Algorithm):
  """Regression on the expert's actions; `clock.env_steps` stays 0."""

  budget_units = budget.UPDATES

  def __init__(
    self,
    load_demos: Callable,
    seed: int,
    restore_from: str | None = None,
    *,
    make_agent: Callable = gin.REQUIRED,
    updates_per_round: int = 64,
    batch_size: int = 256,
    jit_compile: bool = False,
  ):
    """Args: as in `model_free.ModelFree`."""
    seeds = np.random.SeedSequence(seed).generate_state(2).tolist()
    env = tasks.load(seed=seeds[0])
    demos = load_demos(env)
    replay = algorithm_tables.open_with_demos([], demos, restore_from, seeds[1])
    self._sampler = replay.sampler('expert', updates_per_round * batch_size)
    sizes = demos.observations.shape[1], demos.actions.shape[1]
    agent = make_agent(*sizes, demos.observations)
    record = maze_record.of(env, demos)
    super().__init__(agent, replay, updates_per_round, jit_compile, record)

  def run_round(self) -> None:
    """Takes one round of gradient steps."""
    self._train(self._sampler.sample())

  def _train_step(self, batch):
    return {'bc_loss': self._agent.train(bc_agent.as_trajectory(batch)).loss}
