"""What an agent learns before the game begins: to clone, then to judge."""

import contextlib
import logging
import math
import pathlib
import time
from collections.abc import Callable, Mapping

import gin
import numpy as np

from tfirl import checks, schedules, types
from tfirl.agents import relabeling
from tfirl.algorithms.parts import cost_turns, no_cost, rounds
from tfirl.machine import progress
from tfirl.replay import tables
from tfirl.storage import policy_file

# Steps of one call; more would only take memory.
_MOST_STEPS_PER_ROUND = 64
# A policy and an agent of the same weights agree to rounding, within [-1, 1].
_COMPARED_ROWS, _SAME_ACTION = 256, 1e-3


@gin.configurable
class WarmStart:
  """What both players learn before the game begins.

  The cost's first turn is `CostTurns.first_cost_updates`.

  Args:
    init_from: folder of an earlier run, ROOT/TASK/METHOD/SEED, whose policy
      the agent starts as. It takes the place of a clone.
    bc_steps: gradient steps of behaviour cloning that the agent starts with.
    bc_anneal: let the actor's rate fall linearly to 0 over these steps, so
      that the clone does not depend on where its last steps went.
    bc_trains_critics: each of these steps trains the critics, too, on the
      same rows and the first cost's rewards; the targets follow both by
      their `tau`, as in the published runs on mazes. Without it they start
      as copies of the clone and of critics that know nothing.
    critic_steps: gradient steps of the critics alone, on expert rows, after
      the cost's first turn.
    actor_starts_at: env steps in which the actor stands still, while the
      critics learn what it is worth from its own rows, too.
    bc_scale: maps env steps to a factor of the agent's `bc_weight`, so that
      it may let go of its clone.
    bc_rows: demonstrated transitions that are worth all of `bc_weight`; of
      fewer it counts as their share, as the likelihood of N rows weighs N, and
      the agent's `clone_weight` as the rest: where no expert has been, the
      clone says what to do. None: any number is worth all of both.
    clone_is_rest: whether `clone_weight` counts as that rest; if not, any
      number of rows is worth all of it.
    clone_differences: how far a clone may be told from the expert
      (`cost_turns.Turn.difference`) to be worth all of `clone_weight`, and from
      where on it is worth nothing; linearly in between. The last turn tells it
      in which the actor stood still: without `actor_starts_at`, or with None,
      any clone is worth all.

  Raises:
    ValueError: a parameter is out of its range.
  """

  @checks.checked
  def __init__(
    self,
    *,
    init_from: str | None = None,
    bc_steps: checks.CountOrZero = 0,
    bc_anneal: bool = False,
    bc_trains_critics: bool = False,
    critic_steps: checks.CountOrZero = 0,
    actor_starts_at: checks.CountOrZero = 0,
    bc_scale: checks.Schedule = schedules.constant,
    bc_rows: checks.Count | None = None,
    clone_is_rest: bool = True,
    clone_differences: tuple[checks.Share, checks.Share] | None = None,
  ):
    """Nothing, by default."""
    checks.require(
      'WarmStart.clone_differences',
      clone_differences,
      'the lower one first',
      clone_differences is None or clone_differences[0] < clone_differences[1],
    )
    self._init_from = init_from
    self._bc_steps = bc_steps
    self._bc_anneal = bc_anneal
    self._bc_trains_critics = bc_trains_critics
    self._critic_steps = critic_steps
    self._actor_starts_at = actor_starts_at
    self._bc_scale = bc_scale
    self._bc_rows, self._clone_is_rest = bc_rows, clone_is_rest
    self._bc_share = self._clone_share = 1.0  # of rows
    self._clone_differences = clone_differences
    self._likeness, self._has_begun = 1.0, False

  def make_agent(
    self,
    make_agent: Callable,
    demos: types.Demonstrations,
    replay: tables.Replay,
    batch_size: int,
    is_new: bool,
    cost: cost_turns.CostTurns | no_cost.NoCost,
  ):
    """An agent; one of a new run starts as a policy of before, or as a clone.

    Args:
      make_agent: maps (O, A, the demonstrations' observations) to an agent.
      demos: what the table holds.
      replay: has a table `expert`, to be cloned.
      batch_size: B.
      is_new: a checkpoint brings what became of the clone.
      cost: the other player: what rewards there are for the critics.

    Raises:
      FileNotFoundError: no policy is in `init_from`.
      ValueError: that policy is none for this task and agent; the agent learns
        from rewards and `cost` gives none, or the other way round; or there is
        none for `bc_trains_critics` or `critic_steps`.
      FloatingPointError: a loss is not finite.
    """
    self._check_rewards(demos, cost)
    if self._bc_rows is not None:
      self._bc_share = min(1.0, len(demos) / self._bc_rows)
      if self._clone_is_rest:
        self._clone_share = 1.0 - self._bc_share
    agent = make_agent(*demos.sizes, demos.observations)
    _check_player(agent, cost)
    if self._init_from and is_new:
      start_from(agent, self._init_from, demos.observations)
    elif self._bc_steps and is_new:
      teacher = cost.reward_fn if self._bc_trains_critics else None
      clone_expert(
        agent, replay, self._bc_steps, batch_size, teacher, self._bc_anneal
      )
    self.set_scales(agent, 0)
    return agent

  def _check_rewards(self, demos, cost) -> None:
    """Raises ValueError where critics are to learn without a reward."""
    checks.require(
      'WarmStart.bc_trains_critics',
      self._bc_trains_critics,
      'False, for this method has no cost',
      cost.reward_fn is not None or not self._bc_trains_critics,
    )
    lacks_reward = cost.rows_have_reward and demos.rewards is None
    checks.require(
      'WarmStart.critic_steps',
      self._critic_steps,
      f'0 with make_cost = @TaskReward: {demos.source or "demonstrations"} '
      'tell no rewards',
      not (self._critic_steps and lacks_reward),
    )

  def train_critics(
    self, agent, relabeled, replay: tables.Replay, batch_size: int
  ) -> None:
    """`train_critics` of `critic_steps`."""
    if self._critic_steps:
      train_critics(agent, relabeled, replay, self._critic_steps, batch_size)

  def note_turn(self, turn: cost_turns.Turn) -> None:
    """Sees how far the cost tells the policy from the expert."""
    if self._clone_differences is not None and not self._has_begun:
      difference = turn.difference
      likeness = np.interp(difference, self._clone_differences, [1.0, 0.0])
      self._likeness = float(likeness)
      logging.info(
        'the cost tells the first policy from the expert by %.2f: as a clone '
        "it is worth %.2f of the agent's clone_weight",
        difference,
        self._clone_share * self._likeness,
      )

  def set_scales(self, agent, env_steps: int) -> None:
    """Sets how far the actor moves, and how much it keeps to the expert and to
    its clone.
    """
    self._has_begun = env_steps >= self._actor_starts_at
    agent.actor_scale.assign(float(self._has_begun))
    bc_scale = checks.scheduled(
      'WarmStart.bc_scale', self._bc_scale, env_steps, checks.NonNegative
    )
    agent.bc_scale.assign(self._bc_share * bc_scale)
    agent.clone_scale.assign(self._clone_share * self._likeness)

  def get_state(self) -> dict[str, float]:
    """All that a checkpoint must hold, JSON-able."""
    return {'likeness': self._likeness}

  def set_state(self, state: Mapping[str, float]) -> None:
    """Takes up what `get_state` gave."""
    self._likeness = state['likeness']


