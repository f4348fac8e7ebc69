"""The learned reward in NumPy and as a SavedModel, against the run's graph."""

import json
import subprocess
import sys

import gin
import gymnasium
import numpy as np
import pytest
import tensorflow as tf

from tfirl.acting import Encoding
from tfirl.costs import export, learned_reward
from tfirl.costs.learner import CostLearner
from tfirl.losses import cost_losses
from tfirl.networks import cost as cost_network

OBS, A = 4, 2
LOW, HIGH = np.float32([-0.4, 0.0]), np.float32([0.4, 10.0])

# name -> what the network and the learner are made with.
KINDS = {
  'plain': ({}, {}),
  'ensemble_min': ({'num_members': 3}, {}),
  'ensemble_mean': ({'num_members': 3, 'reduce': 'mean'}, {}),
  'ensemble_max_clipped': (
    {'num_members': 2, 'reduce': 'max', 'clip': 3.0},
    {},
  ),
  'gail': ({}, {'reward_transform': cost_losses.gail}),
  'log_expert': ({}, {'reward_transform': cost_losses.log_expert}),
  'quadratic': ({}, {'reward_transform': cost_losses.clipped_quadratic}),
}


def make_learner(kind='plain', encodes=True, **settings):
  network, others = KINDS[kind]
  for name, value in {'layers': (16, 8), **network}.items():
    gin.bind_parameter(f'CostNetwork.{name}', value)
  rng = np.random.default_rng(3)
  encoding = None
  if encodes:
    parts = rng.normal(size=OBS), rng.uniform(0.5, 2, OBS), np.zeros([OBS, 0])
    parts = [part.astype(np.float32) for part in parts]
    encoding = Encoding(*parts, np.zeros(0, np.float32), 1.5)
  learner = CostLearner(
    OBS, A, 0, encoding, batch_size=8, **{**others, **settings}
  )
  gin.clear_config()  # what reads the file has no bindings
  for variable in learner.network.trainable_variables:
    variable.assign(rng.normal(0.0, 0.5, variable.shape))
  learner._shift.assign(0.75)
  return learner


@pytest.fixture
def rows():
  """Observations, actions in [-1, 1], and in the environment's units."""
  rng = np.random.default_rng(9)
  unit = rng.uniform(-1, 1, (50, A)).astype(np.float32)
  observations = rng.normal(0, 2, (50, OBS)).astype(np.float32)
  return observations, unit, (HIGH + LOW) / 2 + (HIGH - LOW) / 2 * unit


def _save(learner, path):
  export.save_npz(learner, LOW, HIGH, {'task': 'toy'}, path)
  return path


@pytest.mark.parametrize('encodes', [True, False])
@pytest.mark.parametrize('kind', KINDS)
def test_numpys_reward_is_the_graphs(tmp_path, rows, kind, encodes):
  learner = make_learner(kind, encodes)
  reward = learned_reward.LearnedReward(_save(learner, tmp_path / 'cost.npz'))
  observations, unit, actions = rows
  expected = learner.reward_fn(observations, unit).numpy()
  found = reward(observations, actions)
  assert found.dtype == np.float32 and found.std() > 0.05
  np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
  one = reward(observations[0], actions[0])
  assert one.shape == () and one == pytest.approx(expected[0], abs=1e-5)
  nested = reward(observations.reshape(5, 10, -1), actions.reshape(5, 10, -1))
  np.testing.assert_allclose(nested.ravel(), found, rtol=1e-6, atol=1e-6)
  assert reward.metadata == {'task': 'toy'}


def test_by_hand(tmp_path):
  """f = relu(x_0 - 1) * 2 + 3 * half of the first action's range."""
  learner = make_learner(encodes=False)
  arrays = dict(learner.network.arrays())
  arrays.update(num_layers=np.array(2))
  kernel, head = np.zeros([1, OBS + A, 2]), np.float32([[[2.0], [3.0]]])
  kernel[0, 0, 0] = kernel[0, OBS, 1] = 1.0
  arrays.update(kernel_0=kernel, bias_0=np.float32([[[-1.0, 0.0]]]))
  arrays.update(kernel_1=head, bias_1=np.zeros([1, 1, 1]))
  learner.network = cost_network.from_arrays(arrays)
  path = _save(learner, tmp_path / 'cost.npz')
  found = learned_reward.LearnedReward(path)([1.5, 0, 0, 0], [0.2, 7.0])
  assert found == pytest.approx(0.75 - (2 * 0.5 + 3 * 0.5), abs=1e-6)
  beyond = learned_reward.LearnedReward(path)([0.0, 0, 0, 0], [9.0, 7.0])
  assert beyond == pytest.approx(0.75 - 3, abs=1e-6)  # as 0.4, the bound


