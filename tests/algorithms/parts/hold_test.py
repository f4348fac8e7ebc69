"""What holds a game to its demonstrations, and to its clone."""

import pytest
import small_games
import tensorflow as tf

from tfirl.algorithms.parts import cost_turns, no_cost, warm_start


@pytest.fixture
def make_idle(make, without_updates):
  """`make_idle(bindings)`: a game whose players learn nothing."""
  never = ['CostTurns.cost_update_period = 1000']
  return lambda bindings: without_updates(
    make([*small_games.TD3_BC, *never, *bindings])
  )


def test_the_clone_is_let_go_as_scheduled(make_idle):
  game = make_idle(
    [
      'WarmStart.bc_rows = None',
      'WarmStart.bc_scale = @bc/piecewise_linear',
      'bc/piecewise_linear.segments = [(1.0, 0.0, 64)]',
    ]
  )
  scales = []
  for _ in range(6):
    game.run_round()
    scales.append(float(game.trackables()['agent'].bc_scale))
  assert scales == [1.0, 0.5, 0.25, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(
  ('rows', 'scales', 'rest'),
  [
    (None, [1.0, 0.5, 0.25], 1.0),
    (1280, [0.5, 0.25, 0.125], 0.5),
    (640, [1.0, 0.5, 0.25], 0.0),
    (320, [1.0, 0.5, 0.25], 0.0),
  ],
)
def test_few_demonstrations_hold_less_the_clone_does_the_rest(
  make_idle, rows, scales, rest
):
  """Of 640."""
  game = make_idle(
    [
      f'WarmStart.bc_rows = {rows}',
      'WarmStart.bc_scale = @bc/piecewise_linear',
      'bc/piecewise_linear.segments = [(1.0, 0.0, 64)]',
    ]
  )
  for expected in scales:
    game.run_round()
    agent = game.trackables()['agent']
    assert float(agent.bc_scale) == expected
    assert float(agent.clone_scale) == rest


def test_what_holds_the_actor_is_told(make_idle):
  """The weights of gin times what the warm start makes of them."""
  game = make_idle(
    [
      'Td3BcAgent.bc_weight = 80.0',
      'Td3BcAgent.clone_weight = 8.0',
      'WarmStart.bc_rows = 2560',
      'WarmStart.bc_scale = @bc/piecewise_linear',
      'bc/piecewise_linear.segments = [(1.0, 0.0, 64)]',
    ]
  )
  told = []
  for _ in range(3):
    told.append((game.losses['bc_weight'], game.losses['clone_weight']))
    game.run_round()
  assert told == [(20.0, 6.0), (20.0, 6.0), (10.0, 6.0)]


def test_what_does_not_hold_the_actor_is_not_told(make_idle):
  game = make_idle(
    [
      'Td3BcAgent.bc_weight = 0.0',
      'Td3BcAgent.clone_weight = 8.0',
      'WarmStart.bc_rows = None',
    ]
  )
  game.run_round()
  assert game.losses['clone_weight'] == 8.0
  assert 'bc_weight' not in game.losses


def test_the_clone_may_hold_beside_any_number_of_demonstrations(make_idle):
  game = make_idle(
    ['WarmStart.bc_rows = 1280', 'WarmStart.clone_is_rest = False']
  )
  game.run_round()
  agent = game.trackables()['agent']
  assert float(agent.bc_scale) == 0.5
  assert float(agent.clone_scale) == 1.0


class _Player:
  """What a warm start moves of an agent."""

  needs_reward = False

  def __init__(self):
    self.actor_scale, self.bc_scale, self.clone_scale = (
      tf.Variable(1.0) for _ in range(3)
    )


@pytest.mark.parametrize(
  ('difference', 'share'),
  [(0.0, 1.0), (0.5, 1.0), (0.6, 0.6), (0.74, 0.04), (0.75, 0.0), (1.0, 0.0)],
)
def test_a_clone_is_held_that_is_like_the_expert(demos, difference, share):
  """By what the cost told of it alone; a checkpoint knows."""
  player = _Player()

  def turn(difference):
    losses = {'cost_auc': (1.0 + difference) / 2.0}
    return cost_turns.Turn(losses, None, None, 0)

  def start():
    made = warm_start.WarmStart(
      actor_starts_at=100, clone_differences=(0.5, 0.75)
    )
    alone = no_cost.NoCost()
    made.make_agent(lambda *unused: player, demos, None, 32, True, alone)
    return made

  first, second = start(), start()
  first.set_scales(player, 64)
  first.note_turn(turn(1.0 - difference))
  first.note_turn(turn(difference))
  first.set_scales(player, 128)
  first.note_turn(turn(1.0 - difference))
  second.set_state(first.get_state())
  for one in (first, second):
    one.set_scales(player, 192)
    assert float(player.clone_scale) == pytest.approx(share)


def test_differences_in_the_wrong_order_are_refused():
  with pytest.raises(
    ValueError, match='clone_differences is .*lower one first'
  ):
    warm_start.WarmStart(clone_differences=(0.75, 0.5))
