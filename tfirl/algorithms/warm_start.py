"""Behaviour cloning of an agent's actor before the game begins."""

import logging
import math

from tfirl.algorithms import rounds
from tfirl.replay import tables

# Steps of one call; more would only take memory.
_MOST_STEPS_PER_ROUND = 64


def clone_expert(
  agent, replay: tables.Replay, num_steps: int, batch_size: int
) -> float:
  """Takes `num_steps` steps on the `expert` table; targets then follow.

  Args:
    agent: has `clone(Transition) -> loss`, and `initialize`, which makes its
      targets equal to its networks.
    replay: has a table `expert`.
    num_steps: gradient steps.
    batch_size: B.

  Returns: the mean loss of the last steps.

  Raises: FloatingPointError if a loss is not finite.
  """
  steps_per_round = _largest_divisor(num_steps, _MOST_STEPS_PER_ROUND)
  sampler = replay.sampler('expert', steps_per_round * batch_size)
  compiled = rounds.Rounds(
    lambda batch: {'loss': agent.clone(batch)},
    steps_per_round,
    jit_compile=False,
  )
  loss = math.nan
  for done in range(0, num_steps, steps_per_round):
    loss = float(compiled.run(sampler.sample())['loss'])
    if not math.isfinite(loss):
      raise FloatingPointError(
        f'behaviour cloning, steps {done} to {done + steps_per_round}: the '
        f'loss is {loss}; expected a finite number'
      )
  agent.initialize()
  logging.info('behaviour cloning: %d steps, loss %.4g', num_steps, loss)
  return loss


def _largest_divisor(number: int, most: int) -> int:
  return next(k for k in range(most, 0, -1) if number % k == 0)
