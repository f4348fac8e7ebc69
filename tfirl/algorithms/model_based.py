"""Model-based hybrid inverse RL: hyper; on the task's reward: lamps, sysid.

The policy trains only inside a learned dynamics ensemble; the ensemble is
fitted to real and expert transitions alike (HyPER; Ren et al. 2024,
algorithm 3). With `make_cost = @TaskReward` it predicts the task's own reward,
too, and there is no cost (LAMPS; Vemula et al. 2023); without expert rows in
`hybrid` that is SysID.
"""

import logging
import pathlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import gin
import numpy as np

from tfirl import checks, schedules, tasks, types
from tfirl.agents import relabeling
from tfirl.algorithms import game
from tfirl.algorithms.parts import (
  came_true,
  cost_turns,
  imagination,
  learned_dynamics,
  policy_batches,
  sources,
  stopwatch,
)
from tfirl.algorithms.parts import clock as clock_lib
from tfirl.algorithms.parts import tables as algorithm_tables
from tfirl.dynamics import model_env, open_loop
from tfirl.replay import tables
from tfirl.storage import run_files


class _Seeds(NamedTuple):
  """Of what draws."""

  env: int
  actions: int
  cost: int
  model: int
  fit: int
  starts: int
  tables: int
  order: int
  end: int


