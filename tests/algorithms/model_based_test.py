"""HyPER's round: the arithmetic of its settings, and its continuation."""

import types

import numpy as np
import pytest

from tfirl import tasks
from tfirl.algorithms import model_based
from tfirl.config import gin_bindings
from tfirl.dynamics import saving
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's `run`

_BINDINGS = [
  'ModelBased.learning_rate_horizon = None',
  'ModelBased.demos_in_hybrid = False',  # but where it is what is tested
  'Imagination.rollouts_per_step = 3',
  'truncated_linear.first = 1',
  'truncated_linear.last = 2',
  'truncated_linear.minimum = 2',
  'truncated_linear.maximum = 2',
  'CostTurns.cost_update_period = 30',
  'CostTurns.cost_rollout_episodes = 1',
  'CostNetwork.layers = (8,)',
  'CostNetwork.num_members = 2',
  'CostLearner.batch_size = 32',
  'policy/table.rows_per_item = 5',
  'hybrid/table.rows_per_item = 16',
  'learner/table.rows_per_item = 4',
]


@pytest.fixture
def make(random_demos, closed_later, small_model_based):
  """Makes games of the bindings."""

  def make(seed=0, restore_from=None, bindings=()):
    gin_bindings.parse(
      ['paper/hyper_hopper.gin'],
      [*small_model_based, *_BINDINGS, *bindings],
    )
    return closed_later(
      model_based.ModelBased(
        tasks.make_task(), random_demos, seed, restore_from
      )
    )

  return make


def _play(game, env_steps):
  while game.clock.env_steps < env_steps:
    game.run_round()


def _weights(game, name):
  return [v.numpy() for v in game.trackables()[name].variables]


def _differ(before, after):
  return any((a != b).any() for a, b in zip(before, after, strict=True))


def test_nothing_learns_before_the_initial_steps(make):
  game = make()
  before = {n: _weights(game, n) for n in ('agent', 'cost', 'model')}
  _play(game, 36)
  assert game.clock.updates == 0
  assert not any(_differ(before[n], _weights(game, n)) for n in before)
  _play(game, 40)
  # 4 steps a round, 2 updates a step; not yet the cost's turn, after 30.
  assert game.clock.updates == 8
  assert _differ(before['agent'], _weights(game, 'agent'))
  assert _differ(before['model'], _weights(game, 'model'))
  assert not _differ(before['cost'], _weights(game, 'cost'))
  _play(game, 52)
  assert game.clock.updates == 32
  assert _differ(before['cost'], _weights(game, 'cost'))
  assert game.clock.rollout_steps > 0


def test_it_may_start_as_a_clone_and_go_on_cloning(make):
  """Without expert rows beside the imagined ones `bc_weight` is an error."""
  bindings = ['WarmStart.bc_steps = 30', 'tfirl.SacAgent.bc_weight = 1.0']
  game = make(bindings=bindings)
  agent = game.trackables()['agent']
  assert agent._actor_optimizer.iterations.numpy() == 30
  assert _differ(_weights(make(), 'agent'), _weights(game, 'agent'))
  assert game.clock.updates == game.clock.env_steps == 0
  _play(game, 44)
  assert game.num_traces == 1
  assert agent._actor_optimizer.iterations.numpy() == 30 + 16
  with pytest.raises(ValueError, match='WarmStart.bc_steps is -1; expected'):
    make(bindings=['WarmStart.bc_steps = -1'])


def test_counts_in_the_tables_are_those_of_the_settings(make, without_updates):
  """100 steps: 100 real rows, as many expert rows beside them in `hybrid`.

  Fits are at 40, 60, 80 and 100, each followed by 60 rollouts of 2 steps.
  """
  game = without_updates(
    make(bindings=['Imagination.num_epochs_retained = 20'])
  )
  fits, imagined = [], []
  while game.clock.env_steps < 100:
    before = game.losses.get('dynamics_rows'), game.losses.get('imagined_rows')
    game.run_round()
    after = game.losses.get('dynamics_rows'), game.losses.get('imagined_rows')
    if after != before:
      fits.append(game.clock.env_steps)
      imagined.append(after[1])
      # All of `hybrid` was fitted or held out.
      total = game.losses['dynamics_rows']
      total += game.losses['dynamics_holdout_rows']
      assert total == 2 * game.clock.env_steps
  assert fits == [40, 60, 80, 100]
  assert all(60 <= number <= 120 for number in imagined)
  partial = len(game._replay.writer('learner').partial_rows)
  assert game.table_sizes() == {
    'policy': 100,
    'hybrid': 200 // 16 * 16,
    'expert': game.table_sizes()['expert'],
    'learner': sum(imagined) - partial,
  }
  # Updates 0 to 128 pass 30, 60, 90 and 120.
  assert game.clock.updates == (100 - 36) * 2
  assert game.trackables()['cost'].num_rounds == 4


