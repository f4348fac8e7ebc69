"""The Python face: as a user's script or notebook calls it."""

import dataclasses
import functools
import json
import pickle
import shutil

import gymnasium
import numpy as np
import pytest
import tensorflow as tf
from gymnasium import spaces

import tfirl
from tfirl.costs import learned_reward

_SMALL = (
  'tfirl.SacAgent.hidden = (8,)',
  'CostNetwork.layers = (8,)',
  'CostLearner.batch_size = 32',
  'ModelFree.batch_size = 16',
  'ModelFree.steps_per_round = 16',
  'ModelFree.initial_steps = 32',
  'WarmStart.bc_steps = 0',
  'WarmStart.critic_steps = 0',
  'CostTurns.cost_update_period = 64',
  'CostTurns.window = 64',
  'run.record_video = False',
  'run.eval_episodes = 1',
)
# Nothing is compiled, for what is asked of the loop around it.
_UNTRAINED = (
  'ModelFree.initial_steps = 1000',
  'CostTurns.cost_update_period = 1000',
)
# No evaluation before a checkpoint.
_RARE = ('run.eval_every = 1000', 'run.checkpoint_every = 32')


class Mass(gymnasium.Env):
  """A mass on a line, pushed with up to 10 N; it is to come to 0."""

  observation_space = spaces.Box(-np.inf, np.inf, (2,), np.float32)
  action_space = spaces.Box(0.0, 10.0, (1,), np.float32)

  def __init__(self, render_mode=None):
    self.render_mode = render_mode

  def reset(self, *, seed=None, options=None):
    super().reset(seed=seed)
    self._x, self._v = self.np_random.uniform(0.5, 1), 0.0
    return self._observe(), {}

  def step(self, action):
    self._v = 0.9 * self._v + 0.1 * (float(action[0]) - 5) / 5
    self._x += 0.1 * self._v
    return self._observe(), -abs(self._x), bool(abs(self._x) > 2), False, {}

  def _observe(self):
    return np.array([self._x, self._v], np.float32)


@pytest.fixture(scope='module')
def task():
  return tfirl.Task('mass', env_fn=Mass, max_episode_steps=30)


def _expert(observation):
  push = np.clip(-3 * observation[0] - 3 * observation[1], -1, 1)
  return np.array([5 + 5 * push], np.float32)


@pytest.fixture(scope='module')
def episodes():
  found = []
  for seed in range(4):
    env = Mass()
    observation, _ = env.reset(seed=seed)
    observations, actions = [observation], []
    for _ in range(30):
      actions.append(_expert(observation))
      observation, *_ = env.step(actions[-1])
      observations.append(observation)
    found.append((np.array(observations), np.array(actions)))
  return found


@pytest.fixture(scope='module')
def demos(episodes, task):
  return tfirl.Demonstrations.from_episodes(episodes, task)


def _imitate(task, demos, tmp_path, **kwargs):
  bindings = [*_SMALL, *kwargs.pop('bindings', ())]
  return tfirl.imitate(
    'hype',
    task,
    demos,
    real_steps=kwargs.pop('real_steps', 160),
    bindings=bindings,
    root_dir=tmp_path / 'runs',
    **kwargs,
  )


@pytest.fixture(scope='module')
def finished(task, demos, tmp_path_factory):
  """A run to its end, and what it said on its way; only to be read."""
  seen = []
  folder = tmp_path_factory.mktemp('finished')
  return _imitate(task, demos, folder, on_evaluation=seen.append), seen


@pytest.fixture
def copied(finished, tmp_path):
  """The same run in `tmp_path`, where `_imitate` finds it."""
  run, _ = finished
  shutil.copytree(run.path, tmp_path / 'runs' / 'mass' / 'hype' / '0')
  return run


def test_arrays_become_transitions(demos, episodes):
  observations, actions = episodes[1]
  rows = slice(30, 60)
  np.testing.assert_array_equal(demos.observations[rows], observations[:-1])
  np.testing.assert_array_equal(demos.next_observations[rows], observations[1:])
  # From 0 ... 10 to -1 ... 1.
  np.testing.assert_allclose(demos.actions[rows], actions / 5 - 1, atol=1e-6)
  assert demos.episode_ends.tolist() == [30, 60, 90, 120]
  assert not demos.terminals.any() and demos.timeouts.sum() == 4


