"""Fills the `learner` table with rollouts of the policy in a learned model."""

import logging
import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import gin
import numpy as np

from tfirl import checks, schedules, types
from tfirl.dynamics import model as dynamics_model
from tfirl.dynamics import model_env
from tfirl.machine import memory
from tfirl.replay import tables

# The schedule of rollout lengths is looked at in these epochs.
_MOST_EPOCHS = 10_000
# In a picture: points are cheaper than rollouts.
_SHOWN_STARTS, _SHOWN_ROLLOUTS = 1000, 48
_Length = Annotated[float, checks.Range(least=1)]  # whole steps of it
MakeStarts = Annotated[
  Callable,
  checks.Called(
    'called with demonstrations for start states, such as @BackwardStarts', 1
  ),
]


@gin.configurable(denylist=['env', 'period', 'seed', 'demos'])
class Imagination:
  """Start states from `expert` and `policy`, imagined rows to `learner`.

  Reverb fixes a table's capacity when it is made, and how many rows make up
  `num_epochs_retained` changes with the length of the rollouts. So there is a
  table for each length of the schedule; the one in use is `learner` to all
  others. When the length changes, its rows move to the new table, where those
  of the next rollouts push the oldest out, as in the authors' code.

  Args:
    env: the learned model as an environment.
    period: env steps between calls of `imagine`.
    seed: of the order of start states.
    demos: for `make_starts`.
    rollouts_per_step: rollouts for each env step.
    rollout_length: maps the epoch that the env steps lie in, 1, 2, ..., to
      steps of each rollout; its integer part is taken. One step if not given.
    epoch_length: env steps of an epoch.
    num_epochs_retained: for so many epochs' env steps imagined rows are kept:
      those of one call of `imagine` at least, or it is an error.
    expert_reset_fraction: share of start states from `expert`, or what maps
      env steps to it; the others are from `policy`.
    expert_action_fraction: share of start states from `expert` where the
      first action is the expert's, too. The policy then trains on what the
      model makes of the expert's transitions, as HyPE does on themselves.
    make_starts: maps demonstrations to the source of expert start states,
      such as @BackwardStarts; None for all rows of `expert` alike.

  Raises:
    ValueError: a parameter is out of its range, or `learner` would not fit
      into memory.
  """

  @checks.checked
  def __init__(
    self,
    env: model_env.ModelEnv,
    period: int,
    seed: int,
    demos: types.Demonstrations | None = None,
    *,
    rollouts_per_step: checks.Count = gin.REQUIRED,
    rollout_length: checks.Schedule = schedules.constant,
    epoch_length: checks.Count = 1000,
    num_epochs_retained: checks.Count = 1,
    expert_reset_fraction: checks.Share | checks.Schedule = 0.5,
    expert_action_fraction: checks.Share = 0.0,
    make_starts: MakeStarts | None = None,
  ):
    """Plans the tables, and checks that memory holds them."""
    self._env = env
    self._rollout_length = rollout_length
    self._epoch_length = epoch_length
    self._rng = np.random.default_rng(seed)
    self._num_starts = rollouts_per_step * period
    self._rollouts_per_step = rollouts_per_step
    self._starts = None if make_starts is None else make_starts(demos)
    self._reset_fraction = expert_reset_fraction
    self._action_fraction = expert_action_fraction
    lengths = {self.length(e * epoch_length) for e in range(_MOST_EPOCHS)}
    kept = num_epochs_retained * epoch_length
    checks.require(
      'ModelBased.dynamics_update_period',
      period,
      f'at most the {kept} env steps whose imagined rows are kept '
      '(Imagination.num_epochs_retained x .epoch_length)',
      period <= kept,
    )
    self._tables = _plan_tables(lengths, kept * rollouts_per_step, env.model)
    self._length = None
    self._latest = None
    self._replay = None
    self._fraction(0)  # out of its range: now, not at the first fit

  @property
  def table_configs(self) -> list[tables.TableConfig]:
    """To be opened, with `expert` and `policy`, and given to `connect`."""
    return list(self._tables.values())

  def connect(self, replay: tables.Replay, num_sampled: int) -> None:
    """Args: `num_sampled` is how many rows `sample` returns."""
    self._replay = replay
    # As many of each as there may be: a constant ratio, whatever the fraction.
    self._expert_sampler, self._policy_sampler = (
      replay.sampler(name, self._num_starts) for name in ('expert', 'policy')
    )
    self._samplers = {
      length: replay.sampler(table.name, num_sampled)
      for length, table in self._tables.items()
    }

  @property
  def policy_rows_per_step(self) -> int:
    """Rows drawn from `policy` for each env step."""
    return self._rollouts_per_step

  def length(self, env_steps: int) -> int:
    """Steps of the rollouts that begin after `env_steps`.

    Epochs are counted from 1, and the last env step of one is its own: of
    1,000 steps each, 1 to 1,000 are of epoch 1, as in the authors' code.

    Raises: ValueError if the schedule gives no number of at least 1.
    """
    epoch = math.ceil(env_steps / self._epoch_length)
    length = checks.scheduled(
      'Imagination.rollout_length', self._rollout_length, epoch, _Length
    )
    return int(length)

  def imagine(self, policy: Callable, env_steps: int) -> Mapping[str, float]:
    """Rolls `policy` out from new start states, into `learner`.

    Args:
      policy: maps observations [B, O] to actions [B, A], in a graph.
      env_steps: taken so far, for the length.

    Returns:
      Named numbers of what was imagined.

    Raises:
      ValueError: rollouts get a length that they have in none of the first
        10,000 epochs.
    """
    starts, first_actions = self._sample_starts(env_steps)
    length = self.length(env_steps)
    checks.require(
      f'Imagination.rollout_length at {env_steps:,} env steps',
      length,
      f'one of {list(self._tables)}, those of the first {_MOST_EPOCHS:,} '
      f'epochs of {self._epoch_length} steps (Imagination.epoch_length)',
      length in self._tables,
    )
    if self._length not in (None, length):
      self._replay.move(
        self._tables[self._length].name, self._tables[length].name
      )
    self._length = length
    self._latest = (
      env_steps,
      starts[:_SHOWN_STARTS].copy(),
      first_actions[:_SHOWN_ROLLOUTS].copy(),
    )
    rollout = self._env.rollout(policy, starts, length, first_actions)
    self._replay.writer(self._tables[length].name).append(rollout.rows)
    num_rows = len(rollout.rows.discount)
    reward = getattr(rollout.rows, 'reward', None)
    return {
      'rollout_length': float(length),
      'imagined_rows': float(num_rows),
      'imagined_terminal': rollout.num_terminal / max(num_rows, 1),
      'imagined_dropped': float(rollout.num_dropped),
      'expert_reset_fraction': self._fraction(env_steps),
      **({} if reward is None else {'imagined_reward': float(reward.mean())}),
      **(self._starts.columns(env_steps) if self._starts else {}),
    }

  def picture(self, policy: Callable) -> dict[str, np.ndarray]:
    """What shows the latest rollouts in x-y, the first two observations.

    Args:
      policy: as of `imagine`; its rollouts are made anew, from the same starts.

    Returns:
      `start_states` [S, 2], of those of the latest `imagine`; `rollouts`
      [K, T + 1, 2] from the first of them, nan past their ends; and
      `start_window` [2], if there is one. Empty if nothing was imagined yet in
      this process.
    """
    if self._latest is None:
      return {}
    env_steps, starts, first_actions = self._latest
    firsts = starts[: len(first_actions)]
    paths = self._env.paths(policy, firsts, self._length, first_actions)
    arrays = {'start_states': starts[:, :2], 'rollouts': paths[..., :2]}
    if self._starts is not None:
      arrays['start_window'] = np.array(self._starts.window(env_steps))
    return arrays

  def sample(self) -> types.Transition:
    """Imagined rows, [num_sampled, ...]; `imagine` comes first."""
    return self._samplers[self._length].sample()

  def table_sizes(self, sizes: Mapping[str, int]) -> dict[str, int]:
    """`sizes` of all tables, those of every length summed up as `learner`."""
    own = {table.name for table in self._tables.values()}
    others = {name: size for name, size in sizes.items() if name not in own}
    return {**others, 'learner': sum(sizes[name] for name in own)}

  def get_state(self) -> Mapping[str, Any]:
    """All that is not in a table, JSON-able."""
    return {'rng': self._rng.bit_generator.state, 'length': self._length}

  def set_state(self, state: Mapping[str, Any]) -> None:
    """Takes up what `get_state` gave."""
    self._rng.bit_generator.state = state['rng']
    self._length = state['length']

  def _sample_starts(self, env_steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Start states [N, O] and actions there [N, A], nan if the policy's."""
    num_expert = round(self._fraction(env_steps) * self._num_starts)
    policy = self._policy_sampler.sample()
    if self._starts is None:
      expert = self._expert_sampler.sample()
      expert = expert.observation, expert.action
    else:
      expert = self._starts.sample(env_steps, self._num_starts, self._rng)
    starts, actions = (
      np.concatenate([theirs[:num_expert], ours[num_expert:]])
      for theirs, ours in zip(expert, policy[:2], strict=True)
    )
    # The expert's come first.
    actions[round(self._action_fraction * num_expert) :] = np.nan
    order = self._rng.permutation(len(starts))
    return starts[order], actions[order]

  def _fraction(self, env_steps: int) -> float:
    if not callable(self._reset_fraction):
      return float(self._reset_fraction)
    name = 'Imagination.expert_reset_fraction'
    return checks.scheduled(name, self._reset_fraction, env_steps, checks.Share)


def _plan_tables(
  lengths: set[int], rows_per_length: int, model: dynamics_model.DynamicsModel
) -> dict[int, tables.TableConfig]:
  """A table for each length; raises ValueError if memory won't hold them."""
  planned = {
    n: _learner_table(n, n * rows_per_length, len(lengths) == 1)
    for n in sorted(lengths)
  }
  width = 2 * model.observation_size + model.action_size + 1
  width += model.predicts_reward
  most_rows = max(table.capacity for table in planned.values())
  what = (
    f'table learner, {most_rows} rows of {width} floats '
    '(Imagination.rollouts_per_step, .rollout_length, .num_epochs_retained)'
  )
  if len(planned) > 1:  # where the length changes, rows are read, then written
    what, most_rows = f'twice {what}', 2 * most_rows
  memory.check(4 * width * most_rows, what)
  logging.info('%s: %.2f GiB at most', what, 4 * width * most_rows / 2**30)
  return planned


def _learner_table(length: int, capacity: int, is_only: bool):
  with gin.config_scope('learner'):
    return tables.table(
      'learner' if is_only else f'learner_{length}',
      capacity=capacity,
      min_size=1,
    )
