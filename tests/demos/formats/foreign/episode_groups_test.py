"""HDF5 files with a group an episode."""

import h5py
import numpy as np
import pytest
import two_episodes

from tfirl.demos.checking import DemonstrationError
from tfirl.demos.load import read


def _robomimic(path, with_successors=True):
  with h5py.File(path, 'w') as file:
    start = 0
    # Numbers, not names, are the order.
    for name, states in zip(
      ('demo_2', 'demo_10'), two_episodes.PATHS, strict=True
    ):
      group = file.create_group(f'data/{name}')
      steps = len(states) - 1
      group['actions'] = two_episodes.ACTS[start : start + steps]
      group['rewards'] = np.ones(steps)
      group['dones'] = np.arange(steps) == steps - 1
      group['obs/b'] = states[:-1]
      group['obs/a'] = -states[:-1]
      group['obs/picture'] = np.zeros((steps, 2, 2, 3), np.uint8)
      if with_successors:
        group['next_obs/b'], group['next_obs/a'] = states[1:], -states[1:]
      start += steps
    file['mask/train'] = np.array(['demo_2'], 'S')
  return str(path)


def test_robomimic(tmp_path, caplog):
  path = _robomimic(tmp_path / 'd.hdf5')
  raw = read(path)
  both = np.concatenate([-two_episodes.OBS, two_episodes.OBS], axis=1)
  np.testing.assert_array_equal(raw.columns['observations'], both)
  assert raw.episode_ends.tolist() == [3, 5]
  assert 'all ends are taken as time-outs' in caplog.text
  keys = {
    'observations': 'obs/b',
    'next_observations': 'next_obs/b',
    'actions': 'actions',
    'terminals': 'dones',
  }
  two_episodes.is_whole(read(path, keys=keys), terminals=(2, 4), timeouts=())


def test_robomimic_without_successors(tmp_path, caplog):
  path = _robomimic(tmp_path / 'd.hdf5', with_successors=False)
  keys = {'observations': 'obs/b', 'actions': 'actions'}
  two_episodes.is_without_last_rows(read(path, keys=keys))
  assert '2 rows are left out' in caplog.text


def test_an_episode_that_lacks_something_is_named(tmp_path):
  path = _robomimic(tmp_path / 'd.hdf5')
  with h5py.File(path, 'a') as file:
    del file['data/demo_10/actions']
  with pytest.raises(
    DemonstrationError, match='demo_10: actions: found no act'
  ):
    read(path)


_GROUP_KEYS = {
  'observations': 'obs/b',
  'next_observations': 'next_obs/b',
  'actions': 'actions',
}


def _with_ends(tmp_path, **columns):
  """robomimic's, with `columns` of a flag a step in each group."""
  path = _robomimic(tmp_path / 'd.hdf5')
  with h5py.File(path, 'a') as file:
    for group in file['data'].values():
      for key, make in columns.items():
        group[key] = make(len(group['actions']))
  return path


def test_what_a_group_says_of_its_end(tmp_path, caplog):
  path = _with_ends(
    tmp_path,
    over=lambda steps: np.arange(steps) == steps - 1,
    cut=lambda steps: np.arange(steps) == 0,
    seed=lambda steps: np.full(steps, 10 + steps),
  )
  keys = {**_GROUP_KEYS, 'terminals': 'over', 'seed': 'seed'}
  raw = read(path, keys=keys)
  two_episodes.is_whole(raw, terminals=(2, 4), timeouts=())
  assert raw.columns['seed'].tolist() == [13, 13, 13, 12, 12]
  assert 'marked before' not in caplog.text
  two_episodes.is_whole(read(path, keys={**_GROUP_KEYS, 'timeouts': 'cut'}))
  assert 'timeouts: found 2 rows marked before the last one' in caplog.text


@pytest.mark.parametrize(
  ('ours', 'shape', 'message'),
  [
    ('dones', (), 'keys: found dones; expected some of obs.*a group is an ep'),
    ('episodes', (), 'keys: found episodes; expected some of'),
    ('terminals', (2,), r'demo_10: terminals: found shape \(2, 2\); expected'),
    ('timeouts', (0,), r'demo_2: timeouts: found shape \(3, 0\); expected'),
  ],
)
def test_a_group_that_says_it_otherwise(tmp_path, ours, shape, message):
  path = _with_ends(tmp_path, e=lambda steps: np.zeros((steps, *shape)))
  if ours == 'terminals':
    with h5py.File(path, 'a') as file:
      del file['data/demo_2/e']
      file['data/demo_2/e'] = np.zeros(3)
  with pytest.raises(DemonstrationError, match=message):
    read(path, keys={**_GROUP_KEYS, ours: 'e'})


def test_a_group_with_too_few_flags(tmp_path):
  path = _with_ends(tmp_path, e=lambda steps: np.zeros(2))
  with pytest.raises(
    DemonstrationError,
    match=r'demo_2: terminals: found shape \(2,\); expect.*3',
  ):
    read(path, keys={**_GROUP_KEYS, 'terminals': 'e'})


def test_a_group_whose_name_has_no_number_is_said(tmp_path, caplog):
  path = _robomimic(tmp_path / 'd.hdf5')
  with h5py.File(path, 'a') as file:
    file.move('data/demo_2', 'data/first')
  assert read(path).episode_ends.tolist() == [2]
  assert 'data/first: not taken as episodes' in caplog.text


def test_groups_of_names_are_episodes_where_keys_say_so(tmp_path):
  path = _robomimic(tmp_path / 'd.hdf5', with_successors=False)
  with h5py.File(path, 'a') as file:
    file.move('data/demo_2', 'data/9 May, lift')  # before 10, as a number
    file.move('data/demo_10', 'data/10 May, été')
  with pytest.raises(
    DemonstrationError,
    match="groups: found 2 of the same arrays, 'data/9 May, lift', .*told "
    r'what .*: --keys observations=obs/a\+obs/b,actions=actions,rewards=rew',
  ):
    read(path)
  keys = {'observations': 'obs/b', 'actions': 'actions'}
  two_episodes.is_without_last_rows(read(path, keys=keys))
  # By all of its path an array is rows, as ever.
  keys = {
    k: f'data/9 May, lift/{v}' for k, v in (*keys.items(), ('dones', 'dones'))
  }
  assert len(read(path, keys=keys).columns['actions']) == 2


def test_groups_of_t_plus_1_observations(tmp_path):
  with h5py.File(tmp_path / 'd.h5', 'w') as file:
    for i, (path, rows) in enumerate(
      zip(two_episodes.PATHS, ((0, 3), (3, 5)), strict=True)
    ):
      file[f'episode_{i}/observation'] = path
      file[f'episode_{i}/action'] = two_episodes.ACTS[slice(*rows)]
      file[f'episode_{i}/success'] = i == 1
  keys = {
    'observations': 'observation',
    'actions': 'action',
    'terminals': 'success',
  }
  two_episodes.is_whole(read(str(tmp_path / 'd.h5')))
  raw = read(str(tmp_path / 'd.h5'), keys=keys)
  two_episodes.is_whole(raw, terminals=(4,), timeouts=(2,))
