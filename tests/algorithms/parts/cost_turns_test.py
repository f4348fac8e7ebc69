"""The learner's side of the cost's turns: training's own rows, or rollouts."""

import numpy as np
import pytest

from tfirl import tasks, types
from tfirl.algorithms.parts import collecting, cost_turns
from tfirl.config import gin_bindings


@pytest.fixture
def make(random_demos):
  """`make(bindings)`: turns of a small cost on Hopper."""

  def make(bindings=(), demos=random_demos):
    gin_bindings.parse(
      ['tasks/hopper.gin'],
      [
        'CostTurns.cost_update_period = 10',
        'CostNetwork.layers = (8,)',
        'CostLearner.batch_size = 64',
        *bindings,
      ],
    )
    return cost_turns.CostTurns(tasks.make_task(), demos, 0, steps_per_round=16)

  return make


def act(observation, rng):
  del observation, rng
  return np.full(3, 0.1, np.float32)


def rows(env, number):
  return collecting.run_steps(env, act, number, None)


def test_a_window_takes_no_step_and_holds_the_latest_rows(make):
  turns = make(['CostTurns.window = 40'])
  env = tasks.make_task().make_env(1)
  env.reset()
  seen = [rows(env, 16) for _ in range(4)]
  for rewarded, times in seen:
    turns.note(rewarded.transition, times)
  turn = turns.play(act)
  assert turn.rollout_steps == 0
  assert np.isfinite(list(turn.losses.values())).all()
  observations = np.concatenate([r.observation for r, _ in seen])
  np.testing.assert_array_equal(turn.learner.observation, observations[-40:])
  assert turns.latest.observation.shape == (40, 11)


def test_a_window_smaller_than_a_batch_is_drawn_from_with_replacement(make):
  turns = make(['CostTurns.window = 16'])
  env = tasks.make_task().make_env(1)
  env.reset()
  rewarded, times = rows(env, 16)
  turns.note(rewarded.transition, times)
  assert np.isfinite(turns.play(act).losses['cost_loss'])


def test_a_window_keeps_the_clock_that_a_reset_gave(make, monkeypatch):
  """FILTER's: the cost meets rows at the times of their demonstrations."""
  turns = make(['CostTurns.window = 40'])
  seen = []
  update = turns.learner.update

  def spy(learner, expert, num_updates):
    seen.append(learner.time)
    return update(learner, expert, num_updates)

  monkeypatch.setattr(turns.learner, 'update', spy)
  env = tasks.make_task().make_env(1)
  step = env.reset()
  gym = env.gym.unwrapped
  step = env.restore_mujoco(gym.data.qpos, gym.data.qvel, elapsed_steps=700)
  assert not step.is_last()
  rewarded, times = rows(env, 16)
  turns.note(rewarded.transition, times)
  turns.play(act)
  assert seen[0][:5].tolist() == [700, 701, 702, 703, 704]


def test_without_a_window_whole_episodes_are_rolled_out(make):
  turns = make(
    ['CostTurns.window = None', 'CostTurns.cost_rollout_episodes = 3']
  )
  assert turns.latest is None
  turn = turns.play(act)
  ends = turn.learner.discount == 0
  assert turn.rollout_steps == len(turn.learner.discount)
  assert ends.sum() == 3 and ends[-1]
  assert turns.latest is turn.learner


def test_a_turn_before_the_first(make):
  env = tasks.make_env('Hopper-v5', seed=1)
  env.reset()
  rewarded, times = rows(env, 16)
  counts = []
  for bindings in ([], ['CostTurns.first_cost_updates = 7']):
    turns = make(bindings)
    turns.note(rewarded.transition, times)
    before = turns.learner.network.trainable_variables[0].numpy()
    turn = turns.open(act)
    after = turns.learner.network.trainable_variables[0].numpy()
    counts.append((turn is None, (before != after).any()))
  assert counts == [(True, False), (False, True)]


@pytest.mark.parametrize(
  ('binding', 'message'),
  [
    ('window = 15', r'window is 15; expected at least the 16 steps of a round'),
    ("window = 'all'", r"window is 'all'; expected int, at least 1 or None"),
    ('window = 5e3', r'window is 5000.0; expected int, at least 1 or None'),
    ('cost_updates = 0', 'cost_updates is 0; expected int, at least 1'),
    ('cost_update_period = 0', 'cost_update_period is 0'),
    ('first_cost_updates = -1', 'first_cost_updates is -1'),
    ('cost_rollout_episodes = 0', 'cost_rollout_episodes is 0'),
  ],
)
def test_what_is_out_of_range_is_named(make, binding, message):
  with pytest.raises(ValueError, match=f'CostTurns.{message}'):
    make([f'CostTurns.{binding}'])


def test_the_cost_sees_what_actors_see_but_for_waves(make, random_demos):
  turns = make(
    [
      'make_encoding.standardize = True',
      'make_encoding.num_frequencies = 2',
      'make_encoding.clip = 2.0',
    ]
  )
  far = random_demos.observations[:4] + 1e6
  farther = far + 1e6
  action = random_demos.actions[:4]
  assert isinstance(random_demos, types.Demonstrations)
  np.testing.assert_array_equal(
    turns.learner.reward_fn(far, action),
    turns.learner.reward_fn(farther, action),
  )


@pytest.mark.parametrize(
  ('losses', 'difference'),
  [
    ({'cost_auc': 0.8}, 0.6),
    ({'cost_auc': 0.45}, 0.0),  # told the wrong way round
    (
      {'cost_auc': 0.6, 'cost_ended_learner': 0.9, 'cost_ended_expert': 0.2},
      0.7,
    ),
    (
      {'cost_auc': 0.9, 'cost_ended_learner': 0.1, 'cost_ended_expert': 0.5},
      0.8,
    ),
  ],
)
def test_who_is_told_from_the_expert_differs(losses, difference):
  turn = cost_turns.Turn(losses, None, None, 0)
  assert turn.difference == pytest.approx(difference)


def test_a_period_that_is_shorter_than_a_round_is_told_once(make, caplog):
  turns = make()  # each 10 steps
  assert [turns.is_due(n, n + 10) for n in (0, 10)] == [True, True]
  assert not caplog.messages
  assert [turns.is_due(n, n + 16) for n in (20, 36)] == [True, True]
  assert caplog.messages == [
    'CostTurns.cost_update_period is 10, and a round is 16 of its steps: there '
    'is a turn a round; expected 16 or more'
  ]
