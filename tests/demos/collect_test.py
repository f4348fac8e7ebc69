"""The collecting and the summary commands, and where policies come from."""

import types

import expert_files
import gin
import numpy as np
import pytest
import tensorflow as tf

from tfirl import tasks
from tfirl.acting import MlpPolicy
from tfirl.agents import export
from tfirl.demos import collect, load
from tfirl.demos.experts import policies
from tfirl.envs.wrappers import TremblingHand
from tfirl.storage import policy_file

_METADATA = {'task': 'hopper', 'env_id': 'Hopper-v5', 'env_kwargs': {}}


@pytest.fixture
def weights(tmp_path):
  """A policy that pulls at no joint."""
  policy = MlpPolicy([(np.zeros((11, 3)), np.zeros(3))], 3)
  return expert_files.write(tmp_path / 'still.npz', policy, _METADATA)


class _Exported(tf.Module):
  @tf.function(input_signature=[tf.TensorSpec([None, 11])])
  def action(self, observation):
    return 0.5 * observation[:, :3]


class _Wide(tf.Module):
  @tf.function(input_signature=[tf.TensorSpec([None, 3])])
  def action(self, observation):
    return observation[:, :2]


def _args(**changes):
  args = {
    'task': 'hopper',
    'policy': 'none',
    'out': 'x.npz',
    'episodes': 2,
    'seed': 3,
    'full_length_only': False,
    'stochastic': False,
    'tremble': False,
    'min_return': None,
  }
  return types.SimpleNamespace(**{**args, **changes})


def _load(source, env_id='Hopper-v5'):
  return load.of_task(source, tasks.Task('any', env_id=env_id))


def test_the_commands(weights, tmp_path, call_warm):
  out = str(tmp_path / 'out.npz')
  commands = [
    ['collect', '--task=hopper', f'--policy={weights}', f'--out={out}']
    + ['--episodes=2', '--seed=3', '--nofull_length_only'],
    ['summary', out],
    ['summary', f'{out}x.npz'],
    ['summary', '--num_demos=1', out],
    ['summary', '--num_demos=0', out],
  ]
  done = [
    call_warm(f'tfirl.demos.{command[0]}', *command[1:]) for command in commands
  ]
  assert [d.returncode for d in done] == [0, 0, 1, 0, 1], done
  assert f'{out}: 2 of 2 episodes' in done[0].stdout
  demos = _load(out)
  np.testing.assert_array_equal(demos.episode_seeds, [3, 4])
  assert demos.qpos.shape == (len(demos), 6)
  assert not demos.actions.any()
  mean = demos.episode_returns.mean()
  assert f'return       mean {mean:.1f}' in done[1].stdout
  assert 'x.npz: no such demonstration file' in done[2].stderr
  assert 'Traceback' not in done[2].stderr + done[4].stderr
  assert 'episodes     1\n' in done[3].stdout
  assert '--num_demos is 0; expected an integer' in done[4].stderr


def test_the_maze_needs_no_policy(tmp_path, call_warm):
  out = str(tmp_path / 'maze.npz')
  done = call_warm(
    *('tfirl.demos.collect', '--task=pointmaze'),
    *('--episodes=3', f'--out={out}'),
  )
  assert done.returncode == 0, done
  assert f'{out}: 3 of 3 episodes' in done.stdout
  assert 'return 1.0 +- 0.0' in done.stdout
  demos = _load(out, 'PointMaze_Large-v3')
  assert demos.terminals.sum() == 3 and demos.goal.shape == (len(demos), 2)


def test_collects_into_minari(weights, tmp_path, monkeypatch):
  monkeypatch.setenv('MINARI_DATASETS_PATH', str(tmp_path))
  args = _args(policy=weights, out='minari:zoo/still-v0')
  raw = collect.collect(args)
  demos = _load('minari:zoo/still-v0')
  np.testing.assert_array_equal(demos.observations, raw.columns['observations'])
  np.testing.assert_array_equal(demos.qpos, raw.columns['qpos'])


def test_the_task_file_makes_the_environment(tmp_path, monkeypatch):
  """Its trembling hand too, but only when asked for."""
  made = []

  def record(env, *_, **__):
    made.append(env)
    raise ValueError('seen')

  monkeypatch.setattr(collect, 'record', record)
  for tremble in (False, True):
    args = _args(task='walker2d', policy='embedded', tremble=tremble)
    with pytest.raises(ValueError, match='seen'):
      collect.collect(args)
  assert [env.env_id for env in made] == ['Walker2d-v5'] * 2
  assert [isinstance(env, TremblingHand) for env in made] == [False, True]
  assert made[0].env_kwargs == {'xml_file': 'walker2d.xml'}
  assert not gin.config_str()  # gin's own state is as it was


