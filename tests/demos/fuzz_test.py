"""Damaged files: an error of the border's own, or what was there.

In the suite a few of each format; `make storm` reads hundreds
(TFIRL_STORM=files of each).
"""

import faulthandler
import os

import gymnasium
import h5py
import numpy as np
import pytest
import spec_env

from tfirl.demos.checking import DemonstrationError
from tfirl.demos.formats.containers import rehearsal
from tfirl.demos.formats.d4rl import d4rl_writing
from tfirl.demos.formats.minari import minari_reader
from tfirl.demos.raw import RawDemonstrations

pytestmark = pytest.mark.storm
_PER_FORMAT = int(os.environ.get('TFIRL_STORM', '4'))
_EPISODES, _STEPS, _WIDTH, _ACTIONS = 3, 12, 11, 3
_ROWS = _EPISODES * _STEPS
_ID = 'zoo/fuzz-v0'


def _episodes():
  """(observations [T + 1, O], actions [T, A]) of smooth walks."""
  rng = np.random.default_rng(5)
  return [
    (
      np.cumsum(rng.normal(size=(_STEPS + 1, _WIDTH)), axis=0).astype('f4'),
      rng.uniform(-0.9, 0.9, (_STEPS, _ACTIONS)).astype('f4'),
    )
    for _ in range(_EPISODES)
  ]


