"""From a task and arrays to a run, and what can be done with one."""

import dataclasses
import json
import os
import pickle
import shutil

import mass
import numpy as np
import pytest
import tensorflow as tf

import tfirl
from tfirl.costs import learned_reward


@pytest.fixture(scope='module')
def finished(task, demos, tmp_path_factory):
  """A run to its end, and what it said on its way; only to be read."""
  seen = []
  folder = tmp_path_factory.mktemp('finished')
  return mass.imitate(task, demos, folder, on_evaluation=seen.append), seen


@pytest.fixture
def copied(finished, tmp_path):
  """The same run in `tmp_path`, where `mass.imitate` finds it."""
  run, _ = finished
  shutil.copytree(run.path, tmp_path / 'runs' / 'mass' / 'hype' / '0')
  return run


def test_a_method_without_a_cost(task, demos, tmp_path):
  """Of which gin may bind nothing, or the binding is refused as unused."""
  small = [b for b in mass.SMALL if not b.startswith('Cost')]

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


def test_a_run_is_where_it_was_made(finished, demos, tmp_path, monkeypatch):
  """Elsewhere its path could be that of another run, whose policy acts."""
  run, _ = finished
  monkeypatch.chdir(run.path.parents[2])
  again = tfirl.load_run(os.path.relpath(run.path), task=run.task)
  monkeypatch.chdir(tmp_path)
  assert again.path == run.path
  assert again.metrics.equals(run.metrics)
  np.testing.assert_array_equal(
    again.policy(demos.observations[0]), run.policy(demos.observations[0])
  )


@pytest.mark.parametrize('kind', [float, np.float32, np.float64, np.int64])
def test_what_the_expert_returns_may_be_a_number_of_numpy(finished, kind):
  """As the mean of float32 rewards is; it was taken for none."""
  run, _ = finished
  best = kind(run.metrics.eval_return_mean.max() + 1e6)
  assert 'normalised return' in run.doctor(best).state


def test_what_a_run_can_not_evaluate_or_act_on_is_named(finished):
  run, _ = finished
  for name, value in (('episodes', 2.0), ('episodes', 0), ('seed', 0.5)):
    words = f'^{name} is {value}; expected an integer, '
    with pytest.raises(ValueError, match=words):
      run.evaluate(**{name: value})
  words = r'observation has shape \(3,\); expected 2 numbers'
  with pytest.raises(ValueError, match=words):
    run.policy([1, 2, 3])
  for value in ('much', float('nan')):
    with pytest.raises(ValueError, match=f'^expert_return is .*{value}.*; exp'):
      run.doctor(value)


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
  env = learned_reward.LearnedRewardWrapper(mass.Mass(), run.path / 'cost.npz')
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
  expected = [mass.expert(o)[0] for o in demos.observations]
  assert np.abs(found - expected).mean() < 0.3  # N of 10


def test_twice_in_one_process_and_after_a_failure(
  copied, task, demos, tmp_path
):
  with pytest.raises(ValueError, match='batch_size is 0; expected int, at le'):
    mass.imitate(task, demos, tmp_path, bindings=['ModelFree.batch_size = 0'])
  again = mass.imitate(task, demos, tmp_path, seed=1)
  assert again.path == tmp_path / 'runs' / 'mass' / 'hype' / '1'
  assert len(again.metrics) == len(copied.metrics)
  # The same call finds nothing left to do.
  assert mass.imitate(task, demos, tmp_path).metrics.equals(copied.metrics)


@pytest.mark.parametrize(
  ('given', 'message'),
  [
    ({'seed': 1.0}, 'seed is 1.0; expected an integer, 0 or more'),
    ({'seed': '1'}, "seed is '1'; expected an integer"),
    ({'seed': -1}, 'seed is -1; expected an integer'),
    ({'seed': True}, 'seed is True; expected an integer'),
    ({'seed': 2**70}, 'expected an integer of at most 9,223,372,036,854,775'),
    ({'bindings': 'run.updates = 1'}, 'expected a list of lines of gin'),
    ({'bindings': None}, 'bindings is None; expected a list of lines of gin'),
    ({'bindings': [3]}, r'bindings is \[3\]; expected a list of lines of gin'),
    ({'real_steps': '20000'}, "^real_steps is '20000'; expected an integer, 1"),
    ({'updates': 2e4}, '^updates is 20000.0; expected an integer, 1 or more'),
    ({'on_evaluation': 5}, 'on_evaluation is 5; expected a function, or None'),
    ({'root_dir': 'a\0b'}, 'root_dir is .* a path, which has no null byte'),
  ],
)
def test_what_is_no_argument_is_refused_before_there_is_a_folder(
  tmp_path, monkeypatch, given, message
):
  monkeypatch.chdir(tmp_path)
  with pytest.raises(ValueError, match=message):
    tfirl.imitate('bc', 'hopper', **given)
  assert not os.listdir()


def test_a_seed_of_numpys_is_one(task, demos, tmp_path):
  run = mass.imitate(task, demos, tmp_path, seed=np.int64(3), real_steps=16)
  assert run.path.name == '3'


@pytest.mark.usefixtures('copied')
def test_other_arrays_are_another_run(task, demos, tmp_path):
  other = dataclasses.replace(demos, source='arrays:other')
  with pytest.raises(RuntimeError, match='--demos: was arrays:.*is arrays:oth'):
    mass.imitate(task, other, tmp_path)


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
    'mass', env_fn=lambda render_mode=None: mass.Mass(), max_episode_steps=30
  )
  run = mass.imitate(task, demos, tmp_path, real_steps=16)
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
    bindings=[*mass.SMALL[-2:], 'BcAgent.hidden = (8,)'],
    root_dir=tmp_path / 'clones',
  )
  run = mass.imitate(task, demos, tmp_path, init_from=clone, real_steps=16)
  # The first evaluation comes before the first step: on the same episodes.
  first, cloned = run.metrics.iloc[0], clone.metrics.iloc[-1]
  assert first.real_steps == 0
  assert first.eval_return_mean == pytest.approx(cloned.eval_return_mean)
  # And a game may be where the next begins.
  earlier, _ = finished
  again = mass.imitate(
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
  other = mass.imitate(
    task,
    demos,
    tmp_path,
    bindings=['tfirl.SacAgent.hidden = (16,)'],
    real_steps=16,
  )
  message = r'init_from = .*kernels.*\(2, 16\).*this agent has.*\(2, 8\)'
  with pytest.raises(ValueError, match=message):
    mass.imitate(task, demos, tmp_path / 'next', init_from=other)
  with pytest.raises(FileNotFoundError, match='init_from = .*policy.npz: no s'):
    mass.imitate(task, demos, tmp_path / 'next', init_from=tmp_path)


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
  (tmp_path / 'a.npz').touch()
  (of_bytes,) = os.scandir(os.fsencode(tmp_path))
  for given in (path, of_bytes):
    found = tfirl.Task('a', env_id='A-v0', demos=given).demos
    assert found == os.fsdecode(given)
  with pytest.raises(ValueError, match='a.npz'):
    tfirl.load_demonstrations(of_bytes, task)
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
