"""Fits: what is learned, kept, ranked, stopped and taken up again."""

import gin
import linear_system
import numpy as np
import pytest
import tensorflow as tf

from tfirl import types
from tfirl.dynamics import holdout
from tfirl.dynamics import model as dynamics_model
from tfirl.dynamics import trainer as dynamics_trainer

_O, _A = linear_system.OBSERVATION_SIZE, linear_system.ACTION_SIZE


def _holdout_errors(model, rows, share=0.2):
  """Each member's squared errors of s' - s on the hold-out, [E, N, O]."""
  keys = holdout.keys_of(rows)
  is_held_out = keys < holdout.bound_of(share, keys, None)
  rows = types.Transition(*(field[is_held_out] for field in rows))
  mean, _ = model.predict(rows.observation, rows.action)
  return (mean.numpy() - rows.next_observation) ** 2, rows


def test_learns_a_linear_system():
  _, trainer = linear_system.make(learning_rate=3e-3, max_epochs=40)
  record = trainer.fit(linear_system.rows(3000))
  assert record.r2_per_output.min() > 0.95
  assert record.losses[-1] < record.losses[0]


def test_what_is_fitted_is_the_difference_in_its_own_units():
  """Neither inputs of mean 2, deviation 3 nor outputs are scaled by hand."""
  model, trainer = linear_system.make(learning_rate=3e-3, max_epochs=40)
  trainer.fit(linear_system.rows(3000))
  rows = linear_system.rows(200, seed=1)
  inputs = tf.concat([rows.observation, rows.action], -1)
  fitted, _ = model.ensemble(tf.repeat(model.normalizer(inputs)[None], 4, 0))
  difference = rows.next_observation - rows.observation
  errors = (fitted.numpy() - difference) ** 2
  assert np.all(errors.mean(1) < 0.05 * difference.var(0))


def test_record_equals_what_the_model_does():
  rows = linear_system.rows(2000)
  model, trainer = linear_system.make(learning_rate=3e-3, max_epochs=3)
  record = trainer.fit(rows)
  errors, held_out = _holdout_errors(model, rows)
  np.testing.assert_allclose(errors.mean((1, 2)), record.holdout_mse, rtol=1e-3)
  elites = np.sort(np.argsort(errors.mean((1, 2)))[:2])
  np.testing.assert_array_equal(record.elites, elites)
  np.testing.assert_array_equal(model.elites, elites)
  per_output = errors[elites].mean((0, 1))
  np.testing.assert_allclose(
    record.holdout_mse_per_output, per_output, rtol=1e-3
  )
  delta = held_out.next_observation - held_out.observation
  np.testing.assert_allclose(
    record.r2_per_output, 1.0 - per_output / delta.var(0), atol=1e-3
  )
  assert record.num_holdout == len(delta)
  assert record.num_rows == 2000 - len(delta)
  assert record.epochs == len(record.losses) == 3
  assert record.columns()['dynamics_r2_min'] == record.r2_per_output.min()


def test_every_member_keeps_its_own_best_weights(monkeypatch):
  """Hold-out errors as told: bests are in epochs 2, 1, 3 and 1."""
  model, trainer = linear_system.make(max_epochs=3)
  table = np.float32(
    [[9, 9, 9, 9], [5, 1, 5, 2], [1, 2, 4, 3], [2, 3, 3, 4], [7, 7, 7, 7]]
  )
  calls, snapshots = iter(table), []

  def evaluate(inputs, targets):
    del inputs, targets
    weights = [v.numpy().copy() for v in model.ensemble.member_variables]
    snapshots.append(weights)
    return tf.repeat(next(calls)[:, None], _O, axis=1)

  monkeypatch.setattr(trainer, '_evaluate', evaluate)
  record = trainer.fit(linear_system.rows(200))
  np.testing.assert_array_equal(record.holdout_mse, [1, 1, 3, 2])
  np.testing.assert_array_equal(record.elites, [0, 1])
  for member, epoch in enumerate([2, 1, 3, 1]):
    for variable, then in zip(
      model.ensemble.member_variables, snapshots[epoch], strict=True
    ):
      np.testing.assert_array_equal(variable[member], then[member])


