"""Start states, the window of imagined rows, and what is refused."""

import gin
import numpy as np
import pytest
import tensorflow as tf

from tfirl import types
from tfirl.algorithms.parts import imagination
from tfirl.algorithms.parts import tables as algorithm_tables
from tfirl.dynamics import model_env
from tfirl.machine import memory
from tfirl.replay import tables

_PERIOD = 4
_LENGTHS = {0: 1, 1: 1, 2: 1, 3: 3}  # by epoch, of 8 env steps, from 1 on


class _Plant(tf.Module):
  """A model in which nothing moves."""

  observation_size, action_size = 2, 1
  predicts_reward = False

  def sample_next(self, observation, action):
    del action
    return tf.identity(observation)


def _length(epoch):
  return _LENGTHS[min(epoch, 3)]


def _policy(observation):
  return tf.zeros_like(observation[:, :1])


@pytest.fixture(autouse=True)
def bindings():
  """Blocks of 4 rows; nothing ends an episode."""
  gin.parse_config("""
    table.rows_per_item = 4
    learner/table.rows_per_item = 4
  """)


def _make_env():
  return model_env.ModelEnv(
    _Plant(), lambda observation: observation[:, 0] > -1.0
  )


def _make(**kwargs):
  kwargs = {
    'rollouts_per_step': 6,
    'rollout_length': _length,
    'epoch_length': 8,
    'num_epochs_retained': 2,
    'expert_reset_fraction': 0.25,
    **kwargs,
  }
  return imagination.Imagination(_make_env(), _PERIOD, 0, **kwargs)


def _rows(value, number):
  """Rows whose states are all `value`."""
  states = np.full((number, 2), value, np.float32)
  return types.Transition(
    states, states[:, :1], np.ones(number, np.float32), states
  )


def _open(imagined):
  """Its tables, with expert states of 1 and policy states of 2."""
  configs = [
    *imagined.table_configs,
    tables.table('expert', rows_per_item=4, min_size=1),
    algorithm_tables.read_table('policy'),
  ]
  replay = tables.Replay(configs, algorithm_tables.transition_spec(2, 1))
  replay.writer('expert').append(_rows(1.0, 8))
  replay.writer('policy').append(_rows(2.0, 8))
  imagined.connect(replay, 12)
  return replay


@pytest.fixture
def opened():
  """Makes an Imagination and its tables."""
  replays = []

  def make(**kwargs):
    imagined = _make(**kwargs)
    replays.append(_open(imagined))
    return imagined, replays[-1]

  yield make
  for replay in replays:
    replay.close()


@pytest.mark.parametrize('fraction', [0.0, 0.25, 1.0])
def test_start_states_by_expert_reset_fraction(opened, fraction):
  imagined, replay = opened(expert_reset_fraction=fraction)
  numbers = imagined.imagine(_policy, 4)
  states = replay.read('learner_1').observation[:, 0]
  # 6 rollouts a step, 4 steps: 24 start states.
  assert np.count_nonzero(states == 1.0) == round(24 * fraction)
  assert np.count_nonzero(states == 2.0) == 24 - round(24 * fraction)
  assert numbers['imagined_rows'] == 24
  # As many are drawn whatever is kept of them: the limiter's ratio is constant.
  assert imagined.policy_rows_per_step == 6


def test_the_share_of_expert_start_states_may_follow_the_env_steps(opened):
  imagined, replay = opened(
    expert_reset_fraction=lambda env_steps: 0.5 if env_steps < 8 else 0.25,
    expert_action_fraction=0.5,
  )
  for env_steps, from_expert in [(4, 12), (8, 6)]:
    numbers = imagined.imagine(_policy, env_steps)
    rows = replay.read('learner_1')
    assert np.count_nonzero(rows.observation[:, 0] == 1.0) == from_expert
    # The expert's actions are 1: half of the rows that begin with it.
    assert np.count_nonzero(rows.action == 1.0) == from_expert // 2
    assert numbers['expert_reset_fraction'] == from_expert / 24
    replay.clear('learner_1')


