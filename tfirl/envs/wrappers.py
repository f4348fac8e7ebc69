"""Wrappers: a trembling hand, and resets to expert states."""

from typing import Any

import gin
import numpy as np
from tf_agents.environments import py_environment
from tf_agents.environments import wrappers as tf_agents_wrappers
from tf_agents.trajectories import time_step as ts

from tfirl import checks
from tfirl.envs import wrapped_observations
from tfirl.types import Demonstrations

_LAST = int(ts.StepType.LAST)
# Keeps each wrapper's random stream apart from those of the same seed.
_TREMBLING_STREAM, _EXPERT_RESET_STREAM = 1, 2


class _Wrapper(tf_agents_wrappers.PyEnvironmentBaseWrapper):
  """Resets by itself, so that a subclass's `_reset` is never passed over."""

  def __init__(self, env: py_environment.PyEnvironment):
    super().__init__(env, handle_auto_reset=True)

  def __getattr__(self, name: str) -> Any:
    # Unpickling asks before __init__ has run, and would recur forever.
    if name == '_env':
      raise AttributeError(name)
    return super().__getattr__(name)

  def should_reset(self, current_time_step: ts.TimeStep) -> bool:
    return current_time_step.step_type == _LAST

  def restore_mujoco(
    self,
    qpos: np.ndarray,
    qvel: np.ndarray,
    elapsed_steps: int,
    goal: np.ndarray | None = None,
  ) -> ts.TimeStep:
    """See `GymnasiumEnvironment.restore_mujoco`."""
    step = self._env.restore_mujoco(qpos, qvel, elapsed_steps, goal)
    self._current_time_step = step
    return step

  def get_state(self) -> dict[str, Any]:
    return {'env': self._env.get_state()}

  def set_state(self, state: dict[str, Any]) -> None:
    self._env.set_state(state['env'])
    # Without it, the next `step` would take this for a fresh environment.
    self._current_time_step = self._env._current_time_step


class _RandomWrapper(_Wrapper):
  """A wrapper with a random stream, which `seed` and the state include."""

  _stream: int

  def __init__(self, env: py_environment.PyEnvironment, seed: int):
    super().__init__(env)
    self._rng = np.random.default_rng([int(seed), self._stream])

  def seed(self, seed: int) -> None:
    """Makes the next reset, and this wrapper's draws, start from `seed`."""
    self._env.seed(seed)
    self._rng = np.random.default_rng([int(seed), self._stream])

  def get_state(self) -> dict[str, Any]:
    return {**super().get_state(), 'rng': self._rng.bit_generator.state}

  def set_state(self, state: dict[str, Any]) -> None:
    super().set_state(state)
    self._rng.bit_generator.state = state['rng']


class TremblingHand(_RandomWrapper):
  """With some probability executes a uniform action instead of the given one.

  The caller's array is untouched: what a caller stores is what it intended.
  """

  _stream = _TREMBLING_STREAM

  @checks.checked
  def __init__(
    self,
    env: py_environment.PyEnvironment,
    probability: checks.Share,
    seed: int,
  ):
    """Raises ValueError if `probability` is not within [0, 1]."""
    super().__init__(env, seed)
    self._probability = probability
    self._shape = env.action_spec().shape

  def _step(self, action: np.ndarray) -> ts.TimeStep:
    if self._rng.random() < self._probability:
      action = self._rng.uniform(-1.0, 1.0, self._shape).astype(np.float32)
    return self._env.step(action)


@gin.configurable(denylist=['env', 'demos', 'seed'])
class ExpertReset(_RandomWrapper):
  """Starts some episodes in a state that the expert visited.

  The state, and in a maze the goal, is that of a uniformly drawn row, and the
  time limit goes on from where that row lay in its episode.

  Swamy et al. 2023 (FILTER).
  """

  _stream = _EXPERT_RESET_STREAM

  @checks.checked
  def __init__(
    self,
    env: py_environment.PyEnvironment,
    demos: Demonstrations,
    reset_prob: checks.Share = 0.0,
    seed: int = 0,
  ):
    """Wraps an environment.

    Args:
      env: a `GymnasiumEnvironment` or a wrapper of one.
      demos: whose states are started from.
      reset_prob: chance that an episode starts there.
      seed: of the draws.

    Raises:
      ValueError: `reset_prob` is not within [0, 1], or is positive and the
        demonstrations' states (in a maze, goals too) are missing, of another
        model, or beyond the time limit.
    """
    super().__init__(env, seed)
    self._reset_prob = reset_prob
    self._demos = demos
    self._elapsed_steps = demos.steps_in_episode
    if self._reset_prob > 0:
      _check_states(env, demos, self._elapsed_steps)

  def _reset(self) -> ts.TimeStep:
    if self._rng.random() >= self._reset_prob:
      return self._env.reset()
    row = self._rng.integers(len(self._demos))
    return self._env.restore_mujoco(
      self._demos.qpos[row],
      self._demos.qvel[row],
      int(self._elapsed_steps[row]),
      None if self._env.maze is None else self._demos.goal[row],
    )


def _check_states(
  env: py_environment.PyEnvironment,
  demos: Demonstrations,
  elapsed_steps: np.ndarray,
) -> None:
  """Raises ValueError unless every row can be restored in `env`."""
  model = getattr(env.gym.unwrapped, 'model', None)
  if model is None:
    raise ValueError(
      f'ExpertReset.reset_prob > 0 needs a MuJoCo state to restore; '
      f'{env.name} has none'
    )
  obstacle = wrapped_observations.obstacle(env.gym)
  if env.maze is None and obstacle:
    raise ValueError(
      f'ExpertReset.reset_prob > 0 needs observations of a restored state; '
      f'those of the wrapper {obstacle} are of steps before, too; expected '
      "gymnasium.ObservationWrapper's alone"
    )
  sizes = {'qpos': model.nq, 'qvel': model.nv}
  if env.maze is not None:
    sizes['goal'] = 2
  for name, size in sizes.items():
    values = getattr(demos, name)
    found = 'nothing' if values is None else f'shape {values.shape}'
    expected = (len(demos), size)
    if values is None or values.shape != expected:
      raise ValueError(
        f'ExpertReset.reset_prob > 0 needs states to restore: {name} of '
        f'{demos.source or "the demonstrations"} is {found}; '
        f'expected shape {expected}, of {env.name}'
      )
  limit = env.max_episode_steps
  if limit is not None and elapsed_steps.max() >= limit:
    raise ValueError(
      f'{demos.source or "the demonstrations"}: an episode has '
      f'{elapsed_steps.max() + 1} steps; {env.name} ends after {limit}'
    )