@pytest.mark.parametrize('is_learned', [True, False])
def test_bounds_are_restored_with_the_members(monkeypatch, is_learned):
  """The last epoch that some member's best is of is the second of four."""
  gin.bind_parameter('GaussianEnsemble.learn_log_variance_bounds', is_learned)
  model, trainer = linear_system.make(learning_rate=1e-2, max_epochs=4)
  errors = iter(np.float32([9, 5, 1, 2, 2]))
  bounds = []

  def evaluate(inputs, targets):
    del inputs, targets
    ensemble = model.ensemble
    pair = ensemble.min_log_variance, ensemble.max_log_variance
    bounds.append([bound.numpy() for bound in pair])
    return tf.fill([4, _O], next(errors, 1.0))

  monkeypatch.setattr(trainer, '_evaluate', evaluate)
  trainer.fit(linear_system.rows(200))
  assert np.array_equal(bounds[0], bounds[-2]) != is_learned
  np.testing.assert_array_equal(bounds[-1], bounds[2])  # after the fit


def _epochs_with(monkeypatch, holdout_mse, **kwargs):
  """How many epochs a fit takes if the hold-out's mse goes as told."""
  _, trainer = linear_system.make(**kwargs)
  values = iter(holdout_mse)
  last = []

  def evaluate(inputs, targets):
    del inputs, targets
    last[:] = [next(values, last[0] if last else 1.0)]
    return tf.fill([4, _O], float(last[0]))

  monkeypatch.setattr(trainer, '_evaluate', evaluate)
  return trainer.fit(linear_system.rows(200)).epochs


def test_patience(monkeypatch):
  """Better in the second epoch, then never: two more, then three."""
  told = [1.0, 1.0, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6]
  assert _epochs_with(monkeypatch, told, patience=2) == 4
  assert _epochs_with(monkeypatch, told, patience=3) == 5


def test_a_small_improvement_does_not_count(monkeypatch):
  told = [1.0, 0.995, 0.99, 0.985, 0.98, 0.98, 0.98]
  # Against 1: .985 is the first to be better by more than 1 %.
  assert _epochs_with(monkeypatch, told, patience=2) == 2
  kwargs = {'patience': 2, 'min_improvement': 0.004}
  assert _epochs_with(monkeypatch, told, **kwargs) == 6


def test_max_epochs(monkeypatch):
  told = 0.5 ** np.arange(20)
  assert _epochs_with(monkeypatch, told, max_epochs=3) == 3


def test_a_fit_that_is_stopped_keeps_the_best_of_what_it_did():
  """The very weights of one that may take no more epochs."""
  rows, told = linear_system.rows(200), []

  def tell(doing):
    told.append(doing)
    return doing == 'model epoch 4'

  (model, trainer), (brief, limited) = (
    linear_system.make(),
    linear_system.make(max_epochs=3),
  )
  record = trainer.fit(rows, tell=tell)
  assert told == [f'model epoch {i}' for i in (1, 2, 3, 4)]
  assert record.was_stopped and record.epochs == 3
  assert not limited.fit(rows).was_stopped
  for ours, theirs in zip(model.variables, brief.variables, strict=True):
    np.testing.assert_array_equal(ours, theirs)


def test_a_fit_has_an_epoch_however_soon_it_is_stopped():
  _, trainer = linear_system.make()
  assert (
    trainer.fit(linear_system.rows(200), tell=lambda doing: True).epochs == 1
  )


def test_one_trace_as_rows_grow():
  _, trainer = linear_system.make(max_epochs=1)
  for number in (200, 333, 512):
    trainer.fit(linear_system.rows(number))
  assert trainer.num_traces == 1


