"""Whether demonstrations are of the environment that they are to teach.

Recorded states are put into the environment and their actions replayed; where
no states are recorded an episode is replayed from its seed; else the ranges of
observations are compared.
"""

import logging

import numpy as np
from tf_agents.environments import py_environment

from tfirl.demos import ends, jumps
from tfirl.demos.formats import facts
from tfirl.demos.raw import RawDemonstrations
from tfirl.envs import mujoco_state, wrapped_observations
from tfirl.types import Demonstrations

_ROWS = 64
_EPISODES, _STEPS = 4, 8  # replayed from seeds
# A row disagrees beyond this part of its step. The same simulator repeats it to
# a part in a million, from a contact solver that starts cold.
_MOST_OFF = 0.05
# Of the rows: a trembling hand executes others than are recorded, and another
# version may differ in contacts alone.
_REFUSED, _WARNED = 0.5, 0.1
# Of the columns' deviation, where a seed is known to lead to the same start.
_SAME_START = 1e-3
# Few: an environment may be slow, or a robot.
_RESETS, _RANDOM_STEPS = 8, 16
# Widths of the environment's own range, that demonstrations lie beyond it.
_FAR = 3.0

_EXPECTED = (
  "the environment's own (are they of another version of it, or are actions or "
  'observations scaled or in another order?)'
)


def check_wrappers(
  raw: RawDemonstrations, env: py_environment.PyEnvironment, accept: bool
) -> None:
  """Refuses what was recorded through wrappers that `env` has not.

  Args:
    raw: as its reader found it.
    env: the task's environment.
    accept: warn instead.

  Raises:
    DemonstrationError: names the wrappers.
  """
  own = facts.wrappers_of(env.gym.spec)
  found = [name for name in raw.wrappers if name not in own]
  if found:
    ends.refuse(
      accept,
      raw.source,
      'env_spec',
      f'observations or actions that {", ".join(found)} changed',
      'those of the environment itself, or a task whose Task.env_fn makes the '
      'same wrappers',
    )


def check(
  demos: Demonstrations, env: py_environment.PyEnvironment, accept: bool
) -> None:
  """Replays a few rows of `demos` in `env`, or compares ranges.

  Args:
    demos: what is to be checked.
    env: the task's environment, without a trembling hand.
    accept: warn where it would refuse.

  Raises:
    DemonstrationError: half of the rows or more disagree, or the ranges have
      nothing to do with each other; says by how much.
  """
  has_states = demos.qpos is not None and demos.qvel is not None
  errors = []
  if has_states and _takes_states(demos, env):
    errors = _replay_states(demos, env)
  elif demos.episode_seeds is not None:
    errors = _replay_seeds(demos, env, accept)
  if errors:
    _judge(demos, env, np.array(errors), accept)
  else:
    _compare_ranges(demos, env, accept)
    _warn_of_unit_actions(demos, env)


def _judge(demos, env, errors: np.ndarray, accept: bool) -> None:
  """Refuses, warns or lets pass, by the share of rows [R] that disagree."""
  share = float((errors > _MOST_OFF).mean())
  found = (
    f'others than the recorded actions lead to in {env.name}, by '
    f'{np.median(errors):.0%} of a step (median), by over {_MOST_OFF:.0%} in '
    f'{share:.0%} of {len(errors)} rows that were replayed'
  )
  if share >= _REFUSED:
    ends.refuse(accept, demos.source, 'next_observations', found, _EXPECTED)
  elif share > _WARNED:
    logging.warning('%s: next_observations: found %s', demos.source, found)


def _takes_states(demos, env) -> bool:
  """Whether the states are of the environment's own model."""
  inner = mujoco_state.find(env.gym)
  if inner is None or (env.maze is not None and demos.goal is None):
    return False
  if env.maze is None and wrapped_observations.obstacle(env.gym):
    return False
  found = demos.qpos.shape[1], demos.qvel.shape[1]
  expected = inner.model.nq, inner.model.nv
  if found != expected:
    logging.warning(
      '%s: qpos, qvel: found %s numbers, %s has %s: not replayed',
      demos.source,
      found,
      env.name,
      expected,
    )
  return found == expected


def _replay_states(demos, env) -> list[float]:
  """Errors of some rows, each from its own state."""
  steps = demos.steps_in_episode
  usable = np.flatnonzero(steps < env.max_episode_steps)
  chosen = usable[np.linspace(0, len(usable) - 1, _ROWS).astype(int)]
  scale = jumps.spread(demos.observations)
  errors = []
  for row in np.unique(chosen):
    goal = None if env.maze is None else demos.goal[row]
    env.restore_mujoco(demos.qpos[row], demos.qvel[row], int(steps[row]), goal)
    errors.append(_step_error(demos, env, row, scale))
  return errors


