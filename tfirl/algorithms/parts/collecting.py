"""policy -> environment -> rows."""

from collections.abc import Callable

import numpy as np

from tfirl import types

Policy = Callable[..., np.ndarray]  # policy(observation [O], rng) -> [A]


def run_steps(
  env, policy: Policy, num_steps: int, rng: np.random.Generator | None
) -> tuple[types.RewardedTransition, np.ndarray]:
  """Takes `num_steps` steps from where `env` is, across episode ends.

  Args:
    env: was reset once; keeps its place between calls, so its state is the
      collection's.
    policy: maps an observation [O] and `rng` to an action [A].
    num_steps: how many.
    rng: draws the policy's actions; None takes its mean action.

  Returns:
    The steps in order, [num_steps, ...], and how many steps into its episode
    each lies, [num_steps] int64.
  """
  rows = _empty_rows(env, num_steps)
  times = np.empty(num_steps, np.int64)
  time_step = env.current_time_step()
  for i in range(num_steps):
    times[i] = env.elapsed_steps
    action = policy(time_step.observation, rng)
    next_step = env.step(action)
    _write_row(rows, i, time_step.observation, action, next_step)
    time_step = env.reset() if next_step.is_last() else next_step
  return rows, times


def run_episodes(
  env, policy: Policy, num_episodes: int, rng: np.random.Generator | None
) -> tuple[types.RewardedTransition, np.ndarray]:
  """Plays whole episodes from fresh resets.

  Returns:
    Their rows in order, and how many steps into its episode each row lies,
    [B] int64.
  """
  horizon = env.max_episode_steps
  episodes, times = [], []
  for _ in range(num_episodes):
    rows = _empty_rows(env, horizon)
    time_step = env.reset()
    first, length = env.elapsed_steps, 0
    while not time_step.is_last():
      action = policy(time_step.observation, rng)
      next_step = env.step(action)
      _write_row(rows, length, time_step.observation, action, next_step)
      time_step = next_step
      length += 1
    episodes.append([field[:length] for field in rows])
    times.append(first + np.arange(length))
  columns = [np.concatenate(fields) for fields in zip(*episodes, strict=True)]
  return types.RewardedTransition(*columns), np.concatenate(times)


def _empty_rows(env, num_rows: int) -> types.RewardedTransition:
  observation_size = env.observation_spec().shape[0]
  action_size = env.action_spec().shape[0]
  return types.RewardedTransition(
    observation=np.empty((num_rows, observation_size), np.float32),
    action=np.empty((num_rows, action_size), np.float32),
    discount=np.empty(num_rows, np.float32),
    next_observation=np.empty((num_rows, observation_size), np.float32),
    reward=np.empty(num_rows, np.float32),
  )


def _write_row(rows, i, observation, action, next_step) -> None:
  rows.observation[i] = observation
  rows.action[i] = action
  rows.discount[i] = next_step.discount
  rows.next_observation[i] = next_step.observation
  rows.reward[i] = next_step.reward
