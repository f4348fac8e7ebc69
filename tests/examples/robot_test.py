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
  path = _leave(tmp_path, tasks.Task('pendulum', env_id='Pendulum-v1'))
  assert not cli.main(['export', str(path), '--format', 'tflite'])
  return path


def _leave(tmp_path, task):
  """The folder of a run that left a policy."""
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
  with task.make_env() as env:
    leaver = leaving.Leaver(path, task.name, env)
    leaver.write_policy(acting.MlpPolicy(layers, 1), 'policy', None)
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


def _policy(tmp_path, **of_task):
  return str(_leave(tmp_path, tasks.Task('any', **of_task)) / 'policy.npz')


def test_episodes_end_where_the_task_has_it(tmp_path, run_example, monkeypatch):
  made, make = [], gymnasium.make
  policy = _policy(tmp_path, env_id='Pendulum-v1', max_episode_steps=7)
  monkeypatch.setattr(
    gymnasium, 'make', lambda *args, **kw: made.append(kw) or make(*args, **kw)
  )
  run_example('robot.py', policy, '--episodes=1')
  assert [kwargs['max_episode_steps'] for kwargs in made] == [7]


class _Padded(gymnasium.ObservationWrapper):
  """Seen in 2 numbers, where the policy saw 3."""

  observation_space = gymnasium.spaces.Box(-8, 8, (3,))

  def __init__(self, render_mode=None):
    super().__init__(gymnasium.make('MountainCarContinuous-v0'))

  def observation(self, observation):
    return np.append(observation, 0.0)


class _Nameless(gymnasium.Env):
  observation_space = gymnasium.spaces.Box(-8, 8, (3,))
  action_space = gymnasium.spaces.Box(-1, 1, (1,))

  def __init__(self, render_mode=None):
    self.render_mode = render_mode


@pytest.mark.parametrize(
  ('env_fn', 'message'),
  [
    (_Padded, r'seen in (2,), and was wrapped to (3,); put your robot'),
    (_Nameless, 'gymnasium does not know it by name; put your robot'),
  ],
)
def test_what_can_not_be_simulated_is_said(
  tmp_path, run_example, capsys, env_fn, message
):
  policy = _policy(tmp_path, env_fn=env_fn, max_episode_steps=7)
  with pytest.raises(SystemExit):
    run_example('robot.py', policy)
  assert message in capsys.readouterr().err
