"""Which reader a source goes to."""

import re

import gin
import h5py
import numpy as np
import pytest
from spec_env import SpecEnv, load

from tfirl.demos.load import read


@pytest.fixture
def d4rl_cache(tmp_path, monkeypatch):
  """D4RL's cache with a hopper-expert-v2 of five rows."""
  monkeypatch.setenv('D4RL_DATASET_DIR', str(tmp_path))
  with h5py.File(tmp_path / 'hopper_expert-v2.hdf5', 'w') as file:
    file['observations'] = np.zeros((5, 11), np.float32)
    file['actions'] = np.zeros((5, 3), np.float32)
    for key in ('rewards', 'terminals', 'timeouts'):
      file[key] = np.zeros(5, np.float32)


def test_d4rl_name(d4rl_cache, caplog):
  demos = load('d4rl:hopper-expert-v2')
  assert len(demos) == 4
  assert demos.versions == {'d4rl': 'hopper-expert-v2'}
  assert "recorded in D4RL's Hopper, used with Hopper-v5" in caplog.text


def test_d4rl_name_of_another_task(d4rl_cache):
  with pytest.raises(ValueError, match='demonstrations of Hopper; expected of'):
    load('d4rl:hopper-expert-v2', SpecEnv('Walker2d-v5'))


@pytest.mark.parametrize('source', ['demos.txt', 'zip:x', 'hopper', ''])
def test_unknown_source(source):
  with pytest.raises(ValueError, match=f"found '{source}'; expected FILE.npz"):
    load(source)


@pytest.mark.parametrize(
  'source', [None, 3, ['a.npz'], {'observations': np.zeros((5, 11))}, b'a.npz']
)
def test_a_source_of_another_type(source):
  kind = type(source).__name__
  message = (
    rf'^demonstrations: found .*, of type {kind}; expected FILE\.npz, .*'
  )
  for call in (load, read):
    with pytest.raises(ValueError, match=message):
      call(source)


def test_a_path_is_a_source(tmp_path):
  path = tmp_path / 'demos.npz'
  np.savez(
    path,
    observations=np.zeros((5, 11)),
    actions=np.zeros((5, 3)),
    next_observations=np.zeros((5, 11)),
    terminals=np.zeros(5),
    timeouts=np.eye(5)[4],
  )
  demos = load(path)
  assert len(demos) == 5
  assert demos.source == load(str(path)).source == str(path)


_OF_FILES = [
  {'keys': {'observations': 'o', 'actions': 'a'}},
  {'clip_actions': True},
  {'accept_demos': True},
  {'successful_only': False},
]


@pytest.mark.parametrize('option', _OF_FILES)
def test_loaded_demonstrations_take_no_options_of_files(hopper_demos, option):
  demos = load(str(hopper_demos))
  ((name, value),) = option.items()
  message = f'load_demonstrations.{name}: found {re.escape(repr(value))}; exp'
  with pytest.raises(ValueError, match=message):
    load(demos, **option)
  with gin.unlock_config():
    gin.bind_parameter(f'load_demonstrations.{name}', value)
  with pytest.raises(ValueError, match=message):
    load(demos)


def test_loaded_demonstrations_take_what_is_for_them(hopper_demos):
  demos = load(str(hopper_demos))
  some = load(demos, num_episodes=2, episode_seed=1, keys=None)
  assert len(some.episode_ends) == 2
  assert len(load(demos, max_transitions=7, keys={})) == 7


@pytest.mark.parametrize(
  'keys',
  [
    {'observations': 3, 'actions': 'a'},
    {'observations': 'o', 'actions': None},
    {3: 'o'},
    {'observations': ['x', 'v']},
    'observations=o',
    ['o'],
  ],
)
@pytest.mark.parametrize('suffix', ['npz', 'hdf5', 'csv'])
def test_keys_are_names(keys, suffix):
  message = rf'^a\.{suffix}: keys: found .*; expected a dict of names, '
  with pytest.raises(ValueError, match=message):
    read(f'a.{suffix}', keys=keys)


def test_embedded_of_an_unknown_task():
  with pytest.raises(ValueError, match='embedded:chess: found no such expert'):
    read('embedded:chess')
