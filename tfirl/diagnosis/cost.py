"""Of the cost: it sees nothing, too much, or has no bounds."""

from tfirl.diagnosis.evidence import Evidence
from tfirl.diagnosis.finding import Finding

# The chance that a row of the learner's costs more than one of the expert's.
_BLIND_AUC, _SATURATED_AUC = 0.6, 0.97
# The mean squared excess of the gradient's norm: runs that learn are below 0.4
# late, and below 1 at first.
_MOST_PENALTY = 1.0
# Of runs that did not record the chance: the gap in units of the cost's spread,
# which is 2 where nothing but the gap is left of it.
_BLIND_GAP, _SATURATED_GAP = 0.1, 1.8


def exploding(evidence: Evidence) -> Finding | None:
  """Its slope is far beyond what the gradient penalty asks for."""
  penalty = evidence.late('cost_penalty')
  if penalty is None or penalty.value <= _MOST_PENALTY:
    return None
  target = evidence.binding('CostLearner.gp_target', 0.4)
  weight = evidence.shown('CostLearner.gp_weight', '10 in most recipes')
  rate = evidence.shown('CostLearner.learning_rate')
  return Finding(
    'cost exploding',
    f'cost_penalty {penalty}: gradients of the cost are longer than '
    f'{target} by about {penalty.value**0.5:.3g}',
    f'above {_MOST_PENALTY:g}',
    f'a larger {weight}, a lower {rate}, make_encoding.standardize = True, or, '
    'where demonstrations hardly move, a larger '
    f'{evidence.shown("make_encoding.std_floor", "0.3 for a balanced pole")}',
  )


def blind(evidence: Evidence) -> Finding | None:
  """The gap is closed, or was never open, and the return is low."""
  auc = evidence.late('cost_auc')
  if auc is not None:
    is_blind, seen = auc.value < _BLIND_AUC, f'cost_auc {auc}'
    limit = f'below {_BLIND_AUC:g} (0.5 is chance)'
  else:
    gap = _gap_in_units(evidence)
    if gap is None:
      return None
    is_blind, seen = gap < _BLIND_GAP, f'the gap is {gap:.2g} of the spread'
    limit = f'below {_BLIND_GAP:g}'
  if not is_blind:
    return None
  rate = evidence.shown('CostLearner.learning_rate', '3e-4 in the recipes')
  period = evidence.shown('CostTurns.cost_update_period')
  return Finding(
    'cost blind',
    f'{seen}: the cost hardly tells the learner from the expert; the gap is '
    'closed, but not by a good policy',
    limit,
    f'a higher {rate} with learning_rate_scale = @schedules.constant, more '
    f'CostTurns.cost_updates, a shorter {period}, or a smaller '
    f'{evidence.shown("CostLearner.gp_weight")}',
  )


def saturated(evidence: Evidence) -> Finding | None:
  """It tells all rows apart, and the policy does not catch up."""
  auc = evidence.late('cost_auc')
  if auc is not None:
    is_so, seen = auc.value > _SATURATED_AUC, f'cost_auc {auc}'
    limit = f'above {_SATURATED_AUC:g}'
  else:
    gap = _gap_in_units(evidence)
    if gap is None:
      return None
    is_so, seen = gap > _SATURATED_GAP, f'the gap is {gap:.3g} of the spread'
    limit = f'above {_SATURATED_GAP:g}'
  if not is_so:
    return None
  rate = evidence.shown('CostLearner.learning_rate')
  updates = evidence.shown('CostTurns.cost_updates')
  return Finding(
    'cost saturated',
    f'{seen}: next to no row of the learner costs less than one of the '
    "expert's, so the reward hardly says what is better",
    limit,
    f'a lower {rate}, fewer {updates}, a larger '
    f'{evidence.shown("CostLearner.gp_weight")}, or, where nothing else is '
    'wrong, more real steps',
    is_symptom=True,
  )


def _gap_in_units(evidence: Evidence) -> float | None:
  gap, unit = evidence.late('cost_gap'), evidence.late('cost_level_unit')
  if gap is None or unit is None or not unit.value:
    return None
  return -gap.value / unit.value
