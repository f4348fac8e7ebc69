"""What a captured state holds, and that foreign states are refused."""

import json

import gymnasium
import numpy as np
import pytest

from tfirl.envs import mujoco_state


def stepped(env_id, num_steps=5):
  env = gymnasium.make(env_id)
  env.reset(seed=0)
  env.action_space.seed(0)
  for _ in range(num_steps):
    env.step(env.action_space.sample())
  return mujoco_state.simulation(env)


def test_restore_brings_back_all_that_a_step_reads():
  inner = stepped('Ant-v5')
  fields = 'qpos qvel time ctrl qacc_warmstart xpos xipos'.split()
  expected = {f: np.copy(getattr(inner.data, f)) for f in fields}
  state = json.loads(json.dumps(mujoco_state.capture(inner)))
  other = stepped('Ant-v5', num_steps=9)
  mujoco_state.restore(other, state)
  for field, value in expected.items():
    np.testing.assert_array_equal(getattr(other.data, field), value, field)


def test_captured_state_is_a_copy():
  inner = stepped('Hopper-v5')
  state = mujoco_state.capture(inner)
  before = json.dumps(state)
  inner.step(np.ones(3, np.float32))
  assert json.dumps(state) == before


def test_place_clears_what_the_coordinates_do_not_say():
  inner = stepped('Hopper-v5')
  qpos, qvel = inner.init_qpos + 0.01, inner.init_qvel + 0.02
  observation = mujoco_state.place(inner, qpos, qvel, 0.5)
  np.testing.assert_array_equal(observation, [*qpos[1:], *qvel])
  assert inner.data.time == 0.5
  assert not inner.data.ctrl.any() and not inner.data.qacc_warmstart.any()


def test_state_of_another_model():
  state = mujoco_state.capture(stepped('Hopper-v5'))
  with pytest.raises(ValueError, match='of AntEnv: it .* another model'):
    mujoco_state.restore(stepped('Ant-v5'), state)


def test_environment_without_mujoco():
  with pytest.raises(TypeError, match='PendulumEnv has no MuJoCo state'):
    mujoco_state.simulation(gymnasium.make('Pendulum-v1'))


def test_names_of_the_joints_that_actions_drive():
  hopper = gymnasium.make('Hopper-v5')
  names = ['thigh_joint', 'leg_joint', 'foot_joint']
  assert mujoco_state.joint_names(hopper) == names
  assert mujoco_state.joint_names(gymnasium.make('Pendulum-v1')) is None
  # Tendons, or an action of another size, name no joint.
  steered = gymnasium.wrappers.TransformAction(
    hopper, lambda a: a[:3], gymnasium.spaces.Box(-1.0, 1.0, (4,))
  )
  assert mujoco_state.joint_names(steered) is None
