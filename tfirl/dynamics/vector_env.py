"""The learned dynamics as a vectorised Gymnasium environment, for others."""

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import tensorflow as tf

from tfirl import checks
from tfirl.dynamics.model_env import ModelEnv


class ImaginedVectorEnv(gymnasium.vector.VectorEnv):
  """Batches of imagined episodes, through Gymnasium's vector interface.

  An environment whose episode ended is reset at its next step, whose action
  is ignored (`AutoresetMode.NEXT_STEP`, as in Gymnasium's own). An episode ends
  where the model's state is unhealthy, or where it is not finite, or the reward
  that the model predicts: then the observation is the one before it, such a
  reward is 0, and `info['is_dropped']` says so.

    env = ImaginedVectorEnv(model_env, demos.observations, cost.reward_fn,
                            num_envs=64, max_episode_steps=100)
    observation, info = env.reset(seed=0)
    observation, reward, terminated, truncated, info = env.step(actions)

  `reset(seed=...)` seeds the start states, and TensorFlow's generator, from
  which the model's noise comes.

  Args:
    model_env: the dynamics, and where episodes end.
    starts: [N, O], states that episodes begin in.
    reward_fn: maps observations [B, O] and actions [B, A], as `step` is given
      them, to rewards [B]; in a graph. None for the rewards that the model
      itself predicts.
    num_envs: B.
    max_episode_steps: after so many an episode is truncated.
    action_bounds: lower and upper bounds of actions, [A] each, which stand for
      the model's -1 and 1; None for these.

  Raises:
    ValueError: a parameter is out of its range, or `starts` of another shape.
  """

  metadata = {'autoreset_mode': gymnasium.vector.AutoresetMode.NEXT_STEP}

  @checks.checked
  def __init__(
    self,
    model_env: ModelEnv,
    starts: np.ndarray,
    reward_fn: Callable | None,
    num_envs: checks.Count,
    max_episode_steps: checks.Count,
    action_bounds: tuple[np.ndarray, np.ndarray] | None = None,
  ):
    """Keeps what it is given."""
    model = model_env.model
    starts = np.asarray(starts, np.float32)
    _check_starts(starts, model.observation_size)
    if reward_fn is None and not model.predicts_reward:
      raise ValueError(
        'reward_fn is None; expected a function: the model predicts no reward'
      )
    self.num_envs = num_envs
    self.single_observation_space = gymnasium.spaces.Box(
      -np.inf, np.inf, [model.observation_size], np.float32
    )
    ones = np.ones(model.action_size, np.float32)
    low, high = (-ones, ones) if action_bounds is None else action_bounds
    self.single_action_space = gymnasium.spaces.Box(low, high, dtype=np.float32)
    batch = gymnasium.vector.utils.batch_space
    self.observation_space = batch(self.single_observation_space, num_envs)
    self.action_space = batch(self.single_action_space, num_envs)
    self._predicts_reward = reward_fn is None
    self._starts = starts
    self._max_episode_steps = max_episode_steps
    self._rng = np.random.default_rng()
    self._observation = None
    self._is_over = np.zeros(num_envs, bool)
    self._steps = np.zeros(num_envs, np.int64)

    def step(observation, action):
      unit = (action - (high + low) / 2) / ((high - low) / 2)
      *outcome, rewards = model_env.step_with_reward(observation, unit)
      if reward_fn is not None:
        return *outcome, reward_fn(observation, action)
      return *outcome, *rewards

    shapes = [num_envs, model.observation_size], [num_envs, model.action_size]
    signature = [tf.TensorSpec(shape, tf.float32) for shape in shapes]
    self._make_step = lambda: tf.function(step, signature, autograph=False)
    self._step = self._make_step()

  def reset(
    self, *, seed: int | None = None, options: dict[str, Any] | None = None
  ):
    """Begins all episodes. Returns observations [B, O] and an empty info."""
    del options
    if seed is not None:
      self._rng = np.random.default_rng(seed)
      tf.random.set_seed(seed)
      # A graph keeps the seed of its tracing: it is traced now.
      self._step = self._make_step()
      self._step.get_concrete_function()
    self._observation = self._draw(self.num_envs)
    self._is_over[:] = False
    self._steps[:] = 0
    return self._observation.copy(), {}

  def step(self, actions):
    """One step of every episode, or its reset.

    Args:
      actions: [B, A], within the bounds; others are clipped to them.

    Returns:
      observation [B, O], reward [B] (float64), terminated [B], truncated [B],
      info; reward 0 where the episode was reset.

    Raises:
      RuntimeError: `reset` was not called.
      ValueError: actions of another shape, or not finite.
    """
    actions = self._checked(actions)
    was_over = self._is_over.copy()
    successor, is_healthy, reward = (
      tensor.numpy() for tensor in self._step(self._observation, actions)
    )
    is_finite = np.isfinite(successor).all(-1)
    if self._predicts_reward:
      is_finite &= np.isfinite(reward)
      reward = np.nan_to_num(reward, posinf=0.0, neginf=0.0)
    is_dropped = ~is_finite & ~was_over
    successor = np.where(is_dropped[:, None], self._observation, successor)
    successor[was_over] = self._draw(np.count_nonzero(was_over))
    self._observation = successor
    self._steps = np.where(was_over, 0, self._steps + 1)
    terminated = (~is_healthy | is_dropped) & ~was_over
    truncated = (self._steps >= self._max_episode_steps) & ~terminated
    self._is_over = terminated | truncated
    reward = np.where(was_over, 0.0, reward).astype(np.float64)
    info = {'is_dropped': is_dropped}
    return successor.copy(), reward, terminated, truncated, info

  def _draw(self, number: int) -> np.ndarray:
    return self._starts[self._rng.integers(len(self._starts), size=number)]

  def _checked(self, actions) -> np.ndarray:
    if self._observation is None:
      raise RuntimeError('step() came before reset()')
    actions = np.asarray(actions, np.float32)
    if actions.shape != self.action_space.shape:
      raise ValueError(
        f'actions have shape {actions.shape}; expected '
        f'{self.action_space.shape}'
      )
    if not np.isfinite(actions).all():
      raise ValueError('actions hold numbers that are not finite')
    return np.clip(actions, self.action_space.low, self.action_space.high)


def _check_starts(starts: np.ndarray, observation_size: int) -> None:
  if starts.ndim != 2 or not len(starts):
    raise ValueError(f'starts has shape {starts.shape}; expected [N >= 1, O]')
  if starts.shape[1] != observation_size:
    raise ValueError(
      f'starts has {starts.shape[1]} numbers a row; expected those of the '
      f"model's observations, {observation_size}"
    )
