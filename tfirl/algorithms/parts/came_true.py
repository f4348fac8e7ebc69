"""What the critics say of the learner's steps, beside what was the case."""

import numpy as np

from tfirl import types
from tfirl.agents import relabeling
from tfirl.costs import episode_rows

# What a cut episode would still have paid, as a share of what it paid.
_LEFT_OUT = 0.05


def values(
  agent, reward_fn: relabeling.RewardFn, rows: episode_rows.EpisodeRows
) -> dict[str, float]:
  """Means over steps whose discounted sum is known, under today's cost.

  That is so for the steps of an episode that terminated, and for those with so
  many steps after them that what follows adds less than a twentieth. The sum is
  of the cost's rewards alone: of SAC's values, entropy is a part besides.

  Args:
    agent: has `gamma` and `values(observation, action)` [B].
    reward_fn: maps observation [B, O], action [B, A] to rewards [B].
    rows: the learner's, in the order they were made, [N, ...].

  Returns: `value_predicted` and `value_came_true`; nothing if no step is known.
  """
  paid = np.asarray(reward_fn(rows.observation, rows.action))
  sums, is_known = discounted_sums(
    paid, rows.discount, rows.time, float(agent.gamma)
  )
  if not is_known.any():
    return {}
  predicted = agent.values(
    rows.observation[is_known], rows.action[is_known]
  ).numpy()
  return {
    'value_predicted': float(predicted.mean()),
    'value_came_true': float(sums[is_known].mean()),
  }


def of_successors(agent, model, rows: types.Transition) -> dict[str, float]:
  """Means over the steps that ended no episode: what the critics say of the
  states they led to, and of those that the model says they would have.

  Critics that learn from the model alone are off by the difference at each
  step: by gamma / (1 - gamma) of it in the end.

  Args:
    agent: has `values(observation, action)` [B], `sample_actions(observation)`.
    model: has `sample_next(observation, action)` [B, O].
    rows: the learner's, [N, ...].

  Returns: `value_successor` and `value_imagined`; nothing if all are ends.
  """
  goes_on = np.asarray(rows.discount) > 0.0
  if not goes_on.any():
    return {}
  observation, action, real = (
    np.asarray(field)[goes_on]
    for field in (rows.observation, rows.action, rows.next_observation)
  )
  imagined = model.sample_next(observation, action)

  def value(state) -> float:
    return float(np.mean(agent.values(state, agent.sample_actions(state))))

  return {'value_successor': value(real), 'value_imagined': value(imagined)}


def discounted_sums(
  reward: np.ndarray, discount: np.ndarray, time: np.ndarray, gamma: float
) -> tuple[np.ndarray, np.ndarray]:
  """sum_k gamma^k r_{t+k} until an episode's end, or until it is cut.

  Args:
    reward: [N].
    discount: [N], 0 where an episode terminated.
    time: [N], how many steps into its episode a row lies.
    gamma: in [0, 1].

  Returns: the sums [N], and whether each is known [N]: at least 1 - gamma^k of
    an endless one, with k steps there, is.
  """
  sums = np.zeros(len(reward))
  is_known = np.zeros(len(reward), bool)
  total, weight = 0.0, 1.0  # of what is after this row; gamma^k of it
  for row in reversed(range(len(reward))):
    goes_on = row + 1 < len(time) and time[row + 1] == time[row] + 1
    if not goes_on:
      total, weight = 0.0, 1.0
    if discount[row] == 0.0:
      total, weight = 0.0, 0.0
    total = float(reward[row]) + gamma * total
    weight *= gamma
    sums[row] = total
    is_known[row] = weight <= _LEFT_OUT
  return sums, is_known
