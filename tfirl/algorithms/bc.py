"""Behaviour cloning: no environment step, one number to beat."""

from collections.abc import Callable, Mapping
from typing import Any

import gin
import numpy as np

from tfirl import checkpoints
from tfirl.agents import bc as bc_agent
from tfirl.algorithms import clock as clock_lib
from tfirl.algorithms import rounds
from tfirl.algorithms import tables as algorithm_tables
from tfirl.envs import suites
from tfirl.replay import tables, writers


@gin.configurable(denylist=['load_demos', 'seed', 'restore_from'])
class BehaviorCloning:
  """Regression on the expert's actions.

  Attributes: as in `model_free.ModelFree`; `clock.env_steps` stays 0.
  """

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
    seeds = np.random.SeedSequence(seed).generate_state(3).tolist()
    demos = load_demos(suites.load(seed=seeds[0]))
    rows = demos.transitions
    sizes = demos.observations.shape[1], demos.actions.shape[1]
    self._updates_per_round = updates_per_round
    self._agent = make_agent(*sizes)
    self._rounds = rounds.Rounds(
      self._train_step, updates_per_round, jit_compile
    )
    self._replay = tables.Replay(
      [algorithm_tables.expert_table(len(demos))],
      algorithm_tables.transition_spec(*sizes),
      restore_from=restore_from,
      seed=seeds[1],
    )
    if restore_from is None:
      writers.write_shuffled(
        self._replay.writer('expert'), rows, np.random.default_rng(seeds[2])
      )
    self._sampler = self._replay.sampler(
      'expert', updates_per_round * batch_size
    )
    self.counts = 'updates'
    self.clock = clock_lib.Clock()
    self.policy = self._agent.mlp_policy()
    self.losses: dict[str, float] = {}

  def run_round(self) -> None:
    """Takes one round of gradient steps."""
    losses = self._rounds.run(self._sampler.sample())
    self.clock.updates += self._updates_per_round
    self.losses = {name: float(value) for name, value in losses.items()}
    self.policy = self._agent.mlp_policy()

  @property
  def num_traces(self) -> int:
    """How often the round was traced."""
    return self._rounds.num_traces

  def trackables(self) -> Mapping[str, Any]:
    """What a checkpoint must hold, besides the table."""
    return {
      'agent': self._agent,
      'state': checkpoints.PythonState(self._get_state, self._set_state),
    }

  def save_tables(self, folder) -> None:
    """Writes the table to a checkpoint's folder."""
    self._replay.save(folder)

  def table_sizes(self) -> Mapping[str, int]:
    """Rows in the table."""
    return {'expert': self._replay.size('expert')}

  def close(self) -> None:
    """Stops the table's server."""
    self._replay.close()

  def _train_step(self, batch):
    return {'bc_loss': self._agent.train(bc_agent.as_trajectory(batch)).loss}

  def _get_state(self) -> Mapping[str, Any]:
    return {'clock': vars(self.clock)}

  def _set_state(self, state: Mapping[str, Any]) -> None:
    self.clock = clock_lib.Clock(**state['clock'])
    self.policy = self._agent.mlp_policy()