@gin.configurable(
  denylist=['task', 'demos', 'seed', 'restore_from', 'make_source']
)
class ModelBased(game.Game):
  """The game between an RL agent in a learned model and a cost.

  Args:
    task: what makes the environment, and says where its episodes end.
    demos: the expert's side of the game.
    seed: of everything but Reverb's sampling.
    restore_from: a checkpoint's folder, whose tables to start with.
    make_source: maps (what makes the environment, its seeds, steps of a round)
      to what takes the real steps.
    make_agent: maps (O, A, the demonstrations' observations) to an agent.
    make_cost: maps (task, demonstrations, seed, steps of a round) to the cost
      player's turns; @TaskReward for the task's own reward.
    learning_rate_scale: maps env steps to a factor of the agent's learning
      rates.
    initial_steps: env steps of the first policy's samples, before the first fit
      and gradient step.
    steps_per_round: env steps between the policy's turns.
    policy_updates_per_step: gradient steps of the policy for each of them.
    batch_size: B.
    dynamics_update_period: env steps between rounds of imagination, each after
      a fit of the ensemble if `LearnedDynamics` says so.
    learning_rate_horizon: gradient steps in which the agent's learning rates
      fall linearly to 0, and start again at each cost update, without a cost
      never; None leaves them to `learning_rate_scale`.
    fresh_optimizer: the agent's actor and critics forget their optimisers'
      moments at each cost update.
    expert_in_hybrid: each env step brings `hybrid` an expert row, too: the
      model is fitted to a mixture.
    demos_in_hybrid: `hybrid` starts with all demonstrations, beside those that
      come to it with each env step. Without them the first fits, of a few
      thousand rows, undo what a pretrained model knew.
    stochastic: sample the actions in the environment, or take the mean.
    pretrained_model: path of the dynamics.npz that a pretrain_dynamics run
      left, to start with; or what maps (task, demonstrations, whether it is
      needed) to such a path, as @cached_pretraining does; None for random
      weights.
    jit_compile: compile the round by XLA.

  Raises:
    FileNotFoundError: there is no such pretrained model.
    ValueError: the pretrained model is of other sizes, a parameter is out of
      its range, or the task's ends are not those of `demos`.
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
    learning_rate_scale: checks.Schedule = schedules.constant,
    initial_steps: checks.Count = gin.REQUIRED,
    steps_per_round: checks.Count = gin.REQUIRED,
    policy_updates_per_step: checks.Count = gin.REQUIRED,
    batch_size: checks.Count = 256,
    dynamics_update_period: checks.Count = gin.REQUIRED,
    learning_rate_horizon: checks.Count | None = None,
    fresh_optimizer: bool = False,
    expert_in_hybrid: bool = True,
    demos_in_hybrid: bool = False,
    stochastic: bool = False,
    pretrained_model: str | game.Pretrained | None = None,
    jit_compile: bool = False,
  ):
    """Makes the environment, opens the tables, makes the model and players."""
    seeds = _Seeds(*np.random.SeedSequence(seed).generate_state(9).tolist())
    self._seed, self._learning_rate_horizon = seed, learning_rate_horizon
    self._initial_steps, self._steps_per_round = initial_steps, steps_per_round
    self._dynamics_update_period = dynamics_update_period
    self._fresh_optimizer = fresh_optimizer
    self._stochastic, self._expert_in_hybrid = stochastic, expert_in_hybrid
    self._updates_per_round = steps_per_round * policy_updates_per_step
    with self._opening() as opened:
      self._cost = opened(make_cost(task, demos, seeds.cost, steps_per_round))
      self._batches = policy_batches.PolicyBatches(batch_size, self._has_reward)
      self._open_source(make_source, task.make_env, (seeds.env,))
      self._make_model(task, demos, pretrained_model, restore_from, seeds)
      super().__init__(
        make_agent,
        self._cost,
        demos,
        np.random.default_rng(seeds.actions),
        self._open_tables(demos, restore_from, seeds, demos_in_hybrid),
        learning_rate_scale=learning_rate_scale,
        batch_size=batch_size,
        is_new=restore_from is None,
        jit_compile=jit_compile,
      )
      self._connect()

  @property
  def is_unfinished(self) -> bool:
    """Whether the latest round was stopped in its fit."""
    return self._dynamics.is_unfinished

  @property
  def _has_reward(self) -> bool:
    """Whether rows carry one, which the model then predicts."""
    return self._cost.rows_have_reward

  def _make_model(
    self,
    task,
    demos,
    pretrained: str | Callable | None,
    restore_from: str | None,
    seeds: _Seeds,
  ) -> None:
    """The ensemble, of random weights or those of `pretrained`, and what rolls
    policies out in it.
    """
    checks.require(
      'ModelBased.dynamics_update_period',
      self._dynamics_update_period,
      f'at least the {self._steps_per_round} steps of a round '
      '(steps_per_round), which imagines once at most',
      self._dynamics_update_period >= self._steps_per_round,
    )
    is_new = restore_from is None
    if callable(pretrained):
      pretrained = pretrained(task, demos, is_new)
    self._dynamics = learned_dynamics.LearnedDynamics(
      task,
      demos,
      model_seed=seeds.model,
      fit_seed=seeds.fit,
      end_seed=seeds.end,
      predicts_reward=self._has_reward,
      pretrained=pretrained if is_new else None,
    )
    self._imagination = imagination.Imagination(
      model_env.ModelEnv(self._dynamics.model, self._dynamics.is_healthy),
      self._dynamics_update_period,
      seeds.starts,
      demos,
    )

  def _open_tables(
    self, demos, restore_from: str | None, seeds: _Seeds, demos_in_hybrid: bool
  ) -> tables.Replay:
    """All four, with their writers and the expert's rows of a round."""
    updates_per_step = self._updates_per_round // self._steps_per_round
    policy_table = algorithm_tables.online_table(
      'policy',
      self._imagination.policy_rows_per_step
      + updates_per_step * self._batches.policy_rows,
      self._dynamics_update_period,
      self._initial_steps,
    )
    replay = self._opened(
      algorithm_tables.open_with_demos(
        [
          policy_table,
          algorithm_tables.read_table('hybrid'),
          *self._imagination.table_configs,
        ],
        demos,
        restore_from,
        seeds.tables,
        self._has_reward,
        mixed=['hybrid'],
      )
    )
    self._writers = replay.writer('policy'), replay.writer('hybrid')
    if demos_in_hybrid and restore_from is None:
      rows = algorithm_tables.rows_of(demos, self._has_reward)
      self._writers[1].append(algorithm_tables.shuffled(rows, seeds.order))
    self._expert_sampler = replay.sampler('expert', self._steps_per_round)
    return replay

  def _connect(self) -> None:
    """Opens what a round of updates reads, and begins what it tells."""
    self._stopwatch = stopwatch.Stopwatch()
    self._open_loop = open_loop.OpenLoop(self._dynamics.model)
    self._batches.connect(
      self._replay,
      self._imagination,
      self._updates_per_round,
      self._agent.uses_expert_rows,
    )

  def run_round(self) -> None:
    """Acts; fits the model and imagines when due; trains policy and cost."""
    before, updates = self.clock.env_steps, self.clock.updates
    goes_on = self.is_unfinished  # a round whose fit was stopped: it has acted
    if not goes_on:
      with self._stopwatch.time('act'):
        self._act()
    if self.clock.env_steps < self._initial_steps:
      return
    if before < self._initial_steps:
      with self._stopwatch.time('open'):
        self._open_game()
    if goes_on or self._is_imagination_due(before):
      if self._dynamics.is_due(self.clock.env_steps):
        with self._stopwatch.time('fit'):
          self._fit()
      if self.is_unfinished:
        return  # the run is to stop
      with self._stopwatch.time('imagine'):
        self._imagine()
    with self._stopwatch.time('update'):
      self._train_policy()
    if self._cost.is_due(updates, self.clock.updates):
      with self._stopwatch.time('cost'):
        self._update_cost()
    self.losses.update(self._stopwatch.columns())

  def trackables(self) -> Mapping[str, Any]:
    """What a checkpoint must hold, besides the tables."""
    return {
      **super().trackables(),
      **self._dynamics.trackables(),
    }

  def table_sizes(self) -> Mapping[str, int]:
    """Rows in each table."""
    return self._imagination.table_sizes(super().table_sizes())

  def write_records(self, folder: pathlib.Path) -> None:
    """Besides a maze's: held_out_demos.npy, once there was a fit."""
    super().write_records(folder)
    self._dynamics.write_records(folder)

  def finish(self, folder: pathlib.Path) -> None:
    """Writes rollouts.npz: the cost's latest episodes of the learner, and what
    the model makes of them.
    """
    path = folder / run_files.ROLLOUTS
    rows = self._cost.latest
    if rows is None:  # the run was over before, or did nothing
      return
    comparison = self._open_loop.compare(
      rows, np.random.default_rng(self._seed)
    )
    if comparison is None:
      logging.warning('no episode is long enough for a picture of rollouts')
    else:
      comparison.save(str(path))

  def _is_imagination_due(self, before: int) -> bool:
    now = self.clock.env_steps
    is_first = before < self._initial_steps
    return is_first or clock_lib.crosses(
      self._dynamics_update_period, before, now
    )

  def _act(self) -> None:
    """Real steps to `policy` and to `hybrid`, there beside as many expert rows
    if it is to have any.
    """
    is_initial = self.clock.env_steps < self._initial_steps
    rows = self._collect(self._rng if self._stochastic or is_initial else None)
    if not self._has_reward:
      rows = rows.transition
    policy_writer, hybrid_writer = self._writers
    policy_writer.append(rows)
    hybrid_writer.append(rows)
    if self._expert_in_hybrid:
      expert = self._expert_sampler.sample()
      hybrid_writer.append(type(rows)(*(f.numpy() for f in expert)))

  def _fit(self) -> None:
    numbers = self._dynamics.fit(
      self._replay.read('hybrid'), self.clock.env_steps, self.tell
    )
    self.losses.update(numbers)

  def _imagine(self) -> None:
    numbers = self._imagination.imagine(
      self._agent.sample_actions, self.clock.env_steps
    )
    self.losses.update(numbers)

  def _imagined(self) -> Mapping[str, np.ndarray]:
    return self._imagination.picture(self._agent.sample_actions)

  def _train_policy(self) -> None:
    factor = 1.0
    if self._learning_rate_horizon is not None:
      since = self.clock.updates % self._cost.cost_update_period
      factor = max(0.0, 1.0 - since / self._learning_rate_horizon)
    self._set_rates(factor)
    self._train(self._batches.sample())

  def _update_cost(self) -> None:
    """A cost turn; its real episodes also show how far the model can see."""
    turn = self._cost.play(self.policy)
    self._note_turn(turn)
    if self._fresh_optimizer:
      self._agent.reset_optimizers()
    self.losses['real_terminal'] = float(np.mean(turn.learner.discount == 0.0))
    errors = self._open_loop.errors(turn.learner, self._rng)
    self.losses.update(errors.columns())
    self.losses.update(
      came_true.of_successors(self._agent, self._dynamics.model, turn.learner)
    )

  def _train_step(self, rows):
    """Args: `rows` of a batch by their source."""
    experience = relabeling.as_experience(self._batches.mix(rows))
    info = self._relabeled.train(experience, expert=rows.get('expert'))
    return self._agent.named_losses(info)

  def _get_state(self) -> dict[str, Any]:
    return {
      **super()._get_state(),
      **self._dynamics.get_state(),
      'imagination': self._imagination.get_state(),
      'seconds': self._stopwatch.seconds,
    }

  def _set_state(self, state: Mapping[str, Any]) -> None:
    super()._set_state(state)
    self._dynamics.set_state(state)
    self._imagination.set_state(state['imagination'])
    self._stopwatch = stopwatch.Stopwatch(state['seconds'])
