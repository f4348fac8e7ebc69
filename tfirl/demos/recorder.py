"""Records any policy's episodes as an .npz, where tfirl itself can't be.

Imports NumPy and gymnasium alone, so that it runs beside Stable-Baselines3 or
PyTorch: `pip install --no-deps CHECKOUT` there, or a copy of this file.
"""

import json
import os
from collections.abc import Callable

import gymnasium
import numpy as np

_MOST_STEPS = 100_000  # of an episode: more, and nothing ends it


def record(
  env: gymnasium.Env,
  act: Callable[[np.ndarray], np.ndarray],
  episodes: int,
  path: str | os.PathLike,
  seed: int = 0,
) -> None:
  """Rolls `act` out and writes the keys that `--demos=PATH` reads.

  Positions and velocities are written too if the environment is MuJoCo's, so
  that FILTER can reset to them.

  Args:
    env: of vectors and bounded actions, with a time limit.
    act: act(observation [O]) -> action [A], in the environment's own units;
      what lies beyond its bounds is clipped to them.
    episodes: how many.
    path: FILE.npz; replaces what is there when all is recorded.
    seed: episode i is reset with seed + i.

  Raises:
    ValueError: a parameter is of no use, `act` or the environment gives what
      could not be read again, or an episode does not end.
  """
  path = os.path.expanduser(os.fspath(path))
  is_count = isinstance(episodes, (int, np.integer)) and episodes > 0
  if not is_count or not path.endswith('.npz'):
    raise ValueError(
      f'record: found episodes = {episodes!r} and path = {path!r}; expected 1 '
      'or more, and FILE.npz'
    )
  folder = os.path.dirname(os.path.abspath(path))
  if os.path.isdir(path) or not os.path.isdir(folder):
    raise ValueError(
      f'record: found path = {path!r}; expected a file in a folder that is '
      'there, and no folder'
    )
  _check_spaces(env)
  rows = []
  for i in range(episodes):
    rows += _episode(env, act, seed + i)
  arrays = {key: np.stack([row[key] for row in rows]) for key in rows[0]}
  arrays['gymnasium_version'] = np.array(gymnasium.__version__)
  if env.spec is not None:
    kwargs = {k: v for k, v in env.spec.kwargs.items() if k != 'render_mode'}
    arrays['env_id'] = np.array(env.spec.id)
    arrays['env_kwargs'] = np.array(kwargs_text(kwargs))
    # gymnasium 0.26 doesn't know them.
    wrappers = getattr(env.spec, 'additional_wrappers', ())
    names = [wrapper.name for wrapper in wrappers]
    arrays['wrappers'] = np.array(json.dumps(names))
  with open(f'{path}.part', 'wb') as file:
    np.savez_compressed(file, **arrays)
  os.replace(f'{path}.part', path)


def kwargs_text(kwargs) -> str:
  """JSON of what an environment was made with; of all else its text.

  It stands here for others, too: a copy of this file has nothing else of tfirl.
  """
  return json.dumps(_plain(dict(kwargs)), default=str)


def _plain(value):
  """`value` with text for keys of dicts that JSON doesn't know."""
  if isinstance(value, (list, tuple)):
    return [_plain(item) for item in value]
  if not isinstance(value, dict):
    return value
  known = str, int, float, bool, type(None)
  return {
    key if isinstance(key, known) else str(key): _plain(item)
    for key, item in value.items()
  }


def mujoco_state(env: gymnasium.Env) -> dict[str, np.ndarray]:
  """Copies of MuJoCo's qpos [nq] and qvel [nv]; empty without MuJoCo.

  Others may keep something else in their `data`.
  """
  data = getattr(env.unwrapped, 'data', None)
  state = {key: np.array(getattr(data, key, None)) for key in ('qpos', 'qvel')}
  is_state = all(v.ndim == 1 and v.dtype.kind == 'f' for v in state.values())
  return state if is_state else {}


def _check_spaces(env: gymnasium.Env) -> None:
  """Raises ValueError unless observations and actions are vectors."""
  for name, advice in (
    ('observation_space', 'FlattenObservation'),
    ('action_space', 'TransformAction'),
  ):
    space = getattr(env, name)
    if not isinstance(space, gymnasium.spaces.Box) or len(space.shape) != 1:
      raise ValueError(
        f'record: found the {name} {space}; expected a Box of one axis, which '
        f'gymnasium.wrappers.{advice} may make of it'
      )


def _seen(env: gymnasium.Env, observation) -> np.ndarray:
  """A copy; ValueError unless it has the shape of its space."""
  shape = env.observation_space.shape
  if np.shape(observation) != shape:
    raise ValueError(
      f'record: the environment gave an observation of shape '
      f'{np.shape(observation)}; expected {shape}, as its space says'
    )
  return np.copy(observation)


def _chosen(act, observation, space: gymnasium.spaces.Box) -> np.ndarray:
  """The action [A] within the bounds; ValueError unless it is A numbers."""
  found = act(observation)
  try:
    action = np.asarray(found)
    is_fit = (
      action.dtype.kind in 'biuf'
      and action.size == space.shape[0]
      and bool(np.isfinite(action).all())
    )
  except ValueError:  # parts of several lengths
    is_fit = False
  if not is_fit:
    raise ValueError(
      f'record: act returned {found!r}; expected an action: {space.shape[0]} '
      'finite numbers'
    )
  return np.clip(action.reshape(space.shape), space.low, space.high)


def _episode(env, act, seed: int) -> list[dict]:
  """One episode, a row a step."""
  observation, _ = env.reset(seed=seed)
  rows, terminated, truncated = [], False, False
  while not terminated and not truncated:
    if len(rows) == _MOST_STEPS:
      raise ValueError(
        f'record: found no end of an episode in {_MOST_STEPS} steps; expected '
        'a time limit: gymnasium.wrappers.TimeLimit(env, 1000), say'
      )
    seen = _seen(env, observation)
    action = _chosen(act, observation, env.action_space)
    row = {
      'observations': seen,
      'actions': np.copy(action),
      'seed': seed,
      **mujoco_state(env),  # before the step
    }
    observation, reward, terminated, truncated, _ = env.step(action)
    row['next_observations'] = _seen(env, observation)
    row['rewards'] = float(reward)
    row['terminals'] = bool(terminated)
    row['timeouts'] = bool(truncated and not terminated)
    rows.append(row)
  return rows
