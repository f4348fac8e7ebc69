"""Files of others' keys and layouts, by hand and by name."""

import h5py
import numpy as np
import pytest
import two_episodes

from tfirl.demos.checking import DemonstrationError
from tfirl.demos.formats.foreign import keyed
from tfirl.demos.load import read


def _npz(tmp_path, **arrays):
  np.savez(tmp_path / 'd.npz', **arrays)
  return str(tmp_path / 'd.npz')


def test_keys_say_what_is_what(tmp_path):
  path = _npz(
    tmp_path,
    s=two_episodes.OBS,
    u=two_episodes.ACTS,
    s2=two_episodes.NEXT,
    end=[0, 0, 1, 0, 1],
  )
  keys = 'observations=s,actions=u,next_observations=s2,terminals=end'
  raw = read(path, keys=keyed.parse_keys(keys.split(',')))
  two_episodes.is_whole(raw, terminals=(2, 4), timeouts=())


@pytest.mark.parametrize(
  'ends',
  [
    {'dones': [0, 0, 1, 0, 1]},
    {'episode_starts': [1, 0, 0, 1, 0]},
    {'episodes': [7, 7, 7, 3, 3]},
  ],
)
def test_without_successors_the_last_row_of_an_episode_goes(
  tmp_path, caplog, ends
):
  (ours,) = ends
  path = _npz(
    tmp_path,
    s=two_episodes.OBS,
    u=two_episodes.ACTS,
    e=ends[ours],
    r=np.arange(5.0),
  )
  keys = {'observations': 's', 'actions': 'u', ours: 'e', 'rewards': 'r'}
  raw = read(path, keys=keys)
  two_episodes.is_without_last_rows(raw)
  assert raw.episode_returns.tolist() == [0 + 1 + 2, 3 + 4]
  assert '2 rows are left out, 0 of them terminal' in caplog.text


def test_parts_are_put_next_to_each_other(tmp_path):
  columns = {
    'x': two_episodes.OBS[:, 0],
    'v': two_episodes.OBS + 5,
    'u': two_episodes.ACTS[:, 0],
  }
  keys = {'observations': 'v+x', 'actions': 'u', 'dones': 'd'}
  path = _npz(tmp_path, **columns, d=np.ones(5))
  with pytest.raises(DemonstrationError, match='found none of two rows'):
    read(path, keys=keys)
  path = _npz(tmp_path, **columns, d=np.zeros(5))
  raw = read(path, keys=keys)
  assert raw.columns['observations'][1].tolist() == [6, 1]
  assert raw.columns['actions'].shape == (4, 1)


def test_unknown_keys_are_listed_with_shapes_and_a_proposal(tmp_path):
  path = _npz(
    tmp_path,
    obs=two_episodes.OBS,
    acs=two_episodes.ACTS,
    done=np.zeros(5),
    other=np.ones(3),
  )
  with pytest.raises(DemonstrationError) as caught:
    read(path)
  message = str(caught.value)
  assert (
    'found the keys acs (5, 1), done (5,), obs (5, 1), other (3,)' in message
  )
  assert '--keys observations=obs,actions=acs,dones=done' in message


@pytest.mark.parametrize(
  ('keys', 'message'),
  [
    (
      {'observations': 's', 'actions': 'x'},
      'keys: found x, which the file has',
    ),
    ({'observations': 's'}, 'keys: found no actions'),
    ({'obs': 's', 'actions': 'u'}, 'keys: found obs; expected some of observ'),
    ({'observations': 's', 'actions': 'u'}, 'nothing that says where episodes'),
  ],
)
def test_keys_that_do_not_fit_are_named(tmp_path, keys, message):
  path = _npz(tmp_path, s=two_episodes.OBS, u=two_episodes.ACTS)
  with pytest.raises(DemonstrationError, match=message):
    read(path, keys=keys)


@pytest.mark.parametrize('text', ['obs', 'observations=', '=obs', 'a=b,a=c'])
def test_keys_of_another_form(text):
  with pytest.raises(
    ValueError, match='--keys: found .*; expected OURS=THEIRS'
  ):
    keyed.parse_keys(text.split(','))


def test_names_that_are_nearly_ours_are_said(tmp_path, caplog):
  path = _npz(
    tmp_path,
    observations=two_episodes.OBS,
    actions=two_episodes.ACTS,
    next_observations=two_episodes.NEXT,
    terminals=np.zeros(5),
    timeouts=np.zeros(5),
    reward=np.zeros(5),
  )
  read(path)
  assert f'{path}: reward is not read: is it rewards?' in caplog.text


def _imitation(**changes):
  return {
    'obs': np.concatenate(two_episodes.PATHS),
    'acts': two_episodes.ACTS,
    'terminal': np.array([True, False]),
    'indices': np.array([3]),
    'infos': np.array([{}] * 5, object),
    'rews': np.arange(5.0),
    **changes,
  }


def test_trajectories_of_imitation(tmp_path):
  """Their infos are pickles, which are not opened."""
  raw = read(_npz(tmp_path, **_imitation()))
  two_episodes.is_whole(raw, terminals=(2,), timeouts=(4,))
  assert raw.columns['rewards'].tolist() == [0, 1, 2, 3, 4]


def test_one_trajectory_of_imitation(tmp_path):
  arrays = {
    'obs': two_episodes.PATHS[0],
    'acts': two_episodes.ACTS[:3],
    'terminal': np.array(True),
  }
  columns = read(_npz(tmp_path, **arrays)).columns
  assert columns['next_observations'].ravel().tolist() == [1, 2, 3]
  assert columns['terminals'].tolist() == [False, False, True]