@pytest.mark.parametrize('fraction', [0.0, 0.5, 1.0])
def test_first_actions_by_expert_action_fraction(opened, fraction):
  """The expert's action is 1, the policy's 0; half of the starts are its."""
  imagined, replay = opened(
    expert_reset_fraction=0.5,
    expert_action_fraction=fraction,
    rollout_length=lambda epoch: 3,
  )
  imagined.imagine(_policy, 4)
  rows = replay.read('learner')
  assert len(rows.discount) == 3 * 24
  is_experts = rows.action[:, 0] == 1.0
  assert is_experts.sum() == round(12 * fraction)
  assert (rows.observation[is_experts] == 1.0).all()
  assert (rows.action[~is_experts] == 0.0).all()


def test_keeps_num_epochs_retained(opened):
  """2 epochs of 8 steps, 6 rollouts a step of 1 row each: 96 rows."""
  imagined, replay = opened()
  sizes = []
  for env_steps in (4, 8, 12, 16, 16, 16):
    imagined.imagine(_policy, env_steps)
    sizes.append(replay.size('learner_1'))
  assert sizes == [24, 48, 72, 96, 96, 96]


def test_longer_rollouts_take_over(opened):
  """From epoch 3 on 3 rows each: the short ones stay, room is for 288."""
  imagined, replay = opened()
  imagined.imagine(_policy, 4)
  assert imagined.sample().observation.shape == (12, 2)
  imagined.imagine(_policy, 20)
  sizes = {name: replay.size(name) for name in replay.names}
  assert (sizes['learner_1'], sizes['learner_3']) == (0, 24 + 72)
  assert imagined.table_sizes(sizes) == {
    'expert': 8,
    'policy': 8,
    'learner': 96,
  }
  assert imagined.sample().observation.shape == (12, 2)
  for _ in range(5):
    imagined.imagine(_policy, 20)
  assert replay.size('learner_3') == 288


def test_the_oldest_rows_go_first_when_rollouts_get_shorter(opened):
  """By hand: 3 x 24 rows of epoch 1, then room for 48: the later two 24s."""
  lengths = {1: 3, 2: 1}
  imagined, replay = opened(
    rollout_length=lambda epoch: lengths[min(max(epoch, 1), 2)],
    num_epochs_retained=1,
    expert_reset_fraction=lambda env_steps: 1.0 if env_steps < 8 else 0.0,
  )
  imagined.imagine(_policy, 4)
  assert (replay.read('learner_3').observation == 1.0).all()
  imagined.imagine(_policy, 8)
  assert replay.size('learner_3') == 144
  imagined.imagine(_policy, 12)
  assert (replay.size('learner_3'), replay.size('learner_1')) == (0, 48)
  # 24 of the policy's from step 12 behind 24 of its from step 8.
  assert (replay.read('learner_1').observation == 2.0).all()


def test_the_length_is_of_the_epoch_that_begins():
  """Epochs of 8 steps; with step 17 the third begins, by hand."""
  seen = []

  def length(epoch):
    seen.append(epoch)
    return _length(epoch)

  imagined = _make(rollout_length=length)
  seen.clear()
  found = [imagined.length(n) for n in (1, 8, 9, 16, 17, 24, 25)]
  assert seen == [1, 1, 2, 2, 3, 3, 4]
  assert found == [1, 1, 1, 1, 3, 3, 3]


def test_all_rows_of_a_call_are_kept_or_it_is_an_error():
  """4 steps between calls; epochs of 1 step each."""
  _make(epoch_length=1, num_epochs_retained=4)
  with pytest.raises(
    ValueError,
    match='dynamics_update_period is 4; expected at most the 3 env steps whose',
  ):
    _make(epoch_length=1, num_epochs_retained=3)


def test_a_single_length_needs_a_single_table():
  names = [t.name for t in _make(rollout_length=lambda _: 5.9).table_configs]
  assert names == ['learner']


def test_a_length_without_a_table_is_named(opened):
  """Tables are made at the start, of the first 10,000 epochs' lengths."""
  lengths = lambda epoch: 1 if epoch < 10_000 else 2  # noqa: E731
  imagined, _ = opened(rollout_length=lengths)
  assert imagined.imagine(_policy, 9_999 * 8)['rollout_length'] == 1
  with pytest.raises(
    ValueError, match='rollout_length at 80,000 env steps is 2; expected one of'
  ):
    imagined.imagine(_policy, 80_000)


