"""The NumPy archive: round trip, and every way in which a file is bad."""

import dataclasses
import os
import pickle
import stat

import numpy as np
import pytest
from spec_env import SpecEnv, load

from tfirl.demos.border import RawDemonstrations
from tfirl.demos.formats import npz


def _arrays():
  rng = np.random.default_rng(0)
  path = rng.normal(size=(6, 3)).astype(np.float32)
  return {
    'observations': path[:-1],
    'actions': rng.uniform(-2, 2, (5, 2)).astype(np.float32),
    'next_observations': path[1:],
    'rewards': np.arange(5, dtype=np.float32),
    'terminals': np.array([0, 1, 0, 0, 0], bool),
    'timeouts': np.array([0, 0, 0, 0, 1], bool),
    'qpos': rng.normal(size=(5, 4)),
    'qvel': rng.normal(size=(5, 4)),
    'seed': np.array([3, 3, 9, 9, 9]),
    'env_id': np.array('Hopper-v5'),
    'env_kwargs': np.array('{"frame_skip": 4}'),
    'mujoco_version': np.array('3.2.3'),
  }


def _load(path, env_id='Hopper-v5', **options):
  return load(str(path), SpecEnv(env_id, 3, [2, 2]), **options)


def _write(path, **changes):
  arrays = {**_arrays(), **changes}
  np.savez(path, **{k: v for k, v in arrays.items() if v is not None})
  return path


def test_reads_every_key(tmp_path):
  arrays = _arrays()
  demos = _load(_write(tmp_path / 'd.npz'))
  np.testing.assert_array_equal(demos.observations, arrays['observations'])
  np.testing.assert_array_equal(
    demos.next_observations, arrays['next_observations']
  )
  np.testing.assert_allclose(demos.actions, arrays['actions'] / 2)
  np.testing.assert_array_equal(demos.terminals, arrays['terminals'])
  np.testing.assert_array_equal(demos.timeouts, arrays['timeouts'])
  np.testing.assert_array_equal(demos.qpos, arrays['qpos'])
  np.testing.assert_array_equal(demos.qvel, arrays['qvel'])
  np.testing.assert_array_equal(demos.episode_seeds, [3, 9])
  np.testing.assert_array_equal(demos.episode_returns, [1, 9])
  assert demos.goal is None
  assert demos.env_kwargs == {'frame_skip': 4}
  assert demos.versions == {'mujoco': '3.2.3'}
  assert demos.source == str(tmp_path / 'd.npz')


def test_saved_file_reads_back_the_same(tmp_path):
  raw = npz.read_npz(str(_write(tmp_path / 'a.npz')))
  raw.columns['goal'] = np.arange(10.0).reshape(5, 2)
  raw.episode_returns = np.array([1.5, 2.5])
  path = str(tmp_path / 'new' / 'b.npz')
  npz.save_npz(raw, path)
  back = npz.read_npz(path)
  assert back.columns.keys() == raw.columns.keys()
  for key, values in raw.columns.items():
    np.testing.assert_array_equal(back.columns[key], values)
    assert back.columns[key].dtype == values.dtype
  np.testing.assert_array_equal(back.episode_returns, [1.5, 2.5])
  assert (back.env_id, back.env_kwargs, back.versions) == (
    'Hopper-v5',
    {'frame_skip': 4},
    {'mujoco': '3.2.3'},
  )
  assert stat.S_IMODE(os.stat(path).st_mode) == 0o644


def test_kwargs_that_json_does_not_know_are_written_as_text(tmp_path):
  """An environment may be registered with any objects."""
  raw = npz.read_npz(str(_write(tmp_path / 'a.npz')))
  table = {(0, 1): np.arange(2), 2: [{(3, 4): 5}]}
  raw = dataclasses.replace(raw, env_kwargs={'table': table, 'skip': (4,)})
  path = str(tmp_path / 'b.npz')
  npz.save_npz(raw, path)
  assert npz.read_npz(path).env_kwargs == {
    'table': {'(0, 1)': '[0 1]', '2': [{'(3, 4)': 5}]},
    'skip': [4],
  }


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
  path = tmp_path / 'd.npz'
  path.write_bytes(b'old')

  def full_disk(file, *_, **__):
    file.write(b'half')
    raise OSError('No space left on device')

  monkeypatch.setattr(np.lib.format, 'write_array', full_disk)
  raw = RawDemonstrations('x', {'observations': np.zeros((1, 1))})
  with pytest.raises(OSError, match='No space'):
    npz.save_npz(raw, str(path))
  assert path.read_bytes() == b'old'
  assert os.listdir(tmp_path) == ['d.npz']


def test_missing_file(tmp_path):
  with pytest.raises(FileNotFoundError, match='none.npz: no such'):
    _load(tmp_path / 'none.npz')


@pytest.mark.parametrize('keep', [0, 10, 500, -30])
def test_truncated_file(tmp_path, keep):
  path = _write(tmp_path / 'd.npz')
  path.write_bytes(path.read_bytes()[:keep])
  with pytest.raises(ValueError, match='d.npz: found a file that is trunc'):
    _load(path)


