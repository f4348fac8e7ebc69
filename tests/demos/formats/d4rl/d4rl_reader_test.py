"""D4RL's HDF5 layout, row by row against D4RL's own `qlearning_dataset`."""

import types

import h5py
import numpy as np
import pytest
from spec_env import SpecEnv, load

from tfirl.demos.formats.hdf5 import read_hdf5

_LENGTHS = [(7, 'timeout'), (4, 'terminal'), (7, 'timeout'), (1, 'terminal')]
_LENGTHS += [(3, 'both'), (5, 'open')]


def _episodes(lengths, width=11):
  """Arrays of D4RL's layout; obs[:, 0] says episode and step."""
  rng = np.random.default_rng(0)
  total = sum(length for length, _ in lengths)
  data = {
    'observations': rng.normal(size=(total, width)).astype(np.float32),
    'actions': rng.uniform(-1, 1, (total, 3)).astype(np.float32),
    'rewards': rng.normal(size=total).astype(np.float32),
    'terminals': np.zeros(total, bool),
    'timeouts': np.zeros(total, bool),
    'infos/qpos': rng.normal(size=(total, 6)),
    'infos/qvel': rng.normal(size=(total, 6)),
    'infos/action_log_probs': rng.normal(size=total).astype(np.float32),
    'metadata/algorithm': np.bytes_(b'SAC'),
    'metadata/policy/fc0/weight': np.zeros((4, 4), np.float32),
  }
  # The true successor: the next row, but at the end of an episode.
  following = np.roll(data['observations'], -1, axis=0)
  end = 0
  for length, kind in lengths:
    end += length
    data['terminals'][end - 1] = kind in ('terminal', 'both')
    data['timeouts'][end - 1] = kind in ('timeout', 'both')
    following[end - 1] = rng.normal(size=width)
  return data, following


def _write(path, data):
  with h5py.File(path, 'w') as file:
    for key, values in data.items():
      if values is not None:
        file[key] = values
  return str(path)


@pytest.fixture(scope='module')
def qlearning_dataset(tmp_path_factory):
  """D4RL's own; its environments fail to import, which is all right."""
  with pytest.MonkeyPatch.context() as patch:
    patch.setenv('D4RL_SUPPRESS_IMPORT_ERROR', '1')
    # Importing it makes this folder.
    patch.setenv('D4RL_DATASET_DIR', str(tmp_path_factory.mktemp('d4rl')))
    import d4rl

  return d4rl.qlearning_dataset


def _read_as_d4rl_does(path):
  with h5py.File(path, 'r') as file:
    names = []
    file.visititems(
      lambda name, item: (
        names.append(name) if isinstance(item, h5py.Dataset) else None
      )
    )
    return {name: file[name][()] for name in names}


def _load(path, env_id='Hopper-v5', size=11, **kwargs):
  return load(path, SpecEnv(env_id, size), **kwargs)


@pytest.mark.parametrize('dtype', [bool, np.uint8, np.float32])
def test_equals_qlearning_dataset(tmp_path, qlearning_dataset, dtype):
  data, _ = _episodes(_LENGTHS)
  data['terminals'] = data['terminals'].astype(dtype)
  data['timeouts'] = data['timeouts'].astype(dtype)
  path = _write(tmp_path / 'hopper.hdf5', data)
  expected = qlearning_dataset(None, dataset=_read_as_d4rl_does(path))
  demos = _load(path)
  raw = read_hdf5(path, 'Hopper-v5')

  assert len(demos) == 7 - 1 + 4 + 7 - 1 + 1 + 3 - 1 + 5 - 1
  np.testing.assert_array_equal(demos.observations, expected['observations'])
  np.testing.assert_array_equal(demos.actions, expected['actions'])
  np.testing.assert_array_equal(raw.columns['rewards'], expected['rewards'])
  np.testing.assert_array_equal(demos.terminals, expected['terminals'])
  np.testing.assert_array_equal(
    demos.next_observations, expected['next_observations']
  )


def test_where_successors_are_recorded_no_row_goes(tmp_path, qlearning_dataset):
  """D4RL drops time-outs all the same; the other rows are its own."""
  data, data['next_observations'] = _episodes(_LENGTHS)
  path = _write(tmp_path / 'hopper.hdf5', data)
  theirs = qlearning_dataset(None, dataset=_read_as_d4rl_does(path))
  demos = _load(path)
  for key in ('observations', 'actions', 'next_observations'):
    np.testing.assert_array_equal(getattr(demos, key), data[key])
  np.testing.assert_array_equal(demos.terminals, data['terminals'])
  np.testing.assert_array_equal(demos.episode_ends, [7, 11, 18, 19, 22, 27])
  kept = np.delete(np.arange(27), [6, 17, 21, 26])
  np.testing.assert_array_equal(
    demos.observations[kept], theirs['observations']
  )
  inner = ~demos.terminals[kept]  # D4RL's successor of those is another start
  np.testing.assert_array_equal(
    demos.next_observations[kept][inner], theirs['next_observations'][inner]
  )