def test_terminals_end_their_episodes(episodes, task):
  demos = tfirl.Demonstrations.from_episodes(
    episodes, task, terminals=[False, True, False, False], returns=range(4)
  )
  assert np.flatnonzero(demos.terminals).tolist() == [59]
  assert demos.transitions.discount[59] == 0
  assert demos.episode_returns.tolist() == [0, 1, 2, 3]


def test_as_many_observations_as_actions_lose_the_last(episodes, task, caplog):
  (observations, actions), *others = episodes
  demos = tfirl.Demonstrations.from_episodes(
    [(observations[:-1], actions), *others], task
  )
  assert len(demos) == 119
  assert '1 of 4 episodes have as many actions as observ' in caplog.text
  assert '1 of 4 episodes are shorter than the 30 steps' in caplog.text


@pytest.mark.parametrize(
  ('change', 'message'),
  [
    (lambda o, a: (o, a[:-2]), 'episode 0: lengths: found 31 observations and'),
    (lambda o, a: (o[0], a), 'episode 0: ranks: found'),
    (lambda o, a: (o, a + 20), 'actions: found .*the range'),
    (lambda o, a: (o * np.nan, a), 'observations: found .*NaN'),
    (lambda o, a: (o[:, :1], a), 'found .*expected'),
  ],
)
def test_bad_arrays_are_named(episodes, task, change, message):
  with pytest.raises(ValueError, match=message):
    tfirl.Demonstrations.from_episodes([change(*episodes[0])], task)


def test_a_method_without_a_cost(task, demos, tmp_path):
  """Of which gin may bind nothing, or the binding is refused as unused."""
  small = [b for b in _SMALL if not b.startswith('Cost')]

  def imitate(bindings):
    return tfirl.imitate(
      'iq_learn',
      task,
      demos,
      real_steps=96,
      bindings=bindings,
      root_dir=tmp_path / str(len(bindings)),
    )

  run = imitate(small)
  last = run.metrics.iloc[-1]
  assert (last['real_steps'], last['rollout_steps']) == (96, 0)
  assert np.isfinite(last['implied_reward_gap'])
  assert 'cost_loss' not in run.metrics
  action = run.policy(np.array([0.5, 0.0]))
  assert 0 < action[0] < 10
  again = tfirl.load_run(run.path, task=task)
  np.testing.assert_array_equal(again.policy(np.array([0.5, 0.0])), action)
  with pytest.raises(ValueError, match='unused.*CostLearner.batch_size'):
    imitate([*small, 'CostLearner.batch_size = 32'])


def test_own_task_and_arrays_to_a_policy(finished, demos):
  run, seen = finished
  assert run.path.parts[-4:] == ('runs', 'mass', 'hype', '0')
  assert [row.real_steps for row in seen] == run.metrics.real_steps.tolist()
  assert seen[-1].real_steps == 160
  assert seen[-1].return_mean == pytest.approx(
    run.metrics.eval_return_mean.iloc[-1]
  )
  one = run.policy(demos.observations[0])
  batch = run.policy(demos.observations[:3])
  assert one.shape == (1,) and batch.shape == (3, 1)
  np.testing.assert_allclose(batch[0], one, rtol=1e-6)
  assert ((batch >= 0) & (batch <= 10)).all()
  # What it does in the task is what the run's last evaluation saw.
  stats = run.evaluate(episodes=2, seed=3)
  assert len(stats.returns) == 2 and stats.lengths.tolist() == [30, 30]
  found = run.doctor()
  assert found.path == run.path.resolve()
  assert found.state.startswith('finished, 160 of ')


def test_what_leaves_a_run(finished, demos):
  """Its policy and reward, as files; the one acts as `run.policy`, the other
  pays for actions in newtons.
  """
  run, _ = finished
  seen = demos.observations[:20]
  expected = run.policy(seen)
  model = tf.saved_model.load(str(run.path / 'policy'))
  served = model.signatures['serving_default'](observation=tf.constant(seen))
  np.testing.assert_allclose(served['action'], expected, rtol=1e-6, atol=1e-6)
  said = json.loads((run.path / 'policy' / 'metadata.json').read_text())
  assert (said['task'], said['method'], said['seed']) == ('mass', 'hype', 0)
  bounds = {'low': [0.0], 'high': [10.0]}
  assert said['action'] == {'shape': [1], **bounds, 'names': None}
  last = run.metrics.iloc[-1]
  latest = said['latest_evaluation']
  assert latest['real_steps'] == last.real_steps == 160
  assert latest['eval_return_mean'] == pytest.approx(last.eval_return_mean)
  assert said['versions']['tensorflow'] == tf.__version__
  reward = learned_reward.LearnedReward(run.path / 'cost.npz')
  env = learned_reward.LearnedRewardWrapper(Mass(), run.path / 'cost.npz')
  observation, _ = env.reset(seed=0)
  _, found, _, _, info = env.step(np.float32([7.5]))
  assert found == pytest.approx(reward(observation, [7.5]))
  assert found != pytest.approx(reward(observation, [2.5]), abs=1e-4)
  assert info['task_reward'] < 0


