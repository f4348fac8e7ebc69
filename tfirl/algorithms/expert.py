"""Off-policy RL of the true reward makes experts (Haarnoja et al. 2018)."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import gin
import numpy as np

from tfirl import checks, schedules, tasks, types
from tfirl.agents import relabeling
from tfirl.algorithms import algorithm
from tfirl.algorithms.parts import maze_record, sources
from tfirl.algorithms.parts import tables as algorithm_tables
from tfirl.replay import tables

_MakeAgent = Annotated[
  Callable,
  checks.Called(
    'called with O and A for an agent, such as @tfirl.SacAgent',
    2,
    has=('clone',),
  ),
]


@gin.configurable(denylist=['task', 'demos', 'seed', 'restore_from'])
class Expert(algorithm.Algorithm):
  """Off-policy RL of the true reward.

  Args:
    task: what makes the environment.
    demos: not used: an expert learns from no one.
    seed: of everything but Reverb's sampling.
    restore_from: a checkpoint's folder, whose table to start with.
    make_agent: maps (O, A) to an agent.
    steps_per_round: env steps of a round.
    steps_per_update: env steps for each gradient step; a divisor of
      `steps_per_round`.
    batch_size: B.
    initial_steps: env steps, by uniformly random actions, before the first
      gradient step.
    learning_rate_scale: maps env steps to a factor of the agent's rates. One
      that falls in the end lets the policy come to rest.
    jit_compile: compile the round by XLA.

  Raises:
    ValueError: a parameter is out of its range, or `steps_per_update` does not
      divide `steps_per_round`.
  """

  learns_from_demos = False

  @checks.checked
  def __init__(
    self,
    task: tasks.Task,
    demos: types.Demonstrations | None,
    seed: int,
    restore_from: str | None = None,
    *,
    make_agent: _MakeAgent = gin.REQUIRED,
    steps_per_round: checks.Count = 64,
    steps_per_update: checks.Count = 1,
    batch_size: checks.Count = 256,
    initial_steps: checks.Count = 10_000,
    learning_rate_scale: checks.Schedule = schedules.constant,
    jit_compile: bool = False,
  ):
    """Builds the environment, the table and the agent."""
    del demos
    checks.require(
      'Expert.steps_per_update',
      steps_per_update,
      f'a divisor of Expert.steps_per_round, which is {steps_per_round}',
      steps_per_round % steps_per_update == 0,
    )
    updates_per_round = steps_per_round // steps_per_update
    seeds = np.random.SeedSequence(seed).generate_state(3).tolist()
    env_seed, actions_seed, table_seed = seeds
    self._rng = np.random.default_rng(actions_seed)
    self._initial_steps = initial_steps
    self._learning_rate_scale = learning_rate_scale
    table = algorithm_tables.online_table(
      'policy', batch_size / steps_per_update, steps_per_round, initial_steps
    )
    with self._opening() as opened:
      self._source = opened(
        sources.OwnEnvironment(task.make_env, (env_seed,), steps_per_round)
      )
      env = self._source.env
      sizes = env.observation_spec().shape[0], env.action_spec().shape[0]
      spec = algorithm_tables.transition_spec(*sizes, has_reward=True)
      replay = opened(tables.Replay([table], spec, restore_from, table_seed))
      self._writer = replay.writer('policy')
      self._sampler = replay.sampler('policy', updates_per_round * batch_size)
      agent, record = make_agent(*sizes), maze_record.of(env)
      super().__init__(agent, replay, updates_per_round, jit_compile, record)
      self._set_rates()

  def run_round(self) -> None:
    """Collects, then trains."""
    is_initial = self.clock.env_steps < self._initial_steps
    steps = self._source.take(
      self._random_action if is_initial else self.policy,
      self._rng,
      self.clock.updates,
    )
    self._writer.append(steps.rows)
    self._note_steps(steps)
    self.clock.env_steps += len(steps.times)
    if self.clock.env_steps >= self._initial_steps:
      self._set_rates()
      self._train(self._sampler.sample())

  def _set_rates(self) -> None:
    scale = checks.scheduled(
      'Expert.learning_rate_scale',
      self._learning_rate_scale,
      self.clock.env_steps,
      checks.NonNegative,
    )
    self._agent.learning_rate_scale.assign(scale)

  def _random_action(self, observation, rng) -> np.ndarray:
    del observation
    shape = self._source.env.action_spec().shape
    return rng.uniform(-1, 1, shape).astype(np.float32)

  def _train_step(self, batch):
    info = self._agent.train(relabeling.as_experience(batch))
    return self._agent.named_losses(info)

  def _get_state(self) -> dict[str, Any]:
    return {
      **super()._get_state(),
      'rng': self._rng.bit_generator.state,
      'env': self._source.get_state(),
    }

  def _set_state(self, state: Mapping[str, Any]) -> None:
    super()._set_state(state)
    self._rng.bit_generator.state = state['rng']
    self._source.set_state(state['env'])
