"""Experts of weights: files, and rollouts cached in Minari."""

import json
import os

import expert_files
import gin
import gymnasium
import minari
import numpy as np
import pytest

from tfirl import tasks
from tfirl.acting import Encoding, MlpPolicy
from tfirl.config import gin_bindings
from tfirl.demos import load, rollouts
from tfirl.demos.experts import ant_controller, embedded
from tfirl.envs.mazes import ant_frame
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's `run`

_METADATA = {
  'task': 'hopper',
  'env_id': 'Hopper-v5',
  'env_kwargs': {
    'healthy_z_range': [-10.0, 10.0],
    'healthy_angle_range': [-9.0, 9.0],
  },
  'env_steps': 5,
}


def _random_policy(seed=0, head=6):
  rng = np.random.default_rng(seed)
  sizes = (11, 8, head)
  layers = [
    (rng.normal(size=(a, b)).astype(np.float32), np.full(b, 0.1, np.float32))
    for a, b in zip(sizes, sizes[1:], strict=False)
  ]
  return MlpPolicy(layers, 3)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
  """Minari's cache, and episodes of 20 steps."""
  monkeypatch.setenv('MINARI_DATASETS_PATH', str(tmp_path / 'minari'))
  spec = gymnasium.registry['Hopper-v5']
  monkeypatch.setattr(spec, 'max_episode_steps', 20)


@pytest.fixture
def path(tmp_path):
  return expert_files.write(tmp_path / 'tiny.npz', _random_policy(), _METADATA)


def test_written_expert_acts_the_same(path):
  observation = np.linspace(-1, 1, 11)
  expert = embedded.policy(path)
  np.testing.assert_allclose(
    expert(observation), _random_policy()(observation), rtol=1e-6
  )
  # No log standard deviations are kept: nothing to sample with.
  np.testing.assert_array_equal(
    expert(observation, np.random.default_rng(0)), expert(observation)
  )
  assert expert.layers[-1][0].dtype == np.float32
  assert _METADATA.items() <= embedded.metadata(path).items()


def test_unknown_task_lists_what_ships():
  with pytest.raises(ValueError, match='embedded:chess: found no such') as e:
    embedded.policy('chess')
  assert all(task in str(e.value) for task in embedded.tasks())
  assert '--demos' in str(e.value)


def test_every_shipped_expert_fits_its_task():
  for task in embedded.tasks():
    details = embedded.metadata(task)
    assert details['task'] == task
    assert os.path.getsize(embedded._path(task)) < 400_000
    assert details['episodes'] >= 20
    for key in ('return_mean', 'return_std', 'length_mean'):
      assert np.isfinite(details[key])
    env = tasks.make_env(details['env_id'], details['env_kwargs'])
    action = embedded.policy(task)(env.reset().observation)
    assert action.shape == env.action_spec().shape
    env.close()


@pytest.mark.parametrize(
  ('task', 'env_id', 'least'),
  [
    ('hopper', 'Hopper-v5', 3000),
    ('walker2d', 'Walker2d-v5', 3000),
    ('halfcheetah', 'HalfCheetah-v5', 9000),
    ('ant', 'Ant-v5', 4500),
  ],
)
def test_the_experts_are_as_good_as_they_say(
  cache, task, env_id, least, monkeypatch
):
  """What their metadata promises, in one whole episode."""
  details = embedded.metadata(task)
  assert details['return_mean'] > least
  assert details['length_mean'] == 1000
  monkeypatch.setattr(gymnasium.registry[env_id], 'max_episode_steps', 1000)
  gin_bindings.parse([f'tasks/{task}.gin'], [])
  env = tasks.make_task().make_env(trembles=False)
  raw = rollouts.record(env, embedded.policy(task), 1, seed=0)
  assert len(raw.columns['rewards']) == 1000
  assert raw.episode_returns[0] > 0.96 * least


