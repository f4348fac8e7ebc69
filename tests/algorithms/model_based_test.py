"""HyPER's round: the arithmetic of its settings, and its continuation."""

import types

import numpy as np
import pytest
import small_games


def _weights(game, name):
  return [v.numpy() for v in game.trackables()[name].variables]


def _differ(before, after):
  return any((a != b).any() for a, b in zip(before, after, strict=True))


def test_nothing_learns_before_the_initial_steps(make_game):
  game = make_game()
  before = {n: _weights(game, n) for n in ('agent', 'cost', 'model')}
  small_games.play(game, 36)
  assert game.clock.updates == 0
  assert not any(_differ(before[n], _weights(game, n)) for n in before)
  small_games.play(game, 40)
  # 4 steps a round, 2 updates a step; not yet the cost's turn, after 30.
  assert game.clock.updates == 8
  assert _differ(before['agent'], _weights(game, 'agent'))
  assert _differ(before['model'], _weights(game, 'model'))
  assert not _differ(before['cost'], _weights(game, 'cost'))
  small_games.play(game, 52)
  assert game.clock.updates == 32
  assert _differ(before['cost'], _weights(game, 'cost'))
  assert game.clock.rollout_steps > 0


def test_it_may_start_as_a_clone_and_go_on_cloning(make_game):
  """Without expert rows beside the imagined ones `bc_weight` is an error."""
  bindings = ['WarmStart.bc_steps = 30', 'tfirl.SacAgent.bc_weight = 1.0']
  game = make_game(bindings=bindings)
  agent = game.trackables()['agent']
  assert _differ(_weights(make_game(), 'agent'), _weights(game, 'agent'))
  assert game.clock.updates == game.clock.env_steps == 0
  small_games.play(game, 44)
  assert game.num_traces == 1
  assert agent._actor_optimizer.iterations.numpy() == 16
  with pytest.raises(ValueError, match='WarmStart.bc_steps is -1; expected'):
    make_game(bindings=['WarmStart.bc_steps = -1'])


def test_counts_in_the_tables_are_those_of_the_settings(
  make_game, without_updates
):
  """100 steps: 100 real rows, as many expert rows beside them in `hybrid`.

  Fits are at 40, 60, 80 and 100, each followed by 60 rollouts of 2 steps.
  """
  game = without_updates(
    make_game(bindings=['Imagination.num_epochs_retained = 20'])
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


def test_an_epoch_of_imagined_rows_is_kept(make_game, without_updates):
  """40 steps of 3 rollouts of 2 rows: 240."""
  game = without_updates(make_game())
  small_games.play(game, 200)
  assert game.table_sizes()['learner'] == 240


def test_hybrid_gets_an_expert_row_for_every_real_row(make_game, random_demos):
  game = make_game()
  policy_writer, hybrid_writer = game._writers
  appended = []
  spy = types.SimpleNamespace(
    append=lambda rows: (appended.append(rows), policy_writer.append(rows))
  )
  game._writers = spy, hybrid_writer
  small_games.play(game, 24)
  found = game._replay.read('hybrid')
  known = {row.tobytes() for row in random_demos.observations}
  is_expert = np.array([row.tobytes() in known for row in found.observation])
  real = {row.tobytes() for rows in appended for row in rows.observation}
  is_real = np.array([row.tobytes() in real for row in found.observation])
  assert len(found.discount) == 48
  assert is_expert.sum() == is_real.sum() == 24
  assert not (is_expert & is_real).any()


def test_hybrid_may_start_with_all_demonstrations(
  make_game, random_demos, checkpoints_of
):
  game = make_game(bindings=['ModelBased.demos_in_hybrid = True'])
  found = game._replay.read('hybrid').observation
  known = {row.tobytes() for row in random_demos.observations}
  assert {row.tobytes() for row in found} == known
  assert len(found) == len(random_demos)  # each once, though blocks don't fill
  small_games.play(game, 24)
  size = game.table_sizes()['hybrid']
  assert size == (len(found) + 48) // 16 * 16
  # A checkpoint brings them: they are not written twice.
  path = checkpoints_of(game).save(24)
  again = make_game(1, path, ['ModelBased.demos_in_hybrid = True'])
  assert again.table_sizes()['hybrid'] == size


def test_hybrid_is_a_ring_that_may_drop_demonstrations(make_game, random_demos):
  """Of 96 rows; more than that are demonstrated."""
  game = make_game(
    bindings=['ModelBased.demos_in_hybrid = True', 'hybrid/table.capacity = 96']
  )
  assert len(random_demos) > 96 + 16
  appended, append = [], game._writers[0].append
  game._writers[0].append = lambda rows: (appended.append(rows), append(rows))
  assert game.table_sizes()['hybrid'] == 96
  small_games.play(game, 40)
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
  make_game, random_demos, monkeypatch, bc_weight
):
  """Of 8 rows 4; the cloning term is of these, not of others."""
  game = make_game(
    bindings=[
      'PolicyBatches.expert_fraction = 0.5',
      f'tfirl.SacAgent.bc_weight = {bc_weight}',
    ]
  )
  small_games.play(game, 44)
  assert game.num_traces == 1
  drawn = game._batches.sample()
  imagined, expert = drawn['imagined'], drawn['expert']
  assert len(imagined.discount) == len(expert.discount) == 8 * 4
  seen = []

  def train(experience, expert):
    seen.append((experience, expert))

  monkeypatch.setattr(game, '_relabeled', types.SimpleNamespace(train=train))
  monkeypatch.setattr(game._agent, 'named_losses', lambda info: {})
  game._train_step({n: type(x)(*(f[:4] for f in x)) for n, x in drawn.items()})
  ((experience, cloned),) = seen
  # Rollouts may start where the expert was; where they get to is their own.
  rows = experience.next_time_step.observation.numpy()
  known = {row.tobytes() for row in random_demos.next_observations}
  assert [row.tobytes() in known for row in rows] == [True] * 4 + [False] * 4
  np.testing.assert_array_equal(rows[4:], imagined.next_observation[:4])
  np.testing.assert_array_equal(cloned.next_observation, rows[:4])