def _replay_seeds(demos, env, accept: bool) -> list[float]:
  """Errors of some episodes' first steps, where a seed leads to their start.

  Where it leads elsewhere that is said, or refused if to the same numbers in
  another order.
  """
  scale = jumps.spread(demos.observations)
  starts = np.concatenate([[0], demos.episode_ends[:-1]])
  errors, off, are_permuted = [], [], []
  chosen = np.flatnonzero(demos.episode_seeds >= 0)[:_EPISODES]
  for episode in chosen:
    row = starts[episode]
    env.seed(int(demos.episode_seeds[episode]))
    first, recorded = env.reset().observation, demos.observations[row]
    gap = _rms((first - recorded) / scale)
    if gap > _SAME_START:
      off.append(gap)
      same = np.allclose(np.sort(first), np.sort(recorded), 1e-3, 1e-6)
      are_permuted.append(same)
      continue
    end = min(row + _STEPS, demos.episode_ends[episode])
    errors += [_step_error(demos, env, i, scale) for i in range(row, end)]
  if off:
    found = (
      f'recorded seeds that lead to other starts in {env.name} in {len(off)} '
      f'of {len(chosen)} episodes, by {np.median(off):.3g} deviations (median)'
    )
    if all(are_permuted):
      found = f'{found}, of the same numbers in another order'
      ends.refuse(accept, demos.source, 'observations', found, _EXPECTED)
    else:
      logging.warning('%s: seed: found %s', demos.source, found)
  return errors


def _step_error(demos, env, row: int, scale: np.ndarray) -> float:
  """Error of where the row's action leads, of the recorded step."""
  try:
    found = env.step(demos.actions[row]).observation
  except FloatingPointError:  # a state that no step leads on from
    return np.inf
  recorded = demos.next_observations[row]
  motion = _rms((recorded - demos.observations[row]) / scale)
  return _rms((found - recorded) / scale) / max(motion, 1e-6)


def _rms(values: np.ndarray) -> float:
  return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))


def _compare_ranges(demos, env, accept: bool) -> None:
  """Demonstrations must pass through where the environment begins."""
  begun, seen = _random_observations(env)
  low, high = seen.min(axis=0), seen.max(axis=0)
  width = np.maximum(high - low, 1e-3 * (1.0 + np.abs(seen).max(axis=0)))
  demo_low, demo_high = (
    demos.observations.min(axis=0),
    demos.observations.max(axis=0),
  )
  gap = np.maximum(demo_low - begun.max(axis=0), begun.min(axis=0) - demo_high)
  far = np.flatnonzero(gap > _FAR * width)
  if len(far):
    i = far[np.argmax(gap[far] / width[far])]
    found = (
      f'{demo_low[i]:.3g} to {demo_high[i]:.3g} in column {i}, where episodes '
      f'of {env.name} begin at {begun[:, i].min():.3g} to '
      f'{begun[:, i].max():.3g}; {len(far)} of {len(gap)} columns are so'
    )
    ends.refuse(accept, demos.source, 'observations', found, _EXPECTED)
  _warn_of_still_columns(demos, env, seen)


def _warn_of_still_columns(demos, env, seen: np.ndarray) -> None:
  """Columns that never change on one side only."""
  is_still = np.ptp(demos.observations, axis=0) == 0
  env_is_still = np.ptp(seen, axis=0) == 0
  found = np.flatnonzero(is_still != env_is_still)
  if len(found) and len(demos) > 1:
    i = int(found[0])
    logging.warning(
      '%s: observations: column %d %s here, and %s in %s (%d such columns)',
      demos.source,
      i,
      'never changes' if is_still[i] else 'changes',
      'never changes' if env_is_still[i] else 'changes',
      env.name,
      len(found),
    )


def _random_observations(env) -> tuple[np.ndarray, np.ndarray]:
  """First observations [R, O], and those of a few steps too, [., O]."""
  rng = np.random.default_rng(0)
  size = env.action_spec().shape
  begun, seen = [], []
  for i in range(_RESETS):
    env.seed(i)
    step = env.reset()
    begun.append(step.observation)
  for _ in range(_RANDOM_STEPS):
    if step.is_last():
      break
    step = env.step(rng.uniform(-1, 1, size).astype(np.float32))
    seen.append(step.observation)
  return np.array(begun), np.array(begun + seen)


def _warn_of_unit_actions(demos, env) -> None:
  """Actions that look like a policy's own, from -1 to 1, in a wider range."""
  low, high = env.action_low, env.action_high
  actions = (high + low) / 2 + (high - low) / 2 * demos.actions
  most = np.abs(actions).max(axis=0)
  # Of some columns only, a gripper's say, the range may be [-1, 1] itself.
  wider = most[(low < -1.05) & (high > 1.05)]
  if most.max() <= 1.0 + 1e-4 and (wider >= 0.95).any():
    logging.warning(
      '%s: actions: found none beyond [-1, 1], and %s takes %g to %g: are they '
      "in a policy's own scale? Expected the environment's",
      demos.source,
      env.name,
      low.min(),
      high.max(),
    )
