"""Behaviour cloning first, and TD3+BC in the game."""

import dataclasses

import gin
import numpy as np
import pytest
import small_games
import tensorflow as tf

from tfirl import tasks
from tfirl.algorithms.parts import warm_start
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's `run`
from tfirl.storage import policy_file

agents = pytest.mark.parametrize(
  'agent', [small_games.TD3_BC, small_games.SAC], ids=['td3', 'sac']
)


def _leave(policy, folder):
  """As its run leaves it."""
  bounds = -np.ones(3, np.float32), np.ones(3, np.float32)
  policy_file.save(policy_file.make(policy, *bounds, {}), folder / 'policy.npz')


def _error(policy, demos):
  difference = policy(demos.observations) - demos.actions
  return float((difference**2).mean())


@agents
def test_it_starts_as_a_clone(make, demos, agent):
  plain = make(agent)
  cloned = make([*agent, 'WarmStart.bc_steps = 600'])
  assert _error(plain.policy, demos) > 0.1
  assert _error(cloned.policy, demos) < 0.02
  player = cloned.trackables()['agent']
  assert player._critic_optimizer.iterations.numpy() == 0
  if agent is small_games.TD3_BC:  # SAC's actor has no target
    for own, target in zip(
      player._actor_network.variables,
      player._target_actor_network.variables,
      strict=True,
    ):
      np.testing.assert_array_equal(own.numpy(), target.numpy())
  # Nothing was spent, and the game goes on from there.
  assert cloned.clock.updates == cloned.clock.env_steps == 0
  for _ in range(4):
    cloned.run_round()
  assert cloned.num_traces == 1
  assert np.isfinite(list(cloned.losses.values())).all()


@pytest.mark.parametrize(
  'first, then',
  [
    (small_games.TD3_BC, small_games.SAC),
    (small_games.SAC, small_games.TD3_BC),
  ],
)
def test_it_starts_as_the_policy_of_either_kind(
  make, demos, tmp_path, first, then
):
  earlier = make(first)
  _leave(earlier.policy, tmp_path)
  gin.clear_config()
  init_from = f'WarmStart.init_from = {str(tmp_path)!r}'
  # The policy is taken, the clone of 300 steps is not made.
  game = make([*then, init_from, 'WarmStart.bc_steps = 300'])
  expected = earlier.policy(demos.observations)
  np.testing.assert_allclose(
    game.policy(demos.observations), expected, atol=1e-5
  )
  drawn = game.policy(demos.observations, np.random.default_rng(0))
  assert 0.03 < np.std(drawn - expected) < 0.3  # clone_std, or TD3's noise
  for _ in range(4):
    game.run_round()
  assert game.num_traces == 1


def test_a_policy_of_another_encoding_is_no_start(make, tmp_path):
  earlier = make(small_games.SAC)
  _leave(earlier.policy, tmp_path)
  gin.clear_config()
  init_from = f'WarmStart.init_from = {str(tmp_path)!r}'
  with pytest.raises(ValueError, match='actions differ.*the same encoding'):
    make([*small_games.SAC, init_from, 'make_encoding.standardize = False'])


def test_a_resumed_game_does_not_clone_again(make, checkpoints_of, monkeypatch):
  bindings = [*small_games.TD3_BC, 'WarmStart.bc_steps = 50']
  game = make(bindings)
  for _ in range(3):
    game.run_round()
  path = checkpoints_of(game).save(48)
  monkeypatch.setattr(warm_start, 'clone_expert', None)  # would be called
  other = make(bindings, restore_from=path)
  checkpoints_of(other).restore(path)
  optimizer = other.trackables()['agent']._actor_optimizer
  assert optimizer.iterations.numpy() == 16
  for ours, theirs in zip(game.policy.layers, other.policy.layers, strict=True):
    np.testing.assert_array_equal(ours[0], theirs[0])


