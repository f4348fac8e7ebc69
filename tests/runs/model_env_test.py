"""A finished run of hyper, and its model as an environment."""

import gin
import gymnasium
import numpy as np
import pytest

import tfirl
from tfirl import tasks
from tfirl.algorithms import model_based
from tfirl.config import gin_bindings
from tfirl.costs import learned_reward
from tfirl.dynamics import model_env as inner
from tfirl.dynamics import vector_env
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's `run`
from tfirl.storage import checkpoints

_SIZE, _ENVS = 2, 4
# What the policy starts from is nothing to the model.
_NO_CLONE = {'hyper': ['WarmStart.bc_steps = 0', 'WarmStart.critic_steps = 0']}


class Pushed(gymnasium.Env):
  """A mass on a line, pushed with up to 10 N; it falls off beyond 2 m."""

  observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (2,), np.float32)
  action_space = gymnasium.spaces.Box(0.0, 10.0, (1,), np.float32)

  def reset(self, *, seed=None, options=None):
    super().reset(seed=seed)
    self._state = self.np_random.uniform(0.5, 1.0, 2)
    return self._state.astype(np.float32), {}

  def step(self, action):
    x, v = self._state
    v = 0.9 * v + 0.1 * (float(action[0]) - 5) / 5
    self._state = np.array([x + 0.1 * v, v])
    over = bool(abs(x) > 2.0)
    return self._state.astype(np.float32), 0.0, over, False, {}


def _is_healthy(observation):
  return abs(observation[:, 0]) <= 2.0


def _demos(task):
  rng = np.random.default_rng(0)
  episodes = []
  for seed in range(6):
    env = Pushed()
    observations = [env.reset(seed=seed)[0]]
    actions = rng.uniform(0, 10, (30, 1)).astype(np.float32)
    observations += [env.step(action)[0] for action in actions]
    episodes.append((np.array(observations), actions))
  return tfirl.Demonstrations.from_episodes(episodes, task)


def _smoke(method, task, root_dir):
  return tfirl.imitate(
    method,
    task,
    _demos(task),
    bindings=[
      "include 'budgets/smoke.gin'",
      'run.record_video = False',
      *_NO_CLONE.get(method, []),
    ],
    root_dir=root_dir,
  )


@pytest.fixture(scope='module', params=[_is_healthy, None])
def run(request, tmp_path_factory):
  """Of a task that says where its episodes end, and of one that does not."""
  task = tfirl.Task(
    'pushed', env_fn=Pushed, max_episode_steps=30, is_healthy=request.param
  )
  return _smoke('hyper', task, tmp_path_factory.mktemp('runs'))


@pytest.fixture
def model(run):
  """The run's ensemble, as the run itself restores it."""
  gin_bindings.parse([str(run.path / 'config.gin')])
  latest = checkpoints.latest(run.path / 'checkpoints')
  game = model_based.ModelBased(run.task, _demos(run.task), 0, latest)
  session = checkpoints.PythonState(dict, lambda state: None)
  checkpoints.Checkpoints(
    run.path / 'checkpoints', {**game.trackables(), 'session': session}
  ).restore(latest)
  gin.clear_config()
  yield game.trackables()['model']
  game.close()


def test_its_steps_are_the_models(run, model):
  env = run.model_env(_ENVS)
  assert env.single_action_space.high == [10.0]
  observation, _ = env.reset(seed=3)
  assert observation.shape == (_ENVS, _SIZE)
  assert ((observation >= 0.5) & (observation <= 1.0)).all()  # Pushed.reset
  actions = np.float32([[0.0], [2.5], [5.0], [10.0]])
  found, reward, terminated, truncated, _ = env.step(actions)
  # Another environment of the run's own model, by the same seed.
  other = vector_env.ImaginedVectorEnv(
    inner.ModelEnv(model, run.task.is_healthy or (lambda o: o[:, 0] < np.inf)),
    observation,
    lambda o, a: o[:, 0],
    _ENVS,
    30,
  )
  other.reset(seed=3)
  other._observation = observation
  expected, *_ = other.step(actions / 5 - 1)
  assert found.shape == expected.shape
  np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
  means, log_variances = model.predict(
    observation, actions / 5 - 1, model.elites
  )
  spread = np.exp(0.5 * log_variances)
  lies = (found - means) / spread  # of each member
  assert (np.abs(lies).max(-1).min(0) < 6).all()
  assert reward.shape == terminated.shape == truncated.shape == (_ENVS,)
  assert not truncated.any()