def test_state_goes_round(opened):
  one, _ = opened()
  one.imagine(_policy, 4)
  other, _ = opened()
  other.set_state(one.get_state())
  assert other.get_state() == one.get_state()
  assert one.get_state()['length'] == 1


@pytest.mark.parametrize(
  ('wrong', 'message'),
  [
    ({'rollout_length': lambda epoch: 0}, 'rollout_length is 0'),
    ({'rollout_length': lambda epoch: np.nan}, 'rollout_length is nan'),
    ({'rollouts_per_step': 0}, 'rollouts_per_step is 0'),
    ({'num_epochs_retained': 0}, 'num_epochs_retained is 0'),
    ({'epoch_length': 0}, 'epoch_length is 0'),
    ({'expert_reset_fraction': 1.5}, 'expert_reset_fraction is 1.5'),
    ({'expert_action_fraction': -1}, 'expert_action_fraction is -1'),
  ],
)
def test_a_parameter_out_of_range(wrong, message):
  with pytest.raises(ValueError, match=message):
    _make(**wrong)


def test_more_rows_than_memory_are_refused(monkeypatch):
  # 288 rows of 6 floats of 4 bytes: 6,912, twice where the length changes.
  only = {'rollout_length': lambda epoch: 3}
  for most, kwargs in [(6912, only), (2 * 6912, {})]:
    monkeypatch.setattr(memory, 'available_bytes', lambda n=most: n)
    with pytest.raises(ValueError, match='table learner, 288 rows of 6 floats'):
      _make(**kwargs)
    monkeypatch.setattr(memory, 'available_bytes', lambda n=most: 1.12 * n)
    _make(**kwargs)


class _Backwards:
  """Start states 3, 4, ...: the number of env steps; actions are minus that."""

  def __init__(self, demos):
    assert demos == 'demos'

  def sample(self, env_steps, num_rows, rng):
    states = np.full((num_rows, 2), env_steps, np.float32)
    return states, -states[:, :1]

  def window(self, env_steps):
    return env_steps / 10, env_steps / 10 + 0.05

  def columns(self, env_steps):
    return {'start_window_from': env_steps / 10}


def test_expert_start_states_may_come_from_elsewhere():
  imagined = imagination.Imagination(
    _make_env(),
    _PERIOD,
    0,
    'demos',
    rollouts_per_step=6,
    rollout_length=_length,
    epoch_length=8,
    num_epochs_retained=2,
    expert_reset_fraction=0.25,
    expert_action_fraction=0.5,
    make_starts=_Backwards,
  )
  replay = _open(imagined)
  try:
    numbers = imagined.imagine(_policy, 5)
    (name,) = (t.name for t in imagined.table_configs if replay.size(t.name))
    rows = replay.read(name)
    shown = imagined.picture(_policy)
  finally:
    replay.close()
  assert numbers['imagined_rows'] == 6 * _PERIOD == 24
  assert numbers['start_window_from'] == 0.5
  # A quarter of 24 are theirs; of these, half begin with the expert's action.
  theirs = rows.observation[:, 0] == 5.0
  assert np.count_nonzero(theirs) == 6
  assert sorted(rows.action[theirs, 0]) == [-5.0] * 3 + [0.0] * 3
  assert (rows.observation[~theirs, 0] == 2.0).all()
  assert shown['start_window'].tolist() == [0.5, 0.55]
  assert np.count_nonzero(shown['start_states'][:, 0] == 5.0) == 6


def test_a_picture_has_the_latest_rollouts(opened):
  imagined, _ = opened(expert_reset_fraction=1.0)
  assert imagined.picture(_policy) == {}
  for env_steps, length in [(4, 1), (20, 3)]:
    imagined.imagine(_policy, env_steps)
    shown = imagined.picture(_policy)
    assert sorted(shown) == ['rollouts', 'start_states']
    np.testing.assert_array_equal(shown['start_states'], np.ones((24, 2)))
    # In this model nothing moves.
    np.testing.assert_array_equal(
      shown['rollouts'], np.ones((24, length + 1, 2))
    )
