"""Model-free inverse RL: mm, bc_reg, filter, hype and its kind, iq_learn.

One class, told apart by gin: `expert_fraction` (hype), `ExpertReset.reset_prob`
(filter), `bc_weight` of the agent (bc_reg); with all of them off it is mm
(Swamy et al. 2021, 2023; Ren et al. 2024, algorithm 2). An agent that makes
its own reward plays `make_cost = @NoCost` (iq_learn; Garg et al. 2021).
"""

import functools
import math
from collections.abc import Callable

import gin
import numpy as np
import tensorflow as tf

from tfirl import checks, schedules, tasks, types
from tfirl.agents import relabeling
from tfirl.algorithms import game
from tfirl.algorithms.parts import cost_turns, sources
from tfirl.algorithms.parts import tables as algorithm_tables
from tfirl.envs import wrappers
from tfirl.machine import closing
from tfirl.replay import sampling, tables


@gin.configurable(
  denylist=['task', 'demos', 'seed', 'restore_from', 'make_source']
)
class ModelFree(game.Game):
  """The game between an off-policy RL agent and a cost.

  Args:
    task: what makes the environment.
    demos: the expert's side of the game.
    seed: of everything but Reverb's sampling.
    restore_from: a checkpoint's folder, whose tables to start with.
    make_source: maps (what makes the environment, its seeds, steps of a round)
      to what takes the real steps.
    make_agent: maps (O, A, the demonstrations' observations) to an agent.
    make_cost: maps (task, demonstrations, seed, steps of a round) to the cost
      player's turns; @NoCost for none.
    expert_fraction: share of expert rows in a policy batch, or what maps
      gradient steps (an array) to it; None mixes none in.
    learning_rate_scale: maps env steps to a factor of the agent's learning
      rate.
    steps_per_round: env steps of a round.
    updates_per_step: gradient steps for each of them.
    batch_size: B.
    initial_steps: env steps before the first gradient step.
    stochastic: sample the actions in the environment, after the initial steps,
      in which they always are, or take the mean.
    anneal_learning_rate: let the learning rate fall linearly to 0 from one cost
      update to the next as well, as in the published runs of SAC.
    jit_compile: compile the round by XLA.
  """

  @checks.checked
  def __init__(
    self,
    task: tasks.Task,
    demos: types.Demonstrations,
    seed: int,
    restore_from: str | None = None,
    *,
    make_source: Callable = sources.OwnEnvironment,
    make_agent: game.MakeAgent = gin.REQUIRED,
    make_cost: game.MakeCost = cost_turns.CostTurns,
    expert_fraction: checks.Share | checks.Schedule | None = None,
    learning_rate_scale: checks.Schedule = schedules.constant,
    steps_per_round: checks.Count = 64,
    updates_per_step: checks.Count = 1,
    batch_size: checks.Count = 256,
    initial_steps: checks.Count = 1024,
    stochastic: bool = True,
    anneal_learning_rate: bool = False,
    jit_compile: bool = False,
  ):
    """Makes the environment, opens the tables, makes both players."""
    env_seed, reset_seed, actions_seed, cost_seed, tables_seed = (
      np.random.SeedSequence(seed).generate_state(5).tolist()
    )
    self._expert_fraction, self._initial_steps = expert_fraction, initial_steps
    self._stochastic = stochastic
    self._anneal_learning_rate = anneal_learning_rate
    self._steps_per_round = steps_per_round
    self._updates_per_round = steps_per_round * updates_per_step
    rows_per_step = updates_per_step * batch_size
    make_env = functools.partial(_make_env, task, demos)
    with self._opening() as opened:
      replay = self._open_tables(
        demos, rows_per_step, restore_from, tables_seed
      )
      cost = opened(make_cost(task, demos, cost_seed, steps_per_round))
      self._open_source(make_source, make_env, (env_seed, reset_seed))
      super().__init__(
        make_agent,
        _checked(cost, anneal_learning_rate),
        demos,
        np.random.default_rng(actions_seed),
        replay,
        learning_rate_scale=learning_rate_scale,
        batch_size=batch_size,
        is_new=restore_from is None,
        jit_compile=jit_compile,
      )
      self.losses['expert_fraction'] = float(self._fractions()[0])

  def _open_tables(
    self,
    demos: types.Demonstrations,
    rows_per_step: int,
    restore_from: str | None,
    seed: int,
  ) -> tables.Replay:
    """Both, with what writes and reads them."""
    policy_table = algorithm_tables.online_table(
      'policy', rows_per_step, self._steps_per_round, self._initial_steps
    )
    replay = self._opened(
      algorithm_tables.open_with_demos(
        [policy_table], demos, restore_from, seed
      )
    )
    rows_per_round = self._steps_per_round * rows_per_step
    self._writer = replay.writer('policy')
    self._learner_sampler = replay.sampler('policy', rows_per_round)
    self._expert_sampler = replay.sampler('expert', rows_per_round)
    return replay

  def run_round(self) -> None:
    """Collects, trains the policy as often, and the cost when it is due."""
    before = self.clock.env_steps
    samples = self._stochastic or before < self._initial_steps
    rows = self._collect(self._rng if samples else None)
    self._writer.append(rows.transition)
    if before < self._initial_steps <= self.clock.env_steps:
      self._open_game()
    if self.clock.env_steps >= self._initial_steps:
      self._train_policy(before)
    if self._cost.is_due(before, self.clock.env_steps):
      self._note_turn(self._cost.play(self.policy))

  def _fractions(self) -> np.ndarray:
    """Share of expert rows at each gradient step of the next round, [G]."""
    updates = self.clock.updates + np.arange(self._updates_per_round)
    fraction = self._expert_fraction or 0.0
    if callable(fraction):
      fraction = np.asarray(fraction(updates), np.float64)
      for end in (fraction.min(), fraction.max()):
        checks.within('ModelFree.expert_fraction', end, checks.Share)
    return np.full(len(updates), fraction, np.float32)

  def _train_policy(self, before: int) -> None:
    """Args: `before` are the env steps taken before the round."""
    period = self._cost.cost_update_period
    self._set_rates(
      1.0 - before % period / period if self._anneal_learning_rate else 1.0
    )
    fractions = self._fractions()
    self._train(
      self._learner_sampler.sample(),
      self._expert_sampler.sample(),
      tf.constant(fractions),
    )
    self.losses['expert_fraction'] = float(fractions[-1])

  def _train_step(self, learner, expert, fraction):
    batch = sampling.mix(learner, expert, tf.squeeze(fraction))
    info = self._relabeled.train(relabeling.as_experience(batch), expert=expert)
    return self._agent.named_losses(info)


def _make_env(
  task: tasks.Task, demos: types.Demonstrations, seed: int, reset_seed: int
) -> wrappers.ExpertReset:
  with closing.on_error(task.make_env(seed)) as env:
    return wrappers.ExpertReset(env, demos, seed=reset_seed)


def _checked(cost, anneals: bool):
  """`cost`; raises ValueError if it needs rewards of rows, or if the learning
  rate is to fall from one of its turns to the next and none comes.
  """
  checks.require(
    'ModelFree.make_cost',
    f'@{type(cost).__name__}',
    "@CostTurns or @NoCost: ModelFree's rows have no reward",
    not cost.rows_have_reward,
  )
  checks.require(
    'ModelFree.anneal_learning_rate',
    anneals,
    f'False, as make_cost = @{type(cost).__name__} has no turns',
    math.isfinite(cost.cost_update_period) or not anneals,
  )
  return cost
