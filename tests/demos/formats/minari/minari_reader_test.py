"""Minari data sets: written, read back, and foreign ones."""

import os

import gymnasium
import minari
import numpy as np
import pytest
import spec_env
from gymnasium import spaces
from minari.data_collector import EpisodeBuffer

from tfirl import tasks
from tfirl.demos import convert, load
from tfirl.demos.border import RawDemonstrations
from tfirl.demos.checking import DemonstrationError
from tfirl.demos.formats.minari import minari_reader

_ID = 'tfirl/hopper/expert-v0'


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
  monkeypatch.setenv('MINARI_DATASETS_PATH', str(tmp_path / 'minari'))
  return tmp_path / 'minari'


@pytest.fixture(scope='module')
def hopper():
  env = gymnasium.make('Hopper-v5', frame_skip=4)
  yield env
  env.close()


def _raw():
  rng = np.random.default_rng(0)
  # 3 + 4 rows; observations run on within an episode.
  paths = [rng.normal(size=(n + 1, 11)).astype(np.float32) for n in (3, 4)]
  return RawDemonstrations(
    'rollouts',
    {
      'observations': np.concatenate([path[:-1] for path in paths]),
      'next_observations': np.concatenate([path[1:] for path in paths]),
      'actions': rng.uniform(-1, 1, (7, 3)).astype(np.float32),
      'rewards': np.arange(7.0),
      'terminals': np.arange(7) == 2,
      'timeouts': np.arange(7) == 6,
      'qpos': rng.normal(size=(7, 6)),
      'qvel': rng.normal(size=(7, 6)),
      'seed': np.array([4, 4, 4, 6, 6, 6, 6]),
    },
    versions={'mujoco': '3.2.3'},
  )


def _load(dataset_id=_ID, env_id='Hopper-v5', size=11, num_actions=3):
  env = spec_env.SpecEnv(env_id, size, [1] * num_actions)
  return spec_env.load(f'minari:{dataset_id}', env)


def test_written_data_set_reads_back(hopper, cache):
  raw = _raw()
  minari_reader.write_minari(raw, _ID, hopper)
  demos = _load()
  for key, values in raw.columns.items():
    if key not in ('rewards', 'seed'):
      np.testing.assert_array_equal(getattr(demos, key), values)
  np.testing.assert_array_equal(demos.episode_seeds, [4, 6])
  np.testing.assert_array_equal(demos.episode_returns, [3, 18])
  assert demos.env_id == 'Hopper-v5'
  assert demos.env_kwargs == {'frame_skip': 4}
  assert demos.versions == {'mujoco': '3.2.3', 'minari': minari.__version__}
  left = os.listdir(cache / 'tfirl' / 'hopper')
  assert not [name for name in left if name.startswith('.')]


def test_minari_itself_reads_what_is_written(hopper):
  minari_reader.write_minari(_raw(), _ID, hopper)
  assert list(minari.list_local_datasets()) == [_ID]
  dataset = minari.load_dataset(_ID)
  assert (dataset.total_episodes, dataset.total_steps) == (2, 7)
  assert dataset[1].observations.shape == (5, 11)
  assert dataset.recover_environment().unwrapped.frame_skip == 4


def test_wrappers_that_change_what_is_seen_are_told(hopper):
  env = gymnasium.wrappers.RecordEpisodeStatistics(hopper)
  env = gymnasium.wrappers.NormalizeObservation(env)
  env = gymnasium.wrappers.RescaleAction(env, -2.0, 2.0)
  minari_reader.write_minari(_raw(), _ID, env)
  raw = minari_reader.read_minari(_ID, 11)
  assert raw.wrappers == ('NormalizeObservation', 'RescaleAction')


@pytest.mark.parametrize('suffix', ['npz', 'hdf5'])
def test_and_so_are_they_of_a_copy(hopper, tmp_path, suffix):
  env = gymnasium.wrappers.RescaleAction(hopper, -0.5, 0.5)
  minari_reader.write_minari(_raw(), _ID, env)
  path = tmp_path / f'd.{suffix}'
  convert.convert(f'minari:{_ID}', str(path))
  assert load.read(path).wrappers == ('RescaleAction',)
  for source in (f'minari:{_ID}', str(path)):
    with pytest.raises(
      DemonstrationError, match='observations or actions that RescaleAction ch'
    ):
      load.of_task(source, tasks.Task('hopper', env_id='Hopper-v5'))


def test_an_existing_data_set_is_not_overwritten(hopper, cache):
  minari_reader.write_minari(_raw(), _ID, hopper)
  before = sorted(os.listdir(cache / 'tfirl' / 'hopper'))
  with pytest.raises(FileExistsError, match=f'minari delete {_ID}'):
    minari_reader.write_minari(_raw(), _ID, hopper)
  assert sorted(os.listdir(cache / 'tfirl' / 'hopper')) == before


def test_a_failed_write_leaves_nothing(hopper, cache, monkeypatch):
  def fail(*_):
    raise OSError('No space left on device')

  monkeypatch.setattr(minari_reader, '_episodes', fail)
  with pytest.raises(OSError, match='No space'):
    minari_reader.write_minari(_raw(), _ID, hopper)
  assert not minari_reader.exists(_ID)
  assert os.listdir(cache / 'tfirl' / 'hopper') == []