@pytest.fixture
def tasks_folder(tmp_path, monkeypatch):
  """A folder tasks/ in the working folder, for files of the user's."""
  (tmp_path / 'tasks').mkdir()
  monkeypatch.chdir(tmp_path)
  return tmp_path / 'tasks'


@pytest.mark.parametrize(
  ('text', 'message'),
  [
    ('Task.env_kwargs = {}', 'mine.gin: Task.name: found no binding'),
    ("Task.name = 'mine'", 'found neither of env_id and env_fn'),
  ],
)
def test_a_task_file_must_name_its_environment(tasks_folder, text, message):
  (tasks_folder / 'mine.gin').write_text(f'{text}\n')
  with pytest.raises(ValueError, match=message):
    collect.collect(_args(task='mine'))


def test_a_task_file_may_import_and_include(
  tasks_folder, weights, tmp_path, monkeypatch
):
  """An environment that a module of the user's registers."""
  (tmp_path / 'my_collected.py').write_text(
    'import gymnasium\n'
    'gymnasium.register("Collected-v0", max_episode_steps=5,\n'
    '  entry_point="gymnasium.envs.mujoco.hopper_v5:HopperEnv")\n'
  )
  monkeypatch.syspath_prepend(tmp_path)
  (tasks_folder / 'base.gin').write_text(
    "import my_collected\nTask.name = 'base'\nTask.env_id = 'Collected-v0'\n"
  )
  (tasks_folder / 'mine.gin').write_text(
    "include 'tasks/base.gin'\nTask.name = 'mine'\n"
    'STEPS = 3\nTask.max_episode_steps = %STEPS\n'
  )
  raw = collect.collect(
    _args(task='mine', policy=weights, out=str(tmp_path / 'x.npz'))
  )
  assert raw.env_id == 'Collected-v0' and raw.episode_ends.tolist() == [3, 6]


@pytest.mark.parametrize(
  ('changes', 'message'),
  [
    ({'task': 'chess'}, 'tasks/chess.gin'),
    ({'policy': 'nowhere'}, 'found no SavedModel in nowhere'),
    ({'out': 'x.csv'}, 'x.csv'),
    ({'full_length_only': True, 'episodes': 1}, 'found 0 full-length'),
  ],
)
def test_user_errors_are_one_line(weights, changes, message):
  with pytest.raises(SystemExit) as caught:
    collect.main(_args(**{'policy': weights, **changes}))
  said = caught.value.code  # which Python prints, and exits with 1
  assert said.startswith('error: ') and message in said and '\n' not in said


@pytest.mark.parametrize(
  ('changes', 'message'),
  [
    ({'out': 'x.csv'}, "--out: found 'x.csv'; expected FILE.npz, FILE.hdf5"),
    ({'out': 'minari:bad'}, "minari:bad: name: found 'bad'; expected .*-vN"),
    ({'out': 'minari:zoo/ant-v0'}, 'minari delete zoo/ant-v0'),
    ({'out': 'folder.npz'}, '--out: folder.npz is there already'),
    ({'out': 'there.npz'}, '--out: there.npz is there already'),
    ({'out': '~/there.npz'}, '--out: .*/there.npz is there already'),
    ({'out': 'there.npz/x.npz'}, "'there.npz/x.npz', which cannot be written"),
    ({'out': f'{"x" * 300}.npz'}, "x.npz', which cannot be written"),
    ({'out': '/proc/x.npz'}, "'/proc/x.npz', which cannot be written"),
    ({'out': '/proc/a/b/x.hdf5'}, "b/x.hdf5', which cannot be written"),
    ({'seed': 99999999999999999999}, 'seed is 99999999999999999999; expected'),
    ({'seed': 2**63 - 1}, 'seed is 9223372036854775807; expected at most'),
    ({'min_return': float('nan')}, 'min_return is nan; expected a finite'),
    ({'min_return': float('inf')}, 'min_return is inf; expected a finite'),
  ],
)
def test_all_is_checked_before_the_first_step(
  tmp_path, monkeypatch, changes, message
):
  (tmp_path / 'folder.npz').mkdir()
  (tmp_path / 'there.npz').write_text('mine')
  (tmp_path / 'zoo' / 'ant-v0').mkdir(parents=True)
  monkeypatch.chdir(tmp_path)
  monkeypatch.setenv('MINARI_DATASETS_PATH', str(tmp_path))
  monkeypatch.setenv('HOME', str(tmp_path))
  monkeypatch.setattr(collect, '_load_task', lambda name: 1 / 0)
  with pytest.raises((ValueError, FileExistsError), match=message):
    collect.collect(_args(**changes))
  assert (tmp_path / 'there.npz').read_text() == 'mine'