def test_the_policy_is_in_the_environments_units(task, demos, tmp_path):
  """A clone of the expert pushes as the expert does."""
  run = tfirl.imitate(
    'bc',
    task,
    demos,
    updates=1500,
    bindings=['run.record_video = False', 'BcAgent.hidden = (32, 32)'],
    root_dir=tmp_path,
  )
  found = run.policy(demos.observations)[:, 0]
  expected = [_expert(o)[0] for o in demos.observations]
  assert np.abs(found - expected).mean() < 0.3  # N of 10


def test_twice_in_one_process_and_after_a_failure(
  copied, task, demos, tmp_path
):
  with pytest.raises(ValueError, match='batch_size is 0; expected int, at le'):
    _imitate(task, demos, tmp_path, bindings=['ModelFree.batch_size = 0'])
  again = _imitate(task, demos, tmp_path, seed=1)
  assert again.path == tmp_path / 'runs' / 'mass' / 'hype' / '1'
  assert len(again.metrics) == len(copied.metrics)
  # The same call finds nothing left to do.
  assert _imitate(task, demos, tmp_path).metrics.equals(copied.metrics)


def test_returning_true_stops_and_the_same_call_goes_on(
  task, demos, tmp_path, capsys
):
  def go(**kwargs):
    return _imitate(task, demos, tmp_path, bindings=_UNTRAINED, **kwargs)

  run = go(on_evaluation=lambda row: row.real_steps >= 48)
  assert run.metrics.real_steps.iloc[-1] == 48
  said = 'stopped at 48 of 160 real steps, with a checkpoint; the same command'
  assert said in capsys.readouterr().err
  assert (run.path / 'checkpoints' / '48').exists()
  assert go().metrics.real_steps.iloc[-1] == 160


def test_raising_stops_after_a_checkpoint(task, demos, tmp_path):
  def fail(row):
    if row.real_steps >= 48:
      raise KeyError('mine')

  def go(**kwargs):
    return _imitate(task, demos, tmp_path, bindings=_UNTRAINED, **kwargs)

  with pytest.raises(KeyError, match='mine'):
    go(on_evaluation=fail)
  assert (tmp_path / 'runs/mass/hype/0/checkpoints/48').exists()
  assert go().metrics.real_steps.iloc[-1] == 160


class _Fails(Mass):
  """Raises `error` at its steps from the one `number` on, if that is set."""

  error, number = None, 0

  def __init__(self, render_mode=None):
    super().__init__(render_mode)
    self._steps = 0

  def step(self, action):
    self._steps += 1
    if self.error is not None and self._steps >= self.number:
      raise self.error
    return super().step(action)


@pytest.fixture
def failing(monkeypatch):
  """A task whose environment can be made to fail."""
  task = tfirl.Task('mass', env_fn=lambda: _Fails(), max_episode_steps=30)

  def fail(error, number=0):
    monkeypatch.setattr(_Fails, 'error', error)
    monkeypatch.setattr(_Fails, 'number', number)

  return task, fail


@pytest.mark.parametrize(
  'error', [KeyError('the arm'), ValueError('the arm'), ArithmeticError('the')]
)
def test_what_an_environment_raises_ends_the_run(
  failing, error, demos, tmp_path
):
  task, fail = failing
  fail(error, 100)
  go = functools.partial(
    _imitate, task, demos, tmp_path, bindings=(*_UNTRAINED, *_RARE)
  )
  with pytest.raises(type(error), match=str(error)[:4]):
    go()
  assert (tmp_path / 'runs/mass/hype/0/checkpoints/64').exists()
  fail(None)
  assert go().metrics.real_steps.iloc[-1] == 160


