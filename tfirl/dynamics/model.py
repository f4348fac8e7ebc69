"""What predicts the next observation: ensemble, normaliser, elites."""

import gin
import tensorflow as tf

from tfirl import checks
from tfirl.dynamics.normalizer import Normalizer
from tfirl.networks.gaussian_ensemble import GaussianEnsemble


@gin.configurable(
  denylist=['observation_size', 'action_size', 'seed', 'predicts_reward']
)
class DynamicsModel(tf.Module):
  """p(s' | s, a) as a Gaussian ensemble over s' - s, and over r if asked to.

  Attributes:
    observation_size, action_size: O and A.
    predicts_reward: whether the task's reward is the last of D outputs.
    ensemble: the members, which are given (s, a) normalised.
    normalizer: of (s, a).
    elites: [num_elites] int32 variable, the members that imagine.
  """

  @checks.checked
  def __init__(
    self,
    observation_size: int,
    action_size: int,
    seed: int,
    predicts_reward: bool = False,
    *,
    num_elites: checks.Count = 5,
    noise_scale: checks.NonNegative = 1.0,
  ):
    """Creates the ensemble (gin: `GaussianEnsemble`).

    Args:
      observation_size, action_size: O and A.
      seed: of the initial weights.
      predicts_reward: as above; without it D = O, with it O + 1.
      num_elites: how many members imagine.
      noise_scale: how many of a member's standard deviations its samples
        spread by: 1 for draws from its Gaussian, 0 for its mean. What a member
        could not explain it takes for noise, and of a task that has none its
        draws are then states that nobody meets.

    Raises:
      ValueError: there are fewer members than elites.
    """
    super().__init__('dynamics_model')
    self.normalizer = Normalizer(observation_size + action_size)
    self.ensemble = GaussianEnsemble(
      observation_size, action_size, seed, predicts_reward=predicts_reward
    )
    num_members = self.ensemble.num_members
    checks.require(
      'DynamicsModel.num_elites',
      num_elites,
      f'at most GaussianEnsemble.num_members = {num_members}',
      num_elites <= num_members,
    )
    self.observation_size = observation_size
    self.action_size = action_size
    self.predicts_reward = predicts_reward
    self._noise_scale = noise_scale
    self.elites = tf.Variable(tf.range(num_elites), trainable=False)

  def predict(self, observation, action, members=None):
    """Mean and log variance of the next observation, and of the reward.

    Args:
      observation: [M, B, O] or [B, O], which all members are given.
      action: [M, B, A] or [B, A].
      members: [M] int; None for all.

    Returns:
      Two tensors [M, B, D].
    """
    num_members = self.ensemble.num_members
    if members is not None:
      num_members = tf.shape(members)[0]
    inputs = self.normalizer(tf.concat([observation, action], -1))
    if inputs.shape.rank == 2:
      inputs = tf.repeat(inputs[None], num_members, axis=0)
    mean, log_variance = self.ensemble(inputs, members)
    if self.predicts_reward:  # which is no difference from anything
      zero = tf.zeros_like(observation[..., :1])
      observation = tf.concat([observation, zero], -1)
    return observation + mean, log_variance

  @tf.autograph.experimental.do_not_convert
  def sample_next(self, observation, action):
    """Samples the next observation alone; see `sample`. Returns: [B, O]."""
    return self.sample(observation, action)[:, : self.observation_size]

  @tf.autograph.experimental.do_not_convert
  def sample(self, observation, action):
    """Samples next observation and reward, each row from a random elite.

    Propagation TS1 of Chua et al. 2018; the rows are dealt out to the elites
    evenly, so each member computes its own rows only.

    Args:
      observation: [B, O].
      action: [B, A].

    Returns:
      [B, D]: the next observation, then the reward if it is predicted.
    """
    num_rows = tf.shape(observation)[0]
    num_elites = self.elites.shape[0]
    per_elite = (num_rows + num_elites - 1) // num_elites
    order = tf.random.shuffle(tf.range(per_elite * num_elites))
    # The last places, past the end of the rows, repeat the first ones.
    dealt = order % tf.maximum(num_rows, 1)

    def deal(rows):
      shape = [num_elites, per_elite, rows.shape[-1]]
      return tf.reshape(tf.gather(rows, dealt), shape)

    mean, log_variance = self.predict(
      deal(observation), deal(action), self.elites
    )
    noise = self._noise_scale * tf.random.normal(tf.shape(mean))
    sample = mean + tf.exp(0.5 * log_variance) * noise
    num_outputs = self.observation_size + self.predicts_reward
    sample = tf.reshape(sample, [-1, num_outputs])
    # Places in `order` of rows 0, 1, ...: its inverse, cut to the rows.
    return tf.gather(sample, tf.math.invert_permutation(order)[:num_rows])
