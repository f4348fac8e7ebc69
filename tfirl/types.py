"""The types that cross package borders, and the letters of all shapes.

B batch, E ensemble member, O observation, A action, T time, G gradient steps
of one round, N transitions of a data set, K episodes of a data set.
"""

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Union

import numpy as np

Array = Union[np.ndarray, Any]  # a NumPy array or a tf.Tensor


def hash_arrays(found: Any, arrays: Iterable[np.ndarray]) -> None:
  """Updates `found`, of hashlib, with the shapes and values of `arrays`."""
  for array in arrays:
    found.update(str(array.shape).encode())
    found.update(np.ascontiguousarray(array).tobytes())


class Transition(NamedTuple):
  """One step, or a batch of steps; every field has the same leading axes.

  There is no reward on purpose: rewards are computed from the current cost
  when a batch is trained on, so a stale one can't be. Those who learn from the
  task's own have `RewardedTransition`.
  """

  observation: Array  # [B, O] float32
  action: Array  # [B, A] float32, in [-1, 1]; the intended action
  discount: Array  # [B] float32, 0 only at a true terminal
  next_observation: Array  # [B, O] float32, the true successor


class RewardedTransition(NamedTuple):
  """A `Transition` with the task's own reward."""

  observation: Array  # [B, O] float32
  action: Array  # [B, A] float32, in [-1, 1]
  discount: Array  # [B] float32
  next_observation: Array  # [B, O] float32
  reward: Array  # [B] float32; nan where it was not recorded

  @property
  def transition(self) -> Transition:
    """Without the reward."""
    return Transition(*self[:4])


@dataclasses.dataclass(frozen=True, repr=False)
class Demonstrations:
  """Expert transitions in the order they were recorded, episode by episode.

  Actions are the environment's, from its bounds to [-1, 1]; whoever reads or
  shows them in the environment's own units has to scale them back.

  An episode ends at the row where `terminals` or `timeouts` is True (and at
  the last row). `goal` is the goal's x-y at each row of a maze task.
  """

  observations: np.ndarray  # [N, O] float32
  actions: np.ndarray  # [N, A] float32, in [-1, 1]
  next_observations: np.ndarray  # [N, O] float32
  terminals: np.ndarray  # [N] bool
  timeouts: np.ndarray  # [N] bool
  qpos: np.ndarray | None = None  # [N, nq] float64, state at `observations`
  qvel: np.ndarray | None = None  # [N, nv] float64
  goal: np.ndarray | None = None  # [N, 2] float64
  rewards: np.ndarray | None = None  # [N] float64, the task's, of each step
  episode_seeds: np.ndarray | None = None  # [K] int64, -1 if unknown
  episode_returns: np.ndarray | None = None  # [K] float64, nan if unknown
  env_id: str = ''
  env_kwargs: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  versions: Mapping[str, str] = dataclasses.field(default_factory=dict)
  source: str = ''  # where it was read from: a path or a data set's name

  def __len__(self) -> int:
    return len(self.observations)

  def __repr__(self) -> str:
    """How many, of what sizes, from where: not a hundred thousand numbers."""
    return (
      f'Demonstrations({len(self.episode_ends):,} episodes, {len(self):,} '
      f'transitions, (O, A) = {self.sizes}, {self.source!r})'
    )

  @property
  def sizes(self) -> tuple[int, int]:
    """(O, A)."""
    return self.observations.shape[1], self.actions.shape[1]

  @property
  def episode_ends(self) -> np.ndarray:
    """Exclusive end row of each episode, [K] int64, increasing."""
    ends = np.flatnonzero(self.terminals | self.timeouts) + 1
    if not len(ends) or ends[-1] != len(self):
      ends = np.append(ends, len(self))
    return ends

  @property
  def steps_in_episode(self) -> np.ndarray:
    """How many steps into its episode each row lies, [N] int64."""
    ends = self.episode_ends
    starts = np.concatenate([[0], ends[:-1]])
    return np.arange(len(self)) - np.repeat(starts, ends - starts)

  @property
  def digest(self) -> str:
    """Tells these rows from any others, whatever their source is called."""
    found = hashlib.sha256()
    hash_arrays(found, (*self.transitions, self.timeouts))
    return found.hexdigest()[:24]

  @property
  def transitions(self) -> Transition:
    """All rows as a `Transition` of NumPy arrays, [N, ...]."""
    return Transition(
      observation=self.observations,
      action=self.actions,
      discount=1.0 - self.terminals.astype(np.float32),
      next_observation=self.next_observations,
    )

  @property
  def rewarded_transitions(self) -> RewardedTransition:
    """The same with the task's rewards; nan where none are recorded."""
    rewards = np.full(len(self), np.nan)
    if self.rewards is not None:
      rewards = self.rewards
    return RewardedTransition(*self.transitions, rewards.astype(np.float32))