def test_a_quarter_may_be_real_rows_of_its_own(make_game, monkeypatch):
  """Of 8 rows 2, behind 4 of the expert's; drawn at a pace that lasts."""
  game = make_game(
    bindings=[
      'PolicyBatches.expert_fraction = 0.5',
      'PolicyBatches.policy_fraction = 0.25',
    ]
  )
  small_games.play(game, 120)
  assert game.num_traces == 1
  drawn = game._batches.sample()
  numbers = {name: len(rows.discount) for name, rows in drawn.items()}
  assert numbers == {'imagined': 8 * 2, 'policy': 8 * 2, 'expert': 8 * 4}
  known = {row.tobytes() for row in game._replay.read('policy').observation}
  assert {row.tobytes() for row in drawn['policy'].observation.numpy()} <= known
  seen = []
  train = lambda experience, expert: seen.append(experience)  # noqa: E731
  monkeypatch.setattr(game, '_relabeled', types.SimpleNamespace(train=train))
  monkeypatch.setattr(game._agent, 'named_losses', lambda info: {})
  game._train_step(drawn)
  rows = seen[0].time_step.observation.numpy()
  order = 'expert', 'policy', 'imagined'
  wanted = np.concatenate([drawn[name].observation for name in order])
  np.testing.assert_array_equal(rows, wanted)


@pytest.mark.parametrize(
  ('expert', 'own', 'found'), [(0.99, 0.0, '0.99'), (0.5, 0.5, '1.0')]
)
def test_a_batch_without_an_imagined_row_is_refused(
  make_game, expert, own, found
):
  with pytest.raises(ValueError, match=f'fraction is {found}; expected less'):
    make_game(
      bindings=[
        f'PolicyBatches.expert_fraction = {expert}',
        f'PolicyBatches.policy_fraction = {own}',
      ]
    )


def test_optimisers_may_begin_anew_with_each_cost(make_game):
  """Cost turns are at updates 30 and 60, of 8 a round."""
  game = make_game(bindings=['ModelBased.fresh_optimizer = True'])
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
  make_game, without_updates
):
  segments = [(1.0, 1.0, 56), (0.5, 0.5, 99)]
  bindings = [
    'ModelBased.learning_rate_horizon = 40',
    f'learning_rate/piecewise_linear.segments = {segments}',
  ]
  game = without_updates(make_game(bindings=bindings))
  small_games.play(game, 40)
  scales = [game.losses['learning_rate_scale']]
  while game.clock.env_steps < 64:
    game.run_round()
    scales.append(game.losses['learning_rate_scale'])
  # At updates 0, 8, 16, 24, 32 = 30 + 2, 40 = 30 + 10, 48 = 30 + 18; those of
  # steps 40 to 52 have the schedule's 1, those from 56 on its half.
  by_horizon = np.array([1, 0.8, 0.6, 0.4, 0.95, 0.75, 0.55])
  np.testing.assert_allclose(scales[:4], by_horizon[:4])
  np.testing.assert_allclose(scales[4:], by_horizon[4:] / 2)


def test_traces_once_and_tells_where_time_goes(make_game):
  game = make_game()
  small_games.play(game, 100)
  assert game.num_traces == 1
  for name in ('act', 'fit', 'imagine', 'update', 'cost'):
    assert game.losses[f'time_{name}_s'] > 0.0
  for name in ('open_loop_1_median', 'open_loop_1_still', 'real_terminal'):
    assert game.losses[name] >= 0.0


def test_leaves_rollouts_for_the_report(make_game, monkeypatch, tmp_path):
  """Of the cost's window: what the policy did last."""
  game = make_game(bindings=['CostTurns.window = 40'])
  game.finish(tmp_path)  # it did nothing yet
  small_games.play(game, 36)
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
    earlier = arrays['real']
  small_games.play(game, 120)  # a larger budget: its last steps are others
  game.finish(tmp_path)
  with np.load(tmp_path / 'rollouts.npz') as arrays:
    assert not np.array_equal(arrays['real'], earlier)


def test_a_checkpoint_continues_exactly(
  make_game, checkpoints_of, without_updates
):
  """Model, elites, normaliser, optimisers, tables, clocks; then a fit."""
  first = make_game(0)
  small_games.play(first, 76)
  path = checkpoints_of(first).save(76)
  second = make_game(1, restore_from=path)
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
    # Else the table of start states would run full: it is read too seldom.
    (
      'ModelBased.dynamics_update_period = 3',
      'dynamics_update_period is 3; expected at least the 4 steps of a round',
    ),
    (
      'LearnedDynamics.growth_between_fits = -0.1',
      'growth_between_fits is -0.1',
    ),
    ('truncated_linear.minimum = 0', 'Imagination.rollout_length is 0'),
    ('DynamicsModel.num_elites = 4', 'num_elites is 4'),
    ('ModelBased.batch_size = 0', 'ModelBased.batch_size is 0'),
  ],
)
def test_bad_settings_are_named(make_game, binding, message):
  with pytest.raises(ValueError, match=message):
    make_game(bindings=[binding])