def test_equals_qlearning_dataset_without_timeouts(tmp_path, qlearning_dataset):
  """D4RL counts steps then; ours counts to the task's episode length."""
  data, _ = _episodes([(1000, 'timeout'), (1000, 'timeout'), (30, 'open')])
  expected_rows = ~data.pop('timeouts')
  path = _write(tmp_path / 'hopper.hdf5', data)
  env = types.SimpleNamespace(_max_episode_steps=1000)
  expected = qlearning_dataset(env, dataset=_read_as_d4rl_does(path))
  demos = _load(path)
  assert len(demos) == 999 + 999 + 29
  np.testing.assert_array_equal(demos.observations, expected['observations'])
  np.testing.assert_array_equal(
    demos.next_observations, expected['next_observations']
  )
  np.testing.assert_array_equal(
    demos.observations, data['observations'][expected_rows][:-1]
  )


def test_counted_timeouts_are_right_after_a_terminal(
  tmp_path, qlearning_dataset
):
  """Where D4RL is off by one: it pairs the last row with the next reset."""
  data, _ = _episodes([(5, 'terminal'), (1000, 'timeout'), (9, 'open')])
  data.pop('timeouts')
  path = _write(tmp_path / 'hopper.hdf5', data)
  env = types.SimpleNamespace(_max_episode_steps=1000)
  theirs = qlearning_dataset(env, dataset=_read_as_d4rl_does(path))
  last_row = data['observations'][5 + 999]
  assert (theirs['observations'] == last_row).all(axis=1).any()
  demos = _load(path)
  assert not (demos.observations == last_row).all(axis=1).any()
  np.testing.assert_array_equal(demos.episode_ends, [5, 5 + 999, 5 + 999 + 8])


def test_without_timeouts_and_episode_length(tmp_path):
  data, _ = _episodes(_LENGTHS)
  data.pop('timeouts')
  path = _write(tmp_path / 'x.hdf5', data)
  with pytest.raises(ValueError, match='x.hdf5: timeouts: found none, and no'):
    read_hdf5(path, '')


def test_episodes_states_and_returns(tmp_path):
  data, _ = _episodes(_LENGTHS)
  path = _write(tmp_path / 'hopper.hdf5', data)
  demos = _load(path)
  ends = np.array([6, 10, 16, 17, 19, 23])
  np.testing.assert_array_equal(demos.episode_ends, ends)
  np.testing.assert_array_equal(np.flatnonzero(demos.timeouts), [5, 15, 18, 22])
  np.testing.assert_array_equal(np.flatnonzero(demos.terminals), [9, 16])
  kept = np.delete(np.arange(27), [6, 17, 21, 26])
  np.testing.assert_array_equal(demos.qpos, data['infos/qpos'][kept])
  np.testing.assert_array_equal(demos.qvel, data['infos/qvel'][kept])
  bounds = np.cumsum([0] + [length for length, _ in _LENGTHS])
  returns = [
    data['rewards'][a:b].sum() for a, b in zip(bounds, bounds[1:], strict=False)
  ]
  np.testing.assert_allclose(demos.episode_returns, returns, rtol=1e-5)
  assert demos.goal is None
  assert len(_load(path, max_transitions=8)) == 8


def test_an_episode_of_one_dropped_row_vanishes(tmp_path):
  data, _ = _episodes([(3, 'timeout'), (1, 'timeout'), (3, 'timeout')])
  demos = _load(_write(tmp_path / 'x.hdf5', data))
  np.testing.assert_array_equal(demos.episode_ends, [2, 4])
  rewards = data['rewards']
  np.testing.assert_allclose(
    demos.episode_returns, [rewards[:3].sum(), rewards[4:].sum()], rtol=1e-5
  )


def test_flags_and_rewards_may_be_columns(tmp_path):
  data, _ = _episodes(_LENGTHS)
  flat = _load(_write(tmp_path / 'a.hdf5', data))
  for key in ('rewards', 'terminals', 'timeouts'):
    data[key] = data[key][:, None]
  tall = _load(_write(tmp_path / 'b.h5', data))
  np.testing.assert_array_equal(tall.observations, flat.observations)
  np.testing.assert_array_equal(tall.terminals, flat.terminals)
  np.testing.assert_array_equal(tall.episode_returns, flat.episode_returns)


