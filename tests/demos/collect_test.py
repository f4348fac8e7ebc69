"""The collecting and the summary commands, and where policies come from."""

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tfirl.acting import MlpPolicy
from tfirl.demos import collect, embedded, policies
from tfirl.demos.readers import load_demonstrations

_METADATA = {'task': 'hopper', 'env_id': 'Hopper-v5', 'env_kwargs': {}}


@pytest.fixture
def weights(tmp_path):
  """A policy that pulls at no joint."""
  policy = MlpPolicy([(np.zeros((11, 3)), np.zeros(3))], 3)
  return embedded.write(str(tmp_path / 'still.npz'), policy, _METADATA)


class _Exported(tf.Module):
  @tf.function(input_signature=[tf.TensorSpec([None, 11])])
  def action(self, observation):
    return 0.5 * observation[:, :3]


def _run(module, *args, **env):
  return subprocess.run(
    [sys.executable, '-m', f'tfirl.demos.{module}', *args],
    capture_output=True,
    text=True,
    env={**os.environ, **env},
  )


def test_collects_and_summarizes(weights, tmp_path):
  out = str(tmp_path / 'out.npz')
  done = _run(
    'collect',
    '--task=hopper',
    f'--policy={weights}',
    '--episodes=2',
    f'--out={out}',
    '--seed=3',
    '--nofull_length_only',
  )
  assert done.returncode == 0, done.stderr
  assert f'{out}: 2 episodes' in done.stdout
  demos = load_demonstrations(
    out,
    env_id='Hopper-v5',
    observation_size=11,
    action_low=-np.ones(3),
    action_high=np.ones(3),
  )
  np.testing.assert_array_equal(demos.episode_seeds, [3, 4])
  assert demos.qpos.shape == (len(demos), 6)
  assert not demos.actions.any()

  done = _run('summary', out)
  assert done.returncode == 0, done.stderr
  assert 'episodes     2' in done.stdout
  assert f'return       mean {demos.episode_returns.mean():.1f}' in done.stdout


def test_user_errors_are_one_line(weights, tmp_path):
  done = _run('collect', '--task=chess', f'--policy={weights}', '--out=x.npz')
  assert done.returncode == 1
  assert 'chess.gin' in done.stderr
  assert 'Traceback' not in done.stderr
  done = _run('summary', str(tmp_path / 'none.npz'))
  assert done.returncode == 1
  assert 'none.npz: no such demonstration file' in done.stderr
  assert 'Traceback' not in done.stderr


def test_out_is_checked_first():
  with pytest.raises(ValueError, match="--out: found 'x.csv'; expected"):
    collect.check_out('x.csv')
  collect.check_out('minari:a/b-v0')


@pytest.mark.parametrize('subfolder', ['', 'policy'])
def test_saved_model_acts(tmp_path, subfolder):
  tf.saved_model.save(_Exported(), str(tmp_path / 'run' / subfolder))
  policy = policies.load_policy(str(tmp_path / 'run'), 'hopper')
  observation = np.arange(11.0) / 11
  np.testing.assert_allclose(policy(observation), observation[:3] / 2)
  with pytest.raises(ValueError, match='found a mean policy'):
    policy(observation, np.random.default_rng(0))


def test_saved_model_without_action(tmp_path):
  tf.saved_model.save(tf.Module(), str(tmp_path))
  with pytest.raises(ValueError, match='SavedModel without `action`'):
    policies.load_policy(str(tmp_path), 'hopper')


def test_weights_are_a_policy(weights):
  policy = policies.load_policy(weights, 'hopper')
  np.testing.assert_array_equal(policy(np.ones(11)), np.zeros(3))


def test_no_policy(tmp_path):
  with pytest.raises(FileNotFoundError, match='found no SavedModel in'):
    policies.load_policy(str(tmp_path), 'hopper')
  with pytest.raises(ValueError, match='embedded:chess: found no such'):
    policies.load_policy('embedded', 'chess')
  with pytest.raises(ValueError, match='embedded:go: found no such'):
    policies.load_policy('embedded:go', 'chess')
