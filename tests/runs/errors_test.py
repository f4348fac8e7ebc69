"""What is not finite, and other failures, in the middle of a run."""

import math

import pytest
import tensorflow as tf


def _lose(algorithm):
  algorithm.losses['toy_loss'] = math.inf


def _break_policy(algorithm):
  algorithm.policy.layers[0][1][0] = math.nan


def _fail_check(unused_algorithm):
  tf.debugging.check_numerics(tf.constant(math.nan), 'Critic loss')


def _overflow(unused_algorithm):
  raise FloatingPointError('cost round 3')


def _break_weight(algorithm):
  algorithm.weight.assign(math.nan)


@pytest.mark.parametrize(
  'harm, message',
  [
    (_lose, 'step 50, round 5: toy_loss is inf'),
    (_break_policy, "step 50, round 5: the sum of the policy's layer 0 is nan"),
    (_fail_check, 'step 50, round 5: .*Critic loss'),
    (_overflow, 'step 50, round 5: cost round 3'),
    (
      _break_weight,
      'step 60, round 6: net, Variable.* is nan',
    ),  # seen when saved
  ],
)
def test_what_is_not_finite_ends_the_run(run, harm, message):
  def after_round(algorithm):
    if algorithm.clock.env_steps == 50:
      harm(algorithm)

  run.script.after_round = after_round
  with pytest.raises(FloatingPointError, match=message) as info:
    run()
  kept = run.path / 'checkpoints' / '30'
  assert f'The last good checkpoint is {kept}' in str(info.value)
  assert run.checkpoints() == [30]


def test_other_errors_of_tensorflow_are_not_called_a_loss(run):
  def after_round(unused_algorithm):
    tf.reshape(tf.zeros([3]), [2])

  run.script.after_round = after_round
  with pytest.raises(tf.errors.InvalidArgumentError):
    run()