@pytest.mark.parametrize('kind', ['ensemble_max_clipped', 'gail'])
def test_a_savedmodel_of_it_is_the_same(tmp_path, rows, kind):
  learner = make_learner(kind)
  module = export.RewardModule(_save(learner, tmp_path / 'cost.npz'))
  export.save_model(module, tmp_path / 'cost')
  observations, unit, actions = rows
  expected = learner.reward_fn(observations, unit).numpy()
  np.testing.assert_allclose(
    module.unit_reward(observations, unit), expected, rtol=1e-5, atol=1e-5
  )
  loaded = tf.saved_model.load(str(tmp_path / 'cost'))
  serve = loaded.signatures['serving_default']
  served = serve(
    observation=tf.constant(observations), action=tf.constant(actions)
  )['reward']
  for found in (served, loaded.reward(observations, actions)):
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
  np.testing.assert_allclose(
    loaded.cost(observations, actions),
    learner.network(observations, unit),
    rtol=1e-5,
    atol=1e-5,
  )
  said = json.loads((tmp_path / 'cost' / 'metadata.json').read_text())
  assert said == json.loads(loaded.metadata.numpy()) == {'task': 'toy'}


def test_a_reward_of_ones_own(tmp_path, rows, monkeypatch):
  """NumPy does not know it; TensorFlow finds it again by its name, if it is
  still what it was.
  """
  monkeypatch.syspath_prepend(tmp_path)
  source = tmp_path / 'my_rewards.py'
  source.write_text('def cubed(cost):\n  return -(cost**3)\n')
  import my_rewards

  learner = make_learner(reward_transform=my_rewards.cubed)
  path = _save(learner, tmp_path / 'cost.npz')
  with pytest.raises(ValueError, match="found 'my_rewards:cubed'; expected on"):
    learned_reward.LearnedReward(path)
  module = export.RewardModule(path)
  observations, unit, actions = rows
  np.testing.assert_allclose(
    module.reward(observations, actions),
    learner.reward_fn(observations, unit),
    rtol=1e-4,
    atol=1e-5,
  )
  monkeypatch.setattr(my_rewards, 'cubed', lambda cost: -cost)
  with pytest.raises(ValueError, match='other rewards of costs than it did'):
    export.RewardModule(path)
  monkeypatch.delattr(my_rewards, 'cubed')
  with pytest.raises(ValueError, match='not found from the working folder'):
    export.RewardModule(path)


@pytest.mark.parametrize('data', [b'', b'PK\3\4abc', b'reward', None])
def test_a_damaged_file_is_named(tmp_path, data):
  path = tmp_path / 'x.npz'
  if data is None:
    np.save(tmp_path / 'x.npy', np.zeros(1))
    data = (tmp_path / 'x.npy').read_bytes()
  path.write_bytes(data)
  with pytest.raises(ValueError, match='x.npz: found a file that is damaged'):
    learned_reward.LearnedReward(path)
  with pytest.raises(FileNotFoundError):
    learned_reward.LearnedReward(tmp_path / 'none.npz')


def test_no_cost(tmp_path):
  np.savez(tmp_path / 'x.npz', a=np.zeros(1))
  with pytest.raises(ValueError, match='found no kernel_0, num_layers, reward'):
    learned_reward.LearnedReward(tmp_path / 'x.npz')
  with pytest.raises(ValueError, match='num_layers: found nothing'):
    export.RewardModule(tmp_path / 'x.npz')