def test_the_controller_always_reaches_the_goal():
  details = embedded.metadata('pointmaze')
  env = tasks.make_env(details['env_id'], details['env_kwargs'])
  policy = embedded.policy('pointmaze')
  raw = rollouts.record(env, policy, 25, seed=1000, stochastic=True)
  assert raw.num_attempts == 25 and details['success'] == 1.0
  columns = raw.columns
  ends = raw.episode_ends
  assert columns['terminals'][ends - 1].all()
  assert len(ends) == columns['terminals'].sum() == 25
  # The state of a row, and its goal, are what is observed there.
  np.testing.assert_array_equal(
    columns['observations'],
    np.concatenate(
      [columns['qpos'], columns['qvel'], columns['goal']], 1
    ).astype(np.float32),
  )
  reached = columns['next_observations'][ends - 1]
  assert (np.linalg.norm(reached[:, :2] - reached[:, 4:], axis=1) <= 0.45).all()
  before = columns['observations']
  assert (np.linalg.norm(before[:, :2] - before[:, 4:], axis=1) > 0.45).all()


@pytest.mark.parametrize(
  'task', ['antmaze_large_diverse', 'antmaze_large_play']
)
def test_the_ant_reaches_the_goal(task):
  """With its noise, in all but few of the attempts."""
  details = embedded.metadata(task)
  assert details['success'] > 0.85
  env = tasks.make_env(details['env_id'], details['env_kwargs'])
  raw = rollouts.record(
    env, embedded.policy(task), 10, seed=5000, stochastic=True
  )
  assert raw.num_attempts <= 12
  columns = raw.columns
  ends = raw.episode_ends
  assert columns['terminals'][ends - 1].all()
  assert len(ends) == columns['terminals'].sum() == 10
  reached = columns['next_observations'][ends - 1]
  offset = reached[:, :2] - columns['goal'][ends - 1]
  assert (np.linalg.norm(offset, axis=1) <= 0.45).all()
  np.testing.assert_array_equal(
    columns['observations'],
    np.concatenate(
      [columns['qpos'], columns['qvel'], columns['goal']], 1
    ).astype(np.float32),
  )
  assert env.maze.map.is_free(columns['observations'][:, :2]).mean() > 0.999
  env.close()


def test_the_controller_is_rolled_out_on_first_use_and_cached(monkeypatch):
  details = {**embedded.metadata('pointmaze'), 'num_episodes': 3}
  monkeypatch.setattr(embedded, 'metadata', lambda unused_task: details)
  task = tasks.Task('any', env_id='PointMaze_Large-v3')
  demos = load.of_task('embedded:pointmaze', task)
  assert len(demos.episode_ends) == 3 and demos.terminals.sum() == 3
  assert (demos.episode_returns == 1.0).all()
  np.testing.assert_array_equal(
    demos.goal.astype(np.float32), demos.observations[:, 4:]
  )
  monkeypatch.setattr(embedded.rollouts, 'record', None)  # would raise
  again = load.of_task('embedded:pointmaze', task)
  for key in ('observations', 'actions', 'qpos', 'qvel', 'goal', 'terminals'):
    np.testing.assert_array_equal(getattr(again, key), getattr(demos, key))
  # Minari itself rebuilds the environment, goal in the observation.
  data_set = minari.load_dataset('tfirl/pointmaze/expert-v0')
  env = data_set.recover_environment()
  assert env.observation_space.shape == (6,)


def test_shipped_task_by_name(tmp_path, monkeypatch):
  monkeypatch.setattr(embedded, '_FOLDER', str(tmp_path))
  assert embedded.tasks() == []
  path = embedded.weights_path('hopper')
  expert_files.write(path, _random_policy(), _METADATA)
  assert embedded.tasks() == ['hopper']
  assert embedded.policy('hopper').num_actions == 3


def test_an_expert_may_encode_what_it_observes(path):
  nothing = np.zeros((11, 0), np.float32), np.zeros(0, np.float32)
  encoding = Encoding(np.ones(11, 'f'), np.ones(11, 'f'), *nothing)
  expert = MlpPolicy(_random_policy(1).layers, 3, encoding=encoding)
  expert_files.write(path, expert, _METADATA)
  observation = np.linspace(-1, 1, 11)
  np.testing.assert_allclose(
    embedded.policy(path)(observation),
    _random_policy(1)(observation - 1),
    rtol=1e-6,
  )


