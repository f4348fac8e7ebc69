"""Where a round's real steps come from; here: an environment of this process.

Whatever takes the place of `OwnEnvironment` has the same methods.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tfirl import types
from tfirl.algorithms.parts import collecting
from tfirl.machine import closing


class InterruptedRoundError(Exception):
  """The run is to stop, and the round's steps would still be waited for."""


class Steps(NamedTuple):
  """A round of real steps.

  Attributes:
    rows: [M, ...].
    times: how many steps into its episode each lies, [M] int64.
    streams: [M] int64; rows of one number are one environment's, in order and
      none left out.
    num_stale: steps that were taken besides, and are too old to train on.
    columns: of metrics.csv.
  """

  rows: types.RewardedTransition
  times: np.ndarray
  streams: np.ndarray
  num_stale: int = 0
  columns: Mapping[str, float] = {}


class OwnEnvironment:
  """Takes the steps itself.

  Attributes:
    env: where the policy acts.

  Args:
    make_env: maps `seeds` to it.
    seeds: of the environment.
    num_steps: of a round.
  """

  def __init__(self, make_env: Callable, seeds: Sequence[int], num_steps: int):
    with closing.on_error(make_env(*seeds)) as self.env:
      self.env.reset()
    self._num_steps = num_steps
    self._num_dropped = 0  # steps of actors that no round has counted yet

  def check_age(self, updates_per_round: int) -> None:
    """Raises ValueError if steps would be too old to train on after so many
    gradient steps between two rounds: never, they are of the latest policy.
    """

  def take(
    self,
    policy: collecting.Policy,
    rng: np.random.Generator | None,
    updates: int,
  ) -> Steps:
    """The next round's.

    Args:
      policy: acts.
      rng: draws its actions; None takes its mean action.
      updates: gradient steps that `policy` has had.
    """
    del updates  # it is the latest policy, always
    steps = collecting.run_steps(self.env, policy, self._num_steps, rng)
    num_stale, self._num_dropped = self._num_dropped, 0
    return Steps(*steps, np.zeros(self._num_steps, np.int64), num_stale)

  def get_state(self) -> Mapping[str, Any]:
    """Where the environment stands, JSON-able."""
    return {**self.env.get_state(), 'num_dropped': self._num_dropped}

  def set_state(self, state: Mapping[str, Any]) -> None:
    """Takes up what `get_state` gave; what another source gave leaves it at
    the start of an episode.

    What actors had ready is given up: its steps are counted as too old ones.
    """
    self._num_dropped = state.get('num_dropped', 0)
    if 'lives' in state:
      self._num_dropped += sum(len(times) for _, times, *_ in state['blocks'])
    else:
      self.env.set_state(state)

  def close(self) -> None:
    """Closes the environment."""
    self.env.close()