def test_its_own_non_finite_numbers_are_no_matter_of_rates(
  failing, demos, tmp_path
):
  task, fail = failing
  fail(FloatingPointError('overflow in the arm'), 100)
  with pytest.raises(FloatingPointError, match='^overflow in the arm'):
    _imitate(task, demos, tmp_path, bindings=(*_UNTRAINED, *_RARE))


def test_an_evaluation_that_fails_leaves_a_checkpoint(failing, demos, tmp_path):
  task, fail = failing

  def go(**kwargs):
    bindings = ['BcAgent.hidden = (8,)', 'run.record_video = False']
    where = {
      'root_dir': tmp_path,
      'bindings': [*bindings, 'run.eval_every = 64'],
    }
    return tfirl.imitate('bc', task, demos, updates=192, **where, **kwargs)

  with pytest.raises(OSError, match='unplugged'):
    go(on_evaluation=lambda row: row.updates and fail(OSError('unplugged')))
  path = tmp_path / 'mass' / 'bc' / '0' / 'checkpoints'
  assert (path / '128').exists() and not (path / '192').exists()
  fail(None)
  assert go().metrics.updates.iloc[-1] == 192


def test_interrupted_before_it_trained_another_config_is_as_good(
  failing, demos, tmp_path
):
  task, fail = failing
  fail(KeyboardInterrupt())
  with pytest.raises(KeyboardInterrupt):
    _imitate(task, demos, tmp_path, bindings=_UNTRAINED)
  fail(None)
  other = ['ModelFree.batch_size = 8', *_UNTRAINED]
  run = _imitate(task, demos, tmp_path, real_steps=16, bindings=other)
  assert run.metrics.real_steps.iloc[-1] == 16


def test_one_run_at_a_time(task, demos, tmp_path):
  def go(**kwargs):
    bindings = ['BcAgent.hidden = (8,)', 'run.record_video = False']
    where = {'root_dir': tmp_path, 'bindings': bindings}
    return tfirl.imitate('bc', task, demos, updates=4, **where, **kwargs)

  inner = {
    'imitate': lambda: go(seed=1),
    'the task of tasks/hopper.gin': lambda: tfirl.load_demonstrations(
      'embedded:hopper', 'hopper'
    ),
  }
  refused = []

  def call(row):
    for name, start in inner.items():
      with pytest.raises(RuntimeError, match=f'^{name}: found a run under way'):
        start()
      refused.append(name)

  run = go(on_evaluation=call)
  assert set(refused) == set(inner)
  assert (
    'BcAgent.hidden = (8,)' in (run.path / 'operative_config.gin').read_text()
  )
  assert go(seed=1).path.name == '1'


@pytest.mark.usefixtures('copied')
def test_other_arrays_are_another_run(task, demos, tmp_path):
  other = dataclasses.replace(demos, source='arrays:other')
  with pytest.raises(RuntimeError, match='--demos: was arrays:.*is arrays:oth'):
    _imitate(task, other, tmp_path)


def test_a_run_is_loaded_by_its_path(finished, task, demos):
  run, _ = finished
  found = tfirl.load_run(run.path, task=task)
  observation = demos.observations[0]
  np.testing.assert_array_equal(
    found.policy(observation), run.policy(observation)
  )
  assert found.metadata['demonstrations']['num_episodes'] == 4


def test_a_function_without_a_name_has_to_be_given(demos, tmp_path):
  task = tfirl.Task(
    'mass', env_fn=lambda render_mode=None: Mass(), max_episode_steps=30
  )
  run = _imitate(task, demos, tmp_path, real_steps=16)
  with pytest.raises(ValueError, match=r'load_run\(path, task=task\)'):
    tfirl.load_run(run.path)
  assert tfirl.load_run(run.path, task=task).task is task


def test_a_game_starts_from_an_earlier_runs_policy(
  finished, task, demos, tmp_path
):
  clone = tfirl.imitate(
    'bc',
    task,
    demos,
    updates=64,
    bindings=[*_SMALL[-2:], 'BcAgent.hidden = (8,)'],
    root_dir=tmp_path / 'clones',
  )
  run = _imitate(task, demos, tmp_path, init_from=clone, real_steps=16)
  # The first evaluation comes before the first step: on the same episodes.
  first, cloned = run.metrics.iloc[0], clone.metrics.iloc[-1]
  assert first.real_steps == 0
  assert first.eval_return_mean == pytest.approx(cloned.eval_return_mean)
  # And a game may be where the next begins.
  earlier, _ = finished
  again = _imitate(
    task,
    demos,
    tmp_path / 'again',
    init_from=str(earlier.path),
    bindings=['WarmStart.bc_steps = 30'],
    real_steps=16,
  )
  assert again.metrics.eval_return_mean[0] == pytest.approx(
    earlier.metrics.eval_return_mean.iloc[-1]
  )