@pytest.mark.parametrize(
  ('changes', 'message'),
  [
    (
      {'obs': two_episodes.OBS},
      r'obs: found 5 rows; expected 7, T \+ 1 of each',
    ),
    ({'indices': np.array([3, 3])}, 'indices: found'),
    ({'indices': np.array([9])}, 'indices: found'),
    ({'terminal': np.array([True])}, 'terminal: found shape'),
  ],
)
def test_trajectories_that_do_not_add_up(tmp_path, changes, message):
  with pytest.raises(DemonstrationError, match=message):
    read(_npz(tmp_path, **_imitation(**changes)))


def test_expert_of_stable_baselines_2(tmp_path, caplog):
  path = _npz(
    tmp_path,
    obs=two_episodes.OBS,
    actions=two_episodes.ACTS,
    rewards=np.ones(5),
    episode_returns=np.array([3.0, 2.0]),
    episode_starts=np.array([True, False, False, True, False]),
  )
  raw = read(path)
  two_episodes.is_without_last_rows(raw)
  assert raw.episode_returns.tolist() == [3, 2]
  assert 'all ends are taken as time-outs' in caplog.text


@pytest.mark.parametrize(
  'key', ['terminals', 'timeouts', 'dones', 'episode_starts']
)
@pytest.mark.parametrize('shape', [(5, 2), (5, 5), (5, 0), (5, 1, 1)])
def test_flags_of_more_than_a_row_are_named(tmp_path, key, shape):
  path = _npz(
    tmp_path, s=two_episodes.OBS, u=two_episodes.ACTS, e=np.zeros(shape)
  )
  found = ', '.join(map(str, shape))
  with pytest.raises(
    DemonstrationError,
    match=rf'd.npz: {key}: found shape \({found}\); expected \(5,\)',
  ):
    read(path, keys={'observations': 's', 'actions': 'u', key: 'e'})


@pytest.mark.parametrize(
  ('episodes', 'message'),
  [
    ([1, np.nan, 1, 2, np.nan], '2 NaN or inf, the first in row 1; expected'),
    ([np.inf] * 5, '5 NaN or inf, the first in row 0; expected finite'),
    (np.zeros(5, [('a', int)]), 'dtype .*; expected numbers, or names'),
    (np.zeros((5, 2)), r'shape \(5, 2\); expected one a row'),
  ],
)
def test_episodes_that_are_no_numbers(tmp_path, episodes, message):
  path = _npz(tmp_path, s=two_episodes.OBS, u=two_episodes.ACTS, e=episodes)
  with pytest.raises(
    DemonstrationError, match=f'd.npz: episodes: found {message}'
  ):
    read(path, keys={'observations': 's', 'actions': 'u', 'episodes': 'e'})


def test_episodes_may_have_names(tmp_path):
  path = _npz(
    tmp_path,
    s=two_episodes.OBS,
    u=two_episodes.ACTS,
    e=['a', 'a', 'a', 'b', 'b'],
  )
  keys = {'observations': 's', 'actions': 'u', 'episodes': 'e'}
  two_episodes.is_without_last_rows(read(path, keys=keys))


@pytest.mark.parametrize(
  'dtype', ['S9', h5py.string_dtype(), h5py.string_dtype('ascii')]
)
def test_episodes_of_hdf5_may_have_names(tmp_path, dtype):
  names = [b'run 7', b'run 7', b'run 7', b'run 10', b'run 10']
  path = _hdf5(tmp_path, e=names, dtype=dtype)
  keys = {'observations': 's', 'actions': 'u', 'episodes': 'e'}
  two_episodes.is_without_last_rows(read(path, keys=keys))
  with pytest.raises(DemonstrationError, match='e: found dtype .*expected num'):
    read(path, keys=keys | {'dones': 'e'} | {'episodes': 's'})


@pytest.mark.parametrize(
  ('names', 'message'),
  [
    (['a', 'a', 'a', 'b', ''], 'a text of 0 bytes in row 4'),
    (['a', 'a' * 1001, 'a', 'b', 'b'], 'a text of 1001 bytes in row 1'),
  ],
)
def test_episodes_of_hdf5_whose_names_are_none(tmp_path, names, message):
  path = _hdf5(tmp_path, e=names, dtype=h5py.string_dtype())
  keys = {'observations': 's', 'actions': 'u', 'episodes': 'e'}
  with pytest.raises(DemonstrationError, match=f'hdf5: e: found {message}'):
    read(path, keys=keys)


def _hdf5(tmp_path, e, dtype):
  path = str(tmp_path / 'd.hdf5')
  with h5py.File(path, 'w') as file:
    file['s'], file['u'] = two_episodes.OBS, two_episodes.ACTS
    file.create_dataset('e', data=e, dtype=dtype)
  return path


@pytest.mark.parametrize('source', ['minari:a/b-v0', 'd4rl:hopper-expert-v2'])
def test_known_sources_take_no_keys(source):
  with pytest.raises(DemonstrationError, match='its keys are known'):
    read(source, keys={'observations': 'obs'})


def test_a_folder_of_datasets_is_answered_with_the_lines_that_convert_it(
  tmp_path,
):
  (tmp_path / 'dataset_info.json').write_text('{}')
  with pytest.raises(DemonstrationError, match='load_from_disk') as caught:
    read(str(tmp_path))
  lines = str(caught.value).split('\n')[1:]
  compile('\n'.join(line[2:] for line in lines), 'lines', 'exec')
