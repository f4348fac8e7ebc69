"""What is written as D4RL's layout reads back the same."""

import json

import h5py
import numpy as np
import pytest
import spec_env

from tfirl import tasks
from tfirl.demos.border import RawDemonstrations
from tfirl.demos.formats import hdf5
from tfirl.demos.formats.d4rl import d4rl_writing

_ENV_ID = 'AntMaze_Large_Diverse_GR-v5'
_KWARGS = {'continuing_task': False, 'include_cfrc_ext_in_observation': False}


def _episodes(maze=True):
  """Two episodes, of 4 and 3 rows, each ending at its goal."""
  rng = np.random.default_rng(0)
  lengths = [4, 3]
  goals = np.array([[-6.0, 12.1], [14.2, -12.0]])
  columns = {key: [] for key in ('observations', 'next_observations')}
  for goal, length in zip(goals, lengths, strict=True):
    states = rng.normal(size=(length + 1, 29)).astype(np.float32)
    # 0.4 m a step along x, up to 0.1 m from the goal.
    states[:, 0] = goal[0] - 0.1 - 0.4 * np.arange(length, -1, -1)
    states[:, 1] = goal[1]
    states[:, 15:17] = 8.0, 0.0
    states = np.concatenate([states, np.tile(goal, (length + 1, 1))], axis=1)
    columns['observations'].append(states[:-1].astype(np.float32))
    columns['next_observations'].append(states[1:].astype(np.float32))
  columns = {key: np.concatenate(parts) for key, parts in columns.items()}
  ends = np.isin(np.arange(7), [3, 6])
  columns.update(
    actions=rng.uniform(-0.9, 0.9, (7, 8)).astype(np.float32),
    rewards=ends.astype(np.float32),
    terminals=ends,
    timeouts=np.zeros(7, bool),
    # What the reader would else put in their place.
    qpos=columns['observations'][:, :15].astype(np.float64),
    qvel=columns['observations'][:, 15:29].astype(np.float64),
    goal=np.repeat(goals, lengths, axis=0),
  )
  if not maze:
    del columns['goal']
  return RawDemonstrations(
    source='by hand',
    columns=columns,
    env_id=_ENV_ID,
    env_kwargs=_KWARGS,
    versions={'mujoco': '3'},
  )


def test_the_layout(tmp_path):
  path = str(tmp_path / 'new' / 'ant.hdf5')
  raw = _episodes()
  d4rl_writing.save_d4rl(raw, path)
  with h5py.File(path) as file:
    shapes = {}
    file.visititems(
      lambda name, item: shapes.update({name: getattr(item, 'shape', None)})
    )
    assert shapes == {
      'observations': (7, 29),
      'actions': (7, 8),
      'next_observations': (7, 29),
      'rewards': (7,),
      'terminals': (7,),
      'timeouts': (7,),
      'infos': None,
      'infos/qpos': (7, 15),
      'infos/qvel': (7, 14),
      'infos/goal': (7, 2),
    }
    assert file.attrs['env_id'] == _ENV_ID
    assert json.loads(file.attrs['env_kwargs']) == _KWARGS
    assert file.attrs['mujoco_version'] == '3'
    np.testing.assert_array_equal(
      file['observations'][:], raw.columns['observations'][:, :29]
    )
  assert [p.name for p in (tmp_path / 'new').iterdir()] == ['ant.hdf5']


def test_reads_back_the_same(tmp_path):
  path = str(tmp_path / 'ant.hdf5')
  raw = _episodes()
  d4rl_writing.save_d4rl(raw, path)
  found = hdf5.read_hdf5(path, _ENV_ID, 31)
  for key in ('actions', 'qpos', 'qvel', 'goal', 'terminals'):
    np.testing.assert_array_equal(found.columns[key], raw.columns[key])
  for key in ('observations', 'next_observations'):  # the goal in float64
    np.testing.assert_allclose(found.columns[key], raw.columns[key], rtol=1e-6)
  assert not found.columns['success'].any()  # no such step is missing
  assert (found.env_id, found.env_kwargs) == (_ENV_ID, _KWARGS)
  assert found.versions == {'mujoco': '3'}