def test_a_new_file_may_be_in_a_new_folder(tmp_path, monkeypatch):
  monkeypatch.setenv('MINARI_DATASETS_PATH', str(tmp_path))
  collect.check_out('minari:zoo/ant-v0')
  collect.check_out(str(tmp_path / 'a' / 'b' / 'x.npz'))
  assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('subfolder', ['', 'policy'])
def test_saved_model_acts(tmp_path, subfolder):
  tf.saved_model.save(_Exported(), str(tmp_path / 'run' / subfolder))
  policy = policies.load_policy(str(tmp_path / 'run'), 'hopper')
  observation = np.arange(11.0) / 11
  np.testing.assert_allclose(policy(observation), observation[:3] / 2)
  with pytest.raises(ValueError, match='found a mean policy'):
    policy(observation, np.random.default_rng(0))


def test_what_a_run_leaves_acts(tmp_path):
  """In [-1, 1], whatever units its files are in."""
  rng = np.random.default_rng(0)
  layers = [(rng.normal(size=(11, 6)).astype('f'), np.zeros(6, 'f'))]
  unit = MlpPolicy(layers, 3)
  bounds = np.float32([-3, 0, 1]), np.float32([1, 10, 2])
  leaving = policy_file.make(unit, *bounds, {})
  export.save_policy(leaving, tmp_path / 'model')
  policy_file.save(leaving, tmp_path / 'policy.npz')
  observation = rng.normal(size=11).astype('f')
  for source in ('model', 'policy.npz', ''):  # at last the run's folder
    policy = policies.load_policy(str(tmp_path / source), 'hopper')
    np.testing.assert_allclose(policy(observation), unit(observation), 1e-5)
  drawn = policy(observation, np.random.default_rng(1))
  np.testing.assert_array_equal(
    drawn, unit(observation, np.random.default_rng(1))
  )


def test_saved_model_without_action(tmp_path):
  tf.saved_model.save(tf.Module(), str(tmp_path))
  with pytest.raises(ValueError, match='SavedModel without `action`'):
    policies.load_policy(str(tmp_path), 'hopper')


def test_weights_are_a_policy(weights):
  policy = policies.load_policy(weights, 'hopper')
  np.testing.assert_array_equal(policy(np.ones(11)), np.zeros(3))


def test_a_function_of_the_users_acts_in_the_environments_units(
  tmp_path, monkeypatch
):
  (tmp_path / 'my_acting.py').write_text(
    'import numpy as np\n'
    'def act(observation):\n'
    '  return np.array([0.5])\n'
    'def far(observation):\n'
    '  return np.array([9.0])\n'
    'def wrong(observation):\n'
    '  return np.array([0.0, np.nan])\n'
  )
  monkeypatch.syspath_prepend(tmp_path)
  with tasks.make_env('Pendulum-v1') as env:  # -2 to 2
    for name, expected in (('act', 0.25), ('far', 1.0)):
      policy = policies.load_policy(f'my_acting:{name}', 'pendulum', env)
      assert policy(np.zeros(3)) == [expected]
    with pytest.raises(ValueError, match='expected no --stochastic'):
      policy(np.zeros(3), np.random.default_rng(0))
    wrong = policies.load_policy('my_acting:wrong', 'pendulum', env)
    with pytest.raises(ValueError, match=r'my_acting:wrong: found an action'):
      wrong(np.zeros(3))
    with pytest.raises(ValueError, match="--policy is 'my_acting:none'"):
      policies.load_policy('my_acting:none', 'pendulum', env)


@pytest.mark.parametrize(
  ('source', 'message'),
  [
    ('weights', 'found 11 observed numbers and 3 of actions; expected 3 obs'),
    ('model', r'it fails \(.+\); expected 3 observed numbers and 1 of actions'),
    ('wide', r'found actions of shape \(2,\); expected'),
    ('embedded:pointmaze', r'it fails \(.+\); expected 3 observed numbers'),
  ],
)
def test_a_policy_of_another_environment_is_refused(
  weights, tmp_path, source, message
):
  tf.saved_model.save(_Exported(), str(tmp_path / 'model'))
  tf.saved_model.save(_Wide(), str(tmp_path / 'wide'))
  paths = {'weights': weights, 'embedded:pointmaze': source}
  path = paths.get(source, str(tmp_path / source))
  with tasks.make_env('Pendulum-v1') as env:
    with pytest.raises(ValueError, match=message) as caught:
      policies.load_policy(path, 'pendulum', env)
  assert f'{path} is of another environment than Pendul' in str(caught.value)


def test_no_policy(tmp_path):
  with pytest.raises(FileNotFoundError, match='found no SavedModel in'):
    policies.load_policy(str(tmp_path), 'hopper')
  with pytest.raises(ValueError, match='embedded:chess: found no such'):
    policies.load_policy('embedded', 'chess')
  with pytest.raises(ValueError, match='embedded:go: found no such'):
    policies.load_policy('embedded:go', 'chess')