def _check_player(agent, cost: cost_turns.CostTurns | no_cost.NoCost) -> None:
  """Raises ValueError unless there are rewards for who learns from them, and
  none that nobody would.
  """
  needs_reward = getattr(agent, 'needs_reward', True)
  there_are = cost.reward_fn is not None or cost.rows_have_reward
  player, other = type(agent).__name__, type(cost).__name__
  if needs_reward and not there_are:
    raise ValueError(
      f'make_cost is @{other}, so no row has a reward; found make_agent = '
      f'@{player}, which learns from rewards; expected an agent that makes its '
      'own, @tfirl.IqLearnAgent, or make_cost = @CostTurns'
    )
  if there_are and not needs_reward:
    raise ValueError(
      f'make_agent is @{player}, which makes its own reward; found make_cost = '
      f'@{other}, whose rewards nobody would learn from; expected @NoCost'
    )


def start_from(agent, run: str, observations: np.ndarray) -> None:
  """The agent starts as the policy of a run.

  Args:
    agent: has `start_from(layers)` and `mlp_policy()`.
    run: the run's folder.
    observations: [N, O], on which both must act alike.

  Raises:
    FileNotFoundError, ValueError: as of `WarmStart.make_agent`.
  """
  name = f'WarmStart.init_from = {run!r}'
  try:
    earlier = policy_file.load(pathlib.Path(run) / policy_file.FILE)
    agent.start_from(earlier.unit_policy.layers)
  except (FileNotFoundError, ValueError) as error:
    raise type(error)(f'{name}: {error}') from error
  seen = observations[:_COMPARED_ROWS].astype(np.float32)
  difference = np.abs(earlier.unit_policy(seen) - agent.mlp_policy()(seen))
  if difference.max() > _SAME_ACTION:
    raise ValueError(
      f'{name}: on the demonstrations its actions differ from those of the '
      f'agent with its weights by up to {difference.max():.3g}; expected the '
      'same encoding (`make_encoding`) and demonstrations as there'
    )
  logging.info('the agent starts as the policy of %s', run)


