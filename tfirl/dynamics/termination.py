"""Where the tasks end their episodes, as functions of observations.

Each maps observations [B, O] to bool [B], True where the episode goes on, and
equals `is_healthy` of the Gymnasium task (v5). A state with a number that is
not finite ends its episode.
"""

import gin
import tensorflow as tf

from tfirl import checks

_configurable = gin.configurable(module='termination', denylist=['observation'])


@_configurable
def hopper(observation):
  """Height > 0.7, |torso angle| < 0.2, all but the height below 100.

  Gymnasium checks velocities that it has not clipped to +-10 yet. Those beyond
  +-100, which no observation shows, end an episode there and not here.
  """
  height, angle = observation[:, 0], observation[:, 1]
  is_small = tf.reduce_all(tf.abs(observation[:, 1:]) < 100.0, -1)
  is_upright = (height > 0.7) & (tf.abs(angle) < 0.2)
  return _is_finite(observation) & is_small & is_upright


@_configurable
def walker2d(observation):
  """0.8 < height < 2 and |torso angle| < 1."""
  height, angle = observation[:, 0], observation[:, 1]
  is_upright = (height > 0.8) & (height < 2.0) & (tf.abs(angle) < 1.0)
  return _is_finite(observation) & is_upright


@_configurable
def ant(observation):
  """0.2 <= height <= 1."""
  height = observation[:, 0]
  return _is_finite(observation) & (height >= 0.2) & (height <= 1.0)


@_configurable
def humanoid(observation):
  """1 < height < 2."""
  height = observation[:, 0]
  return _is_finite(observation) & (height > 1.0) & (height < 2.0)


@_configurable
def never(observation):
  """For tasks that end at a time-out only; the published runs' on mazes."""
  return _is_finite(observation)


@_configurable
def goal(observation, radius: checks.Positive = 0.45):
  """Farther than `radius` (m) from the goal of a maze.

  An observation begins with x-y and ends with the goal's, as `envs.mazes` has
  them.

  Args:
    observation: [B, O].
    radius: from how near the goal counts; Gymnasium-Robotics'.
  """
  way = observation[:, -2:] - observation[:, :2]
  return _is_finite(observation) & (tf.norm(way, axis=-1) > radius)


def _is_finite(observation):
  return tf.reduce_all(tf.math.is_finite(observation), -1)