@pytest.mark.parametrize('num_rows', [1, 2, 7])
@pytest.mark.parametrize('num_threads', [1, 2, 3])
def test_parts_of_the_rows_give_the_step_of_all(
  monkeypatch, num_rows, num_threads
):
  monkeypatch.setattr(dynamics_trainer, '_num_threads', lambda: num_threads)
  model, trainer = linear_system.make(weight_decay=0.0)
  rng = np.random.default_rng(0)
  inputs = rng.normal(size=(4, num_rows, _O + _A)).astype(np.float32)
  targets = rng.normal(size=(4, num_rows, _O)).astype(np.float32)
  mean, log_variance = (x.numpy() for x in model.ensemble(inputs))
  nll = (mean - targets) ** 2 * np.exp(-log_variance) + log_variance
  loss = trainer._step(tf.constant(inputs), tf.constant(targets)).numpy()
  assert loss == pytest.approx(nll.mean(), rel=1e-5)
  after = [v.numpy() for v in model.ensemble.trainable_variables]
  monkeypatch.setattr(dynamics_trainer, '_num_threads', lambda: 1)
  other, whole = linear_system.make(weight_decay=0.0)
  whole._step(tf.constant(inputs), tf.constant(targets))
  for ours, theirs in zip(
    after, other.ensemble.trainable_variables, strict=True
  ):
    np.testing.assert_allclose(ours, theirs, atol=2e-5)


def test_weight_decay_shrinks_what_data_does_not_hold():
  """All targets 0: with decay, the kernels' norm falls further."""
  rows = linear_system.rows(500)
  rows = rows._replace(next_observation=rows.observation)
  norms = []
  for weight_decay in (0.0, 1.0):
    model, trainer = linear_system.make(
      learning_rate=1e-2, weight_decay=weight_decay, max_epochs=10
    )
    trainer.fit(rows)
    norms.append(float(tf.norm(model.ensemble.member_variables[1])))
  assert norms[1] < 0.5 * norms[0]


def test_fewer_rows_than_a_batch_are_fitted_all_at_once():
  _, trainer = linear_system.make(max_epochs=3)
  rows = linear_system.rows(10)
  record = trainer.fit(rows, np.arange(10) >= 8)
  assert (record.num_rows, record.num_holdout) == (8, 2)
  assert record.updates == record.epochs == 3
  assert record.losses[-1] < record.losses[0]


def test_observations_of_one_number():
  gin.parse_config('GaussianEnsemble.layers = (8,)')
  model = dynamics_model.DynamicsModel(1, 1, seed=0)
  trainer = dynamics_trainer.DynamicsTrainer(model, 0, max_epochs=1)
  rng = np.random.default_rng(0)
  state, action = rng.normal(size=(2, 200, 1)).astype(np.float32)
  record = trainer.fit(
    types.Transition(state, action, np.ones(200, np.float32), state + action)
  )
  assert record.holdout_mse_per_output.shape == (1,)


@pytest.mark.parametrize('is_out', [True, False])
def test_rows_of_one_side_only(is_out):
  _, trainer = linear_system.make()
  with pytest.raises(ValueError, match='of either: see .*holdout_share = 0.2'):
    trainer.fit(linear_system.rows(30), np.full(30, is_out))


def test_a_loss_that_is_not_finite():
  rows = linear_system.rows(200)
  rows.next_observation[:50] = np.inf
  _, trainer = linear_system.make()
  with pytest.raises(FloatingPointError, match='epoch 1'):
    trainer.fit(rows)


@pytest.mark.parametrize(
  'wrong',
  [{'batch_size': 0}, {'patience': 0}, {'holdout_share': 1.0}]
  + [{'holdout_most_rows': 0}]
  + [{'holdout_share': 0.0}, {'max_epochs': 0}]
  + [{'cosine_floor': 3e-4}, {'cosine_half_period': 0}],
)
def test_a_parameter_out_of_range_is_named(wrong):
  with pytest.raises(ValueError, match=f'DynamicsTrainer.{next(iter(wrong))}'):
    linear_system.make(**wrong)