def clone_expert(
  agent,
  replay: tables.Replay,
  num_steps: int,
  batch_size: int,
  reward_fn: relabeling.RewardFn | None = None,
  anneal: bool = False,
) -> float:
  """Takes `num_steps` steps on the `expert` table; targets follow.

  Args:
    agent: has `clone(Transition) -> loss`, a variable `actor_scale`,
      `initialize`, which makes its targets equal to its networks, and
      `reset_optimizers`.
    replay: has a table `expert`.
    num_steps: gradient steps.
    batch_size: B.
    reward_fn: trains the critics in the same steps, by the agent's
      `train_critics`; the targets then follow as in the game. None leaves the
      critics as they are.
    anneal: let the actor's rate fall linearly to 0, call by call.

  Returns: the mean loss of the last steps, the critics' included.

  Raises: FloatingPointError if a loss is not finite.
  """

  def step_of_both(batch):
    reward = reward_fn(batch.observation, batch.action)
    # The targets follow at the end of `train_critics`: after both.
    loss = agent.clone(batch)
    experience = relabeling.as_experience(batch, reward)
    return loss + agent.train_critics(experience)

  step = agent.clone if reward_fn is None else step_of_both

  def slow_down(share_done):
    agent.actor_scale.assign(1.0 - share_done)

  loss = _train_on_expert(
    'behaviour cloning',
    step,
    replay,
    num_steps,
    batch_size,
    slow_down if anneal else None,
  )
  agent.actor_scale.assign(1.0)
  if reward_fn is None:
    agent.initialize()
    # What Adam knows of a regression's last gradients, which are small, would
    # make the game's first steps several times too long.
    agent.reset_optimizers()
  else:
    agent.restart_average()
    agent.take_clone()
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


def _train_on_expert(
  what, step, replay, num_steps, batch_size, before_round=None
) -> float:
  """Args: `step` maps a Transition [B, ...] to a loss; `before_round` is told
  what share of the steps is done.
  """
  steps_per_round = _largest_divisor(num_steps, _MOST_STEPS_PER_ROUND)
  sampler = replay.sampler('expert', steps_per_round * batch_size)
  compiled = rounds.Rounds(
    lambda batch: {'loss': step(batch)}, steps_per_round, jit_compile=False
  )
  loss, started = math.nan, time.monotonic()
  with contextlib.closing(progress.ProgressBar(num_steps, 0, what)) as bar:
    for done in range(0, num_steps, steps_per_round):
      if before_round is not None:
        before_round(done / num_steps)
      loss = float(compiled.run(sampler.sample())['loss'])
      if not math.isfinite(loss):
        raise FloatingPointError(
          f'{what}, steps {done} to {done + steps_per_round}: the loss is '
          f'{loss}; expected a finite number'
        )
      bar.update(done + steps_per_round, time.monotonic() - started)
  logging.info('%s: %d steps, loss %.4g', what, num_steps, loss)
  return loss


def _largest_divisor(number: int, most: int) -> int:
  return next(k for k in range(most, 0, -1) if number % k == 0)