def test_its_mean_is_the_models_mean(run, model):
  """Of many steps from one state."""
  start = np.float32([[0.7, 0.6]])
  env = run.model_env(4096, starts=start)
  env.reset(seed=0)
  found, *_ = env.step(np.full([4096, 1], 8.0, np.float32))
  mean, log_variance = model.predict(
    start, np.float32([[8.0 / 5 - 1]]), model.elites
  )
  mean, variance = mean.numpy()[:, 0], np.exp(log_variance.numpy()[:, 0])
  total = variance.mean(0) + mean.var(0)
  np.testing.assert_allclose(
    found.mean(0), mean.mean(0), atol=5 * np.sqrt(total.max() / 4096)
  )
  np.testing.assert_allclose(found.var(0), total, rtol=0.2)


def test_same_seed_same_episodes_and_they_end(run):
  seen = []
  for _ in range(2):
    env = run.model_env(_ENVS, max_episode_steps=3)
    env.reset(seed=7)
    env.action_space.seed(0)
    steps = [env.step(env.action_space.sample()) for _ in range(5)]
    seen.append(np.array([step[0] for step in steps]))
    assert any(step[3].any() for step in steps)
  np.testing.assert_array_equal(*seen)


def test_its_reward_is_the_learned_one_or_ones_own(run):
  env = run.model_env(_ENVS)
  observation, _ = env.reset(seed=0)
  actions = np.float32([[0.0], [2.5], [5.0], [10.0]])
  _, reward, *_ = env.step(actions)
  expected = learned_reward.LearnedReward(run.path / 'cost.npz')
  np.testing.assert_allclose(
    reward, expected(observation, actions), rtol=1e-5, atol=1e-5
  )
  env = run.model_env(_ENVS, reward_fn=lambda o, a: o[:, 0] + a[:, 0])
  observation, _ = env.reset(seed=0)
  _, reward, *_ = env.step(actions)
  np.testing.assert_allclose(reward, observation[:, 0] + actions[:, 0], 1e-5)


@pytest.mark.parametrize('run', [_is_healthy], indirect=True)
def test_a_run_without_a_model_or_a_reward_says_so(run, tmp_path):
  clone = _smoke('bc', run.task, tmp_path)
  with pytest.raises(
    ValueError, match='holds no model.*such as hyper; found b'
  ):
    clone.model_env(2)
  (run.path / 'cost.npz').rename(tmp_path / 'cost.npz')
  try:
    with pytest.raises(ValueError, match='no reward; expected model_env'):
      run.model_env(2)
  finally:
    (tmp_path / 'cost.npz').rename(run.path / 'cost.npz')


@pytest.mark.parametrize('run', [None], indirect=True)
def test_a_model_that_predicts_the_reward_needs_no_other(run, tmp_path):
  with_reward = _smoke('sysid', run.task, tmp_path)
  env = with_reward.model_env(_ENVS, starts=np.full((1, 2), 0.5))
  env.reset(seed=3)
  _, reward, *_ = env.step(np.full((_ENVS, 1), 5.0))
  assert np.isfinite(reward).all()
  assert len(set(reward)) == _ENVS  # samples of the model's Gaussian


@pytest.mark.parametrize('run', [_is_healthy], indirect=True)
def test_where_it_ends(run):
  """A state far beyond the fall: a learned end knows of none."""
  env = run.model_env(2, starts=[[5.0, 0.0]])
  env.reset(seed=0)
  _, _, terminated, _, _ = env.step(np.full([2, 1], 5.0))
  assert terminated.all()


def test_tasks_are_of_use_to_gin_afterwards(run):
  run.model_env(1)
  assert gin.config_str() == ''
  assert isinstance(run.task, tasks.Task)