def test_which_demonstrations_are_never_fitted_is_said(
  make, without_updates, random_demos, monkeypatch, tmp_path
):
  """With every demonstration in `hybrid`, fitted or held out."""
  bindings = [
    'ModelBased.demos_in_hybrid = True',
    'DynamicsTrainer.holdout_most_rows = 25',
  ]
  game = without_updates(make(bindings=bindings))
  inputs, tensors = [], game._dynamics._trainer._tensors

  def spy(*arrays):
    inputs.append({row.tobytes() for row in arrays[0]})
    return tensors(*arrays)

  monkeypatch.setattr(game._dynamics._trainer, '_tensors', spy)
  game.write_records(tmp_path)
  assert not (tmp_path / 'held_out_demos.npy').exists()  # no fit yet
  _play(game, 100)
  game.write_records(tmp_path)
  which = np.load(tmp_path / 'held_out_demos.npy')
  rows = random_demos.transitions
  demos = [
    row.tobytes() for row in np.concatenate([rows.observation, rows.action], 1)
  ]
  fitted = set.union(*inputs[::2])  # of four fits: to fit, to judge by
  assert len(inputs) == 8
  expected = [i for i, row in enumerate(demos) if row not in fitted]
  assert 0 < len(expected) <= 25 and which.tolist() == expected
  assert game.losses['dynamics_holdout_demos'] == len(expected)
  assert len(expected) <= game.losses['dynamics_holdout_rows'] <= 25
  # None was fitted before it was held out.
  for number in range(3, 8, 2):
    assert not inputs[number] & set.union(*inputs[:number:2])


def test_an_epoch_of_imagined_rows_is_kept(make, without_updates):
  """40 steps of 3 rollouts of 2 rows: 240."""
  game = without_updates(make())
  _play(game, 200)
  assert game.table_sizes()['learner'] == 240


def test_fits_may_wait_until_there_are_more_rows(
  make, without_updates, checkpoints_of, monkeypatch
):
  """A half more than at the last: 40, 60, 100 (not 80), 160 (not 120, 140),
  also where the process is another; each 20 steps imagine anew.
  """
  fits, rollouts = [], []

  def make_watched(**arguments):
    bindings = ['LearnedDynamics.growth_between_fits = 0.5']
    game = without_updates(make(bindings=bindings, **arguments))
    fit, imagine = game._dynamics.fit, game._imagination.imagine

    def watched_fit(rows, env_steps, tell):
      fits.append(env_steps)
      return fit(rows, env_steps, tell)

    def watched_imagine(policy, env_steps):
      rollouts.append(env_steps)
      return imagine(policy, env_steps)

    monkeypatch.setattr(game._dynamics, 'fit', watched_fit)
    monkeypatch.setattr(game._imagination, 'imagine', watched_imagine)
    return game

  first = make_watched()
  _play(first, 120)
  path = checkpoints_of(first).save(120)
  second = make_watched(restore_from=path)
  checkpoints_of(second).restore(path)
  _play(second, 180)
  assert fits == [40, 60, 100, 160]
  assert rollouts == list(range(40, 181, 20))


def test_hybrid_gets_an_expert_row_for_every_real_row(make, random_demos):
  game = make()
  policy_writer, hybrid_writer = game._writers
  appended = []
  spy = types.SimpleNamespace(
    append=lambda rows: (appended.append(rows), policy_writer.append(rows))
  )
  game._writers = spy, hybrid_writer
  _play(game, 24)
  found = game._replay.read('hybrid')
  known = {row.tobytes() for row in random_demos.observations}
  is_expert = np.array([row.tobytes() in known for row in found.observation])
  real = {row.tobytes() for rows in appended for row in rows.observation}
  is_real = np.array([row.tobytes() in real for row in found.observation])
  assert len(found.discount) == 48
  assert is_expert.sum() == is_real.sum() == 24
  assert not (is_expert & is_real).any()


def test_hybrid_may_start_with_all_demonstrations(
  make, random_demos, checkpoints_of
):
  game = make(bindings=['ModelBased.demos_in_hybrid = True'])
  found = game._replay.read('hybrid').observation
  known = {row.tobytes() for row in random_demos.observations}
  assert {row.tobytes() for row in found} == known
  assert len(found) == len(random_demos)  # each once, though blocks don't fill
  _play(game, 24)
  size = game.table_sizes()['hybrid']
  assert size == (len(found) + 48) // 16 * 16
  # A checkpoint brings them: they are not written twice.
  path = checkpoints_of(game).save(24)
  again = make(1, path, ['ModelBased.demos_in_hybrid = True'])
  assert again.table_sizes()['hybrid'] == size