def test_goes_on_exactly_from_a_checkpoint(tmp_path):
  rows, more = linear_system.rows(300), linear_system.rows(400, seed=5)
  model, trainer = linear_system.make(max_epochs=2)
  trainer.fit(rows)
  path = tf.train.Checkpoint(model=model, trainer=trainer).write(
    str(tmp_path / 'x')
  )
  state = trainer.get_state()
  expected = trainer.fit(more)

  other_model, other = linear_system.make(seed=7, max_epochs=2)
  tf.train.Checkpoint(model=other_model, trainer=other).read(
    path
  ).assert_consumed()
  other.set_state(state)
  record = other.fit(more)
  np.testing.assert_array_equal(record.losses, expected.losses)
  np.testing.assert_array_equal(record.holdout_mse, expected.holdout_mse)
  for one, two in zip(
    model.ensemble.variables, other_model.ensemble.variables, strict=True
  ):
    np.testing.assert_array_equal(one, two)


def test_a_given_hold_out_and_draw_are_what_is_fitted():
  """Two systems in one set of rows: only the one that is drawn is learned."""
  rows = linear_system.rows(2000)
  is_second = np.arange(2000) >= 1000
  successor = rows.next_observation.copy()
  successor[is_second] = 2 * rows.observation[is_second] - successor[is_second]
  rows = rows._replace(next_observation=successor)
  is_held_out = (np.arange(2000) % 4 == 0) & ~is_second
  drawn = []

  def draw(number, rng):
    """Of the rows that are fitted, the first are of the first system."""
    drawn.append(number)
    return rng.integers(750, size=number)

  model, trainer = linear_system.make(learning_rate=3e-3, max_epochs=30)
  record = trainer.fit(rows, is_held_out, draw)
  assert drawn == [1750] * 4  # a bootstrap for each member
  assert (record.num_rows, record.num_holdout) == (1750, 250)
  mean, _ = model.predict(rows.observation, rows.action)
  errors = ((mean.numpy() - rows.next_observation) ** 2).mean((0, 2))
  assert errors[is_held_out].mean() < 0.1 * errors[is_second].mean()


def test_no_more_rows_are_held_out_than_allowed_and_none_that_was_fitted(
  tmp_path,
):
  """As rows come and go; a checkpoint has the bound."""
  rows = linear_system.rows(4000)

  def first(number):
    return types.Transition(*(field[:number] for field in rows))

  model, trainer = linear_system.make(holdout_most_rows=100, max_epochs=1)
  was_fitted = np.zeros(4000, bool)
  counts = []
  for number in (300, 1000, 4000):
    record = trainer.fit(first(number))
    counts.append(record.num_holdout)
    is_out = holdout.keys_of(rows) < trainer.holdout_bound
    assert is_out[:number].sum() == record.num_holdout
    assert not (is_out & was_fitted).any()
    was_fitted[:number] |= ~is_out[:number]
  assert 40 < counts[0] < 80 and counts[1:] == [100, 100]

  path = tf.train.Checkpoint(trainer=trainer).write(str(tmp_path / 'x'))
  _, resumed = linear_system.make(holdout_most_rows=100)
  assert not resumed.has_fitted
  tf.train.Checkpoint(trainer=resumed).read(path)
  assert resumed.has_fitted
  # Of the first 1,000 alone 200 might be; but some of them were fitted.
  again = resumed.hold_out(first(1000))
  assert 0 < again.sum() < 50 and not (again & was_fitted[:1000]).any()

  _, unlimited = linear_system.make(holdout_most_rows=None)
  assert 600 < unlimited.hold_out(rows).sum() < 1000


def test_an_output_that_never_varies_has_no_r2():
  """As a maze's goal; the columns are of the other outputs."""
  rows = linear_system.rows(1000)
  successor = rows.next_observation.copy()
  successor[:, 1] = rows.observation[:, 1]
  _, trainer = linear_system.make(learning_rate=3e-3, max_epochs=10)
  record = trainer.fit(rows._replace(next_observation=successor))
  assert np.isnan(record.r2_per_output).tolist() == [False, True, False]
  others = record.r2_per_output[[0, 2]]
  assert record.columns()['dynamics_r2_min'] == pytest.approx(others.min())
  assert record.columns()['dynamics_r2_median'] == pytest.approx(others.mean())
