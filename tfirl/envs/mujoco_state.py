"""Taking and restoring the state of a gymnasium MuJoCo environment.

Two kinds of state, for two uses:

* `capture` / `restore`: everything that a later step reads, so a checkpoint
  continues bit for bit.
* `place`: recorded positions and velocities only, as demonstrations hold
  them. The contact solver then starts cold, and the trajectory agrees with
  the recorded one to solver tolerance instead of exactly.
"""

from typing import Any

import gymnasium
import mujoco
import numpy as np
from gymnasium.envs.mujoco.mujoco_env import MujocoEnv

# Positions, velocities, time, controls, applied forces, solver warm start.
_STATE = mujoco.mjtState.mjSTATE_INTEGRATION

# mj_step leaves these as they were before its last integration, and the
# rewards of Ant (xpos) and Humanoid (xipos) read them before the next step.
_DERIVED = ('xpos', 'xipos')


# Gymnasium-Robotics' mazes hold their robot's environment under these names.
_ROBOTS = ('ant_env', 'point_env')


def find(env: gymnasium.Env) -> MujocoEnv | None:
  """The MuJoCo environment inside `env`, if there is one."""
  inner = env.unwrapped
  for name in _ROBOTS:
    inner = getattr(inner, name, inner)
  return inner if isinstance(inner, MujocoEnv) else None


def simulation(env: gymnasium.Env) -> MujocoEnv:
  """The MuJoCo environment inside `env`; TypeError if there is none."""
  inner = find(env)
  if inner is None:
    raise TypeError(
      f'{type(env.unwrapped).__name__} has no MuJoCo state; expected a '
      'gymnasium MujocoEnv'
    )
  return inner


def joint_names(env: gymnasium.Env) -> list[str] | None:
  """Which joint each action drives, by its name in the model; None where that
  is not what actions do: outside of MuJoCo, of other actuators or numbers.
  """
  inner = find(env)
  if inner is None or (inner.model.nu,) != env.action_space.shape:
    return None
  if (inner.model.actuator_trntype != mujoco.mjtTrn.mjTRN_JOINT).any():
    return None
  joints = inner.model.actuator_trnid[:, 0]
  return [inner.model.joint(joint).name for joint in joints]


def capture(inner: MujocoEnv) -> dict[str, list[float]]:
  """All that determines the following steps, as lists (JSON keeps them)."""
  vector = np.empty(mujoco.mj_stateSize(inner.model, _STATE))
  mujoco.mj_getState(inner.model, inner.data, vector, _STATE)
  state = {'integration': vector.tolist()}
  for name in _DERIVED:
    state[name] = getattr(inner.data, name).ravel().tolist()
  return state


def restore(inner: MujocoEnv, state: dict[str, Any]) -> None:
  """Puts back what `capture` took; ValueError if it is of another model."""
  vector = np.asarray(state['integration'], np.float64)
  expected = mujoco.mj_stateSize(inner.model, _STATE)
  if vector.shape != (expected,):
    raise ValueError(
      f'MuJoCo state has {vector.size} numbers; expected {expected}, of '
      f'{type(inner).__name__}: it was taken from another model'
    )
  mujoco.mj_setState(inner.model, inner.data, vector, _STATE)
  mujoco.mj_forward(inner.model, inner.data)
  # mj_forward has overwritten the warm start and the derived quantities.
  mujoco.mj_setState(inner.model, inner.data, vector, _STATE)
  for name in _DERIVED:
    field = getattr(inner.data, name)
    field[:] = np.reshape(state[name], field.shape)


def place(
  inner: MujocoEnv, qpos: np.ndarray, qvel: np.ndarray, time_s: float
) -> np.ndarray:
  """Moves the simulation to recorded coordinates at time `time_s`.

  Args:
    inner: the environment, whose other state (controls, forces) is cleared.
    qpos: [nq] generalised positions.
    qvel: [nv] generalised velocities.
    time_s: simulated seconds since the start of the episode.

  Returns: the observation there, [O] float64.

  Raises: ValueError on a wrong shape or a non-finite value.
  """
  qpos = _coordinates('qpos', qpos, inner.model.nq)
  qvel = _coordinates('qvel', qvel, inner.model.nv)
  mujoco.mj_resetData(inner.model, inner.data)
  inner.set_state(qpos, qvel)
  # set_state's mj_forward fills the warm start; zero is the same wherever
  # the simulation came from.
  inner.data.qacc_warmstart[:] = 0.0
  inner.data.time = time_s
  observation = inner._get_obs()
  # Gymnasium-Robotics' point mass returns an info with it.
  return observation[0] if isinstance(observation, tuple) else observation


def _coordinates(name: str, value: np.ndarray, size: int) -> np.ndarray:
  value = np.asarray(value, np.float64)
  if value.shape != (size,):
    raise ValueError(f'{name} has shape {value.shape}; expected ({size},)')
  if not np.isfinite(value).all():
    raise ValueError(f'{name} holds a non-finite value: {value}')
  return value