def test_write_needs_rewards(hopper):
  raw = _raw()
  del raw.columns['rewards']
  with pytest.raises(ValueError, match=f'minari:{_ID}: rewards: found none'):
    minari_reader.write_minari(raw, _ID, hopper)


def test_missing_data_set_says_how_to_get_it(cache):
  with pytest.raises(FileNotFoundError) as caught:
    _load('mujoco/hopper/none-v0')
  assert 'minari download mujoco/hopper/none-v0' in str(caught.value)
  assert str(cache) in str(caught.value)


@pytest.mark.parametrize('name', ['main_data.hdf5', 'metadata.json'])
def test_truncated_data_set(hopper, cache, name):
  minari_reader.write_minari(_raw(), _ID, hopper)
  path = cache / _ID / 'data' / name
  path.write_bytes(path.read_bytes()[:100])
  with pytest.raises(ValueError, match='found a file that is trunc'):
    _load()


def test_of_another_task(hopper):
  minari_reader.write_minari(_raw(), _ID, hopper)
  with pytest.raises(ValueError, match=f"{_ID}: env_id.*'Hopper-v5'.*'Ant-v5'"):
    _load(env_id='Ant-v5')


def _foreign(observation_space, episodes, num_actions=2):
  """Writes a data set as others do, by Minari's own function."""
  minari.create_dataset_from_buffers(
    'zoo/maze-v0',
    episodes,
    observation_space=observation_space,
    action_space=spaces.Box(-1, 1, (num_actions,), np.float32),
  )


def _goal_episode(width, **changes):
  """Four steps in a maze: x-y is 0..4, `width` other numbers, the goal."""
  position = np.arange(5.0)[:, None].repeat(2, 1)
  fields = {
    'observations': {
      'observation': np.full((5, width), 7.0),
      'achieved_goal': position,
      'desired_goal': np.full((5, 2), 9.0),
    },
    'actions': np.zeros((4, 2), np.float32),
    'rewards': np.ones(4),
    'terminations': np.zeros(4, bool),
    'truncations': np.zeros(4, bool),
    'infos': {'qpos': np.arange(15.0).reshape(5, 3)},
  }
  return EpisodeBuffer(id=None, **{**fields, **changes})


def _goal_space(width):
  box = {
    key: spaces.Box(-np.inf, np.inf, (size,), np.float64)
    for key, size in (
      ('observation', width),
      ('achieved_goal', 2),
      ('desired_goal', 2),
    )
  }
  return spaces.Dict(box)


@pytest.mark.filterwarnings('ignore')
def test_ant_maze_order_is_position_ant_goal():
  _foreign(_goal_space(27), [_goal_episode(27), _goal_episode(27)])
  demos = _load('zoo/maze-v0', 'AntMaze_Large-v5', 31, 2)
  row = np.concatenate([[1, 1], np.full(27, 7), [9, 9]])
  np.testing.assert_array_equal(demos.observations[1], row)
  row[:2] = 4
  np.testing.assert_array_equal(demos.next_observations[3], row)
  np.testing.assert_array_equal(demos.goal, np.full((8, 2), 9.0))
  # States of every step but the last, which has no action.
  np.testing.assert_array_equal(demos.qpos[3:5], [[9, 10, 11], [0, 1, 2]])
  # The recording just stopped: a time-out.
  np.testing.assert_array_equal(np.flatnonzero(demos.timeouts), [3, 7])
  assert not demos.terminals.any()
  np.testing.assert_array_equal(demos.episode_seeds, [-1, -1])


@pytest.mark.filterwarnings('ignore')
def test_point_maze_observation_has_the_position_already():
  _foreign(_goal_space(4), [_goal_episode(4)])
  demos = _load('zoo/maze-v0', 'PointMaze_Large-v3', 6, 2)
  np.testing.assert_array_equal(demos.observations[1], [7, 7, 7, 7, 9, 9])


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize(
  ('changes', 'message'),
  [
    ({'rewards': np.ones(3)}, 'observations: found 5 rows; expected 4'),
    ({'actions': np.zeros((3, 2))}, 'actions: found 3 rows; expected 4'),
    ({'truncations': np.zeros(5, bool)}, 'timeouts: found 5 rows'),
    ({'infos': {'qvel': np.zeros((2, 3))}}, 'qvel: found 2 rows'),
    ({'actions': np.full((4, 2), 3.0)}, 'actions: found 3 in row 0'),
    ({'rewards': np.full(4, np.nan)}, 'rewards: found 4 NaN'),
  ],
)
def test_bad_episodes_are_named(changes, message):
  _foreign(_goal_space(4), [_goal_episode(4, **changes)])
  with pytest.raises(ValueError, match=f'minari:zoo/maze-v0.*{message}'):
    _load('zoo/maze-v0', 'PointMaze_Large-v3', 6, 2)


@pytest.mark.filterwarnings('ignore')
def test_dict_observations_without_a_goal():
  space = spaces.Dict({'pixels': spaces.Box(0, 1, (3,), np.float64)})
  episode = _goal_episode(4, observations={'pixels': np.zeros((5, 3))})
  _foreign(space, [episode])
  with pytest.raises(ValueError, match='found pixels; expected achieved_goal'):
    _load('zoo/maze-v0', 'PointMaze_Large-v3', 6, 2)