def _walks(lengths, terminals):
  """Steps of 1 from 10 times the episode's number on."""
  states = [np.arange(n + 1.0)[:, None] + 10 * i for i, n in enumerate(lengths)]
  ends = np.cumsum(lengths) - 1
  num_rows = sum(lengths)
  is_terminal = np.isin(np.arange(num_rows), ends[np.array(terminals, bool)])
  return RawDemonstrations(
    'by hand',
    {
      'observations': np.concatenate([s[:-1] for s in states]),
      'actions': np.linspace(-0.9, 0.9, num_rows)[:, None],
      'next_observations': np.concatenate([s[1:] for s in states]),
      'rewards': np.ones(num_rows),
      'terminals': is_terminal,
      'timeouts': np.isin(np.arange(num_rows), ends) & ~is_terminal,
      'seed': np.repeat(np.arange(len(lengths)) + 7, lengths),
    },
    env_id='Rail-v0',
    env_kwargs=None,
    versions={'gymnasium': '1.2.3'},
    episode_returns=np.arange(len(lengths)) + 0.5,
  )


@pytest.mark.parametrize(
  ('lengths', 'terminals'),
  [([3, 4], [1, 1]), ([3, 4], [0, 0]), ([1], [0]), ([1, 1, 1], [1, 0, 1])],
)
def test_nothing_is_lost(tmp_path, lengths, terminals):
  path = str(tmp_path / 'x.hdf5')
  raw = _walks(lengths, terminals)
  d4rl_writing.save_d4rl(raw, path)
  found = hdf5.read_hdf5(path, '')
  assert found.columns.keys() == raw.columns.keys()
  for key, values in raw.columns.items():
    np.testing.assert_array_equal(found.columns[key], values)
  np.testing.assert_array_equal(found.episode_returns, raw.episode_returns)
  assert found.env_id == 'Rail-v0' and found.env_kwargs is None
  assert found.versions == {'gymnasium': '1.2.3'}


def test_facts_survive_keys(tmp_path):
  path = str(tmp_path / 'x.hdf5')
  raw = _walks([3, 4], [0, 1])
  d4rl_writing.save_d4rl(raw, path)
  names = ('observations', 'actions', 'next_observations', 'terminals')
  found = hdf5.read_hdf5(path, '', keys={name: name for name in names})
  assert found.env_id == 'Rail-v0'
  assert found.versions == {'gymnasium': '1.2.3'}
  np.testing.assert_array_equal(found.columns['seed'], raw.columns['seed'])


def test_without_rewards_nothing_is_written(tmp_path):
  raw = _walks([3], [0])
  del raw.columns['rewards']
  path = tmp_path / 'x.hdf5'
  with pytest.raises(ValueError, match='by hand: rewards: found none; expect'):
    d4rl_writing.save_d4rl(raw, str(path))
  assert not path.exists()


def test_the_task_takes_it(tmp_path):
  path = str(tmp_path / 'ant.hdf5')
  d4rl_writing.save_d4rl(_episodes(), path)
  env = tasks.make_env(_ENV_ID, _KWARGS)
  demos = spec_env.load(path, env)
  env.close()
  np.testing.assert_array_equal(demos.episode_ends, [4, 7])


def test_other_tasks_keep_their_observation(tmp_path):
  path = str(tmp_path / 'x.hdf5')
  d4rl_writing.save_d4rl(_episodes(maze=False), path)
  with h5py.File(path) as file:
    assert file['observations'].shape == (7, 31) and 'infos/goal' not in file


def test_a_maze_without_the_goal_in_its_observation_is_refused(tmp_path):
  raw = _episodes()
  raw.columns['goal'] = raw.columns['goal'] + 1.0
  path = tmp_path / 'x.hdf5'
  with pytest.raises(ValueError, match='observations: found a last x-y that'):
    d4rl_writing.save_d4rl(raw, str(path))
  assert not path.exists()
