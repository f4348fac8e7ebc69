"""What an agent learns before the game begins: to clone, then to judge."""

import logging
import math
from collections.abc import Callable

import gin

from tfirl import checks, schedules, types
from tfirl.agents import relabeling
from tfirl.algorithms.parts import rounds
from tfirl.replay import tables

# Steps of one call; more would only take memory.
_MOST_STEPS_PER_ROUND = 64


@gin.configurable
class WarmStart:
  """What both players learn before the game begins.

  The cost's first turn is `CostTurns.first_cost_updates`.
  """

  @checks.checked
  def __init__(
    self,
    *,
    bc_steps: checks.CountOrZero = 0,
    critic_steps: checks.CountOrZero = 0,
    bc_scale: Callable = schedules.constant,
  ):
    """Nothing, by default.

    Args:
      bc_steps: gradient steps of behaviour cloning that the agent starts with.
      critic_steps: gradient steps of the critics alone, on expert rows, after
        the cost's first turn.
      bc_scale: maps env steps to a factor of the agent's `bc_weight`, so that
        it may let go of its clone.
    """
    self._bc_steps = bc_steps
    self._critic_steps = critic_steps
    self._bc_scale = bc_scale

  def make_agent(
    self,
    make_agent: Callable,
    demos: types.Demonstrations,
    replay: tables.Replay,
    batch_size: int,
    is_new: bool,
  ):
    """An agent; one of a new run has cloned the `expert` table.

    Args:
      make_agent: maps (O, A, the demonstrations' observations) to an agent.
      demos: what the table holds.
      replay: has the table.
      batch_size: B.
      is_new: a checkpoint brings what became of the clone.

    Raises: FloatingPointError if a loss is not finite.
    """
    sizes = demos.observations.shape[1], demos.actions.shape[1]
    agent = make_agent(*sizes, demos.observations)
    if self._bc_steps and is_new:
      clone_expert(agent, replay, self._bc_steps, batch_size)
    self.scale_cloning(agent, 0)
    return agent

  def train_critics(
    self, agent, relabeled, replay: tables.Replay, batch_size: int
  ) -> None:
    """`train_critics` of `critic_steps`."""
    if self._critic_steps:
      train_critics(agent, relabeled, replay, self._critic_steps, batch_size)

  def scale_cloning(self, agent, env_steps: int) -> None:
    """Sets how much the agent keeps to the expert's actions."""
    agent.bc_scale.assign(float(self._bc_scale(env_steps)))


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
  loss = _train_on_expert(
    'behaviour cloning', agent.clone, replay, num_steps, batch_size
  )
  agent.initialize()
  return loss


def train_critics(
  agent, relabeled, replay: tables.Replay, num_steps: int, batch_size: int
) -> float:
  """Takes `num_steps` steps of the critics alone, on the `expert` table.

  They learn what the actor is worth to the cost as it is now, so that the first
  steps of the game don't follow critics which know nothing.

  Args:
    agent: has a variable `actor_scale`.
    relabeled: trains `agent` on rewards of the cost.
    replay, num_steps, batch_size: as of `clone_expert`.

  Returns: the mean loss of the last steps.

  Raises: FloatingPointError if a loss is not finite.
  """

  def step(batch):
    experience = relabeling.as_experience(batch)
    info = relabeled.train(experience, expert=batch)
    return agent.named_losses(info)['critic_loss']

  agent.actor_scale.assign(0.0)
  loss = _train_on_expert(
    'training of the critics', step, replay, num_steps, batch_size
  )
  agent.actor_scale.assign(1.0)
  return loss


def _train_on_expert(what, step, replay, num_steps, batch_size) -> float:
  """Args: `step` maps a Transition [B, ...] to a loss."""
  steps_per_round = _largest_divisor(num_steps, _MOST_STEPS_PER_ROUND)
  sampler = replay.sampler('expert', steps_per_round * batch_size)
  compiled = rounds.Rounds(
    lambda batch: {'loss': step(batch)}, steps_per_round, jit_compile=False
  )
  loss = math.nan
  for done in range(0, num_steps, steps_per_round):
    loss = float(compiled.run(sampler.sample())['loss'])
    if not math.isfinite(loss):
      raise FloatingPointError(
        f'{what}, steps {done} to {done + steps_per_round}: the loss is '
        f'{loss}; expected a finite number'
      )
  logging.info('%s: %d steps, loss %.4g', what, num_steps, loss)
  return loss


def _largest_divisor(number: int, most: int) -> int:
  return next(k for k in range(most, 0, -1) if number % k == 0)
