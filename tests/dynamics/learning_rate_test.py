"""The rate at which an ensemble is fitted."""

import linear_system
import numpy as np
import pytest


def test_cosine_falls_and_rises_by_gradient_steps():
  """Of 4 steps down, 4 up: by hand, floor + .8 (1 + cos(pi t / 4)) / 2."""
  _, trainer = linear_system.make(
    learning_rate=1.0, cosine_half_period=4, cosine_floor=0.2
  )
  rates = []
  for step in (0, 1, 2, 4, 6, 8, 12, 8_000_000_001):
    trainer._optimizer.iterations.assign(step)
    rates.append(float(trainer.learning_rate()))
  root = 0.4 * (1 + np.sqrt(0.5))
  expected = [1.0, 0.2 + root, 0.6, 0.2, 0.6, 1.0, 0.2, 0.2 + root]
  np.testing.assert_allclose(rates, expected, rtol=1e-6)


def test_the_cosine_counts_steps_not_epochs_or_fits():
  """Two fits of three epochs of five batches: 30 steps."""
  _, trainer = linear_system.make(
    learning_rate=1e-3, cosine_half_period=20, cosine_floor=1e-9, max_epochs=3
  )
  is_held_out = np.arange(200) >= 160
  for _ in range(2):
    trainer.fit(linear_system.rows(200), is_held_out)
  expected = 1e-9 + 0.5 * (1e-3 - 1e-9) * (1 + np.cos(np.pi * 30 / 20))
  assert float(trainer.learning_rate()) == pytest.approx(expected, rel=1e-4)


def test_many_fits_later_weights_still_move():
  """At many times the half period, where a rate that only falls is 0."""
  model, trainer = linear_system.make(
    learning_rate=1e-2, cosine_half_period=7, cosine_floor=1e-9, max_epochs=2
  )
  rows = linear_system.rows(100)
  moved = []
  for _ in range(12):
    before = model.ensemble.member_variables[0].numpy()
    trainer.fit(rows)
    after = model.ensemble.member_variables[0].numpy()
    moved.append(np.abs(after - before).max())
  assert trainer._optimizer.iterations.numpy() > 8 * 7
  assert min(moved) > 1e-3