def _columns():
  """A row a step; the second episode ends in a terminal."""
  episodes = _episodes()
  is_last = np.arange(_ROWS) % _STEPS == _STEPS - 1
  terminals = is_last & (np.arange(_ROWS) // _STEPS == 1)
  return {
    'observations': np.concatenate([o[:-1] for o, _ in episodes]),
    'actions': np.concatenate([a for _, a in episodes]),
    'next_observations': np.concatenate([o[1:] for o, _ in episodes]),
    'rewards': np.arange(_ROWS, dtype=np.float32),
    'terminals': terminals,
    'timeouts': is_last & ~terminals,
  }


def _raw():
  return RawDemonstrations('fuzz', _columns(), 'Hopper-v5', {})


def _imitation():
  episodes = _episodes()
  return {
    'obs': np.concatenate([o for o, _ in episodes]),
    'acts': np.concatenate([a for _, a in episodes]),
    'rews': np.arange(_ROWS, dtype=np.float32),
    'terminal': np.array([False, True, False]),
    'indices': np.cumsum([_STEPS] * _EPISODES)[:-1],
    'infos': np.array([{}] * _ROWS, object),
  }


def _baselines():
  columns = _columns()
  return {
    'obs': columns['observations'],
    'actions': columns['actions'],
    'rewards': columns['rewards'],
    'episode_starts': np.arange(_ROWS) % _STEPS == 0,
    'episode_returns': np.ones(_EPISODES),
  }


def _table():
  """Arrays of a table, by the names of their columns' groups."""
  return {**_columns(), 'seed': np.repeat([3, 5, 7], _STEPS)}


def _robomimic():
  """Datasets by their full names."""
  arrays = {}
  for i, (observations, actions) in enumerate(_episodes()):
    group = f'data/demo_{i}'
    arrays[f'{group}/obs/arm'] = observations[:-1, :5]
    arrays[f'{group}/obs/object'] = observations[:-1, 5:]
    arrays[f'{group}/next_obs/arm'] = observations[1:, :5]
    arrays[f'{group}/next_obs/object'] = observations[1:, 5:]
    arrays[f'{group}/actions'] = actions
    arrays[f'{group}/rewards'] = np.ones(_STEPS)
    arrays[f'{group}/dones'] = np.arange(_STEPS) == _STEPS - 1
  return arrays


def _d4rl():
  return {**_columns(), 'infos/qpos': np.ones((_ROWS, 6))}


def _write_csv(path, arrays):
  names, parts = [], []
  for key, values in arrays.items():
    values = np.asarray(values)
    if values.ndim == 2:
      names += [f'{key}_{i}' for i in range(values.shape[1])]
    else:
      names.append(key)
    parts.append(values.reshape(len(values), -1).astype(str))
  rows = np.concatenate(parts, axis=1)
  lines = [','.join(line) for line in (names, *rows)]
  path.write_text('\n'.join(lines) + '\n')


def _write_hdf5(path, arrays):
  with h5py.File(path, 'w') as file:
    for key, values in arrays.items():
      file[key] = values


def _write_gzip(path, arrays):
  raw = RawDemonstrations('fuzz', arrays, 'Hopper-v5', {})
  d4rl_writing.save_d4rl(raw, str(path))


# Name -> (file, how it is written, what of, by default).
_FORMATS = {
  'own': ('d.npz', lambda p, a: np.savez(p, **a), _columns),
  'packed': ('d.npz', lambda p, a: np.savez_compressed(p, **a), _columns),
  'imitation': ('d.npz', lambda p, a: np.savez(p, **a), _imitation),
  'baselines': ('d.npz', lambda p, a: np.savez(p, **a), _baselines),
  'd4rl': ('d.hdf5', _write_hdf5, _d4rl),
  'gzip': ('d.hdf5', _write_gzip, _columns),
  'robomimic': ('d.hdf5', _write_hdf5, _robomimic),
  'csv': ('d.csv', _write_csv, _table),
}
# Their bytes have no checksum: a number that became another one is as good.
_UNCHECKED = ('d4rl', 'robomimic', 'csv', 'minari')


def _read(source):
  env = spec_env.SpecEnv(size=_WIDTH, high=[1] * _ACTIONS)
  return spec_env.load(str(source), env)


_ROWWISE = (
  'observations',
  'actions',
  'next_observations',
  'terminals',
  'timeouts',
  'qpos',
)
_PER_EPISODE = ('episode_seeds', 'episode_returns')


def _num_changed(found, expected):
  """How many numbers differ; inf if shapes do."""
  changed = sum(_num_differing(found, expected, field) for field in _ROWWISE)
  # Where a flag is another there are other episodes.
  if np.array_equal(found.episode_ends, expected.episode_ends):
    changed += sum(_num_differing(found, expected, f) for f in _PER_EPISODE)
  return changed


def _num_differing(found, expected, field):
  a, b = getattr(found, field), getattr(expected, field)
  if a is None or b is None or a.shape != b.shape:
    return 0 if a is b else np.inf
  return int((~np.isclose(a, b, rtol=0, atol=0, equal_nan=True)).sum())


def _damage(data: bytes, rng) -> tuple[bytes, int]:
  """Other bytes, and how many of them were touched."""
  size, at = len(data), int(rng.integers(len(data)))
  # Most of a file are its numbers; what describes them is at its ends.
  if rng.random() < 0.5:
    at = int(rng.integers(min(size, 2048)))
    at = at if rng.random() < 0.5 else size - 1 - at
  length = int(rng.integers(1, 64))
  kind = rng.integers(7)
  if kind <= 2:
    number = int(rng.integers(1, 9)) if kind else 1
    places = [at, *rng.integers(size, size=number - 1).tolist()]
    changed = bytearray(data)
    for place in places:
      changed[place] ^= 1 << int(rng.integers(8))
    return bytes(changed), number
  if kind == 3:
    return data[:at], size - at
  if kind == 4:
    return data[:at] + bytes(min(length, size - at)) + data[
      at + length :
    ], length
  if kind == 5:
    return data[:at] + rng.bytes(length) + data[at:], size - at
  return data[:at] + data[at + length :], size - at


class _Judge:
  """Reads sources that are damaged, against what the sound one holds."""

  def __init__(self, source, log):
    self._log = log
    self._expected = _read(source)
    self._usual = self._messages()

  def __call__(self, source, most_changed):
    """What is wrong with a reading, '' if nothing: it is refused, or is what
    was there but for `most_changed` numbers, or says what is not.
    """
    self._log.clear()
    try:
      found = _read(source)
    except DemonstrationError:
      return ''
    if self._messages() - self._usual:
      return ''
    changed = _num_changed(found, self._expected)
    return '' if changed <= most_changed else f'{changed} numbers changed'

  def _messages(self):
    return {record.getMessage() for record in self._log.records}


@pytest.fixture(autouse=True)
def watch(monkeypatch):
  """What HDF5 does not come to an end with is not waited for; another hang
  ends the tests, with a traceback of where.
  """
  monkeypatch.setattr(rehearsal, 'LEAST_S', 5.0)
  faulthandler.dump_traceback_later(60 + 5 * _PER_FORMAT, exit=True)
  yield
  faulthandler.cancel_dump_traceback_later()


@pytest.mark.parametrize('name', _FORMATS)
def test_damaged_bytes(name, tmp_path, caplog):
  file, write, make = _FORMATS[name]
  path = tmp_path / file
  write(path, make())
  data, judge, wrong = path.read_bytes(), _Judge(path, caplog), {}
  for seed in range(_PER_FORMAT):
    damaged, touched = _damage(data, np.random.default_rng(seed))
    path.write_bytes(damaged)
    # A byte is of one number, which may be a successor, too, and in a return.
    wrong[seed] = judge(path, 3 * touched if name in _UNCHECKED else 0)
  assert {seed: found for seed, found in wrong.items() if found} == {}


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('file', ['main_data.hdf5', 'metadata.json'])
def test_damaged_minari(file, tmp_path, monkeypatch, caplog):
  monkeypatch.setenv('MINARI_DATASETS_PATH', str(tmp_path))
  with gymnasium.make('Hopper-v5') as env:
    minari_reader.write_minari(_raw(), _ID, env)
  path, source = tmp_path / _ID / 'data' / file, f'minari:{_ID}'
  data, judge, wrong = path.read_bytes(), _Judge(source, caplog), {}
  for seed in range(_PER_FORMAT):
    damaged, touched = _damage(data, np.random.default_rng(seed))
    path.write_bytes(damaged)
    is_numbers = file == 'main_data.hdf5'
    wrong[seed] = judge(source, 3 * touched if is_numbers else 0)
  assert {seed: found for seed, found in wrong.items() if found} == {}


_OPTIONAL = ('rewards', 'rews', 'seed', 'qpos', 'infos')
_CHANGES = {
  'complex': lambda x: x.astype(complex),
  'text': lambda x: x.astype('S8'),
  'small': lambda x: x.astype(np.int8),
  'nan': lambda x: np.where(np.arange(len(x)) == 1, np.nan, x.T).T,
  'inf': lambda x: np.where(np.arange(len(x)) == 1, np.inf, x.T).T,
  'huge': lambda x: np.where(np.arange(len(x)) == 1, 1e39, x.T).T,
  'deeper': lambda x: x[..., np.newaxis],
  'flat': lambda x: x.ravel(),
  'turned': lambda x: x.T,
  'shorter': lambda x: x[:-1],
  'longer': lambda x: np.concatenate([x, x[:1]]),
  'empty': lambda x: x[:0],
  'one': lambda x: x.ravel()[0],
}


def _change(arrays, rng):
  """Arrays of which one is another, gone or renamed; its key, and how."""
  key = sorted(arrays)[rng.integers(len(arrays))]
  kind = [*_CHANGES, 'gone', 'renamed'][rng.integers(len(_CHANGES) + 2)]
  changed = dict(arrays)
  values = changed.pop(key)
  if kind == 'renamed':
    changed[f'{key}x'] = values
  elif kind != 'gone':
    if values.dtype == object:
      return arrays, key, 'as it was'
    changed[key] = _CHANGES[kind](values)
  return changed, key, kind


@pytest.mark.parametrize(
  'name', sorted(set(_FORMATS) - {'gzip', 'csv', 'packed'})
)
def test_changed_arrays(name, tmp_path, caplog):
  file, write, make = _FORMATS[name]
  path = tmp_path / file
  write(path, make())
  judge, wrong = _Judge(path, caplog), {}
  for seed in range(_PER_FORMAT):
    arrays, key, kind = _change(make(), np.random.default_rng(seed))
    write(path, arrays)
    # What is not needed may be left out, and is worth what it is.
    is_legal = key.rpartition('/')[2] in _OPTIONAL or kind == 'small'
    # D4RL's own files pair with the next row, after a terminal too.
    is_legal |= name == 'd4rl' and key == 'next_observations'
    found = judge(path, np.inf if is_legal else 0)
    if found:
      wrong[seed] = f'{key} {kind}: {found}'
  assert wrong == {}