def test_damaged_bytes(tmp_path):
  path = tmp_path / 'd.npz'
  np.savez_compressed(path, **_arrays())
  data = bytearray(path.read_bytes())
  data[60:160] = bytes(100)
  path.write_bytes(data)
  with pytest.raises(ValueError, match='d.npz: found a file that is trunc'):
    _load(path)


def test_a_bare_array_is_no_archive(tmp_path):
  with open(tmp_path / 'd.npz', 'wb') as file:
    np.save(file, np.zeros(3))
  with pytest.raises(ValueError, match='expected an .npz'):
    _load(tmp_path / 'd.npz')


class _Bomb:
  def __reduce__(self):
    return os.mkdir, ('exploded',)


@pytest.mark.parametrize('in_archive', [True, False])
def test_pickles_are_refused_and_not_run(tmp_path, monkeypatch, in_archive):
  monkeypatch.chdir(tmp_path)
  path = tmp_path / 'd.npz'
  if in_archive:
    _write(path, qpos=np.array([_Bomb()], object))
  else:
    path.write_bytes(pickle.dumps(_Bomb()))
  with pytest.raises(ValueError, match='d.npz: found (qpos, )?a pickle'):
    _load(path)
  assert not os.path.exists('exploded')


@pytest.mark.parametrize(
  'key', ['observations', 'actions', 'next_observations', 'terminals']
)
def test_missing_key(tmp_path, key):
  path = _write(tmp_path / 'd.npz', **{key: None})
  with pytest.raises(ValueError, match=f'd.npz: missing {key}; found the keys'):
    _load(path)


def test_kwargs_that_are_not_stated_stay_so(tmp_path):
  raw = npz.read_npz(str(_write(tmp_path / 'd.npz', env_kwargs=None)))
  assert raw.env_kwargs is None
  npz.save_npz(raw, str(tmp_path / 'e.npz'))
  assert npz.read_npz(str(tmp_path / 'e.npz')).env_kwargs is None


@pytest.mark.parametrize(
  ('changes', 'message'),
  [
    ({'seed': np.zeros(4, int)}, r'seed: found shape \(4,\)'),
    ({'terminals': np.zeros(4, bool)}, r'terminals: found shape \(4,\)'),
    ({'seed': np.zeros(5)}, 'seed: found dtype float64'),
    ({'env_kwargs': np.array('{')}, "env_kwargs: found '{'"),
    ({'env_kwargs': np.array('[1]')}, 'expected a JSON object'),
    ({'env_id': np.array(['a', 'b'])}, r'env_id: found shape \(2,\)'),
    ({'env_id': np.array('Ant-v5')}, "demonstrations of 'Ant-v5'"),
    ({'actions': np.full((5, 2), 2.1)}, 'actions: found 2.1'),
    ({'observations': np.full((5, 3), np.nan)}, 'observations: found 15 NaN'),
    ({'observations': np.zeros((5, 4))}, r'shape \(5, 4\)'),
  ],
)
def test_bad_values_are_named(tmp_path, changes, message):
  path = _write(tmp_path / 'd.npz', **changes)
  with pytest.raises(ValueError, match=f'd.npz: .*{message}'):
    _load(path)


@pytest.mark.parametrize('text', ['[' * 100_000, '{"a":' + '1' * 5000 + '}'])
def test_env_kwargs_that_json_cannot_take_are_named(tmp_path, text):
  path = _write(tmp_path / 'd.npz', env_kwargs=np.array(text))
  with pytest.raises(
    ValueError, match=r"d.npz: env_kwargs: found '.{60}'\.\.\.; expected a JSON"
  ) as caught:
    npz.read_npz(str(path))
  assert len(str(caught.value)) < 300


def test_facts_survive_keys(tmp_path):
  path = str(_write(tmp_path / 'd.npz'))
  keys = {key: key for key in ('observations', 'actions', 'next_observations')}
  raw = npz.read_npz(path, keys)
  assert raw.env_id == 'Hopper-v5' and raw.env_kwargs == {'frame_skip': 4}
  assert raw.versions == {'mujoco': '3.2.3'}
  np.testing.assert_array_equal(raw.columns['seed'], _arrays()['seed'])
  with pytest.raises(ValueError, match="env_id: found demonstrations of 'Hopp"):
    _load(path, 'Pendulum-v1', keys=keys)


def test_with_keys_arrays_of_others_are_no_facts(tmp_path):
  path = _write(
    tmp_path / 'd.npz',
    env_id=np.arange(5),
    env_kwargs=np.array({}, object),
    seed=np.array(3),
  )
  keys = {key: key for key in ('observations', 'actions', 'next_observations')}
  raw = npz.read_npz(str(path), keys)
  assert raw.env_id == '' and raw.env_kwargs is None
  assert 'seed' not in raw.columns
