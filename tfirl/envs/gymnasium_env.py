"""A gymnasium environment as a TF-Agents `PyEnvironment`.

TF-Agents' own adapter is for the older `gym`, which neither seeds in `reset`
nor tells a time-out from a terminal state.
"""

import logging
import math
from typing import Any

import gymnasium
import numpy as np
from tf_agents.environments import py_environment
from tf_agents.specs import array_spec
from tf_agents.trajectories import time_step as ts

from tfirl.envs import (
  answers,
  mujoco_state,
  random_state,
  space_checks,
  time_limits,
  wrapped_observations,
)
from tfirl.envs.mazes import ant_steering, goal_maze

_ONE = np.asarray(1.0, np.float32)
_ZERO = np.asarray(0.0, np.float32)
_LAST = int(ts.StepType.LAST)


class GymnasiumEnvironment(py_environment.PyEnvironment):
  """One gymnasium environment; float32 observations, actions in [-1, 1].

  An episode that ends in a terminal state has discount 0 at its last step; one
  cut by the time limit has discount 1, so that values bootstrap across it.

  `reset` and `step` raise ValueError if the environment answers in another form
  than gymnasium's or that of its space, FloatingPointError if an observation or
  a reward is not finite.
  """

  def __init__(self, env: gymnasium.Env, seed: int):
    """Wraps `env`; the first reset uses `seed`, later ones go on from it.

    Raises: ValueError if observations are not a vector, or actions not a
      vector of floats with bounds of use; says what to do about it.
    """
    super().__init__(handle_auto_reset=True)
    space_checks.check(env)
    self._gym = env
    self._maze = goal_maze.find(env)
    # Holds what MuJoCo's state doesn't: where the goal is.
    self._task = self._maze or ant_steering.find(env)
    self._next_seed: int | None = int(seed)
    self._was_reset, self._has_stepped = False, False
    self._is_closed = False
    self._elapsed_steps = 0
    self._info: dict[str, Any] = {}
    low, high = env.action_space.low, env.action_space.high
    self._low, self._high = low, high  # no walk through wrappers each step
    self._scale = (high - low) / 2
    self._center = (high + low) / 2
    # Skipping the no-op keeps the common case exact and saves 1 us a step.
    self._scaled = bool(np.any(self._scale != 1) or np.any(self._center))
    self._action_spec = array_spec.BoundedArraySpec(
      low.shape, np.float32, -1.0, 1.0, name='action'
    )
    self._observation_spec = array_spec.ArraySpec(
      env.observation_space.shape, np.float32, name='observation'
    )

  @property
  def gym(self) -> gymnasium.Env:
    """The gymnasium environment, with its wrappers."""
    return self._gym

  @property
  def env_id(self) -> str:
    return self._gym.spec.id if self._gym.spec else ''

  @property
  def name(self) -> str:
    """The id, or what has none, the class: for messages."""
    return self.env_id or type(self._gym.unwrapped).__name__

  @property
  def env_kwargs(self) -> dict[str, Any]:
    """What `gymnasium.make` was given besides the id and a render mode."""
    kwargs = dict(self._gym.spec.kwargs) if self._gym.spec else {}
    kwargs.pop('render_mode', None)
    return kwargs

  @property
  def action_low(self) -> np.ndarray:
    """Lower bound of the environment's own actions, [A] float32."""
    return self._gym.action_space.low

  @property
  def action_high(self) -> np.ndarray:
    """Upper bound of the environment's own actions, [A] float32."""
    return self._gym.action_space.high

  @property
  def maze(self) -> goal_maze.GoalMaze | None:
    """The maze among the wrappers; None if the task has no goal."""
    return self._maze

  @property
  def is_closed(self) -> bool:
    return self._is_closed

  @property
  def elapsed_steps(self) -> int:
    """Steps taken in the current episode."""
    return self._elapsed_steps

  @property
  def max_episode_steps(self) -> int | None:
    """The time limit in steps; None without one."""
    return time_limits.of(self._gym)

  def action_spec(self) -> array_spec.BoundedArraySpec:
    return self._action_spec

  def observation_spec(self) -> array_spec.ArraySpec:
    return self._observation_spec

  def should_reset(self, current_time_step: ts.TimeStep) -> bool:
    # The base class spends 5 us a step here.
    return current_time_step.step_type == _LAST

  def seed(self, seed: int) -> None:
    """Makes the next reset start from `seed`."""
    self._next_seed = int(seed)

  def get_info(self) -> dict[str, Any]:
    """gymnasium's `info` of the last step or reset; some return None."""
    return self._info or {}

  def render(self, mode: str = 'rgb_array') -> np.ndarray:
    """The current frame, [height, width, 3] uint8.

    Raises: ValueError unless the environment was made to render such frames.
    """
    if mode != 'rgb_array' or self._gym.render_mode != 'rgb_array':
      raise ValueError(
        f'{self.name} was made with render_mode={self._gym.render_mode!r} '
        f"and asked for {mode!r}; expected 'rgb_array' for both"
      )
    return self._gym.render()

  def close(self) -> None:
    """Closes the environment, once.

    What it raises is a warning: whoever closes has others to close, and maybe
    an error of its own to tell.
    """
    if self._is_closed:
      return
    self._is_closed = True
    try:
      self._gym.close()
    except (Exception, SystemExit) as error:  # it is the user's
      logging.warning(
        '%s.close: %s: %s', self.name, type(error).__name__, error
      )

  def _reset(self) -> ts.TimeStep:
    try:
      observation, self._info = self._gym.reset(seed=self._next_seed)
    except Exception as error:
      answers.explain(error, self.name, 'reset', 0)
      raise
    self._next_seed = None
    self._was_reset = True
    self._elapsed_steps = 0
    return self._first(observation)

  def _step(self, action: np.ndarray) -> ts.TimeStep:
    action = self._env_action(action)
    try:
      observation, reward, terminated, truncated, self._info = self._gym.step(
        action
      )
    except Exception as error:
      answers.explain(error, self.name, 'step', self._elapsed_steps + 1)
      raise
    if not self._has_stepped:
      answers.check_ends(self.name, terminated, truncated)
      self._has_stepped = True
    self._elapsed_steps += 1
    return ts.TimeStep(
      ts.StepType.LAST if terminated or truncated else ts.StepType.MID,
      self._checked_reward(reward),
      _ZERO if terminated else _ONE,
      self._checked(observation),
    )

  def _env_action(self, action: np.ndarray) -> np.ndarray:
    """Maps [A] in [-1, 1] to the environment's range; ValueError outside."""
    # A copy: who chose it records it, and environments may write into theirs.
    action = np.array(action, np.float32)
    if action.shape != self._action_spec.shape:
      raise ValueError(
        f'{self.name}: action has shape {action.shape}; expected '
        f'{self._action_spec.shape}'
      )
    # Written so that NaN fails it too.
    if not (max(action.max(), -action.min()) <= 1.0):
      raise ValueError(
        f'{self.name}: action {action}; expected finite numbers within [-1, 1]'
      )
    if not self._scaled:
      return action
    scaled = self._center + self._scale * action
    # Rounding may lead a digit beyond.
    return np.minimum(np.maximum(scaled, self._low), self._high)

  def _checked(self, observation: np.ndarray) -> np.ndarray:
    # A copy: environments may write into theirs. Some return a list.
    try:
      vector = np.array(observation, np.float32)
    except (TypeError, ValueError):
      vector = None
    if vector is None or vector.shape != self._observation_spec.shape:
      method = 'step' if self._elapsed_steps else 'reset'
      shape = self._observation_spec.shape
      answers.refuse_observation(self.name, method, observation, shape)
    # In double: a sum of finite ones is finite then, and the fastest look.
    if not math.isfinite(np.add.reduce(vector, dtype=np.float64)):
      raise FloatingPointError(
        f'{self.name}: non-finite observation at step '
        f'{self._elapsed_steps} of its episode: {vector}'
      )
    return vector

  def _checked_reward(self, reward: float) -> np.ndarray:
    """One finite number, [] float32."""
    try:
      number = np.asarray(reward, np.float32)
    except (TypeError, ValueError):
      number = None
    # NumPy takes None for NaN.
    if reward is None or number is None or number.shape:
      raise ValueError(
        f'{self.name}.step: the reward is {answers.describe(reward)}; expected '
        'a number'
      )
    if not math.isfinite(number):
      raise FloatingPointError(
        f'{self.name}: non-finite reward at step {self._elapsed_steps} of its '
        f'episode: {reward}'
      )
    return number

  def _first(self, observation: np.ndarray) -> ts.TimeStep:
    return ts.TimeStep(
      ts.StepType.FIRST, _ZERO, _ONE, self._checked(observation)
    )

  def restore_mujoco(
    self,
    qpos: np.ndarray,
    qvel: np.ndarray,
    elapsed_steps: int,
    goal: np.ndarray | None = None,
  ) -> ts.TimeStep:
    """Starts an episode in a recorded state, `elapsed_steps` into it.

    The time limit counts from `elapsed_steps`. The contact solver starts
    cold, so the continuation equals the recorded one to solver tolerance:
    within 2e-6 over 20 steps on Humanoid, exactly on Hopper, Walker2d and
    Ant.
    The first reward differs more on Ant (up to 0.05) and Humanoid (0.001),
    whose step measures its progress from the body positions that the previous
    step left a substep behind.

    Args:
      qpos: [nq] generalised positions.
      qvel: [nv] generalised velocities.
      elapsed_steps: steps that the recorded episode had taken.
      goal: x-y of a maze's goal; None for all other tasks.

    Returns: a FIRST time step.

    Raises: TypeError if this is no MuJoCo environment, ValueError on wrong
      shapes, non-finite values, no step left before the time limit, a maze
      without a goal or a goal without a maze.
    """
    inner = mujoco_state.simulation(self._gym)
    elapsed_steps = int(elapsed_steps)
    limit = self.max_episode_steps
    if elapsed_steps < 0 or (limit is not None and elapsed_steps >= limit):
      raise ValueError(
        f'{self.name}: elapsed_steps is {elapsed_steps}; expected at least '
        f'0 and less than the time limit of {limit}'
      )
    if (goal is None) != (self._maze is None):
      expected = 'none' if self._maze is None else "x-y of the maze's goal"
      raise ValueError(f'{self.name}: goal is {goal}; expected {expected}')
    self._ensure_reset()
    time_s = elapsed_steps * inner.dt
    if self._maze is None:
      observation = mujoco_state.place(inner, qpos, qvel, time_s)
      observation = wrapped_observations.of(self._gym, observation)
    else:
      observation = self._maze.place(qpos, qvel, time_s, goal)
    self._set_clock(elapsed_steps)
    self._info = {}
    self._current_time_step = self._first(observation)
    return self._current_time_step

  def get_state(self) -> dict[str, Any]:
    """Everything the next steps depend on; JSON and pickle keep it exactly.

    Holds the simulation (with the solver's warm start), a maze's goal, the
    clock, the random generator, a pending seed and the current time step, so
    that stepping on after `set_state` repeats observations and rewards bit for
    bit.

    gymnasium has no state of its own to ask for: of an environment that is not
    MuJoCo's, only the random generator and a pending seed are held.
    """
    inner = mujoco_state.find(self._gym)
    step = self._current_time_step
    return {
      'mujoco': None if inner is None else mujoco_state.capture(inner),
      'maze': None if self._task is None else self._task.get_state(),
      'elapsed_steps': self._elapsed_steps,
      'rng': random_state.get(self._gym.unwrapped.np_random),
      'next_seed': self._next_seed,
      'time_step': None if step is None else [x.tolist() for x in step],
    }

  def set_state(self, state: dict[str, Any]) -> None:
    """Goes back to what `get_state` returned, here or in another process.

    Without MuJoCo, an episode under way is given up for a fresh one.

    Raises: ValueError if the state is that of another model.
    """
    inner = mujoco_state.find(self._gym)
    is_mujoco = inner is not None
    if is_mujoco != (state['mujoco'] is not None):
      raise ValueError(
        f'{self.name}: found a state with'
        f'{"out" if is_mujoco else ""} a simulation; expected one with'
        f'{"" if is_mujoco else "out"}: it was taken from another environment'
      )
    self._ensure_reset()
    random_state.set_to(self._gym.unwrapped.np_random, state['rng'])
    self._next_seed = state['next_seed']
    self._info = {}
    if is_mujoco:
      mujoco_state.restore(inner, state['mujoco'])
      if self._task is not None:
        self._task.set_state(state['maze'])
      self._set_clock(state['elapsed_steps'])
      self._current_time_step = _time_step(state['time_step'])
    else:
      begun = state['time_step'] is not None
      self._current_time_step = self._reset() if begun else None

  def _ensure_reset(self) -> None:
    # gymnasium refuses to step an environment that was never reset.
    if not self._was_reset:
      self._reset()

  def _set_clock(self, elapsed_steps: int) -> None:
    self._elapsed_steps = elapsed_steps
    time_limits.set_clocks(self._gym, elapsed_steps)


def _time_step(values: list[Any] | None) -> ts.TimeStep | None:
  """What `get_state` made a list of."""
  if values is None:
    return None
  dtypes = np.int32, np.float32, np.float32, np.float32
  return ts.TimeStep(*map(np.asarray, values, dtypes))