@pytest.mark.parametrize('key', ['task', 'env_id', 'env_kwargs'])
def test_metadata_must_say_where_it_acts(tmp_path, key):
  details = {k: v for k, v in _METADATA.items() if k != key}
  path = expert_files.write(tmp_path / 'x.npz', _random_policy(), details)
  with pytest.raises(ValueError, match=f'x.npz, metadata: missing {key}'):
    embedded.metadata(path)


@pytest.mark.parametrize(
  ('changes', 'message'),
  [
    ({'kernel_0': None}, 'num_layers: found 2, and 0 kernels'),
    ({'bias_1': None}, 'bias_1: found nothing'),
    ({'kernel_1': np.zeros((9, 3))}, r'kernel_1: found \(9, 3\).*\(8, 3\)'),
    ({'bias_0': np.full(8, np.nan)}, 'bias_0: found numbers that are not fin'),
    ({'metadata': np.array('x')}, "metadata: found 'x'; expected a JSON"),
    ({'metadata': None}, 'metadata: found nothing'),
    ({'metadata': np.array('{}')}, 'metadata: missing task'),
  ],
)
def test_bad_expert_files(path, changes, message):
  arrays = {**np.load(path), **changes}
  np.savez(path, **{k: v for k, v in arrays.items() if v is not None})
  with pytest.raises(ValueError, match=f'tiny.npz.*({message})'):
    embedded.policy(path)
    embedded.metadata(path)


@pytest.mark.parametrize(
  ('changes', 'message'),
  [
    ({'env_id': 'Hopper-v5'}, 'env_id: found Hopper-v5; expected a maze'),
    ({'controller': {'position_gain': 1.0}}, 'controller: missing velocity_g'),
    ({'task': None}, 'metadata: missing task'),
  ],
)
def test_bad_controller_files(tmp_path, changes, message):
  details = {
    'task': 'x',
    'env_id': 'PointMaze_Large-v3',
    'env_kwargs': {},
    'controller': {'position_gain': 1.0, 'velocity_gain': 1.0, 'noise': 0.0},
    **changes,
  }
  path = tmp_path / 'x.json'
  path.write_text(
    json.dumps({k: v for k, v in details.items() if v is not None})
  )
  with pytest.raises(ValueError, match=f'x.json.*{message}'):
    embedded.policy(str(path))


def _ant_files(folder, noise=0.1, sizes=(29, 8)):
  """A small actor, and a maze's expert that steers by it."""
  rng = np.random.default_rng(0)
  layers = [(0.1 * rng.normal(size=sizes), np.zeros(sizes[1]))]
  details = {
    'task': 'ant_steering',
    'env_id': 'tfirl/AntSteering-v0',
    'env_kwargs': {},
  }
  actor = MlpPolicy(layers, sizes[1])
  expert_files.write(folder / 'actor.npz', actor, details)
  details = {
    'task': 'antmaze_test',
    'env_id': 'AntMaze_Large-v5',
    'env_kwargs': {
      'continuing_task': False,
      'include_cfrc_ext_in_observation': False,
    },
    'controller': {'actor': 'actor.npz', 'noise': noise},
  }
  path = folder / 'ant.json'
  path.write_text(json.dumps(details))
  return str(path), details


def test_an_ant_steers_by_the_actor_of_its_file(tmp_path):
  path, _ = _ant_files(tmp_path)
  expert = embedded.policy(path)
  assert isinstance(expert, ant_controller.AntController)
  observation = np.zeros(31)
  observation[:4] = -18.0, 12.0, 0.7, 1.0  # in cell (1, 1), upright
  observation[-2:] = -6.0, 12.0
  np.testing.assert_allclose(
    expert(observation),
    ant_frame.to_actuators(
      embedded.policy(str(tmp_path / 'actor.npz'))(
        ant_frame.observe(observation[2:29], np.array([1.0, 0.0]))[0]
      ),
      0,
    ),
    atol=1e-6,
  )
  noisy = expert(observation, np.random.default_rng(0))
  assert 0.01 < np.abs(noisy - expert(observation)).max() < 0.5