def test_td3_explores_when_it_collects(make):
  """Its mean action is the same; what it does in the environment is not."""
  game = make(small_games.TD3_BC)
  observation = np.zeros(11, np.float32)
  mean = game.policy(observation)
  drawn = [game.policy(observation, np.random.default_rng(i)) for i in range(9)]
  np.testing.assert_array_equal(mean, game.policy(observation))
  assert 0.02 < np.std(drawn, axis=0).min() < 0.3


def test_a_loss_that_is_not_finite_ends_it(make, demos):
  actions = demos.actions.copy()
  actions[::5] = np.nan  # in any block
  bad = dataclasses.replace(demos, actions=actions)
  with pytest.raises(
    FloatingPointError, match='cloning, steps 0 to 50: the lo'
  ):
    make([*small_games.TD3_BC, 'WarmStart.bc_steps = 100'], demos=bad)


def test_a_negative_number_is_refused(make):
  with pytest.raises(
    ValueError, match='bc_steps is -1; expected int, at least 0'
  ):
    make([*small_games.TD3_BC, 'WarmStart.bc_steps = -1'])


def test_the_environment_is_hoppers(demos):
  """What the demonstrations above are shaped after."""
  env = tasks.make_env('Hopper-v5')
  assert env.observation_spec().shape == demos.observations.shape[1:]
  assert env.action_spec().shape == demos.actions.shape[1:]


@agents
def test_critics_may_learn_beside_the_clone(make, demos, agent):
  """Of a future worth nothing they learn the first cost's reward."""
  name = agent[-1].split('Agent')[0] + 'Agent'
  game = make(
    [
      *agent,
      f'{name}.gamma = 0.0',
      f'{name}.clone_weight = 1.0',
      'WarmStart.bc_steps = 320',
      'WarmStart.bc_trains_critics = True',
    ]
  )
  player = game.trackables()['agent']
  for optimizer in (player._actor_optimizer, player._critic_optimizer):
    assert optimizer.iterations.numpy() == 320
  assert _error(game.policy, demos) < 0.02
  expected = game._cost.learner.reward_fn(demos.observations, demos.actions)
  for network in (player._critic_network_1, player._critic_network_2):
    found, _ = network((demos.observations, demos.actions), training=False)
    error = np.mean((found - expected) ** 2)
    assert error < 0.2 * np.var(expected)
  for ours, kept in zip(
    player._actor_network.variables,
    player._clone_network.variables,
    strict=True,
  ):
    np.testing.assert_array_equal(ours, kept)
  # The targets follow by tau: no copies, nor as they were.
  own = player._critic_network_1.variables[0].numpy()
  target = player._target_critic_network_1.variables[0].numpy()
  assert np.abs(own - target).max() > 1e-4
  # Nothing was spent, and the game goes on from there.
  assert game.clock.updates == game.clock.env_steps == 0
  for _ in range(4):
    game.run_round()
  assert game.num_traces == 1


@agents
def test_critics_learn_before_the_game_and_the_actor_stands_still(make, agent):
  """The cost's turn is before that of the critics; the rest goes on as ever."""
  bindings = [
    *agent,
    'WarmStart.critic_steps = 64',
    'CostTurns.first_cost_updates = 3',
    'ModelFree.batch_size = 32',
  ]
  game = make(bindings)
  player = game.trackables()['agent']
  game.run_round()  # 16 steps; the game begins at 32
  actor = [v.numpy() for v in player._actor_network.variables]
  critics = [v.numpy() for v in player._critic_variables]
  cost = game.trackables()['cost']
  game._open_game()
  assert cost.num_rounds == 1
  for before, after in zip(actor, player._actor_network.variables, strict=True):
    np.testing.assert_array_equal(before, after)
  moved = [
    (before != after.numpy()).any()
    for before, after in zip(critics, player._critic_variables, strict=True)
  ]
  assert all(moved)
  game.run_round()
  kernel = player._actor_network.variables[0].numpy()
  assert (kernel != actor[0]).any()
  assert game.num_traces == 1


