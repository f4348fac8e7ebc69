"""Of the policy and its critics."""

import math

import numpy as np

from tfirl.diagnosis.evidence import Evidence
from tfirl.diagnosis.finding import Finding

# How many times what rewards can add up to a value may be, and how many times
# what a step pays its error. Runs that learn have errors of 1 to 3.
_MOST_Q, _MOST_ERROR = 2.0, 10.0
_MANY_ACTIONS = 20  # where their number is not known
# Of an action's dimension: a uniform policy's entropy is log 2 = 0.69, what SAC
# aims at is -1, a deviation of 0.005 has -4.
_RANDOM_ENTROPY, _SURE_ENTROPY = 0.5, -4.0
_SHORT, _MORE_TERMINALS, _MOSTLY = 0.5, 0.5, 0.5
_BELOW_TRAINING = _BELOW_MEAN = 0.3
_FALL, _MEDIAN_OF = 0.4, 3


def q_exploding(evidence: Evidence) -> Finding | None:
  """Values, or their errors, beyond all that rewards can add up to."""
  rewards = evidence.column('largest_reward')
  gamma = evidence.binding(evidence.of_agent('gamma'))
  if rewards is None or not isinstance(gamma, float):
    return None
  found = _too_large(evidence, gamma) or _too_wrong(evidence)
  if found is None:
    return None
  return Finding(
    'Q exploding',
    *found,
    f'{evidence.shown(evidence.of_agent("critic_layer_norm"), "True helps")}, '
    f'a smaller {evidence.shown(evidence.of_agent("tau"))}, a smaller '
    f'{evidence.shown(evidence.of_agent("gamma"))}, a lower '
    f'{evidence.shown(evidence.of_agent("learning_rate"))}, fewer updates a '
    'step',
  )


def _too_large(evidence: Evidence, gamma: float) -> tuple[str, str] | None:
  values = evidence.column('q_mean')
  if values is None:
    return None
  most = _largest_payment(evidence) / max(1.0 - gamma, 1e-9)
  ratio = np.nan_to_num(np.abs(values) / np.maximum(most, 1e-9))
  row = int(np.argmax(ratio))
  if ratio[row] <= _MOST_Q:
    return None
  return (
    f'q_mean {values[row]:.3g} at step {evidence.run.steps[row]:,.0f}, where '
    f'rewards and entropy can add up to {most[row]:.3g} by then',
    f'above {_MOST_Q:g} times what the largest reward adds up to, '
    '1 / (1 - gamma) of it',
  )


def _too_wrong(evidence: Evidence) -> tuple[str, str] | None:
  """Their targets run away from them."""
  squares = evidence.late('critic_loss')
  if squares is None:
    return None
  payment = evidence.late_of(_largest_payment(evidence)).value
  error = squares.value**0.5
  if error <= _MOST_ERROR * max(payment, 1e-9):
    return None
  return (
    f'critic_loss {squares}: values are off by {error:.3g}, where a step pays '
    f'{payment:.3g} at most',
    f'above {_MOST_ERROR:g} times the most that a step pays',
  )


def _largest_payment(evidence: Evidence) -> np.ndarray:
  """The most that a step paid until then, the entropy of SAC included, [T]."""
  paid = evidence.column('largest_reward')
  alpha, entropy = evidence.column('alpha'), evidence.column('entropy')
  if alpha is not None and entropy is not None:
    num_actions = evidence.demos.get('action_size') or _MANY_ACTIONS
    paid = paid + np.abs(alpha * entropy) * num_actions
  # The level of a reward moves: a value may be of an earlier one.
  return np.fmax.accumulate(np.nan_to_num(paid))


def policy_random(evidence: Evidence) -> Finding | None:
  """Its actions are as good as uniform: the temperature is all that counts."""
  entropy = evidence.late('entropy')
  if entropy is None:
    return None
  if entropy.value <= _RANDOM_ENTROPY:
    return None
  alpha = evidence.late('alpha')
  return Finding(
    'policy random',
    f'entropy {entropy} a dimension of the action, where a uniform policy has '
    f'{math.log(2):.2f} and the goal is -1; alpha is '
    f'{"not known" if alpha is None else alpha}',
    f'above {_RANDOM_ENTROPY:g}',
    'a smaller temperature: '
    f'{evidence.shown("tfirl.SacAgent.fixed_alpha", "0.001 is cold")} or '
    f'{evidence.shown("tfirl.SacAgent.initial_alpha")}; or a higher learning '
    'rate',
  )


