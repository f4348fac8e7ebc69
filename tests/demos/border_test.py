"""What may cross the border of demonstrations, and how it is scaled."""

import logging

import numpy as np
import pytest
from spec_env import SpecEnv

from tfirl.demos import border, selection
from tfirl.demos.border import RawDemonstrations, to_demonstrations
from tfirl.demos.checking import to_flags


def _raw(num_rows=6, **changes):
  rng = np.random.default_rng(0)
  path = rng.normal(size=(num_rows + 1, 3))
  columns = {
    'observations': path[:-1],
    'actions': rng.uniform(-1, 1, (num_rows, 2)),
    'next_observations': path[1:],
    'terminals': np.arange(num_rows) == 2,
    'timeouts': np.arange(num_rows) == 5,
    'rewards': np.arange(num_rows, dtype=np.float32),
  }
  columns.update(changes)
  kwargs = {'frame_skip': 4, 'healthy_z_range': [0.7, 9.0]}
  return RawDemonstrations('some.file', columns, 'Hopper-v5', kwargs)


def _cross(raw, clip_actions=False, **spec):
  env = SpecEnv(size=3, **{'high': [1, 1], **spec})
  return to_demonstrations(raw, env, clip_actions=clip_actions)


def test_actions_are_scaled_by_center_and_half_range():
  actions = np.array([[0.0, -0.4], [4.0, 0.4], [1.0, 0.0]])
  demos = _cross(
    _raw(
      3,
      actions=actions,
      terminals=np.zeros(3, bool),
      timeouts=np.zeros(3, bool),
    ),
    low=[0.0, -0.4],
    high=[4.0, 0.4],
  )
  limit = 1 - 1e-6
  expected = [[-limit, -limit], [limit, limit], [-0.5, 0.0]]
  np.testing.assert_allclose(demos.actions, expected, atol=1e-7)
  assert demos.actions.dtype == np.float32
  assert np.abs(demos.actions.astype(np.float64)).max() <= limit


def test_actions_inside_the_unit_range_stay_as_they_are():
  raw = _raw()
  raw.columns['actions'] = raw.columns['actions'].astype(np.float32)
  np.testing.assert_array_equal(_cross(raw).actions, raw.columns['actions'])


def test_rounding_beyond_the_range_is_clipped():
  raw = _raw()
  raw.columns['actions'][1, 0] = 1.00001
  assert _cross(raw).actions[1, 0] < 1.0


def test_returns_are_sums_of_rewards_and_seeds_unknown():
  demos = _cross(_raw())
  np.testing.assert_array_equal(demos.episode_returns, [0 + 1 + 2, 3 + 4 + 5])
  np.testing.assert_array_equal(demos.episode_seeds, [-1, -1])


def test_returns_without_rewards_are_nan():
  raw = _raw()
  del raw.columns['rewards']
  assert np.isnan(_cross(raw).episode_returns).all()


def test_max_transitions_keeps_the_first_rows_and_their_episodes():
  raw = _raw(qpos=np.arange(12.0).reshape(6, 2))
  raw.columns['seed'] = np.array([7, 7, 7, 8, 8, 8])
  whole = _cross(raw)
  demos = selection.take(whole, None, max_transitions=4)
  assert len(demos) == 4
  np.testing.assert_array_equal(demos.observations, whole.observations[:4])
  np.testing.assert_array_equal(demos.qpos, [[0, 1], [2, 3], [4, 5], [6, 7]])
  np.testing.assert_array_equal(demos.episode_ends, [3, 4])
  np.testing.assert_array_equal(demos.episode_seeds, [7, 8])
  few = selection.take(whole, None, max_transitions=3)
  assert len(few.episode_returns) == 1
  assert len(selection.take(whole, None, max_transitions=99)) == 6


def test_source_columns_are_left_alone():
  raw = _raw(terminals=np.zeros(6, np.uint8))
  _cross(raw)
  assert raw.columns['terminals'].dtype == np.uint8


@pytest.mark.parametrize('dtype', [bool, np.uint8, np.int64, np.float32])
@pytest.mark.parametrize('shape', [(3,), (3, 1)])
def test_flags_of_any_dtype(dtype, shape):
  flags = to_flags('f', 'k', np.array([0, 1, 0], dtype).reshape(shape))
  assert flags.dtype == bool
  np.testing.assert_array_equal(flags, [False, True, False])


