"""The recorder that runs where tfirl can't."""

import subprocess
import sys
import types

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from tfirl import tasks
from tfirl.demos import load, recorder
from tfirl.demos.formats import npz


def _load(path, env):
  return load.of_task(path, tasks.Task('any', env_id=env.spec.id))


def test_what_it_writes_is_what_was_played(tmp_path):
  env = gymnasium.make('Pendulum-v1', max_episode_steps=5)
  path = tmp_path / 'demos.npz'
  # Beyond the torque's bounds of +-2: what acts is recorded.
  recorder.record(env, lambda o: 3.0 * o[2:], 3, str(path), seed=7)
  demos = _load(path, env)
  assert demos.episode_ends.tolist() == [5, 10, 15]
  assert demos.timeouts.sum() == 3 and not demos.terminals.any()
  assert demos.episode_seeds.tolist() == [7, 8, 9]
  rewards = np.load(path)['rewards']
  observation, _ = env.reset(seed=8)
  for row in range(5, 10):
    np.testing.assert_array_equal(demos.observations[row], observation)
    action = np.clip(3.0 * observation[2:], -2, 2)
    np.testing.assert_allclose(2 * demos.actions[row], action, atol=1e-5)
    observation, reward, *_ = env.step(action)
    np.testing.assert_array_equal(demos.next_observations[row], observation)
    assert rewards[row] == reward
  assert demos.episode_returns[1] == pytest.approx(rewards[5:10].sum())
  assert not (tmp_path / 'demos.npz.part').exists()


def test_what_is_written_into_an_action_is_not_recorded(tmp_path):
  class Overwriting(gymnasium.Wrapper):
    def step(self, action):
      result = super().step(action)
      action *= 0.0
      return result

  env = Overwriting(gymnasium.make('Pendulum-v1', max_episode_steps=3))
  path = str(tmp_path / 'demos.npz')
  recorder.record(env, lambda o: [1.5], 1, path)
  np.testing.assert_array_equal(np.load(path)['actions'], [[1.5]] * 3)


def test_wrappers_that_change_what_is_seen_or_done_are_told(tmp_path):
  """Such rows fit no other environment; who only watches changes none."""

  class Monitor(gymnasium.Wrapper):
    """Of Stable-Baselines3's name."""

  env = gymnasium.make('Pendulum-v1', max_episode_steps=5)
  env = Monitor(gymnasium.wrappers.RescaleAction(env, -1.0, 1.0))
  path = str(tmp_path / 'demos.npz')
  recorder.record(env, lambda o: np.ones(1), 1, path)
  raw = npz.read_npz(path)
  assert raw.wrappers == ('RescaleAction',)


def test_a_gymnasium_that_knows_of_no_wrappers_will_do(tmp_path):
  class Old(gymnasium.Wrapper):
    spec = types.SimpleNamespace(id='Pendulum-v1', kwargs={})  # as of 0.26

  env = Old(gymnasium.make('Pendulum-v1', max_episode_steps=5))
  path = str(tmp_path / 'demos.npz')
  recorder.record(env, lambda o: np.ones(1), 1, path)
  raw = npz.read_npz(path)
  assert raw.env_id == 'Pendulum-v1' and raw.wrappers == ()


def test_falls_are_terminals_and_mujocos_state_is_kept(tmp_path):
  env = gymnasium.make('Hopper-v5')
  path = tmp_path / 'demos.npz'
  recorder.record(env, lambda o: np.ones(3), 2, str(path))
  demos = _load(path, env)
  assert demos.terminals.sum() == 2 and not demos.timeouts.any()
  # The state at the observation: its heights, angles and velocities.
  np.testing.assert_allclose(
    demos.qpos[:, 1:], demos.observations[:, :5], rtol=1e-6
  )
  assert demos.env_id == 'Hopper-v5'
  assert demos.versions['gymnasium'] == gymnasium.__version__


@pytest.mark.parametrize('qpos', [np.zeros(2), 'front', np.zeros])
def test_data_that_is_not_mujocos_is_no_state(tmp_path, qpos):
  env = gymnasium.make('Pendulum-v1', max_episode_steps=5)
  env.unwrapped.data = types.SimpleNamespace(qpos=qpos)
  path = str(tmp_path / 'demos.npz')
  recorder.record(env, lambda o: np.ones(1), 1, path)
  assert 'qpos' not in npz.read_npz(path).columns


def test_a_path_need_not_be_text(tmp_path):
  env = gymnasium.make('Pendulum-v1', max_episode_steps=2)
  recorder.record(env, lambda o: [0.0], 1, tmp_path / 'demos.npz')
  assert len(npz.read_npz(str(tmp_path / 'demos.npz')).columns['actions']) == 2


