"""Behaviour cloning: no environment step, one number to beat."""

from collections.abc import Callable
from typing import Annotated

import gin
import numpy as np

from tfirl import checks, tasks, types
from tfirl.agents import bc as bc_agent
from tfirl.algorithms import algorithm
from tfirl.algorithms.parts import maze_record
from tfirl.algorithms.parts import tables as algorithm_tables
from tfirl.config import budget

_MakeAgent = Annotated[
  Callable,
  checks.Called(
    'called with O, A and observations for an agent, such as @BcAgent', 3
  ),
]


@gin.configurable(denylist=['task', 'demos', 'seed', 'restore_from'])
class BehaviorCloning(algorithm.Algorithm):
  """Regression on the expert's actions; `clock.env_steps` stays 0."""

  budget_units = budget.UPDATES

  @checks.checked
  def __init__(
    self,
    task: tasks.Task,
    demos: types.Demonstrations,
    seed: int,
    restore_from: str | None = None,
    *,
    make_agent: _MakeAgent = gin.REQUIRED,
    updates_per_round: checks.Count = 64,
    batch_size: checks.Count = 256,
    jit_compile: bool = False,
  ):
    """Opens the table of demonstrations and makes the agent.

    Args:
      task: for the picture of a maze.
      demos: to be cloned.
      seed: of everything but Reverb's sampling.
      restore_from: a checkpoint's folder, whose tables to start with.
      make_agent: maps (O, A, the demonstrations' observations) to an agent.
      updates_per_round: gradient steps of a round.
      batch_size: B.
      jit_compile: compile the round by XLA.
    """
    seeds = np.random.SeedSequence(seed).generate_state(2).tolist()
    env_seed, table_seed = seeds
    with self._opening() as opened:
      replay = opened(
        algorithm_tables.open_with_demos([], demos, restore_from, table_seed)
      )
      self._sampler = replay.sampler('expert', updates_per_round * batch_size)
      agent = make_agent(*demos.sizes, demos.observations)
      with task.make_env(env_seed) as env:
        record = maze_record.of(env, demos)
      super().__init__(agent, replay, updates_per_round, jit_compile, record)

  def run_round(self) -> None:
    """Takes one round of gradient steps."""
    self._train(self._sampler.sample())

  def _train_step(self, batch):
    return {'bc_loss': self._agent.train(bc_agent.as_trajectory(batch)).loss}