def _maze():
  """Two walks of 0.1 a step; the second starts elsewhere, unmarked."""
  data, _ = _episodes([(12, 'open')], width=29)
  data['observations'][:, 0] = 0.1 * np.arange(12)
  data['observations'][:, 1] = 0.0
  data['observations'][5:, 1] = 8.0
  data['infos/goal'] = np.tile([32.0, 24.0], (12, 1))
  return data


def test_position_jumps_are_cut_in_mazes(tmp_path):
  data = _maze()
  path = _write(tmp_path / 'maze.hdf5', data)
  demos = _load(path, 'AntMaze_Large-v5', 29)
  rows = [0, 1, 2, 3, 5, 6, 7, 8, 9, 10]
  np.testing.assert_array_equal(demos.observations, data['observations'][rows])
  np.testing.assert_array_equal(demos.episode_ends, [4, 10])
  np.testing.assert_array_equal(np.flatnonzero(demos.timeouts), [3, 9])
  steps = demos.next_observations[:, :2] - demos.observations[:, :2]
  assert np.hypot(*steps.T).max() < 0.2


@pytest.mark.parametrize('with_successors', [False, True])
def test_a_terminal_row_before_a_reset_needs_its_successor(
  tmp_path, with_successors
):
  """Without one it goes, and the row before tells that it was there."""
  data = _maze()
  data['terminals'][4] = True
  if with_successors:
    data['next_observations'] = data['observations'] + np.float32(0.1)
  path = _write(tmp_path / 'm.hdf5', data)
  columns = read_hdf5(path, 'PointMaze_Large-v3', 29).columns
  left_out = [] if with_successors else [4, 11]
  rows = np.delete(np.arange(12), left_out)
  np.testing.assert_array_equal(
    columns['observations'], data['observations'][rows]
  )
  terminals = np.flatnonzero(columns['terminals']).tolist()
  successes = np.flatnonzero(columns['success']).tolist()
  assert (terminals, successes) == (([4], []) if with_successors else ([], [3]))


def test_jumps_are_no_matter_outside_mazes(tmp_path):
  data = _maze()
  assert len(_load(_write(tmp_path / 'm.hdf5', data), 'Ant-v5', 29)) == 11


def test_goal_is_kept_and_appended_where_the_task_wants_it(tmp_path):
  path = _write(tmp_path / 'm.hdf5', _maze())
  plain = _load(path, 'AntMaze_Large-v5', 29)
  np.testing.assert_array_equal(plain.goal, np.tile([32.0, 24.0], (10, 1)))
  demos = _load(path, 'AntMaze_Large-v5', 31)
  for found, observations in (
    (demos.observations, plain.observations),
    (demos.next_observations, plain.next_observations),
  ):
    np.testing.assert_array_equal(found[:, :29], observations)
    np.testing.assert_array_equal(found[:, 29:], plain.goal)


def test_missing_file(tmp_path):
  with pytest.raises(FileNotFoundError, match='none.hdf5: no such'):
    _load(str(tmp_path / 'none.hdf5'))


@pytest.mark.parametrize('keep', [0, 100, -2000])
def test_truncated_file(tmp_path, keep):
  path = tmp_path / 'd.hdf5'
  _write(path, _episodes(_LENGTHS)[0])
  path.write_bytes(path.read_bytes()[:keep])
  with pytest.raises(ValueError, match='d.hdf5: found a file that is trunc'):
    _load(str(path))


_BAD = [
  ({'rewards': None}, 'missing rewards; found the keys actions'),
  ({'terminals': None}, 'missing terminals'),
  ({'actions': np.zeros((5, 3))}, r'actions: found shape \(5, 3\)'),
  ({'infos/qpos': np.zeros((5, 6))}, r'infos/qpos: found shape \(5, 6\)'),
  ({'timeouts': np.zeros((27, 2))}, r'timeouts: found shape \(27, 2\)'),
  ({'terminals': np.full(27, 3)}, 'terminals: found the value 3'),
  ({'timeouts': np.ones(27)}, 'timeouts: found no row with a successor'),
  ({'observations': np.zeros((27, 17))}, r'shape \(23, 17\).*\(23, 11\)'),
  ({'actions': np.full((27, 3), np.nan)}, 'actions: found 69 NaN'),
  ({'actions': np.full((27, 3), -1.5)}, 'actions: found -1.5'),
]


@pytest.mark.parametrize(('changes', 'message'), _BAD)
def test_bad_files_are_named(tmp_path, changes, message):
  data = {**_episodes(_LENGTHS)[0], **changes}
  path = _write(tmp_path / 'd.hdf5', data)
  with pytest.raises(ValueError, match=f'd.hdf5: .*{message}'):
    _load(path)


def test_a_file_of_one_row(tmp_path):
  data, _ = _episodes([(1, 'open')])
  with pytest.raises(ValueError, match='observations: found 1 rows'):
    _load(_write(tmp_path / 'd.hdf5', data))