def test_hybrid_is_a_ring_that_may_drop_demonstrations(make, random_demos):
  """Of 96 rows; more than that are demonstrated."""
  game = make(
    bindings=['ModelBased.demos_in_hybrid = True', 'hybrid/table.capacity = 96']
  )
  assert len(random_demos) > 96 + 16
  appended, append = [], game._writers[0].append
  game._writers[0].append = lambda rows: (appended.append(rows), append(rows))
  assert game.table_sizes()['hybrid'] == 96
  _play(game, 40)
  found = game._replay.read('hybrid').observation
  assert 96 <= len(found) < 96 + 16  # and what waits for a block to fill up
  # The latest real rows, and as many of the expert, are at its end.
  kept = {row.tobytes() for row in found}
  real = [row.tobytes() for rows in appended for row in rows.observation]
  assert set(real[-24:]) <= kept
  demonstrated = {row.tobytes() for row in random_demos.observations}
  assert len(demonstrated - kept) > len(random_demos) - 96


@pytest.mark.parametrize('bc_weight', [0.0, 1.0])
def test_half_of_a_batch_may_be_real_rows_of_the_expert(
  make, random_demos, monkeypatch, bc_weight
):
  """Of 8 rows 4; the cloning term is of these, not of others."""
  game = make(
    bindings=[
      'ModelBased.expert_fraction = 0.5',
      f'tfirl.SacAgent.bc_weight = {bc_weight}',
    ]
  )
  _play(game, 44)
  assert game.num_traces == 1
  imagined, expert = game._imagination.sample(), game._batch_sampler.sample()
  assert len(imagined.discount) == len(expert.discount) == 8 * 4
  seen = []

  def train(experience, expert):
    seen.append((experience, expert))

  monkeypatch.setattr(game, '_relabeled', types.SimpleNamespace(train=train))
  monkeypatch.setattr(game._agent, 'named_losses', lambda info: {})
  game._train_step(*(type(x)(*(f[:4] for f in x)) for x in (imagined, expert)))
  ((experience, cloned),) = seen
  # Rollouts may start where the expert was; where they get to is their own.
  rows = experience.next_time_step.observation.numpy()
  known = {row.tobytes() for row in random_demos.next_observations}
  assert [row.tobytes() in known for row in rows] == [True] * 4 + [False] * 4
  np.testing.assert_array_equal(rows[4:], imagined.next_observation[:4])
  np.testing.assert_array_equal(cloned.next_observation, rows[:4])
  with pytest.raises(
    ValueError, match='expert_fraction is 0.99; expected less'
  ):
    make(bindings=['ModelBased.expert_fraction = 0.99'])


def test_optimisers_may_begin_anew_with_each_cost(make):
  """Cost turns are at updates 30 and 60, of 8 a round."""
  game = make(bindings=['ModelBased.fresh_optimizer = True'])
  agent = game.trackables()['agent']
  steps = []
  for _ in range(19):
    game.run_round()
    steps.append(int(agent._actor_optimizer.iterations))
  assert game.clock.updates == 80
  assert steps[9:] == [8, 16, 24, 0, 8, 16, 24, 0, 8, 16]
  assert int(agent._critic_optimizer.iterations) == 16
  assert int(agent._alpha_optimizer.iterations) == 80


def test_learning_rate_falls_from_one_cost_update_to_the_next(
  make, without_updates
):
  segments = [(1.0, 1.0, 56), (0.5, 0.5, 99)]
  bindings = [
    'ModelBased.learning_rate_horizon = 40',
    f'learning_rate/piecewise_linear.segments = {segments}',
  ]
  game = without_updates(make(bindings=bindings))
  _play(game, 40)
  scales = [game.losses['learning_rate_scale']]
  while game.clock.env_steps < 64:
    game.run_round()
    scales.append(game.losses['learning_rate_scale'])
  # At updates 0, 8, 16, 24, 32 = 30 + 2, 40 = 30 + 10, 48 = 30 + 18; those of
  # steps 40 to 52 have the schedule's 1, those from 56 on its half.
  by_horizon = np.array([1, 0.8, 0.6, 0.4, 0.95, 0.75, 0.55])
  np.testing.assert_allclose(scales[:4], by_horizon[:4])
  np.testing.assert_allclose(scales[4:], by_horizon[4:] / 2)


def test_traces_once_and_tells_where_time_goes(make):
  game = make()
  _play(game, 100)
  assert game.num_traces == 1
  for name in ('act', 'fit', 'imagine', 'update', 'cost'):
    assert game.losses[f'time_{name}_s'] > 0.0
  for name in ('open_loop_1_median', 'open_loop_1_still', 'real_terminal'):
    assert game.losses[name] >= 0.0


