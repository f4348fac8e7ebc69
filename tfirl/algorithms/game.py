"""The game between an agent and a cost, whatever the agent trains on.

Where there is no cost (`no_cost`) the agent plays alone, by the same rounds.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import numpy as np

from tfirl import checks, types
from tfirl.algorithms import algorithm
from tfirl.algorithms.parts import (
  came_true,
  cost_turns,
  maze_record,
  no_cost,
  sources,
  warm_start,
)
from tfirl.replay import tables

MakeAgent = Annotated[
  Callable,
  checks.Called(
    'called with O, A and observations for an agent that learns from rewards, '
    'such as @tfirl.SacAgent',
    3,
    has=('clone',),
  ),
]
MakeCost = Annotated[
  Callable,
  checks.Called(
    'called with task, demonstrations, seed and steps per round for a cost '
    'player, such as @CostTurns',
    4,
    has=('rows_have_reward',),
  ),
]
Pretrained = Annotated[
  Callable,
  checks.Called(
    'called with task, demonstrations and whether one is needed for a path, '
    'such as @cached_pretraining',
    3,
  ),
]


class Game(algorithm.Algorithm):
  """What the loops of all methods of the game have in common.

  A subclass has `_steps_per_round` and `_updates_per_round`, the policy's
  gradient steps, from before its constructor calls this one, and calls
  `_open_source` before all that takes long, `_open_game` before the policy's
  first gradient step, and `_note_turn` with each turn of the cost.
  """

  takes_actors = True

  def __init__(
    self,
    make_agent: Callable,
    cost: cost_turns.CostTurns | no_cost.NoCost,
    demos: types.Demonstrations,
    rng: np.random.Generator,
    replay: tables.Replay,
    *,
    learning_rate_scale: Callable,
    batch_size: int,
    is_new: bool,
    jit_compile: bool,
  ):
    """Takes the players and where they play.

    Args:
      make_agent: maps (O, A, the demonstrations' observations) to the policy
        player, which has `mlp_policy()`.
      cost: the cost player and its turns.
      demos: the expert's side of the game.
      rng: draws the policy's actions; part of a checkpoint.
      replay: the tables.
      learning_rate_scale: maps env steps to a factor of the agent's rates.
      batch_size: B.
      is_new: whether there is no checkpoint to go on from.
      jit_compile: compile the round by XLA.
    """
    self._warm_start = warm_start.WarmStart()
    agent = self._warm_start.make_agent(
      make_agent, demos, replay, batch_size, is_new, cost
    )
    record = maze_record.of(self._source.env, demos)
    super().__init__(
      agent, replay, self._updates_per_round, jit_compile, record
    )
    self.cost = cost.learner
    self._cost = cost
    self._rng = rng
    self._batch_size = batch_size
    self._relabeled = cost.relabeled(agent)
    self._learning_rate_scale = learning_rate_scale
    self.losses['learning_rate_scale'] = self._scale_of_rates()
    self.losses.update(agent.holding_weights)

  def trackables(self) -> Mapping[str, Any]:
    """What a checkpoint must hold, besides the tables."""
    return {**super().trackables(), **self._cost.trackables()}

  def _open_source(
    self, make_source: Callable, make_env: Callable, seeds: Sequence[int]
  ) -> None:
    """Opens what takes the real steps; it is part of a checkpoint.

    Raises: ValueError if they would get too old to train on.
    """
    source = make_source(make_env, seeds, self._steps_per_round)
    self._source: sources.OwnEnvironment = self._opened(source)
    source.check_age(self._updates_per_round)

  def _collect(
    self, rng: np.random.Generator | None
  ) -> types.RewardedTransition:
    """A round's real steps, after all who look on have seen them, [M, ...].

    Args:
      rng: draws the policy's actions; None takes its mean action.
    """
    steps = self._source.take(self.policy, rng, self.clock.updates)
    self._cost.note(steps.rows.transition, steps.times)
    self._note_steps(steps)
    self.losses.update(steps.columns)
    self.clock.stale_steps += steps.num_stale
    self.clock.env_steps += len(steps.times)
    return steps.rows

  def _open_game(self) -> None:
    """Cost and critics learn what the first policy is worth."""
    turn = self._cost.open(self.policy)
    if turn is not None:
      self._note_turn(turn)
    self._warm_start.train_critics(
      self._agent, self._relabeled, self._replay, self._batch_size
    )

  def _set_rates(self, factor: float = 1.0) -> None:
    """How fast the agent learns from here on, and how far it is held.

    Args: `factor` of the learning rate that the schedule gives.
    """
    scale = factor * self._scale_of_rates()
    self._agent.learning_rate_scale.assign(scale)
    self._warm_start.set_scales(self._agent, self.clock.env_steps)
    self.losses['learning_rate_scale'] = scale
    self.losses.update(self._agent.holding_weights)

  def _scale_of_rates(self) -> float:
    """What the schedule gives now."""
    return checks.scheduled(
      f'{type(self).__name__}.learning_rate_scale',
      self._learning_rate_scale,
      self.clock.env_steps,
      checks.NonNegative,
    )

  def _note_turn(self, turn: cost_turns.Turn) -> None:
    self._warm_start.note_turn(turn)
    self.losses.update(turn.losses)
    self.losses.update(
      came_true.values(self._agent, self._cost.reward_fn, turn.rows)
    )
    self.clock.rollout_steps += turn.rollout_steps

  def _get_state(self) -> dict[str, Any]:
    return {
      **super()._get_state(),
      'rng': self._rng.bit_generator.state,
      'env': self._source.get_state(),
      'cost': self._cost.get_state(),
      'warm_start': self._warm_start.get_state(),
    }

  def _set_state(self, state: Mapping[str, Any]) -> None:
    super()._set_state(state)
    self._rng.bit_generator.state = state['rng']
    self._source.set_state(state['env'])
    self._cost.set_state(state['cost'])
    self._warm_start.set_state(state['warm_start'])