def test_another_actor_is_another_expert(tmp_path):
  path, details = _ant_files(tmp_path)
  digest = embedded._digest(path, details, 'a maze')
  assert embedded._digest(path, details, 'a maze') == digest
  actor = embedded.policy(str(tmp_path / 'actor.npz'))
  actor.layers[0][0][0, 0] += 1.0
  expert_files.write(tmp_path / 'actor.npz', actor, {})
  assert embedded._digest(path, details, 'a maze') != digest


@pytest.mark.parametrize('noise', [0.0, 0.1])
def test_the_ants_noise_is_in_what_is_rolled_out(tmp_path, monkeypatch, noise):
  path, _ = _ant_files(tmp_path, noise)
  given = []

  def record(env, policy, num_episodes, seed, stochastic):
    given.append((num_episodes, stochastic))
    raise KeyboardInterrupt  # enough seen

  monkeypatch.setattr(embedded.rollouts, 'record', record)
  with pytest.raises(KeyboardInterrupt):
    embedded.demonstrations(path, 31)
  assert given == [(64, noise > 0)]


def test_bad_ant_files(tmp_path):
  path, details = _ant_files(tmp_path, sizes=(27, 8))
  with pytest.raises(ValueError, match=r'sizes \(27, 8\); expected \(29, 8\)'):
    embedded.policy(path)
  del details['controller']['noise']
  (tmp_path / 'ant.json').write_text(json.dumps(details))
  with pytest.raises(ValueError, match='ant.json, controller: missing noise'):
    embedded.policy(path)
  (tmp_path / 'actor.npz').unlink()
  with pytest.raises(FileNotFoundError, match='actor.npz'):
    embedded.policy(path)


def _load(path):
  return load.of_task(f'embedded:{path}', tasks.Task('any', env_id='Hopper-v5'))


def test_rolled_out_on_first_use_and_cached(path, monkeypatch):
  monkeypatch.setattr(embedded, '_NUM_EPISODES', 3)
  demos = _load(path)
  np.testing.assert_array_equal(demos.episode_ends, [20, 40, 60])
  expected = _random_policy()(demos.observations)
  np.testing.assert_allclose(demos.actions, expected, atol=2e-6)
  assert minari.load_dataset('tfirl/hopper/expert-v0').total_episodes == 3

  monkeypatch.setattr(embedded.rollouts, 'record', None)  # would raise
  again = _load(path)
  np.testing.assert_array_equal(again.observations, demos.observations)
  np.testing.assert_array_equal(again.qpos, demos.qpos)


def test_another_expert_is_rolled_out_anew(path, monkeypatch):
  monkeypatch.setattr(embedded, '_NUM_EPISODES', 1)
  first = _load(path)
  expert_files.write(path, _random_policy(1), _METADATA)
  second = _load(path)
  assert not np.array_equal(first.actions, second.actions)
  np.testing.assert_allclose(
    second.actions, _random_policy(1)(second.observations), atol=2e-6
  )


def test_cells_that_gin_binds_are_the_experts_too(monkeypatch):
  """Rolled out anew, where an expert of the map's own cells was cached."""
  details = {**embedded.metadata('pointmaze'), 'num_episodes': 2}
  monkeypatch.setattr(embedded, 'metadata', lambda unused_task: details)
  embedded.demonstrations('pointmaze', 6)
  gin.bind_parameter('GoalMaze.start_cells', [(7, 1)])
  raw = embedded.demonstrations('pointmaze', 6)
  starts = raw.columns['observations'][[0, raw.episode_ends[0]], :2]
  assert (np.abs(starts - [-4.5, -3.0]) < 0.5).all()