def test_a_policy_of_another_kind_is_no_start(task, demos, tmp_path):
  other = _imitate(
    task,
    demos,
    tmp_path,
    bindings=['tfirl.SacAgent.hidden = (16,)'],
    real_steps=16,
  )
  message = r'init_from = .*kernels.*\(2, 16\).*this agent has.*\(2, 8\)'
  with pytest.raises(ValueError, match=message):
    _imitate(task, demos, tmp_path / 'next', init_from=other)
  with pytest.raises(FileNotFoundError, match='init_from = .*policy.npz: no s'):
    _imitate(task, demos, tmp_path / 'next', init_from=tmp_path)


def test_few_demonstrations_of_arrays(task, demos, tmp_path):
  run = _imitate(task, demos, tmp_path, num_demos=2, real_steps=16)
  assert run.path.parent.name == 'hype-n2'
  assert run.metadata['demonstrations']['num_episodes'] == 2


def test_an_unknown_method_and_task_are_answered(task, demos, tmp_path):
  with pytest.raises(FileNotFoundError, match='did you mean methods/hype.gin'):
    tfirl.imitate('hipe', task, demos, root_dir=tmp_path)
  with pytest.raises(FileNotFoundError, match='did you mean hype_hopper.gin'):
    tfirl.imitate('hype', 'hoper', root_dir=tmp_path)


def test_demonstrations_of_a_file(tmp_path, hopper_demos):
  demos = tfirl.load_demonstrations(str(hopper_demos), 'hopper')
  assert demos.observations.shape[1] == 11


def test_evaluations_are_printable(finished):
  _, seen = finished
  assert str(seen[0]).startswith('0 real steps, 0 updates: return -')
  assert pickle.loads(pickle.dumps(seen[0])) == seen[0]


@pytest.mark.parametrize('text', ['', '"a,b', '[]', '{"launches": 3}', '[' * 9])
def test_a_damaged_record_is_named(tmp_path, text):
  run = tfirl.Run(tmp_path, None)
  with pytest.raises(FileNotFoundError, match=r'metrics\.csv'):
    _ = run.metrics
  for name in ('metadata.json', 'metrics.csv'):
    (tmp_path / name).write_text(text)
  with pytest.raises(ValueError, match=f'{tmp_path}/metadata.json is damaged'):
    _ = run.metadata
  if text in ('', '"a,b'):
    with pytest.raises(ValueError, match=f'{tmp_path}/metrics.csv is damaged'):
      _ = run.metrics


def test_paths_need_not_be_text(task, finished, tmp_path):
  path = tmp_path / 'no.npz'
  assert tfirl.Task('a', env_id='A-v0', demos=path).demos == str(path)
  for load in (
    lambda: tfirl.load_demonstrations(path, task),
    lambda: tfirl.imitate('hype', task, path, root_dir=tmp_path),
  ):
    with pytest.raises(FileNotFoundError, match='no.npz'):
      load()
  (metadata,) = tmp_path.rglob('metadata.json')
  assert json.loads(metadata.read_text())['demos'] == str(path)
  run, _ = finished
  assert tfirl.load_run(run.path, task=task).path == run.path


@pytest.mark.parametrize('value', [3, ['runs'], b'runs'])
def test_what_is_no_path_is_named(value, task, demos, finished):
  run, _ = finished
  calls = {
    'root_dir': lambda: tfirl.imitate('bc', task, demos, root_dir=value),
    'init_from': lambda: tfirl.imitate('hype', task, demos, init_from=value),
    'path': lambda: tfirl.load_run(value),
    'video': lambda: run.evaluate(1, video=value),
  }
  for name, call in calls.items():
    with pytest.raises(ValueError, match=rf'^{name} is .*; expected a path$'):
      call()


@pytest.mark.parametrize('value', [3, ['a.npz'], {'observations': []}])
def test_what_is_no_demonstrations_is_named(value, task, tmp_path):
  message = '^demonstrations: found .*; expected FILE.npz'
  with pytest.raises(ValueError, match=message):
    tfirl.imitate('bc', task, value, root_dir=tmp_path)
  with pytest.raises(ValueError, match=message):
    tfirl.load_demonstrations(value, task)
