"""Writes demonstrations of any source into a file of their own."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from tfirl import checks, tasks
from tfirl.demos import load, outputs, summary
from tfirl.demos.checking import check
from tfirl.demos.raw import RawDemonstrations
from tfirl.demos.scaling import check_range


def convert(
  source: str,
  out: str,
  env_id: str = '',
  keys: Mapping[str, str] | None = None,
  clips: bool = False,
  accepts: bool = False,
) -> RawDemonstrations:
  """Writes `source` to `out`.

  Args:
    source: as of `load.read`; checked as `summary` does.
    out: FILE.npz, or FILE.hdf5 in D4RL's layout; a new one.
    env_id: of a D4RL file without time-outs, or of a maze; of the actions'
      range.
    keys: what the source's keys are, as of `load.read`.
    clips: actions to the range of `env_id`, by how much is said.
    accepts: those that contradict themselves, with a warning.

  Returns:
    What was written.

  Raises:
    FileExistsError: `out` is there.
    FileNotFoundError, ValueError: the source, the name of `out`, or of the
      environment, is of no use.
  """
  path = outputs.check_new('OUT', out, 'FILE.npz or FILE.hdf5')
  raw = load.read(source, env_id, keys=keys)
  # Nothing is written that could not be read again.
  summary.summarize(raw, accept_demos=accepts)
  if _lacks_goal(raw.columns):
    expected = "--env_id=ID too: how a maze's rows are read depends on it"
    check(bool(env_id or raw.env_id), raw.source, 'env_id', 'none', expected)
    size = raw.columns['observations'].shape[1] + 2
    raw = load.read(source, env_id or raw.env_id, size, keys)
  if clips:
    raw = _clipped(raw, env_id)
  outputs.write(raw, path)
  return raw


def _lacks_goal(columns: Mapping[str, np.ndarray]) -> bool:
  """Whether a maze's goal, which its task observes last, is beside them."""
  goal, last = columns.get('goal'), columns['observations'][:, -2:]
  is_xy = goal is not None and goal.shape == last.shape
  return is_xy and not np.allclose(last, goal, atol=1e-3)


def _clipped(raw: RawDemonstrations, env_id: str) -> RawDemonstrations:
  """With actions within the range of the environment."""
  checks.require(
    '--clip_actions', True, '--env_id=ID too, whose range it is', env_id != ''
  )
  with tasks.make_env(env_id) as env:
    low, high = env.action_low, env.action_high
  actions = raw.columns['actions']
  check(
    actions.shape[1:] == low.shape,
    raw.source,
    'actions',
    f'shape {actions.shape}',
    f'(N, {len(low)}), as of {env_id}',
  )
  check_range(raw.source, actions, low, high, clips=True)
  columns = {**raw.columns, 'actions': np.clip(actions, low, high)}
  return dataclasses.replace(raw, columns=columns)