@pytest.mark.parametrize(
  ('key', 'value', 'message'),
  [
    ('num_layers', np.array(10**9), 'num_layers: found 1000000000; expected'),
    ('kernel_0', '<U8', 'kernel_0: found type <U8; expected real numbers'),
    ('kernel_0', np.complex64, 'kernel_0: found type complex64; expected re'),
    ('kernel_1', np.nan, r'kernel_1: found \[nan\]; expected finite numbers'),
    ('level', np.nan, r'level: found \[nan\]; expected finite numbers'),
    ('clip', np.nan, 'clip: found nan; expected a number above 0'),
    ('action_low', 9e9, 'action_low: found .*; expected less than action_high'),
    ('bias_1', None, r'kernel_1: found \(1, 256, 256\); exp'),
    ('reduce', np.array('sum'), 'reduce: found sum; expected one of min, mean'),
    ('metadata', np.array('[]'), r"metadata: found '\[\]'; expected a JSON"),
  ],
)
def test_what_does_not_fit_is_named(tmp_path, key, value, message):
  path = tmp_path / 'cost.npz'
  _hopper_cost(path)
  with np.load(path) as archive:
    arrays = dict(archive)
  found = arrays.pop(key)
  if isinstance(value, np.ndarray):
    arrays[key] = value
  elif isinstance(value, float):
    arrays[key] = np.full_like(found, value)
  elif value is not None:
    arrays[key] = found.astype(value)
  np.savez(path, **arrays)
  for read in (learned_reward.LearnedReward, export.RewardModule):
    with pytest.raises(ValueError, match=f'cost.npz: {message}'):
      read(path)


def _hopper_cost(path):
  learner = CostLearner(11, 3, 0, batch_size=8)
  ones = np.ones(3, np.float32)
  export.save_npz(learner, -ones, ones, {}, path)
  return learner


_STEPS = """
import sys
for name in ('tfirl', 'tensorflow', 'tf_agents'):
  sys.modules[name] = None  # an import of it now fails, installed or not
import gymnasium
import numpy as np
from learned_reward import LearnedRewardWrapper

env = LearnedRewardWrapper(gymnasium.make('Hopper-v5'), 'cost.npz')
env.action_space.seed(0)
observation, _ = env.reset(seed=0)
rows, rewards = [], []
for _ in range(12):
  action = env.action_space.sample()
  rows.append(np.concatenate([observation, action]))
  observation, reward, terminated, truncated, info = env.step(action)
  assert isinstance(reward, float) and info['task_reward'] != reward
  rewards.append(reward)
  if terminated or truncated:
    observation, _ = env.reset()
np.savez('found.npz', rows=rows, rewards=rewards)
"""


def test_hopper_on_the_learned_reward_where_a_copy_of_the_file_is_all(
  tmp_path, root
):
  learner = _hopper_cost(tmp_path / 'cost.npz')
  source = root / 'tfirl/costs/learned_reward.py'
  (tmp_path / 'learned_reward.py').write_text(source.read_text())
  (tmp_path / 'steps.py').write_text(_STEPS)
  subprocess.run([sys.executable, 'steps.py'], cwd=tmp_path, check=True)
  with np.load(tmp_path / 'found.npz') as found:
    rows, rewards = found['rows'].astype(np.float32), found['rewards']
  expected = learner.reward_fn(rows[:, :11], rows[:, 11:]).numpy()
  assert len(rewards) == 12 and expected.std() > 0
  np.testing.assert_allclose(rewards, expected, rtol=1e-5, atol=1e-5)


def test_the_module_imports_numpy_and_gymnasium_alone(root):
  code = (
    'import sys, gymnasium; before = set(sys.modules)\n'
    'import tfirl.costs.learned_reward\n'
    'print(*sorted(set(sys.modules) - before))'
  )
  done = subprocess.run(
    [sys.executable, '-c', code], capture_output=True, text=True, cwd=root
  )
  new = {name.split('.')[0] for name in done.stdout.split()}
  assert 'tfirl.costs.learned_reward' in done.stdout.split(), done.stderr
  assert new - set(sys.stdlib_module_names) <= {'tfirl', 'gym_notices'}


@pytest.mark.parametrize(
  ('env', 'message'),
  [
    (gymnasium.make('Pendulum-v1'), r'observations \(3,\) and actions \(1,\)'),
    (
      gymnasium.wrappers.RescaleAction(gymnasium.make('Hopper-v5'), 0.0, 9.0),
      r'actions from \[0. 0. 0.\] to \[9. 9. 9.\]; expected \[-1',
    ),
  ],
)
def test_another_environment_is_refused(tmp_path, env, message):
  _hopper_cost(tmp_path / 'cost.npz')
  with pytest.raises(ValueError, match=message):
    learned_reward.LearnedRewardWrapper(env, tmp_path / 'cost.npz')
