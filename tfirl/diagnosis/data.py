"""Of what is learned from: demonstrations and the mix of rows."""

import numpy as np

from tfirl.diagnosis.evidence import Evidence
from tfirl.diagnosis.finding import Finding

# `demos.consistency`: sound recordings have one of both, the least of tfirl's
# own 0.28 (a smooth policy) or 0.13 (a noisy one); shuffled actions neither.
_LEAST_ACTION_R2, _LEAST_STEP_R2 = 0.1, 0.02
_LEAST_DEMO_SCORE = 0.5
_LEAST_EXPERT, _MOST_EXPERT = 0.05, 0.95


def inconsistent(evidence: Evidence) -> Finding | None:
  """Actions that have to do neither with states nor with what follows."""
  action, step = (evidence.demos.get(k) for k in ('action_r2', 'step_r2'))
  if action is None or step is None:
    return None
  if action >= _LEAST_ACTION_R2 or step >= _LEAST_STEP_R2:
    return None
  accepted = evidence.binding('load_demonstrations.accept_demos')
  went_on = ' (--accept_demos let them pass)' if accepted is True else ''
  return Finding(
    'demonstrations inconsistent',
    f'{evidence.demos.get("source", "demonstrations")}: neighbouring states '
    f'explain {action:.2g} of the actions (action_r2), and the actions '
    f'{step:.2g} of the steps (step_r2){went_on}',
    f'below {_LEAST_ACTION_R2:g} and {_LEAST_STEP_R2:g}',
    'actions of the same rows as the observations, one step neither before nor '
    'after, in the same order of dimensions: tfirl demos show; without '
    '--accept_demos they are replayed in the environment where they can be',
  )


def poor(evidence: Evidence) -> Finding | None:
  """Demonstrations that return much less than the task's expert."""
  mean = evidence.demos.get('mean_return')
  best = evidence.binding('Task.expert_return')
  worst = evidence.binding('Task.random_return')
  numbers = (mean, best, worst)
  if not all(isinstance(x, (int, float)) for x in numbers) or best <= worst:
    return None
  score = (mean - worst) / (best - worst)
  if score >= _LEAST_DEMO_SCORE:
    return None
  return Finding(
    'demonstrations poor',
    f'their mean return is {mean:.4g}, normalised {score:.2f}: what is '
    'imitated is no better',
    f'below {_LEAST_DEMO_SCORE:g}',
    'others (--demos), or of them those that return more (tfirl demos collect '
    '--min_return)',
  )


def starved(evidence: Evidence) -> Finding | None:
  """Batches of one side's rows alone, where the method mixes both."""
  if evidence.method.startswith('hyper'):
    return _without_expert_in_model(evidence)
  fraction = evidence.column('expert_fraction')
  if fraction is None:
    return None
  fraction = fraction[~np.isnan(fraction)]  # before training there is none
  early = float(np.median(fraction[: (len(fraction) + 1) // 2]))
  mean = float(np.mean(fraction))
  if evidence.method.startswith('hype') and early < _LEAST_EXPERT:
    side, seen, limit = 'expert', early, f'below {_LEAST_EXPERT:g}'
    what = 'its median over the first half'
  elif mean > _MOST_EXPERT:
    side, seen, limit = 'learner', mean, f'above {_MOST_EXPERT:g}'
    what = 'its mean'
  else:
    return None
  return _starved(
    f'expert_fraction, {what}, is {seen:.2g}: batches have next to no row of '
    f"the {side}'s",
    limit,
    'expert_fraction/piecewise_linear.segments = [(0.5, 0.1, 50000), (0.1, '
    '0.01, 100000)], as in methods/hype.gin',
  )


def _without_expert_in_model(evidence: Evidence) -> Finding | None:
  """No rollout begins at the expert, nor is the model fitted to it."""
  resets = evidence.column('expert_reset_fraction')
  rows = evidence.binding('PolicyBatches.expert_fraction', 0.0)
  if resets is None or rows or np.nanmax(resets) >= _LEAST_EXPERT:
    return None
  return _starved(
    f'expert_reset_fraction is {np.nanmax(resets):.2g} at most, '
    f'PolicyBatches.expert_fraction is {rows}, expert_in_hybrid is '
    f'{evidence.binding("ModelBased.expert_in_hybrid", "not known")}: the '
    'policy hardly trains on what the expert met',
    f'below {_LEAST_EXPERT:g}',
    'Imagination.expert_reset_fraction = 0.5, as in methods/hyper.gin, and '
    'ModelBased.expert_in_hybrid = True',
  )


def _starved(seen: str, threshold: str, remedy: str) -> Finding:
  return Finding('mix starved', seen, threshold, remedy)
