"""The loops without a learned model: what a round does, and continuation."""

import types

import gin
import numpy as np
import pytest

from tfirl import tasks
from tfirl.agents import sac
from tfirl.algorithms import bc, expert, model_free
from tfirl.algorithms.parts import cost_turns
from tfirl.config import gin_bindings
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's `run`

_HYPE = [
  'WarmStart.bc_steps = 0',
  'WarmStart.critic_steps = 0',
  'WarmStart.actor_starts_at = 0',
  'ModelFree.steps_per_round = 16',
  'ModelFree.batch_size = 8',
  'ModelFree.initial_steps = 32',
  'CostTurns.cost_update_period = 48',
  'CostTurns.cost_rollout_episodes = 1',
  'tfirl.SacAgent.hidden = (8,)',
  'CostNetwork.layers = (8,)',
  'CostLearner.batch_size = 32',
  'policy/table.rows_per_item = 5',
  'policy/table.timeout_ms = 2000',
  'expert/table.rows_per_item = 32',
]
# A name's first word is its gin file's; a recipe's cost learns from training's
# own rows, the published one acts.
_CASES = {
  'hype by its recipe': (
    model_free.ModelFree,
    [*_HYPE, 'CostTurns.window = 40'],
  ),
  'hype': (model_free.ModelFree, _HYPE),
  'hype with 3 updates a step, encoded': (
    model_free.ModelFree,
    [
      *_HYPE,
      'ModelFree.updates_per_step = 3',
      'expert_fraction/piecewise_linear.segments = [(0.0, 1.0, 96)]',
      'make_encoding.standardize = True',
      'make_encoding.num_frequencies = 2',
    ],
  ),
  'iq_learn by its recipe': (
    model_free.ModelFree,
    [
      'ModelFree.steps_per_round = 16',
      'ModelFree.batch_size = 8',
      'ModelFree.initial_steps = 32',
      'tfirl.SacAgent.hidden = (8,)',
      'policy/table.rows_per_item = 5',
      'expert/table.rows_per_item = 32',
    ],
  ),
  'expert': (
    expert.Expert,
    [
      'Expert.steps_per_round = 16',
      'Expert.batch_size = 8',
      'Expert.initial_steps = 32',
      'tfirl.SacAgent.hidden = (8,)',
      'policy/table.rows_per_item = 5',
    ],
  ),
  'expert with an update each 4 steps': (
    expert.Expert,
    [
      'Expert.steps_per_round = 16',
      'Expert.steps_per_update = 4',
      'Expert.batch_size = 8',
      'Expert.initial_steps = 32',
      'tfirl.SacAgent.hidden = (8,)',
      'policy/table.rows_per_item = 5',
    ],
  ),
  'bc': (
    bc.BehaviorCloning,
    [
      'BehaviorCloning.updates_per_round = 4',
      'BehaviorCloning.batch_size = 8',
      'BcAgent.hidden = (8,)',
      'expert/table.rows_per_item = 32',
    ],
  ),
}


@pytest.fixture(params=_CASES)
def make(request, random_demos, closed_later):
  """Makes algorithms of one kind."""
  make, bindings = _CASES[request.param]
  name = request.param.split()[0]
  has_recipe = name == 'expert' or 'recipe' in request.param
  folder = '' if has_recipe else 'paper/'
  gin_file = f'{folder}{name}_hopper.gin'
  gin_bindings.parse([gin_file], bindings)
  yield lambda seed, restore_from=None: closed_later(
    make(tasks.make_task(), random_demos, seed, restore_from)
  )


def _weights(algorithm):
  trackables = algorithm.trackables()
  players = [trackables[n] for n in ('agent', 'cost') if n in trackables]
  return [v.numpy() for player in players for v in player.variables]


def test_an_expert_comes_to_rest(random_demos, closed_later):
  """At the rates of its schedule, from the first step on."""
  gin_file, (_, bindings) = 'expert_hopper.gin', _CASES['expert']
  gin_bindings.parse(
    [gin_file],
    [
      *bindings,
      'Expert.learning_rate_scale = @rate/piecewise_linear',
      'rate/piecewise_linear.segments = [(1.0, 1.0, 32), (1.0, 0.0, 64)]',
    ],
  )
  made = closed_later(expert.Expert(tasks.make_task(), random_demos, 0))
  agent, scales = made.trackables()['agent'], []
  for _ in range(5):
    made.run_round()
    scales.append(float(agent.learning_rate_scale))
  assert scales == [1.0, 1.0, 0.5, 0.0, 0.0]
  before = agent.mlp_policy().layers
  made.run_round()
  for was, now in zip(before, agent.mlp_policy().layers, strict=True):
    np.testing.assert_array_equal(was[0], now[0])
    np.testing.assert_array_equal(was[1], now[1])


