"""LAMPS and SysID: HyPER's loop on the task's own reward, which is learned."""

import dataclasses
import types

import numpy as np
import pytest

from tfirl import tasks
from tfirl.algorithms import model_based, model_free
from tfirl.config import gin_bindings
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's `run`
from tfirl.types import RewardedTransition

_BINDINGS = [
  'ModelBased.jit_compile = False',
  'Imagination.rollouts_per_step = 6',
  'policy/table.rows_per_item = 4',
  'hybrid/table.rows_per_item = 8',
  'learner/table.rows_per_item = 4',
]


@pytest.fixture
def demos(random_demos):
  """Each row's reward is 1000 and its number: none that Hopper pays."""
  rewards = 1000.0 + np.arange(len(random_demos))
  return dataclasses.replace(random_demos, rewards=rewards)


@pytest.fixture
def make(demos, closed_later, small_model_based):
  """`make(method)`: of small networks and few steps."""

  def make(method, seed=0, restore_from=None, demos=demos):
    gin_bindings.parse(
      [f'{method}_hopper.gin'], [*small_model_based, *_BINDINGS]
    )
    return closed_later(
      model_based.ModelBased(tasks.make_task(), demos, seed, restore_from)
    )

  return make


def _play(game, env_steps):
  while game.clock.env_steps < env_steps:
    game.run_round()


@pytest.mark.parametrize(
  ('method', 'num_expert'), [('lamps', 80), ('sysid', 0)]
)
def test_what_the_model_is_fitted_to(make, without_updates, method, num_expert):
  """A mixture with the demonstrations, or the learner's own rows alone."""
  game = without_updates(make(method))
  _play(game, 80)
  rows = game._replay.read('hybrid')
  is_expert = rows.reward >= 1000.0
  assert is_expert.sum() == num_expert
  assert (~is_expert).sum() == 80
  assert np.isfinite(rows.reward).all()
  fitted = game.losses['dynamics_rows'] + game.losses['dynamics_holdout_rows']
  assert fitted == 80 + num_expert
  share = {'lamps': 0.5, 'sysid': 0.0}[method]
  assert game.losses['expert_reset_fraction'] == share


def test_real_rows_have_the_environments_reward(make, without_updates):
  """Hopper-v5 pays 1, and dx / dt, and takes .001 |a|^2: what can be seen."""
  game = without_updates(make('sysid'))
  _play(game, 80)
  rows = game._replay.read('policy')
  expected = 1.0 + rows.next_observation[:, 5] - 0.001 * (rows.action**2).sum(1)
  alive = rows.discount == 1.0
  # The velocity is that at a step's end, not the mean over it; how fast a
  # policy of random weights is, is chance.
  error = (rows.reward - expected)[alive]
  assert np.corrcoef(rows.reward[alive], expected[alive])[0, 1] > 0.9
  assert error.std() < 0.5 * rows.reward[alive].std()


def test_imagined_rewards_are_those_that_the_agent_gets(make, monkeypatch):
  game = make('lamps')
  _play(game, 44)
  batch = game._imagination.sample()
  assert isinstance(batch, RewardedTransition)
  assert np.isfinite(batch.reward).all()
  # The ensemble's, which has seen both kinds of rows.
  assert game.losses['imagined_reward'] != 0.0
  given, train = [], game._agent.train

  def spy(experience, **kwargs):
    given.append(experience)
    return train(experience, **kwargs)

  monkeypatch.setattr(game._agent, 'train', spy)
  few = RewardedTransition(*(field[:8] for field in batch))
  losses = game._train_step({'imagined': few})
  np.testing.assert_array_equal(given[0].next_time_step.reward, few.reward)
  better = few._replace(reward=few.reward + 100.0)
  better = game._train_step({'imagined': better})
  assert better['critic_loss'] > 10 * losses['critic_loss'] + 100


def test_there_is_no_cost(make):
  game = make('lamps')
  _play(game, 80)
  assert set(game.trackables()) == {'agent', 'state', 'model', 'trainer'}
  assert (game.clock.rollout_steps, game.num_traces) == (0, 1)
  assert not [name for name in game.losses if name.startswith('cost')]
  assert np.isfinite(game.losses['dynamics_reward_r2'])


def test_demonstrations_without_rewards_teach_the_dynamics_alone(
  make, random_demos
):
  game = make('lamps', demos=dataclasses.replace(random_demos, rewards=None))
  _play(game, 60)
  rows = game._replay.read('hybrid')
  assert np.isnan(rows.reward).sum() == 60
  for name in ('dynamics_loss', 'dynamics_mse', 'critic_loss'):
    assert np.isfinite(game.losses[name])
  # Of the real rows, whose rewards are about 1.
  assert abs(game.losses['imagined_reward']) < 100


@pytest.mark.parametrize('method', ['lamps', 'sysid'])
def test_a_checkpoint_continues(make, checkpoints_of, without_updates, method):
  first = make(method)
  _play(first, 76)
  path = checkpoints_of(first).save(76)
  second = make(method, 1, path)
  checkpoints_of(second).restore(path)
  for name in ('agent', 'model', 'trainer'):
    pairs = zip(
      first.trackables()[name].variables,
      second.trackables()[name].variables,
      strict=True,
    )
    for one, other in pairs:
      np.testing.assert_array_equal(one.numpy(), other.numpy())
  states = [each.trackables()['state'].serialize() for each in (first, second)]
  assert states[0] == states[1]
  assert first.table_sizes() == second.table_sizes()
  rows = first._replay.read('hybrid')
  expert = first._expert_sampler.sample()
  without_updates(second)  # of its own dice: they are not compared
  for each in (first, second):
    # Reverb's draws have no seed; at 80 both fit.
    each._replay.read = lambda name: rows
    each._expert_sampler = types.SimpleNamespace(sample=lambda: expert)
    each.run_round()
  for one, other in zip(
    first.trackables()['model'].variables,
    second.trackables()['model'].variables,
    strict=True,
  ):
    np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_rows_of_the_model_free_loop_have_no_reward(demos):
  gin_bindings.parse(
    ['hype_hopper.gin'], ['ModelFree.make_cost = @TaskReward', *_BINDINGS[-4:]]
  )
  with pytest.raises(
    ValueError, match='ModelFree.make_cost is .*@TaskReward.*; expected @Cost'
  ):
    model_free.ModelFree(tasks.make_task(), demos, 0)


def test_critics_learn_no_rewards_that_demonstrations_do_not_tell(
  demos, small_model_based
):
  """They would be nan, and so the first loss."""
  gin_bindings.parse(
    ['lamps_hopper.gin'],
    [*small_model_based, *_BINDINGS, 'WarmStart.critic_steps = 2'],
  )
  silent = dataclasses.replace(demos, rewards=None)
  with pytest.raises(
    ValueError, match='critic_steps is 2; expected 0 .*tell no rewards'
  ):
    model_based.ModelBased(tasks.make_task(), silent, 0)
