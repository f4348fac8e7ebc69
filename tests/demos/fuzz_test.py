"""Damaged files of all formats: an error of the border's own, or what was there.

In the suite a few of each format; `make storm` reads hundreds
(TFIRL_STORM=files of each).
"""

import faulthandler
import json
import logging
import os
import shutil

import gymnasium
import h5py
import numpy as np
import pytest

from tfirl.demos.checking import DemonstrationError
from tfirl.demos.formats import d4rl_writing, minari_reader, npz
from tfirl.demos.load import load_demonstrations
from tfirl.demos.raw import RawDemonstrations

_PER_FORMAT = int(os.environ.get('TFIRL_STORM', '8'))
_HANGS_AFTER_S = 60
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
  return load_demonstrations(
    str(source),
    env_id='Hopper-v5',
    observation_size=_WIDTH,
    action_low=-np.ones(_ACTIONS),
    action_high=np.ones(_ACTIONS),
  )


_FIELDS = (
  'observations',
  'actions',
  'next_observations',
  'terminals',
  'timeouts',
  'qpos',
  'episode_seeds',
  'episode_returns',
)


def _num_changed(found, expected):
  """How many numbers differ; inf if shapes do."""
  changed = 0
  for field in _FIELDS:
    a, b = getattr(found, field), getattr(expected, field)
    if (a is None) != (b is None) or (a is not None and a.shape != b.shape):
      return np.inf
    if a is not None:
      changed += int((~np.isclose(a, b, rtol=0, atol=0, equal_nan=True)).sum())
  return changed


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
    return data[:at] + bytes(min(length, size - at)) + data[at + length :], length
  if kind == 5:
    return data[:at] + rng.bytes(length) + data[at:], size - at
  return data[:at] + data[at + length :], size - at


def _judge(source, expected, touched, is_checked, log):
  """Reads `source`; returns what is wrong with that, '' if nothing."""
  log.clear()
  try:
    found = _read(source)
  except DemonstrationError:
    return ''
  if _is_said(log):
    return ''
  changed = _num_changed(found, expected)
  # One byte is of one number; an observation is its own and a successor, and a
  # return is of rewards.
  most = 0 if is_checked else 3 * touched
  return '' if changed <= most else f'{changed} numbers changed, {touched} bytes'


def _is_said(log):
  """Whether anything was warned of but what holds of the sound file too."""
  return any('is read otherwise' in r.message for r in log.records)


@pytest.fixture
def watch():
  """A hang ends the tests, with a traceback of where."""
  faulthandler.dump_traceback_later(_HANGS_AFTER_S * 10, exit=True)
  yield
  faulthandler.cancel_dump_traceback_later()


@pytest.mark.parametrize('name', _FORMATS)
def test_damaged_bytes(name, tmp_path, watch, caplog):
  file, write, make = _FORMATS[name]
  path = tmp_path / file
  write(path, make())
  data, expected = path.read_bytes(), _read(path)
  wrong = []
  for seed in range(_PER_FORMAT):
    damaged, touched = _damage(data, np.random.default_rng(seed))
    path.write_bytes(damaged)
    is_checked = name not in _UNCHECKED
    found = _judge(path, expected, touched, is_checked, caplog)
    wrong += [f'{name}, seed {seed}: {found}'] if found else []
  assert wrong == []