def test_an_endless_episode_and_useless_arguments(tmp_path, monkeypatch):
  monkeypatch.setattr(recorder, '_MOST_STEPS', 20)
  env = gymnasium.make('Pendulum-v1').unwrapped
  path = str(tmp_path / 'demos.npz')
  with pytest.raises(ValueError, match='TimeLimit'):
    recorder.record(env, lambda o: np.zeros(1), 1, path)
  for episodes, name in ((0, path), (1.5, path), (1, 'demos.hdf5')):
    with pytest.raises(ValueError, match='expected 1 or more, and FILE.npz'):
      recorder.record(env, lambda o: np.zeros(1), episodes, name)
  assert list(tmp_path.iterdir()) == []


class _Of(gymnasium.Env):
  """Of any spaces; shows `seen`, or a sample."""

  def __init__(self, observation_space, action_space, seen=None):
    self.observation_space, self.action_space = observation_space, action_space
    self._seen = seen

  def _observation(self):
    return self.observation_space.sample() if self._seen is None else self._seen

  def reset(self, *, seed=None, options=None):
    return self._observation(), {}

  def step(self, action):
    return self._observation(), 0.0, False, True, {}


_VECTOR = spaces.Box(-1.0, 1.0, (2,))


@pytest.mark.parametrize(
  ('observed', 'done', 'name'),
  [
    (spaces.Dict({'observation': _VECTOR}), _VECTOR, 'observation_space Dict'),
    (spaces.Discrete(3), _VECTOR, 'observation_space Discrete'),
    (_VECTOR, spaces.Discrete(3), 'action_space Discrete'),
    (_VECTOR, spaces.Box(-1.0, 1.0, (2, 1)), 'action_space Box'),
  ],
)
def test_what_is_no_vector_is_not_recorded(tmp_path, observed, done, name):
  """A dict was written as a pickle, which nothing here reads."""
  with pytest.raises(ValueError, match=f'found the {name}.*expected a Box'):
    recorder.record(
      _Of(observed, done), lambda o: 1 / 0, 1, str(tmp_path / 'demos.npz')
    )
  assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
  'action', [0.5, [0.5], [0.5, np.nan], (np.zeros(2), None), None, [0.5] * 3]
)
def test_what_is_no_action_is_not_executed(tmp_path, action):
  """One number of two was done by both; NaN was refused where it is read."""
  env = _Of(_VECTOR, _VECTOR)
  env.step = lambda action: 1 / 0
  with pytest.raises(ValueError, match='act returned .*; expected .* 2 finite'):
    recorder.record(env, lambda o: action, 1, str(tmp_path / 'demos.npz'))


def test_a_batch_of_one_action_is_that_action(tmp_path):
  """As a network puts it out; its rows could not be read again."""
  path = str(tmp_path / 'demos.npz')
  recorder.record(_Of(_VECTOR, _VECTOR), lambda o: [[0.5, 2.0]], 3, path)
  np.testing.assert_array_equal(np.load(path)['actions'], [[0.5, 1.0]] * 3)


def test_an_observation_of_another_shape_than_its_space_says(tmp_path):
  env = _Of(_VECTOR, _VECTOR, seen=np.zeros((1, 2)))
  with pytest.raises(ValueError, match=r'shape \(1, 2\); expected \(2,\)'):
    recorder.record(env, lambda o: [0, 0], 1, str(tmp_path / 'demos.npz'))


@pytest.mark.parametrize('name', ['folder.npz', 'none/x.npz', 'file/x.npz'])
def test_where_it_cannot_write_it_does_not_begin(tmp_path, name):
  (tmp_path / 'folder.npz').mkdir()
  (tmp_path / 'file').write_text('')
  env = gymnasium.make('Pendulum-v1')
  with pytest.raises(ValueError, match=f'{name}.; expected a file in a folder'):
    recorder.record(env, lambda o: 1 / 0, 1, str(tmp_path / name))


def test_it_imports_numpy_and_gymnasium_alone(root):
  code = (
    'import sys, gymnasium; before = set(sys.modules)\n'
    'import tfirl.demos.recorder\n'
    'print(*sorted(set(sys.modules) - before))'
  )
  done = subprocess.run(
    [sys.executable, '-c', code], capture_output=True, text=True, cwd=root
  )
  ours = {'tfirl', 'tfirl.demos', 'tfirl.demos.recorder'}
  new = {name.split('.')[0] for name in done.stdout.split()}
  assert ours <= set(done.stdout.split()), done.stderr
  # Gym's notice is silenced wherever Gym is installed.
  assert new - set(sys.stdlib_module_names) <= {'tfirl', 'gym_notices'}
