"""Plain SAC on the task's own reward: makes experts (Haarnoja et al. 2018)."""

from collections.abc import Callable, Mapping
from typing import Any

import gin
import numpy as np
import tensorflow as tf

from tfirl import checkpoints
from tfirl.agents import relabeling
from tfirl.algorithms import clock as clock_lib
from tfirl.algorithms import collecting, rounds
from tfirl.algorithms import tables as algorithm_tables
from tfirl.envs import suites
from tfirl.replay import tables


@gin.configurable(denylist=['load_demos', 'seed', 'restore_from'])
class Expert:
  """Off-policy RL of the true reward.

  Attributes: as in `model_free.ModelFree`.
  """

  def __init__(
    self,
    load_demos: Callable,
    seed: int,
    restore_from: str | None = None,
    *,
    make_agent: Callable = gin.REQUIRED,
    steps_per_round: int = 64,
    batch_size: int = 256,
    initial_steps: int = 10_000,
    jit_compile: bool = False,
  ):
    """Builds the environment, the table and the agent.

    Args:
      load_demos: not called: an expert learns from no one.
      seed: of everything but Reverb's sampling.
      restore_from: a checkpoint's folder, whose table to start with.
      make_agent: maps (O, A) to an agent.
      steps_per_round: env steps of a round, and its gradient steps.
      batch_size: B.
      initial_steps: env steps, by uniformly random actions, before the first
        gradient step.
      jit_compile: compile the round by XLA.
    """
    del load_demos
    seeds = np.random.SeedSequence(seed).generate_state(3).tolist()
    self._env = suites.load(seed=seeds[0])
    self._env.reset()
    self._rng = np.random.default_rng(seeds[1])
    self._steps_per_round = steps_per_round
    self._initial_steps = initial_steps
    sizes = (
      self._env.observation_spec().shape[0],
      self._env.action_spec().shape[0],
    )
    self._agent = make_agent(*sizes)
    self._rounds = rounds.Rounds(self._train_step, steps_per_round, jit_compile)
    self._replay = tables.Replay(
      [
        algorithm_tables.online_table(
          'policy', batch_size, steps_per_round, initial_steps
        )
      ],
      collecting.Rewarded(
        *algorithm_tables.transition_spec(*sizes),
        reward=tf.TensorSpec([], tf.float32),
      ),
      restore_from=restore_from,
      seed=seeds[2],
    )
    self._writer = self._replay.writer('policy')
    self._sampler = self._replay.sampler('policy', steps_per_round * batch_size)
    self.counts = 'env_steps'
    self.clock = clock_lib.Clock()
    self.policy = self._agent.mlp_policy()
    self.losses: dict[str, float] = {}

  def run_round(self) -> None:
    """Collects, then trains as often."""
    is_initial = self.clock.env_steps < self._initial_steps
    rows = collecting.run_steps(
      self._env,
      self._random_action if is_initial else self.policy,
      self._steps_per_round,
      self._rng,
    )
    self._writer.append(rows)
    self.clock.env_steps += self._steps_per_round
    if self.clock.env_steps >= self._initial_steps:
      self._train_policy()

  @property
  def num_traces(self) -> int:
    """How often the round was traced."""
    return self._rounds.num_traces

  def trackables(self) -> Mapping[str, Any]:
    """What a checkpoint must hold, besides the tables."""
    return {
      'agent': self._agent,
      'state': checkpoints.PythonState(self._get_state, self._set_state),
    }

  def save_tables(self, folder) -> None:
    """Writes the table and its partial block to a checkpoint's folder."""
    self._replay.save(folder)

  def table_sizes(self) -> Mapping[str, int]:
    """Rows in each table."""
    return {'policy': self._replay.size('policy')}

  def close(self) -> None:
    """Stops the table's server."""
    self._replay.close()

  def _random_action(self, observation, rng) -> np.ndarray:
    del observation
    return rng.uniform(-1, 1, self._env.action_spec().shape).astype(np.float32)

  def _train_policy(self) -> None:
    losses = self._rounds.run(self._sampler.sample())
    self.clock.updates += self._steps_per_round
    self.losses = {name: float(value) for name, value in losses.items()}
    self.policy = self._agent.mlp_policy()

  def _train_step(self, batch):
    experience = relabeling.as_experience(batch.transition, batch.reward)
    info = self._agent.train(experience)
    return {
      'actor_loss': info.extra.actor_loss,
      'critic_loss': info.extra.critic_loss,
      'alpha_loss': info.extra.alpha_loss,
    }

  def _get_state(self) -> Mapping[str, Any]:
    return {
      'clock': vars(self.clock),
      'rng': self._rng.bit_generator.state,
      'env': self._env.get_state(),
    }

  def _set_state(self, state: Mapping[str, Any]) -> None:
    self.clock = clock_lib.Clock(**state['clock'])
    self._rng.bit_generator.state = state['rng']
    self._env.set_state(state['env'])
    self.policy = self._agent.mlp_policy()
