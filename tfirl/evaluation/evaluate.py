"""Whole episodes of a policy, seeded one by one."""

import contextlib
import math
import numbers
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from tf_agents.environments import py_environment

from tfirl import acting, checks
from tfirl.envs import goals
from tfirl.evaluation import video

_STEPS_PER_S = 30.0  # where the environment does not say
Policy = Callable[[np.ndarray, np.random.Generator | None], np.ndarray]


class EpisodeStats(NamedTuple):
  """What K episodes gave."""

  returns: np.ndarray  # [K] float64, undiscounted sums of the true reward
  lengths: np.ndarray  # [K] int64, steps
  successes: np.ndarray  # [K] float64, 1 reached the goal, 0 not, nan no goal
  seeds: np.ndarray  # [K] int64, what each episode was reset with

  def metrics(self) -> dict[str, float | None]:
    """The eval_* columns of metrics.csv; std over episodes, ddof 0."""
    has_goal = not np.isnan(self.successes).all()
    return {
      'eval_return_mean': float(np.mean(self.returns)),
      'eval_return_std': float(np.std(self.returns)),
      'eval_episodes': len(self.returns),
      'eval_length': float(np.mean(self.lengths)),
      'eval_success': float(np.mean(self.successes)) if has_goal else None,
    }

  def with_goal(self) -> 'EpisodeStats':
    """The same, of an environment that is known to tell of successes: where it
    told of none, there was none.
    """
    return self._replace(successes=np.nan_to_num(self.successes))


def check_options(num_episodes: int, seed: int) -> None:
  """Raises ValueError unless `evaluate` can make something of them."""
  checks.integer('episodes', num_episodes, 1)
  checks.integer('seed', seed, 0)


def episode_seed(seed: int, episode: int) -> int:
  """Seed of an episode, 31 bits: same whatever the number of episodes."""
  sequence = np.random.SeedSequence([seed, episode])
  return int(sequence.generate_state(1)[0] >> 1)


def evaluate(
  env: py_environment.PyEnvironment,
  policy: Policy,
  num_episodes: int,
  seed: int,
  stochastic: bool = False,
  video_path: str | None = None,
) -> EpisodeStats:
  """Runs `num_episodes` episodes to their end; same seed, same episodes.

  Args:
    env: from `Task.make_env`; its reward is the true one. Not the training
      environment: this resets it.
    policy: `policy(observation [O], rng) -> action [A]` in [-1, 1].
    num_episodes: K, at least 1.
    seed: episode i is reset with `episode_seed(seed, i)`, >= 0.
    stochastic: sample actions, from the episode's own generator, instead of
      taking the mean.
    video_path: where the first episode's video goes, .mp4 or .gif; then `env`
      must render.

  Raises:
    ValueError: no episodes, a negative seed, or a video that can't be made:
      `video.PictureError` where that is for the environment.
  """
  check_options(num_episodes, seed)
  seeds = [episode_seed(seed, i) for i in range(num_episodes)]
  returns, lengths, successes = [], [], []
  for i, this_seed in enumerate(seeds):
    path = video_path if i == 0 else None
    with _video(env, path) as writer:
      rng = acting.episode_rng(this_seed, stochastic)
      result = _run_episode(env, policy, this_seed, rng, writer)
    for values, value in zip(
      (returns, lengths, successes), result, strict=True
    ):
      values.append(value)
  stats = EpisodeStats(
    np.asarray(returns, np.float64),
    np.asarray(lengths, np.int64),
    np.asarray(successes, np.float64),
    np.asarray(seeds, np.int64),
  )
  return stats if np.isnan(stats.successes).all() else stats.with_goal()


def film(
  env: py_environment.PyEnvironment,
  policy: Policy,
  seed: int,
  path: str,
  stochastic: bool = False,
) -> float:
  """Films one episode of which an evaluation told: of its `seeds`.

  Args:
    env, policy, stochastic: as of `evaluate`; `env` must render.
    seed: what the episode is reset with.
    path: ends in .mp4 or .gif.

  Returns: the episode's return.

  Raises:
    ValueError: a video that can't be made.
  """
  with _video(env, path) as writer:
    rng = acting.episode_rng(seed, stochastic)
    return _run_episode(env, policy, seed, rng, writer)[0]


def _run_episode(
  env: py_environment.PyEnvironment,
  policy: Policy,
  seed: int,
  rng: np.random.Generator | None,
  writer: video.VideoWriter | None,
) -> tuple[float, int, float]:
  """One episode. Returns: (return, length, success)."""
  env.seed(seed)
  time_step = env.reset()
  episode_return, length, success = 0.0, 0, np.nan
  while not time_step.is_last():
    if writer:
      writer.add(env)
    time_step = env.step(policy(time_step.observation, rng))
    episode_return += float(time_step.reward)
    length += 1
    # nan if nothing tells of a goal; latched: reaching it once counts.
    is_reached = goals.is_reached(env.get_info())
    if is_reached is not None:
      success = np.fmax(success, is_reached)
  return episode_return, length, float(success)


def _video(
  env: py_environment.PyEnvironment, path: str | None
) -> contextlib.AbstractContextManager[video.VideoWriter | None]:
  if path is None:
    return contextlib.nullcontext()
  return video.VideoWriter(path, _steps_per_s(env))


def _steps_per_s(env: py_environment.PyEnvironment) -> float:
  """As its metadata have it; many leave it out, or None."""
  told = (env.gym.metadata or {}).get('render_fps')
  is_rate = isinstance(told, numbers.Real) and 0 < told < math.inf
  return float(told) if is_rate else _STEPS_PER_S
