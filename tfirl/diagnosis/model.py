"""Of the dynamics ensemble."""

import numpy as np

from tfirl.diagnosis.evidence import Evidence
from tfirl.diagnosis.finding import Finding

_LEAST_R2 = 0.5  # of the median dimension, of rows held out
# A step's error in what one gets by standing still.
_MOST_OPEN_LOOP = 0.8
# What is left unexplained may grow so far, if it is not little.
_GROWTH, _LEAST_LEFT = 3.0, 0.2
# What its successors may cost a value, in what comes true.
_MOST_BIAS = 0.25


def error(evidence: Evidence) -> Finding | None:
  """It does not predict what it was not fitted to, or ever less of it."""
  for find in (_does_not_fit, _errs_on_own_rows, _gets_worse, _misleads):
    found = find(evidence)
    if found is not None:
      return Finding('model error', *found, _remedy(evidence))
  return None


def _does_not_fit(evidence: Evidence) -> tuple[str, str] | None:
  r2 = evidence.late('dynamics_r2_median')
  if r2 is None or r2.value >= _LEAST_R2:
    return None
  return (
    f'dynamics_r2_median {r2}: so little of a step is explained, of rows held '
    'out',
    f'below {_LEAST_R2:g}',
  )


def _errs_on_own_rows(evidence: Evidence) -> tuple[str, str] | None:
  error = evidence.late('open_loop_1_median')
  still = evidence.late('open_loop_1_still')
  if error is None or still is None or not still.value:
    return None
  ratio = error.value / still.value
  if ratio <= _MOST_OPEN_LOOP:
    return None
  return (
    f'open_loop_1_median {error}, {ratio:.2f} of what is moved in a step: on '
    "the learner's latest rows the model is hardly better than standing still",
    f'above {_MOST_OPEN_LOOP:g} of it',
  )


def _gets_worse(evidence: Evidence) -> tuple[str, str] | None:
  r2 = evidence.column('dynamics_r2_median')
  last = evidence.late('dynamics_r2_median')
  if r2 is None or last is None:
    return None
  left, now = 1.0 - r2, 1.0 - last.value
  best = int(np.nanargmin(left))
  if now <= _LEAST_LEFT or now <= _GROWTH * left[best]:
    return None
  return (
    f'dynamics_r2_median has fallen from {r2[best]:.3g} at step '
    f'{evidence.run.steps[best]:,.0f} to {last}',
    f'more than {_GROWTH:g} times as much unexplained',
  )


def _misleads(evidence: Evidence) -> tuple[str, str] | None:
  """The critics: where they learn from imagined successors alone."""
  imagined = evidence.column('value_imagined')
  real = evidence.column('value_successor')
  paid = evidence.late('value_came_true')
  gamma = evidence.binding(evidence.of_agent('gamma'))
  if imagined is None or real is None or paid is None:
    return None
  gap = evidence.late_of(imagined - real)
  if gap is None or not isinstance(gamma, float):
    return None
  bias = gap.value * gamma / max(1.0 - gamma, 1e-9)
  if abs(bias) <= _MOST_BIAS * abs(paid.value):
    return None
  return (
    f'value_imagined - value_successor {gap}: critics that learn from the '
    f'model are off by gamma / (1 - gamma) of that, {bias:.3g}, where '
    f'value_came_true is {paid.value:.3g}',
    f'above {_MOST_BIAS:g} of it',
  )


def _remedy(evidence: Evidence) -> str:
  epochs = evidence.late('dynamics_epochs')
  taken = '' if epochs is None else f'fits take {epochs.value:g}'
  rate = evidence.shown('DynamicsTrainer.learning_rate', '1e-3 in the recipes')
  return (
    f'{rate}, more {evidence.shown("DynamicsTrainer.max_epochs", taken)}, less '
    f'{evidence.shown("DynamicsTrainer.weight_decay")}, larger '
    'GaussianEnsemble.layers, more fits '
    '(LearnedDynamics.growth_between_fits, ModelBased.dynamics_update_period), '
    'shorter rollouts (Imagination.rollout_length), no noise '
    f'({evidence.shown("DynamicsModel.noise_scale", "0 takes the means")})'
  )
