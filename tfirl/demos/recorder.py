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
    ValueError: a parameter is of no use, or an episode does not end.
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


def _episode(env, act, seed: int) -> list[dict]:
  """One episode, a row a step."""
  space = env.action_space
  observation, _ = env.reset(seed=seed)
  rows, terminated, truncated = [], False, False
  while not terminated and not truncated:
    if len(rows) == _MOST_STEPS:
      raise ValueError(
        f'record: found no end of an episode in {_MOST_STEPS} steps; expected '
        'a time limit: gymnasium.wrappers.TimeLimit(env, 1000), say'
      )
    action = np.clip(act(observation), space.low, space.high)
    row = {
      'observations': np.copy(observation),
      'actions': np.copy(action),
      'seed': seed,
      **mujoco_state(env),  # before the step
    }
    observation, reward, terminated, truncated, _ = env.step(action)
    row['next_observations'] = np.copy(observation)
    row['rewards'] = float(reward)
    row['terminals'] = bool(terminated)
    row['timeouts'] = bool(truncated and not terminated)
    rows.append(row)
  return rows
