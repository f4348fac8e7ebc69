"""The command that rolls out a run's exported policy."""

import numpy as np
import pytest
import tensorflow as tf

from tfirl.runs import evaluate

_CONFIG = """
Task.name = 'hopper'
Task.env_id = 'Hopper-v5'
Task.tremble_probability = 0.0
"""


class _Constant(tf.Module):
  """Acts by the sign of the first observed number; can't sample."""

  @tf.function(input_signature=[tf.TensorSpec([None, 11])])
  def action(self, observation):
    return tf.tile(tf.sign(observation[:, :1]), [1, 3])


class _Sampling(_Constant):
  """Its samples differ from its mean."""

  @tf.function(input_signature=[tf.TensorSpec([None, 11])])
  def sample(self, observation):
    return -self.action(observation)


@pytest.fixture
def run(tmp_path):
  """A run folder with a policy that can't sample."""
  (tmp_path / 'config.gin').write_text(_CONFIG)
  tf.saved_model.save(_Constant(), str(tmp_path / 'policy'))
  return tmp_path


def test_same_seed_gives_the_same_table_and_more_episodes_extend_it(
  run, capsys
):
  evaluate.main([str(run), '--episodes=2', '--seed=4'])
  said = capsys.readouterr()
  assert 'not finished' in said.err  # it holds a policy, and no complete.json
  first = said.out.splitlines()
  evaluate.main([str(run), '--episodes=3', '--seed=4'])
  second = capsys.readouterr().out.splitlines()
  assert first[1:3] == second[1:3]
  assert len(first) == 4 and len(second) == 5
  assert first[-1].endswith('(mean +- std of 2 episodes)')
  returns = [float(line.split()[2]) for line in first[1:3]]
  assert float(first[-1].split()[1]) == pytest.approx(np.mean(returns), abs=0.1)
  assert returns[0] != returns[1]


def test_policy_gets_and_gives_one_row(tmp_path):
  tf.saved_model.save(_Sampling(), str(tmp_path))
  observation = np.full([11], 2.0)
  policy = evaluate.load_policy(tmp_path, stochastic=True)
  np.testing.assert_array_equal(policy(observation), [1, 1, 1])
  rng = np.random.default_rng(0)
  np.testing.assert_array_equal(policy(observation, rng), [-1, -1, -1])
  policy = evaluate.load_policy(tmp_path)
  np.testing.assert_array_equal(policy(observation, rng), [1, 1, 1])


def test_policy_that_cannot_sample_is_refused(run):
  with pytest.raises(SystemExit, match="no function 'sample'"):
    evaluate.main([str(run), '--stochastic'])


def test_missing_config_and_policy_are_named(run, tmp_path):
  with pytest.raises(SystemExit, match='absent/config.gin not found'):
    evaluate.main([str(tmp_path / 'absent')])
  (run / 'policy/saved_model.pb').unlink()
  with pytest.raises(SystemExit, match='policy holds no SavedModel'):
    evaluate.main([str(run)])


def test_video_of_a_wrong_kind_is_refused_in_one_line(run):
  with pytest.raises(SystemExit, match=r'^error: video x.avi: .*\.avi') as info:
    evaluate.main([str(run), '--video=x.avi', '--episodes=1'])
  assert 'In call to configurable' not in str(info.value)
