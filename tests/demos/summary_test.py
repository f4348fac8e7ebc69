"""The summary says what the columns hold."""

import numpy as np
import pytest

from tfirl.demos.border import RawDemonstrations
from tfirl.demos.summary import summarize


def _raw():
  return RawDemonstrations(
    'some.npz',
    {
      'observations': np.zeros((6, 4)),
      'actions': np.linspace(-2, 2, 12).reshape(6, 2),
      'next_observations': np.zeros((6, 4)),
      'terminals': np.arange(6) == 1,
      'timeouts': np.arange(6) == 5,
      'rewards': np.array([1, 2, 3, 3, 3, 4.0]),
      'qpos': np.zeros((6, 3)),
      'seed': np.array([5, 5, 8, 8, 8, 8]),
    },
    env_id='Hopper-v5',
    versions={'mujoco': '3.2.3', 'gymnasium': '1.2.3'},
  )


def test_every_line():
  assert summarize(_raw()).splitlines() == [
    'some.npz',
    '  environment  Hopper-v5',
    '  episodes     2',
    '  terminated   1 of 2',
    '  transitions  6',
    '  return       mean 8.0, std 5.0, min 3.0, max 13.0',
    '  length       mean 3.0, std 1.0, min 2.0, max 4.0',
    '  observations 4',
    '  actions      2, -2 to 2',
    '  states       qpos',
    '  seeds        5 to 8',
    '  versions     gymnasium 1.2.3, mujoco 3.2.3',
  ]


def test_wrappers_are_told_where_there_are_any():
  raw = _raw()
  raw.wrappers = ('RescaleAction', 'NormalizeObservation')
  assert summarize(raw).splitlines()[-1] == (
    '  wrappers     RescaleAction, NormalizeObservation'
  )


def test_what_is_not_recorded_is_unknown():
  raw = _raw()
  for key in ('rewards', 'qpos', 'seed'):
    del raw.columns[key]
  raw.env_id, raw.versions = '', {}
  lines = summarize(raw).splitlines()
  assert '  environment  unknown' in lines
  assert '  return       unknown' in lines
  assert '  states       none' in lines
  assert '  seeds        unknown' in lines
  assert '  versions     -' in lines


def test_of_the_first_episodes():
  lines = summarize(_raw(), 1).splitlines()
  assert '  episodes     1' in lines and '  transitions  2' in lines
  assert '  return       mean 3.0, std 0.0, min 3.0, max 3.0' in lines
  assert '  seeds        5 to 5' in lines
  with pytest.raises(
    ValueError, match='some.npz: episodes: found 2; exp.* = 3'
  ):
    summarize(_raw(), 3)


def test_bad_columns_are_errors():
  raw = _raw()
  raw.columns['actions'][0, 0] = np.nan
  with pytest.raises(ValueError, match='some.npz: actions: found 1 NaN'):
    summarize(raw)


@pytest.mark.parametrize('key', ['observations', 'actions'])
@pytest.mark.parametrize(
  ('values', 'message'),
  [
    (np.full((6, 2), 'a'), 'dtype <U1; expected real numbers'),
    (np.full((6, 2), b'a'), r'dtype \|S1; expected real numbers'),
    (np.zeros((6, 2), 'M8[s]'), 'dtype datetime64.s.; expected real numbers'),
    (np.zeros((6, 2), [('x', 'f4')]), 'dtype .*; expected real numbers'),
    (np.zeros((6, 2), 'V4'), r'dtype \|V4; expected real numbers'),
    (np.zeros((6, 0)), r'shape \(6, 0\); expected \(rows, 1 or more\)'),
    (np.zeros(6), r'shape \(6,\); expected \(rows, 1 or more\)'),
  ],
)
def test_what_is_no_matrix_of_numbers_is_named(key, values, message):
  raw = _raw()
  raw.columns[key] = values
  with pytest.raises(ValueError, match=f'some.npz: {key}: found {message}'):
    summarize(raw)


def test_the_least_integer_is_an_action():
  """Its absolute value is none of its type."""
  raw = _raw()
  raw.columns['actions'] = np.full((6, 2), -128, np.int8)
  assert '  actions      2, -128 to -128' in summarize(raw).splitlines()