@pytest.mark.parametrize('make', ['hype'], indirect=True)
def test_players_move_when_they_are_due(make):
  game = make(0)
  before = _weights(game)
  clocks = []
  for _ in range(6):
    game.run_round()
    clock = game.clock
    rounds = game.trackables()['cost'].num_rounds
    clocks.append((clock.env_steps, clock.updates, rounds))
  # No gradient step before 32 env steps; the cost's turn every 48.
  assert clocks == [
    *((16, 0, 0), (32, 16, 0), (48, 32, 1)),
    *((64, 48, 1), (80, 64, 1), (96, 80, 2)),
  ]
  assert game.clock.rollout_steps > 0
  assert game.num_traces == 1
  assert game.table_sizes()['policy'] == 95
  after = _weights(game)
  assert all(
    (a != b).any()
    for a, b in zip(before, after, strict=True)
    if a.size > 1  # no setting, nor the cost's bias, which rows of both cancel
  )
  told = {'q_mean', 'entropy', 'largest_reward', 'cost_auc'}
  assert told <= set(game.losses)
  # Hopper's episodes of random actions end by a fall, the first within 96 steps
  # in 24 of 25 games.
  for _ in range(20):
    if episodes := game.training_episodes():
      break
    game.run_round()
  assert episodes['training_terminated'] == 1.0
  assert 1.0 < episodes['training_length'] < game.clock.env_steps


@pytest.mark.parametrize('make', ['hype'], indirect=True)
@pytest.mark.parametrize('stochastic', [True, False])
def test_it_may_act_by_its_mean_after_the_initial_steps(
  make, without_updates, monkeypatch, stochastic
):
  with gin.unlock_config():
    gin.bind_parameter('ModelFree.stochastic', stochastic)
  game, acted, samples = without_updates(make(0)), [], []
  take = game._source.take

  def note(policy, rng, num_updates):
    samples.append(rng is not None)
    steps = take(policy, rng, num_updates)
    rows = steps.rows.transition
    mean = policy(rows.observation)
    acted.append(np.abs(rows.action - mean).max() < 1e-5)
    return steps

  monkeypatch.setattr(game._source, 'take', note)
  for _ in range(4):
    game.run_round()
  assert samples == [True, True, stochastic, stochastic]
  assert acted == [not drawn for drawn in samples]


@pytest.mark.parametrize(
  'make', ['hype with 3 updates a step, encoded'], indirect=True
)
def test_more_than_one_update_a_step(make, random_demos, monkeypatch):
  """Their rows, their expert fractions, and the pace of their table."""
  game = make(0)
  given, train = [], game._train

  def spy(learner, expert, fractions):
    rows = len(learner.discount), len(expert.discount)
    given.append((game.clock.updates, rows, fractions.numpy()))
    train(learner, expert, fractions)

  monkeypatch.setattr(game, '_train', spy)
  # Long enough for a table that expects one batch a step to stop its reader.
  for _ in range(20):
    game.run_round()
  assert game.num_traces == 1
  # From the second round on: 16 steps, 48 updates of 8 rows.
  assert (game.clock.env_steps, game.clock.updates) == (320, 19 * 48)
  assert game.trackables()['agent'].train_step_counter.numpy() == 19 * 48
  assert [updates for updates, *_ in given] == [48 * i for i in range(19)]
  assert {rows for _, rows, _ in given} == {(384, 384)}
  fractions = np.concatenate([fractions for *_, fractions in given])
  assert fractions[:97:24].tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
  expected = np.minimum(np.arange(19 * 48) / 96, 1)
  np.testing.assert_allclose(fractions, expected, atol=1e-6)
  # What acts sees Hopper's 11 numbers as the demonstrations have them.
  encoding = game.policy.encoding
  assert game.policy.layers[0][0].shape == (11 + 8 * 2, 8)
  mean = random_demos.observations.mean(0)
  np.testing.assert_allclose(encoding.shift, mean, atol=1e-5)


def test_a_number_is_the_fraction_of_every_update(random_demos, closed_later):
  gin_bindings.parse(
    ['paper/hype_hopper.gin'], [*_HYPE, 'ModelFree.expert_fraction = 0.25']
  )
  game = closed_later(
    model_free.ModelFree(tasks.make_task(), random_demos, seed=0)
  )
  given, train = [], game._train

  def spy(learner, expert, fractions):
    given.extend(fractions.numpy())
    train(learner, expert, fractions)

  game._train = spy
  while not given:
    game.run_round()
  assert len(given) == game.clock.updates and set(given) == {0.25}
  assert game.losses['expert_fraction'] == 0.25


@pytest.mark.parametrize('make', ['hype'], indirect=True)
def test_a_step_without_updates_is_refused(make):
  with gin.unlock_config():
    gin.bind_parameter('ModelFree.updates_per_step', 0)
  with pytest.raises(
    ValueError,
    match='ModelFree.updates_per_step is 0; expected int, at least 1',
  ):
    make(0)