_NAN = np.full((6, 3), np.nan)
_WIDE = np.zeros((6, 4))
_BAD_COLUMNS = [
  ({'observations': _WIDE}, r'observations: found shape \(6, 4\).*\(6, 3\)'),
  ({'observations': np.zeros((0, 3))}, 'observations: found no rows'),
  ({'actions': np.zeros((6, 3))}, r'actions: found shape \(6, 3\).*\(6, 2\)'),
  ({'actions': np.zeros((5, 2))}, r'actions: found shape \(5, 2\)'),
  ({'next_observations': _WIDE}, 'next_observations: found shape'),
  ({'terminals': np.zeros(5, bool)}, r'terminals: found shape \(5,\)'),
  ({'terminals': np.full(6, 2)}, 'terminals: found the value 2'),
  ({'terminals': np.full(6, np.nan)}, 'terminals: found the value nan'),
  ({'timeouts': np.full(6, 'no')}, 'timeouts: found dtype'),
  ({'qpos': np.zeros(6)}, r'qpos: found shape \(6,\)'),
  ({'goal': np.zeros((6, 3))}, r'goal: found shape \(6, 3\).*\(6, 2\)'),
  ({'rewards': np.zeros((6, 2))}, 'rewards: found shape'),
  ({'observations': _NAN}, 'observations: found 18 NaN or inf.*row 0'),
  ({'qvel': np.full((6, 2), np.inf)}, 'qvel: found 12 NaN or inf'),
  ({'observations': np.full((6, 3), 'x')}, 'observations: found dtype <U1'),
  ({'seed': np.zeros(6)}, 'seed: found dtype float64'),
  ({'seed': np.full(6, 2**63, np.uint64)}, 'seed: found 9223372036854775808'),
  ({'actions': np.zeros((6, 2), complex)}, 'actions: found dtype complex128'),
  ({'actions': np.zeros((6, 2), object)}, 'actions: found dtype object'),
  ({'timeouts': np.zeros(6, complex)}, 'timeouts: found dtype complex128'),
  ({'rewards': np.zeros(6, 'm8[s]')}, 'rewards: found dtype timedelta64'),
  ({'observations': np.float64(1)}, r'observations: found shape \(\)'),
  (
    {'observations': np.full((6, 3), 1e39)},
    "observations: found 18 beyond float32's 3.4e38, the first in row 0",
  ),
  ({'actions': np.full((6, 2), 1.01)}, r'actions: found 1.01.*\[-1, 1\]'),
]


@pytest.mark.parametrize(('columns', 'message'), _BAD_COLUMNS)
def test_bad_columns_are_named(columns, message):
  with pytest.raises(ValueError, match=f'some.file: {message}'):
    _cross(_raw(**columns))


def test_actions_beyond_the_range_are_clipped_if_asked_for(caplog):
  raw = _raw()
  raw.columns['actions'][2:4, 1] = -1.5, 3.0
  # Of a run only the binding: no program of runs has a flag for it.
  advice = 'or load_demonstrations.clip_actions = True$'
  with pytest.raises(ValueError, match=advice):
    _cross(raw)
  demos = _cross(raw, clip_actions=True)
  np.testing.assert_allclose(demos.actions[2:4, 1], [-1, 1], atol=2e-6)
  assert (
    'actions: found 3 in row 3, column 1, the farthest; 33.33% of the rows are '
    'beyond the range [-1, 1]: clipped'
  ) in caplog.text


def test_recorded_returns_must_be_numbers():
  raw = _raw()
  raw.episode_returns = np.array(['a', 'b'])
  with pytest.raises(ValueError, match='episode_returns: found dtype <U1'):
    _cross(raw)


def test_missing_column_is_named():
  raw = _raw()
  del raw.columns['timeouts']
  with pytest.raises(ValueError, match='some.file: missing timeouts'):
    _cross(raw)


def test_returns_for_another_number_of_episodes():
  raw = _raw()
  raw.episode_returns = np.zeros(3)
  with pytest.raises(ValueError, match='some.file: episode_returns: found'):
    _cross(raw)


def test_max_transitions_must_be_positive():
  with pytest.raises(ValueError, match='max_transitions: found 0'):
    selection.take(_cross(_raw()), None, max_transitions=0)


@pytest.mark.parametrize('other', ['Ant-v5', 'HopperX-v5', 'hopper-v5'])
def test_demonstrations_of_another_task(other):
  with pytest.raises(ValueError, match=f"some.file: env_id.*Hopper.*'{other}'"):
    _cross(_raw(), env_id=other)


def test_another_version_is_a_warning(caplog):
  with caplog.at_level(logging.WARNING):
    _cross(_raw(), env_id='Hopper-v4')
  assert 'recorded in Hopper-v5, used with Hopper-v4' in caplog.text


def test_other_env_kwargs_are_a_warning(caplog):
  with caplog.at_level(logging.WARNING):
    _cross(_raw(), env_kwargs={'frame_skip': 5})
  assert (
    "some.file: env_kwargs: found {'frame_skip': 4, 'healthy_z_range': "
    "[0.7, 9.0]}, expected {'frame_skip': 5}"
  ) in caplog.text


def test_env_kwargs_that_are_not_stated_are_not_compared(caplog):
  raw = _raw()
  with caplog.at_level(logging.WARNING):
    raw.env_kwargs = None
    assert _cross(raw, env_kwargs={'frame_skip': 5}).env_kwargs == {}
  assert not caplog.records


def test_the_same_version_and_kwargs_are_silent(caplog):
  same = {'healthy_z_range': (0.7, 9), 'frame_skip': 4}  # as gin has them
  with caplog.at_level(logging.WARNING):
    _cross(_raw(), env_kwargs=same)
  assert not caplog.records


def test_rewards_of_the_rows_that_are_taken():
  demos = _cross(_raw())
  assert demos.rewards.tolist() == [0, 1, 2, 3, 4, 5]
  kept = selection.take(_cross(_raw()), None, max_transitions=4)
  assert kept.rewards.tolist() == [0, 1, 2, 3]
  raw = _raw()
  del raw.columns['rewards']
  assert _cross(raw).rewards is None


@pytest.mark.parametrize(
  ('found', 'expected'),
  [
    ('myenv:My-v0', 'My-v0'),
    ('My-v0', 'myenv:My-v0'),
    ('a.b:My-v0', 'myenv:My-v0'),
  ],
)
def test_the_module_that_registers_a_task_is_not_its_name(
  found, expected, caplog
):
  border.check_env_id('x.npz', found, expected)
  assert not caplog.text
  with pytest.raises(ValueError, match='x.npz: env_id'):
    border.check_env_id('x.npz', found.replace('My', 'Your'), expected)