@agents
def test_the_games_first_step_is_as_long_as_without_a_clone(make, agent):
  """By what the small gradients at the end of a regression leave in Adam it
  would be three times as long.
  """
  lengths = []
  for num_steps in (0, 600):
    game = make([*agent, f'WarmStart.bc_steps = {num_steps}'])
    player = game.trackables()['agent']
    kernel, *_ = player._actor_network.trainable_variables
    before = kernel.numpy()
    step = [(tf.ones_like(kernel), kernel)]
    player._actor_optimizer.apply_gradients(step)
    lengths.append(np.abs(kernel.numpy() - before).max())
  assert lengths[1] == pytest.approx(lengths[0], rel=1e-2)


@agents
def test_the_actor_starts_when_it_is_told_to(make, agent):
  """Rounds of 16 steps; critics learn from step 32 on, the actor from 64."""
  game = make(
    [
      *agent,
      'WarmStart.actor_starts_at = 64',
      'ModelFree.batch_size = 32',
    ]
  )
  player = game.trackables()['agent']
  both = player._actor_network.variables[0], player._critic_variables[0]
  moved = []
  for _ in range(6):
    before = [weight.numpy() for weight in both]
    game.run_round()
    pairs = zip(before, both, strict=True)
    moved.append([(b != after.numpy()).any() for b, after in pairs])
  actor, critic = zip(*moved, strict=True)
  assert actor == (False, False, False, True, True, True)
  assert critic == (False, True, True, True, True, True)
  assert game.num_traces == 1


class _Pupil(tf.Module):
  """Adds up how far it is moved."""

  def __init__(self):
    super().__init__()
    self.actor_scale = tf.Variable(1.0, trainable=False)
    self.moved = tf.Variable(0.0, trainable=False)

  def clone(self, expert):
    self.moved.assign_add(self.actor_scale)
    return tf.reduce_mean(expert.discount)

  def initialize(self):
    """Has no target."""

  def reset_optimizers(self):
    """Has none."""


@pytest.mark.parametrize(('anneal', 'moved'), [(False, 100.0), (True, 75.0)])
def test_a_clone_comes_to_rest(make, anneal, moved, capfd):
  """In two calls of 50 steps, the second at half the rate; what plays on has
  all of it.
  """
  replay, pupil = make(small_games.SAC)._replay, _Pupil()
  warm_start.clone_expert(pupil, replay, 100, 32, anneal=anneal)
  assert float(pupil.moved) == moved
  assert float(pupil.actor_scale) == 1.0
  # It may take minutes: a log says that it began, and that it is done.
  first, *_, last = capfd.readouterr().err.splitlines()
  assert 'behaviour cloning   0%' in first
  assert 'behaviour cloning 100%' in last


def test_the_number_of_steps_is_exact(make):
  """In calls of one, two and two equal parts."""
  replay = make(small_games.SAC)._replay
  for num_steps in (37, 96, 100):
    pupil = _Pupil()
    warm_start.clone_expert(pupil, replay, num_steps, 32)
    assert float(pupil.moved) == num_steps


def test_sacs_clone_acts_near_its_mean(make, demos):
  """Its samples, which play the game, are as wide as asked for."""
  game = make(
    [
      *small_games.SAC,
      'WarmStart.bc_steps = 600',
      'tfirl.SacAgent.clone_std = 0.1',
      'ModelFree.batch_size = 64',
    ]
  )
  rng = np.random.default_rng(0)
  inside = np.abs(demos.actions).max(-1) < 0.6
  observations = demos.observations[inside]
  drawn = [game.policy(observations, rng) for _ in range(64)]
  assert np.median(np.std(drawn, axis=0)) == pytest.approx(0.1, rel=0.3)


@pytest.mark.parametrize('name', ['clone_std', 'initial_alpha'])
def test_sacs_parameters_out_of_range_are_named(make, name):
  with pytest.raises(
    ValueError, match=f'SacAgent.{name} is 0.0; expected float, more'
  ):
    make([f'tfirl.SacAgent.{name} = 0.0'])
