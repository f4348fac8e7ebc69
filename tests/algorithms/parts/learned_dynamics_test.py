"""The model of a game: its fits, their rows, and where episodes end."""

import numpy as np
import pytest
import small_games

from tfirl.dynamics import saving


def test_which_demonstrations_are_never_fitted_is_said(
  make_game, without_updates, random_demos, monkeypatch, tmp_path
):
  """With every demonstration in `hybrid`, fitted or held out."""
  bindings = [
    'ModelBased.demos_in_hybrid = True',
    'DynamicsTrainer.holdout_most_rows = 25',
  ]
  game = without_updates(make_game(bindings=bindings))
  inputs, tensors = [], game._dynamics._trainer._tensors

  def spy(*arrays):
    inputs.append({row.tobytes() for row in arrays[0]})
    return tensors(*arrays)

  monkeypatch.setattr(game._dynamics._trainer, '_tensors', spy)
  game.write_records(tmp_path)
  assert not (tmp_path / 'held_out_demos.npy').exists()  # no fit yet
  small_games.play(game, 100)
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


def test_fits_may_wait_until_there_are_more_rows(
  make_game, without_updates, checkpoints_of, monkeypatch
):
  """A half more than at the last: 40, 60, 100 (not 80), 160 (not 120, 140),
  also where the process is another; each 20 steps imagine anew.
  """
  fits, rollouts = [], []

  def make_watched(**arguments):
    bindings = ['LearnedDynamics.growth_between_fits = 0.5']
    game = without_updates(make_game(bindings=bindings, **arguments))
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
  small_games.play(first, 120)
  path = checkpoints_of(first).save(120)
  second = make_watched(restore_from=path)
  checkpoints_of(second).restore(path)
  small_games.play(second, 180)
  assert fits == [40, 60, 100, 160]
  assert rollouts == list(range(40, 181, 20))


def test_tells_of_the_epochs_of_a_fit(make_game):
  """Which may take minutes, in a round; two epochs at most here."""
  game, told = make_game(), []
  game.tell = told.append
  small_games.play(game, 40)
  assert told == ['model epoch 1', 'model epoch 2']


def test_a_fit_that_was_stopped_is_gone_on_with(
  make_game, without_updates, checkpoints_of
):
  """By the next round, which takes no step; not when the next fit would be due,
  and once; also where the process is another.
  """
  bindings = ['LearnedDynamics.growth_between_fits = 9.0']

  def make(told, is_to_stop, **arguments):
    game = without_updates(make_game(bindings=bindings, **arguments))
    imagine = game._imagination.imagine
    game._imagination.imagine = lambda *a: (drawn.append(1), imagine(*a))[1]

    def tell(doing):
      told.append(game.clock.env_steps)
      return is_to_stop

    game.tell = tell
    return game

  told, drawn = [], []
  first = make(told, is_to_stop=True)
  small_games.play(first, 40)
  assert not drawn  # once in all: else the table of start states runs dry
  assert told == [40, 40] and first.losses['dynamics_epochs'] == 1
  assert first.is_unfinished and first.clock.updates == 0
  path = checkpoints_of(first).save(40)
  told = []
  second = make(told, is_to_stop=False, restore_from=path)
  checkpoints_of(second).restore(path)
  assert second.is_unfinished
  second.run_round()
  assert not second.is_unfinished
  assert (second.clock.env_steps, second.clock.updates) == (40, 8)
  assert told == [40, 40] and second.losses['dynamics_epochs'] == 2
  assert len(drawn) == 1
  small_games.play(second, 100)
  assert told == [40, 40]


def test_begins_with_a_pretrained_model(make_game, tmp_path):
  path = str(tmp_path / 'dynamics.npz')
  given = make_game(1).trackables()['model']
  given.normalizer.fit(np.random.default_rng(0).normal(2, 3, (50, 14)))
  saving.save_model(given, path)
  binding = f"ModelBased.pretrained_model = '{path}'"
  game = make_game(0, bindings=[binding])
  for ours, theirs in zip(
    game.trackables()['model'].variables, given.variables, strict=True
  ):
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
  with pytest.raises(ValueError, match='dynamics.npz: kernel_0: found .*expec'):
    make_game(0, bindings=[binding, 'GaussianEnsemble.layers = (9,)'])


def test_without_a_word_of_the_task_the_end_is_learned(
  make_game, without_updates
):
  """From real terminals, beside the model; its weights are in a checkpoint."""
  binding = 'Task.is_healthy = None'
  game = without_updates(make_game(bindings=[binding]))
  end = game.trackables()['end']
  game.tell = lambda doing: True  # whose fit is not over yet
  small_games.play(game, 40)
  assert end._optimizer.iterations.numpy() == 0
  game.tell = lambda doing: False
  small_games.play(game, 60)  # at 40 and at 60
  assert end._optimizer.iterations.numpy() == 2 * 400
  assert game.losses['learned_end_terminals'] >= 0
  assert 'end' not in make_game().trackables()
