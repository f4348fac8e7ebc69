"""The example's robot, with each kind of file that a run leaves or exports."""

import gymnasium
import numpy as np
import pytest

from tfirl import acting, tasks
from tfirl.cli import main as cli
from tfirl.runs import leaving
from tfirl.storage import policy_file


@pytest.fixture
def folder(tmp_path):
  """A run's on the pendulum, of a policy that knows nothing."""
  path = tmp_path / 'pendulum' / 'bc' / '0'
  path.mkdir(parents=True)
  rng = np.random.default_rng(0)
  sizes = (3, 8, 1)
  layers = [
    (
      rng.normal(size=(n, m)).astype(np.float32),
      rng.normal(size=m).astype(np.float32),
    )
    for n, m in zip(sizes, sizes[1:], strict=False)
  ]
  task = tasks.Task('pendulum', env_id='Pendulum-v1')
  with task.make_env() as env:
    leaver = leaving.Leaver(path, task.name, env)
    leaver.write_policy(acting.MlpPolicy(layers, 1), 'policy', None)
  assert not cli.main(['export', str(path), '--format', 'tflite'])
  return path


def _by_hand(path):
  """What an episode of seed 0 returns."""
  policy = policy_file.load(path)
  env = gymnasium.make('Pendulum-v1')
  observation, _ = env.reset(seed=0)
  total, is_over = 0.0, False
  while not is_over:
    observation, reward, _, is_over, _ = env.step(policy(observation))
    total += float(reward)
  return total


@pytest.mark.parametrize('name', ['policy.npz', 'policy', 'policy.tflite'])
def test_it_acts_as_the_policy(folder, name, run_example, capsys):
  run_example('robot.py', str(folder / name), '--episodes=1')
  told = capsys.readouterr().out.splitlines()[-1]
  assert told.startswith(f'{name}: pendulum returns ')
  found = float(told.split('returns ')[1].split(' +-')[0])
  assert found == pytest.approx(_by_hand(folder / 'policy.npz'), abs=0.2)