def policy_frozen(evidence: Evidence) -> Finding | None:
  """Too sure of itself to try anything, or the same from first to last."""
  returns = evidence.column('eval_return_mean')
  if evidence.num_trained >= 3 and _is_constant(evidence, returns[1:]):
    return Finding(
      'policy frozen',
      f'eval_return_mean is {returns[-1]:.5g} at each of {len(returns) - 1} '
      'evaluations, which are on the same episodes: the policy does not change',
      'no change at all',
      f'a higher {evidence.shown(evidence.of_agent("learning_rate"))}; a '
      'learning_rate_scale, or a WarmStart.actor_starts_at, that does not hold '
      'it still',
    )
  entropy = evidence.late('entropy')
  if entropy is None or entropy.value >= _SURE_ENTROPY:
    return None
  return Finding(
    'policy frozen',
    f'entropy {entropy} a dimension of the action: it tries nothing',
    f'below {_SURE_ENTROPY:g}',
    f'a larger {evidence.shown("tfirl.SacAgent.fixed_alpha")}, or None to '
    'learn it; a larger tfirl.SacAgent.clone_std',
  )


def _is_constant(evidence: Evidence, returns: np.ndarray) -> bool:
  """Whether the policy's returns are the same each time, as those of one that
  changes are not; but those of failures may be, where only success pays.
  """
  success = evidence.column('eval_success')
  has_failed = success is not None and not np.nanmax(success)
  return not np.ptp(returns) and not has_failed


def never_trained(evidence: Evidence) -> Finding | None:
  """A finished run of no gradient step."""
  if evidence.run is None or not evidence.is_complete or evidence.num_trained:
    return None
  first = {
    name: evidence.binding(name)
    for name in ('ModelFree.initial_steps', 'ModelBased.initial_steps')
    if evidence.binding(name) is not None
  }
  said = ' and '.join(f'{name} = {value}' for name, value in first.items())
  return Finding(
    'never trained',
    f'0 updates in {evidence.run.steps[-1]:,.0f} steps'
    + (f', with {said}' if said else ''),
    'none at all',
    'a larger run.real_steps, or fewer initial_steps',
  )


def ends_early(evidence: Evidence) -> Finding | None:
  """Episodes are much shorter than the expert's, by their end or the clock."""
  theirs = evidence.demos.get('mean_length')
  if _is_goal_reached_by_end(evidence):
    return None
  length = evidence.late('training_length') or evidence.late('eval_length')
  if theirs is None or length is None:
    return _ends_by_level(evidence)
  share = length.value / theirs
  if share >= _SHORT:
    return None
  ended = evidence.late('training_terminated')
  is_clock = ended is not None and ended.value < _MORE_TERMINALS
  remedy = _LONGER_CLOCK if is_clock else _LIVE
  by = 'not known' if ended is None else f'{ended.value:.0%} of them'
  return Finding(
    'episodes end early',
    f"the learner's episodes have a length of {length}, {share:.0%} of the "
    f"demonstrations' {theirs:.4g}; ended by a terminal: {by}",
    f'below {_SHORT:.0%}',
    remedy,
    is_symptom=not is_clock,
  )


_LONGER_CLOCK = (
  'the clock ends them: Task.max_episode_steps, and the time limit of '
  'Task.env_id, as long as the demonstrations'
)
_LIVE = (
  'CostLearner.make_level = @AbsorbingLevel with a larger AbsorbingLevel.most '
  'or .rate, so that living pays; the bounds in which the environment lets an '
  'episode live (Task.env_kwargs); WarmStart.bc_steps'
)


def _ends_by_level(evidence: Evidence) -> Finding | None:
  """By what the level of the reward counted, of runs that say no lengths."""
  ours = evidence.late('cost_ended_learner')
  theirs = evidence.late('cost_ended_expert')
  if ours is None or theirs is None:
    return None
  if ours.value - theirs.value <= _MORE_TERMINALS:
    return None
  return Finding(
    'episodes end early',
    f'cost_ended_learner {ours}, where the expert has {theirs.value:.2g}',
    f'more than {_MORE_TERMINALS:g} apart',
    _LIVE,
    is_symptom=True,
  )


