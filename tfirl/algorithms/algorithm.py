"""What all algorithms are to the run that plays their rounds."""

import abc
import contextlib
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tfirl.algorithms.parts import clock as clock_lib
from tfirl.algorithms.parts import (
  maze_record,
  rounds,
  sources,
  training_episodes,
)
from tfirl.config import budget
from tfirl.replay import tables
from tfirl.storage import checkpoints


class Trainable(abc.ABC):
  """What a run trains, round by round.

  Attributes:
    budget_units: which of the clock's counts a budget may be given in.
    learns_from_demos: whether it is given any.
    takes_actors: whether it may be given a `make_source`, which then takes
      its real steps.
    clock: what has been spent.
    policy: the current policy, in NumPy; None where there is none to evaluate.
    losses: named floats of the latest round.
    cost: the learned `CostLearner`; None for a method that learns none.
    is_unfinished: the latest round was stopped half-way, and the next one goes
      on with it; the run is not over, whatever was spent.
    tell: is called with a few words on what takes long in a round, and returns
      whether to end that as soon as it may, for the run is to stop; whoever
      runs it may replace it.
  """

  budget_units = budget.STEPS
  learns_from_demos = True
  takes_actors = False
  is_unfinished = False

  def __init__(self):
    self.clock = clock_lib.Clock()
    self.policy = None
    self.losses: dict[str, float] = {}
    self.cost = None
    self.tell: Callable[[str], bool] = lambda doing: False

  @abc.abstractmethod
  def run_round(self) -> None:
    """Collects and trains once; the policy, losses and clock move on."""

  @property
  @abc.abstractmethod
  def num_traces(self) -> int:
    """How often the round was traced; more than 1 is a mistake."""

  @abc.abstractmethod
  def trackables(self) -> Mapping[str, Any]:
    """What a checkpoint must hold, besides the tables."""

  def training_episodes(self) -> Mapping[str, float]:
    """Columns of metrics.csv, of the episodes of training that were not yet
    forgotten: `training_return`, by the task's reward, which nothing is trained
    on, `training_length` and `training_terminated`; {} of none.
    """
    return {}

  def forget_training_episodes(self) -> None:  # noqa: B027 some have none
    """Those that have ended; is called at each evaluation."""

  def save_tables(self, folder) -> None:
    """Writes the tables and their partial blocks to a checkpoint's folder."""
    del folder  # those that have none

  def table_sizes(self) -> Mapping[str, int]:
    """Rows in each table."""
    return {}

  def write_records(self, folder: pathlib.Path) -> None:
    """Rewrites in the run's folder what shows where it stands; is called at
    each evaluation.
    """
    del folder  # most have nothing

  def finish(self, folder: pathlib.Path) -> None:
    """Leaves in the run's folder what only this algorithm can show."""
    del folder  # most have nothing

  def close(self) -> None:  # noqa: B027 most have nothing to close
    """Ends what was started for the run."""


class _Opened(contextlib.ExitStack):
  """What is to be closed: the latest first, each whatever the others raise."""

  def __call__(self, part):
    """`part`, whose `close` is to be called."""
    return self.enter_context(contextlib.closing(part))


class Algorithm(Trainable):
  """An agent, the tables it learns from and its rounds.

  A subclass is made in `with self._opening() as opened:`, where each
  `opened(part)` is closed by `close`, or at once if the block fails.
  """

  def __init__(
    self,
    agent,
    replay: tables.Replay,
    updates_per_round: int,
    jit_compile: bool,
    record: maze_record.MazeRecord | None = None,
  ):
    """Args: `agent` has `mlp_policy()`; a round has `updates_per_round`
    updates, compiled by XLA if asked for; `record` of a maze is kept with the
    run.
    """
    super().__init__()
    self._agent = agent
    self._replay = replay
    self._record = record
    self._episodes = training_episodes.TrainingEpisodes()
    self._updates_per_round = updates_per_round
    self._rounds = rounds.Rounds(
      self._train_step, updates_per_round, jit_compile
    )
    self.policy = agent.mlp_policy()

  @abc.abstractmethod
  def _train_step(self, *batches) -> Mapping[str, tf.Tensor]:
    """One update, in a graph, on one batch of each. Returns named scalars."""

  @property
  def num_traces(self) -> int:
    return self._rounds.num_traces

  def trackables(self) -> Mapping[str, Any]:
    return {
      'agent': self._agent,
      'state': checkpoints.PythonState(self._get_state, self._set_state),
    }

  def training_episodes(self) -> Mapping[str, float]:
    return self._episodes.columns()

  def forget_training_episodes(self) -> None:
    self._episodes.forget()

  def save_tables(self, folder) -> None:
    self._replay.save(folder)

  def table_sizes(self) -> Mapping[str, int]:
    return {name: self._replay.size(name) for name in self._replay.names}

  def write_records(self, folder: pathlib.Path) -> None:
    """In a maze: maze.npz, for the report."""
    if self._record is not None:
      self._record.save(folder, self._imagined())

  def close(self) -> None:
    """Stops the tables' server, and closes what else was opened; each, whatever
    the others raise.
    """
    self._opened.close()

  @contextlib.contextmanager
  def _opening(self) -> Iterator[_Opened]:
    with _Opened() as self._opened:
      yield self._opened
      self._opened = self._opened.pop_all()

  def _imagined(self) -> Mapping[str, np.ndarray]:
    """What a record also shows, of those that imagine."""
    return {}

  def _note_steps(self, steps: sources.Steps) -> None:
    """Sees what the learner did in the training environment."""
    rows = steps.rows
    self._episodes.add(rows.reward, rows.discount, steps.times, steps.streams)
    if self._record is not None:
      self._record.add(rows.observation)

  def _train(self, *rows) -> None:
    """A round of updates on nests of [G * B, ...]."""
    losses = self._rounds.run(*rows)
    self.clock.updates += self._updates_per_round
    self.losses.update({name: float(value) for name, value in losses.items()})
    self.policy = self._agent.mlp_policy()

  def _get_state(self) -> dict[str, Any]:
    record = self._record
    return {
      'clock': vars(self.clock),
      'maze': None if record is None else record.get_state(),
    }

  def _set_state(self, state: Mapping[str, Any]) -> None:
    self.clock = clock_lib.Clock(**state['clock'])
    if self._record is not None:
      self._record.set_state(state['maze'])
    self.policy = self._agent.mlp_policy()
