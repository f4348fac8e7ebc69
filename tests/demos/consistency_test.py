"""Whether actions have to do with their states: sound ones, and others'."""

import dataclasses

import numpy as np
import pytest

from tfirl import types
from tfirl.demos import consistency


def _demos(num_rows=400, noise=0.0, seed=0):
  """A point that is pushed to the origin: s' = s + 0.1 a + 0.01 noise."""
  rng = np.random.default_rng(seed)
  state = rng.normal(size=(num_rows, 2))
  action = np.tanh(-state + noise * rng.normal(size=state.shape))
  after = state + 0.1 * action + 0.01 * rng.normal(size=state.shape)
  is_last = np.arange(num_rows) % 20 == 19
  return types.Demonstrations(
    *(x.astype(np.float32) for x in (state, action, after)),
    terminals=np.zeros(num_rows, bool),
    timeouts=is_last,
  )


def test_a_smooth_policy_is_told_by_its_neighbours():
  assert consistency.facts(_demos())['action_r2'] > 0.9


def test_a_noisy_policy_is_told_by_what_it_leads_to():
  """Of tanh(-s + 10 noise) next to nothing is of the state; s' - s is."""
  found = consistency.facts(_demos(noise=10.0))
  assert found['action_r2'] < 0.1
  # 0.1^2 var(a) of it is the action's, 0.01^2 is noise: nearly all.
  assert found['step_r2'] == pytest.approx(0.99, abs=0.01)


@pytest.mark.parametrize('noise', [0.0, 10.0])
def test_shuffled_actions_have_neither(noise):
  demos = _demos(noise=noise)
  order = np.random.default_rng(1).permutation(len(demos))
  shuffled = dataclasses.replace(demos, actions=demos.actions[order])
  found = consistency.facts(shuffled)
  assert found['action_r2'] < 0.0 and found['step_r2'] < 0.02


def test_nothing_is_said_of_few_rows_or_of_actions_that_never_vary():
  assert consistency.facts(_demos(num_rows=19)) == {}
  demos = _demos()
  still = dataclasses.replace(demos, actions=0.0 * demos.actions)
  assert 'action_r2' not in consistency.facts(still)