def test_tells_of_the_epochs_of_a_fit(make):
  """Which may take minutes, in a round; two epochs at most here."""
  game, told = make(), []
  game.tell = told.append
  _play(game, 40)
  assert told == ['model epoch 1', 'model epoch 2']


def test_leaves_rollouts_for_the_report(make, monkeypatch, tmp_path):
  """Of the cost's window: what the policy did last."""
  game = make(bindings=['CostTurns.window = 40'])
  game.finish(tmp_path)  # it did nothing yet
  _play(game, 36)
  game.finish(tmp_path)  # an untrained policy falls too soon for a picture
  assert list(tmp_path.iterdir()) == []
  compare = game._open_loop.compare
  monkeypatch.setattr(
    game._open_loop,
    'compare',
    lambda rows, rng: compare(rows, rng, length=5, num_samples=3),
  )
  game.finish(tmp_path)
  with np.load(tmp_path / 'rollouts.npz') as arrays:
    assert arrays['real'].shape == (4, 6, 11)
    assert arrays['imagined'].shape == (4, 3, 6, 11)


def test_a_checkpoint_continues_exactly(make, checkpoints_of, without_updates):
  """Model, elites, normaliser, optimisers, tables, clocks; then a fit."""
  first = make(0)
  _play(first, 76)
  path = checkpoints_of(first).save(76)
  second = make(1, restore_from=path)
  checkpoints_of(second).restore(path)
  names = ('agent', 'cost', 'model', 'trainer')
  for name in names:
    assert not _differ(_weights(first, name), _weights(second, name))
  states = [each.trackables()['state'].serialize() for each in (first, second)]
  assert states[0] == states[1]
  assert first.table_sizes() == second.table_sizes()
  hybrid = [each._replay.read('hybrid') for each in (first, second)]
  orders = [np.lexsort(rows.observation.T) for rows in hybrid]
  for a, b in zip(*hybrid, strict=True):
    np.testing.assert_array_equal(a[orders[0]], b[orders[1]])

  # Reverb's draws have no seed, so both are given the same; at 80 both fit.
  expert = first._expert_sampler.sample()
  rows = first._replay.read('hybrid')
  without_updates(second)  # of its own dice: they are not compared
  for each in (first, second):
    each._expert_sampler = types.SimpleNamespace(sample=lambda: expert)
    each._replay.read = lambda name: rows
    each.run_round()
  for name in ('model', 'trainer'):
    assert not _differ(_weights(first, name), _weights(second, name))
  assert first.clock == second.clock
  assert first.clock.env_steps == 80


@pytest.mark.parametrize(
  ('binding', 'message'),
  [
    ('ModelBased.initial_steps = 0', 'ModelBased.initial_steps is 0'),
    ('ModelBased.steps_per_round = 0', 'ModelBased.steps_per_round is 0'),
    ('ModelBased.dynamics_update_period = 0', 'dynamics_update_period is 0'),
    (
      'LearnedDynamics.growth_between_fits = -0.1',
      'growth_between_fits is -0.1',
    ),
    ('truncated_linear.minimum = 0', 'Imagination.rollout_length is 0'),
    ('DynamicsModel.num_elites = 4', 'num_elites is 4'),
    ('ModelBased.batch_size = 0', 'ModelBased.batch_size is 0'),
  ],
)
def test_bad_settings_are_named(make, binding, message):
  with pytest.raises(ValueError, match=message):
    make(bindings=[binding])


def test_begins_with_a_pretrained_model(make, tmp_path):
  path = str(tmp_path / 'dynamics.npz')
  given = make(1).trackables()['model']
  given.normalizer.fit(np.random.default_rng(0).normal(2, 3, (50, 14)))
  saving.save_model(given, path)
  binding = f"ModelBased.pretrained_model = '{path}'"
  game = make(0, bindings=[binding])
  for ours, theirs in zip(
    game.trackables()['model'].variables, given.variables, strict=True
  ):
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
  with pytest.raises(ValueError, match='dynamics.npz: kernel_0: found .*expec'):
    make(0, bindings=[binding, 'GaussianEnsemble.layers = (9,)'])


def test_without_a_word_of_the_task_the_end_is_learned(make, without_updates):
  """From real terminals, beside the model; its weights are in a checkpoint."""
  binding = 'Task.is_healthy = None'
  game = without_updates(make(bindings=[binding]))
  _play(game, 60)
  assert 'end' in game.trackables()
  assert game.losses['learned_end_terminals'] >= 0
  assert 'end' not in make().trackables()