@pytest.mark.parametrize(
  'make', ['expert with an update each 4 steps'], indirect=True
)
def test_fewer_updates_than_steps(make):
  made = make(0)
  # Long enough for a table of another pace to stop its reader, or its writer.
  for _ in range(40):
    made.run_round()
  assert made.num_traces == 1
  assert (made.clock.env_steps, made.clock.updates) == (640, 39 * 4)
  counter = made.trackables()['agent'].train_step_counter
  assert counter.numpy() == 39 * 4
  with gin.unlock_config():
    gin.bind_parameter('Expert.steps_per_update', 5)
  with pytest.raises(ValueError, match='is 5; expected a divisor of Expert.st'):
    make(0)


@pytest.mark.parametrize('make', ['iq_learn by its recipe'], indirect=True)
def test_an_agent_plays_alone(make):
  """By ModelFree's rounds, on as many expert rows as rows of its own."""
  alone = make(0)
  assert set(alone.trackables()) == {'agent', 'state'}
  before = _weights(alone)
  for _ in range(4):
    alone.run_round()
  assert (alone.clock.env_steps, alone.clock.updates) == (64, 48)
  assert (alone.clock.rollout_steps, alone.num_traces) == (0, 1)
  assert any((a != b).any() for a, b in zip(before, _weights(alone)))  # noqa: B905
  assert not [name for name in alone.losses if name.startswith('cost')]
  losses = alone.losses
  gap = losses['implied_reward_expert'] - losses['implied_reward_policy']
  assert losses['implied_reward_gap'] == pytest.approx(gap, abs=1e-5)
  assert np.isfinite(list(losses.values())).all()


@pytest.mark.parametrize('make', ['iq_learn by its recipe'], indirect=True)
def test_without_a_cost_an_agent_that_needs_rewards_is_refused(make):
  with gin.unlock_config():
    gin.bind_parameter('ModelFree.make_agent', sac.SacAgent)
  with pytest.raises(
    ValueError, match='make_cost is @NoCost.*make_agent = @SacAgent.*expected'
  ):
    make(0)


@pytest.mark.parametrize('make', ['iq_learn by its recipe'], indirect=True)
def test_who_makes_its_own_rewards_plays_without_a_cost(make):
  """Which would cost time, and change nothing."""
  with gin.unlock_config():
    gin.bind_parameter('ModelFree.make_cost', cost_turns.CostTurns)
    gin.bind_parameter('CostTurns.cost_update_period', 48)
  with pytest.raises(
    ValueError, match='@IqLearnAgent.*make_cost = @CostTurns.*expected @NoCost'
  ):
    make(0)


@pytest.mark.parametrize('make', ['iq_learn by its recipe'], indirect=True)
def test_without_a_cost_no_rate_falls_from_turn_to_turn(make):
  with gin.unlock_config():
    gin.bind_parameter('ModelFree.anneal_learning_rate', True)
  with pytest.raises(ValueError, match='rate is True; expected False.*@NoCost'):
    make(0)


def _check_same(first, second):
  """Clocks, generators and environments; weights and slots; tables."""
  states = [each.trackables()['state'].serialize() for each in (first, second)]
  assert states[0] == states[1]
  for a, b in zip(_weights(first), _weights(second), strict=True):
    np.testing.assert_array_equal(a, b)
  for a, b in zip(first.policy.layers, second.policy.layers, strict=True):
    np.testing.assert_array_equal(a[0], b[0])
    np.testing.assert_array_equal(a[1], b[1])
  assert first.table_sizes() == second.table_sizes()


def test_a_checkpoint_continues_exactly(make, checkpoints_of, without_updates):
  first = make(0)
  untrained = [kernel.copy() for kernel, _ in first.policy.layers]
  for _ in range(3):
    first.run_round()
  assert first.clock.updates > 0
  assert (first.policy.layers[0][0] != untrained[0]).any()
  path = checkpoints_of(first).save(3)
  second = make(1, restore_from=path)
  checkpoints_of(second).restore(path)
  _check_same(first, second)
  window = first.trackables().get('cost_window')
  if window is not None:
    rows, times = window.read()
    assert len(times) == 40
    their_rows, their_times = second.trackables()['cost_window'].read()
    np.testing.assert_array_equal(times, their_times)
    for a, b in zip(rows, their_rows, strict=True):
      np.testing.assert_array_equal(a, b)

  if isinstance(first, bc.BehaviorCloning):
    # Reverb's draws have no seed, so both are given the same.
    rows = first._sampler.sample()
    for each in (first, second):
      each._sampler = types.SimpleNamespace(sample=lambda: rows)
  else:
    without_updates(second)  # of its own dice: they are not compared
  for each in (first, second):
    each.run_round()
  if isinstance(first, bc.BehaviorCloning):
    _check_same(first, second)
    return
  # SAC's own dice go on from a new seed: the round's rows are the same,
  # collected with the same policy and noise.
  states = [each.trackables()['state'].serialize() for each in (first, second)]
  assert states[0] == states[1]
  assert first.clock.env_steps == 64
  assert first.table_sizes() == second.table_sizes()