def _is_goal_reached_by_end(evidence: Evidence) -> bool:
  """Whether an early end is what is wanted, as in a maze: the learner mostly
  succeeds or, where no success is known of, the expert's episodes end so.
  """
  success = evidence.late('eval_success')
  if success is not None:
    return success.value >= _MOSTLY
  return (evidence.demos.get('terminated') or 0.0) > _MOSTLY


def below_training(evidence: Evidence) -> Finding | None:
  """Evaluations are worth much less than training's own episodes."""
  training = evidence.score_of('training_return')
  evaluated = evidence.score_of('eval_return_mean')
  if training is None:
    return None
  if training - evaluated <= _BELOW_TRAINING:
    return None
  said = evidence.late('training_return')
  noise = 'tfirl.SacAgent.fixed_alpha'
  if evidence.is_of_td3:
    noise = 'Td3BcAgent.exploration_noise'
  return Finding(
    'evaluation below training',
    f'training_return {said}, eval_return_mean '
    f'{evidence.late("eval_return_mean")}: normalised {training:.2f} and '
    f'{evaluated:.2f}',
    f'more than {_BELOW_TRAINING:g} apart, normalised',
    'run.eval_stochastic = True if samples are what is right, and their mean '
    f'is not (a smaller {noise} then brings them together); whether '
    'evaluations meet other starts than training (ExpertReset.reset_prob)',
  )


def samples_below_mean(evidence: Evidence) -> Finding | None:
  """In HyPER the samples that act failed before the mean action did: from then
  on cost and model see failures alone.
  """
  if evidence.binding('ModelBased.stochastic') is not True:
    return None
  training = evidence.column('training_return')
  evaluated = evidence.column('eval_return_mean')
  scale = evidence.scale()
  if training is None or evaluated is None or scale is None:
    return None
  is_played = ~np.isnan(training) & ~np.isnan(evaluated)
  if is_played.sum() < _MEDIAN_OF:
    return None
  pairs = np.stack([training, evaluated])[:, is_played]
  medians = np.median(_windows(pairs), axis=2)
  behind = (medians[1] - medians[0]) / (scale[1] - scale[0])
  worst = int(np.argmax(behind))
  if behind[worst] <= _BELOW_MEAN:
    return None
  step = evidence.run.steps[is_played][worst + _MEDIAN_OF - 1]
  return Finding(
    'samples below their mean',
    f'training_return {medians[0, worst]:.4g}, of samples, at step {step:,.0f} '
    f'(median of {_MEDIAN_OF} evaluations), eval_return_mean '
    f'{medians[1, worst]:.4g}: what is learned from is of a policy that fails',
    f'more than {_BELOW_MEAN:g} apart, normalised',
    'ModelBased.stochastic = False acts by the mean, and samples in the model '
    f'alone; a smaller {evidence.shown("tfirl.SacAgent.target_entropy")}',
  )


def _windows(values: np.ndarray) -> np.ndarray:
  """[..., T - 2, 3] of [..., T]."""
  return np.lib.stride_tricks.sliding_window_view(values, _MEDIAN_OF, axis=-1)


def fell(evidence: Evidence) -> Finding | None:
  """It was good once."""
  scores = evidence.scores
  if scores is None or len(scores) < 2 * _MEDIAN_OF:
    return None
  medians = np.median(_windows(scores), axis=1)
  best = int(np.argmax(medians))
  if medians[best] - evidence.score <= _FALL:
    return None
  step = evidence.run.steps[best + _MEDIAN_OF - 1]
  return Finding(
    'return fell',
    f'the {evidence.score_name} was {medians[best]:.2f} at step {step:,.0f} '
    f'(median of {_MEDIAN_OF} evaluations), and is {evidence.score:.2f}',
    f'a fall of more than {_FALL:g}',
    'run.keep_best = True keeps the best policy; a learning_rate_scale that '
    'falls; an expert_fraction that stays; critics that know something before '
    'the actor moves (WarmStart.critic_steps, WarmStart.actor_starts_at)'
    f'{_hold(evidence)}',
    is_symptom=True,
  )


def _hold(evidence: Evidence) -> str:
  """What would hold a clone that was let go, after other remedies."""
  held = evidence.late('clone_weight')
  if held is None or held.value > 0.0:
    return ''
  return (
    f'; as clone_weight is {held}, WarmStart.clone_is_rest = False and '
    'WarmStart.clone_differences = None, which hold it to its clone in every '
    'state'
  )
