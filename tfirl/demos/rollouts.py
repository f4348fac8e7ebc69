"""Episodes of a policy as demonstrations."""

import dataclasses
import importlib.metadata
import math
from collections.abc import Callable, Sequence

import numpy as np
from tf_agents.environments import py_environment
from tqdm import tqdm

from tfirl import acting, checks
from tfirl.demos import recorder
from tfirl.demos.border import RawDemonstrations
from tfirl.demos.formats import facts
from tfirl.envs import goals

Policy = Callable[[np.ndarray, np.random.Generator | None], np.ndarray]
_VERSIONED = ('gymnasium', 'mujoco')


def _state(env: py_environment.PyEnvironment) -> dict[str, np.ndarray]:
  """Copies of qpos, qvel and a maze's goal; empty without MuJoCo."""
  state = recorder.mujoco_state(env.gym)
  if state and env.maze is not None:
    state['goal'] = env.maze.goal
  return state


def _episode(
  env: py_environment.PyEnvironment,
  policy: Policy,
  seed: int,
  stochastic: bool,
) -> dict[str, np.ndarray]:
  """One episode of T steps as columns [T, ...], actions in [-1, 1]."""
  env.seed(seed)
  rng = acting.episode_rng(seed, stochastic)
  time_step = env.reset()
  rows = []
  while not time_step.is_last():
    state = _state(env)  # before the step: the state that is observed
    observation = time_step.observation
    action = np.asarray(policy(observation, rng), np.float32)
    time_step = env.step(action)
    terminal = time_step.is_last() and time_step.discount == 0
    rows.append(
      {
        'observations': observation,
        'actions': action,
        'next_observations': time_step.observation,
        'rewards': time_step.reward,
        'terminals': bool(terminal),
        'timeouts': bool(time_step.is_last() and not terminal),
        **state,
      }
    )
  return {key: np.stack([row[key] for row in rows]) for key in rows[0]}


def _is_kept(
  env: py_environment.PyEnvironment,
  columns: dict[str, np.ndarray],
  full_length_only: bool,
  min_return: float | None,
) -> bool:
  """Whether the episode just played did well enough."""
  if min_return is not None:
    return columns['rewards'].sum(dtype=np.float64) >= min_return
  if not full_length_only:
    return True
  if goals.is_reached(env.get_info()):
    return True
  return env.maze is None and bool(columns['timeouts'][-1])


def _join(
  env: py_environment.PyEnvironment,
  episodes: Sequence[dict[str, np.ndarray]],
  seeds: Sequence[int],
) -> RawDemonstrations:
  """Episodes one after the other, actions in the environment's scale."""
  columns = {
    key: np.concatenate([episode[key] for episode in episodes])
    for key in episodes[0]
  }
  lengths = [len(episode['rewards']) for episode in episodes]
  columns['seed'] = np.repeat(np.array(seeds, np.int64), lengths)
  low, high = env.action_low, env.action_high
  columns['actions'] = (high + low) / 2 + (high - low) / 2 * columns['actions']
  returns = [e['rewards'].sum(dtype=np.float64) for e in episodes]
  return RawDemonstrations(
    source=f'rollouts in {env.name}',
    columns=columns,
    env_id=env.env_id,
    env_kwargs=env.env_kwargs,
    versions={name: importlib.metadata.version(name) for name in _VERSIONED},
    wrappers=facts.wrappers_of(env.gym.spec),
    episode_returns=np.array(returns),
  )


def check_options(
  num_episodes: int, seed: int, min_return: float | None
) -> None:
  """Raises ValueError unless `record` can make something of them."""
  checks.integer('episodes', num_episodes, 1)
  checks.integer('seed', seed, 0)
  # Seeds are kept as int64, of attempts too.
  most = 2**63 - 1 - _most_attempts(num_episodes)
  checks.require('seed', seed, f'at most {most}', seed <= most)
  if min_return is not None:
    ok = math.isfinite(min_return)
    checks.require('min_return', min_return, 'a finite number', ok)


def _most_attempts(num_episodes: int) -> int:
  return 4 * num_episodes + 20


def record(
  env: py_environment.PyEnvironment,
  policy: Policy,
  num_episodes: int,
  seed: int,
  full_length_only: bool = True,
  max_attempts: int | None = None,
  stochastic: bool = False,
  min_return: float | None = None,
) -> RawDemonstrations:
  """Rolls `policy` out, as a file of the environment's scale would hold it.

  Args:
    env: from `Task.make_env`. The intended actions are recorded, whatever a
      trembling hand executed.
    policy: policy(observation [O], rng) -> action [A] in [-1, 1].
    num_episodes: how many to keep.
    seed: attempt i is reset with seed + i; an episode's seed is recorded.
    full_length_only: drop episodes that end in a terminal state, unless `info`
      says that it is a success; in a maze, those that miss the goal.
    max_attempts: give up after so many episodes; None: 4 * num_episodes + 20.
    stochastic: give the policy a seeded random generator.
    min_return: keep episodes whose undiscounted return is at least this,
      whatever ended them, in the place of `full_length_only`.

  Raises ValueError if a parameter is of no use, or too few of the attempts last
  the full length, reach the goal or the return.
  """
  check_options(num_episodes, seed, min_return)
  if max_attempts is None:
    max_attempts = _most_attempts(num_episodes)
  kept, seeds, lengths, returns = [], [], [], []
  for attempt in tqdm(range(max_attempts), 'episodes', disable=None):
    if len(kept) == num_episodes:
      break
    columns = _episode(env, policy, seed + attempt, stochastic)
    lengths.append(len(columns['rewards']))
    returns.append(columns['rewards'].sum(dtype=np.float64))
    if _is_kept(env, columns, full_length_only, min_return):
      kept.append(columns)
      seeds.append(seed + attempt)
  if not kept or len(kept) < num_episodes:
    kind = 'full-length' if env.maze is None else 'successful'
    if min_return is not None:
      kind = f'good enough (return >= {min_return:g})'
    raise ValueError(
      f'{env.name}: found {len(kept)} {kind} episodes in '
      f'{len(lengths)} attempts (mean length {np.mean(lengths or [0]):.0f}, '
      f'highest return {max(returns, default=0.0):.1f}); expected '
      f'{num_episodes}: is the policy good enough?'
    )
  raw = _join(env, kept, seeds)
  return dataclasses.replace(raw, num_attempts=len(lengths))
