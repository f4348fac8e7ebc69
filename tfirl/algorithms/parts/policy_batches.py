"""A model-based game's batches: imagined rows beside real ones."""

from collections.abc import Mapping

import gin
import tensorflow as tf

from tfirl import checks, types
from tfirl.algorithms.parts import imagination as imagination_lib
from tfirl.replay import tables


@gin.configurable(denylist=['batch_size', 'has_reward'])
class PolicyBatches:
  """Rows of three sources, as many of each in every batch.

  Attributes:
    policy_rows: of the table `policy` in a batch.

  Args:
    batch_size: B.
    has_reward: rows carry the task's, which that of demonstrations may not be
      known to be.
    expert_fraction: share of real expert rows, rounded to rows. The agent's
      cloning term is then of these; at 0 of B others.
    policy_fraction: likewise of the learner's own real rows (Janner et al.
      2019); the others are imagined, one at least.

  Raises:
    ValueError: a share is out of its range.
  """

  @checks.checked
  def __init__(
    self,
    batch_size: int,
    has_reward: bool,
    *,
    expert_fraction: checks.Share = 0.0,
    policy_fraction: checks.Share = 0.0,
  ):
    """Counts the rows."""
    self._batch_size = batch_size
    expert = round(expert_fraction * batch_size)
    self.policy_rows = round(policy_fraction * batch_size)
    imagined = batch_size - expert - self.policy_rows
    checks.require(
      'PolicyBatches.expert_fraction',
      expert_fraction,
      '0 with make_cost = @TaskReward',
      not (expert and has_reward),
    )
    checks.require(
      'PolicyBatches.expert_fraction + .policy_fraction',
      expert_fraction + policy_fraction,
      f'less than 1, also in rows of batch_size = {batch_size}',
      imagined > 0,
    )
    rows = {'expert': expert, 'policy': self.policy_rows, 'imagined': imagined}
    self._mixed = {name: number for name, number in rows.items() if number}
    self._samplers = {}

  def connect(
    self,
    replay: tables.Replay,
    imagination: imagination_lib.Imagination,
    num_batches: int,
    uses_expert_rows: bool,
  ) -> None:
    """Opens what `sample` reads.

    Args:
      replay: with the tables `expert` and `policy`.
      imagination: whose rows are the imagined ones.
      num_batches: of a call of `sample`.
      uses_expert_rows: the agent wants expert rows also where none is mixed in.
    """
    numbers = {name: num_batches * rows for name, rows in self._mixed.items()}
    if uses_expert_rows:
      numbers.setdefault('expert', num_batches * self._batch_size)
    imagination.connect(replay, numbers.pop('imagined'))
    self._samplers = {'imagined': imagination} | {
      name: replay.sampler(name, number) for name, number in numbers.items()
    }

  def sample(self) -> dict[str, types.Transition]:
    """Rows of all batches, [num_batches * rows, ...], by their source."""
    return {name: source.sample() for name, source in self._samplers.items()}

  def mix(self, rows: Mapping[str, types.Transition]) -> types.Transition:
    """A batch [B, ...] of what `sample` gave for one, in a graph: the expert's
    rows first, then the learner's own.
    """
    mixed = [rows[name] for name in self._mixed]
    return tf.nest.map_structure(lambda *fields: tf.concat(fields, 0), *mixed)
