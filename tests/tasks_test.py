"""Each task's gin file gives the environment that its users expect."""

import functools
import os
import pathlib

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

import tfirl
from tfirl import tasks
from tfirl.config import gin_bindings
from tfirl.envs.gymnasium_env import GymnasiumEnvironment
from tfirl.envs.mazes import goal_maze
from tfirl.envs.wrappers import TremblingHand
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin files


def _task(name):
  gin_bindings.parse([f'tasks/{name}.gin'])
  task = tasks.make_task()
  assert task.name == name
  return task


def _load(name, seed=0):
  return _task(name).make_env(seed)


@pytest.mark.parametrize(
  'task, env_id, num_observations, num_actions, horizon',
  [
    ('pointmaze', 'PointMaze_Large-v3', 6, 2, 800),
    ('antmaze_large_diverse', 'AntMaze_Large_Diverse_GR-v5', 31, 8, 1000),
    ('antmaze_large_play', 'AntMaze_Large-v5', 31, 8, 1000),
    ('antmaze_large_diverse_d4rl', goal_maze.D4RL_ID, 31, 8, 1000),
    ('antmaze_large_play_d4rl', goal_maze.D4RL_ID, 31, 8, 1000),
  ],
)
def test_maze_task_files(task, env_id, num_observations, num_actions, horizon):
  env = _load(task, seed=1)
  assert type(env) is GymnasiumEnvironment  # hands are steady here
  assert env.env_id == env_id and env.max_episode_steps == horizon
  assert env.reset().observation.shape == (num_observations,)
  assert env.action_spec().shape == (num_actions,)
  np.testing.assert_array_equal(env.action_high, 1.0)
  assert env.gym.unwrapped.continuing_task is False


def test_plays_cells_are_picked_by_hand():
  """Each is start and goal; the walls are those of the environment's map."""
  maze = _load('antmaze_large_play', seed=1).maze
  cells = [[1, 1], [1, 10], [3, 5], [5, 4], [7, 1], [7, 10]]
  for xy in (maze.start_xy, maze.goal_xy):
    assert sorted(maze.map.cell(xy).tolist()) == cells
  own = tasks.make_env('AntMaze_Large-v5', {'continuing_task': False}).maze
  np.testing.assert_array_equal(maze.map.is_wall, own.map.is_wall)
  assert len(own.start_xy) > 40


@pytest.mark.parametrize(
  'task, env_id, num_observations, num_actions, high, probability',
  [
    ('hopper', 'Hopper-v5', 11, 3, 1.0, 0.01),
    ('walker2d', 'Walker2d-v5', 17, 6, 1.0, 0.01),
    ('ant', 'Ant-v5', 27, 8, 1.0, 0.01),
    ('humanoid', 'Humanoid-v5', 45, 17, 0.4, 0.025),
  ],
)
def test_task_files(
  task, env_id, num_observations, num_actions, high, probability
):
  env = _load(task, seed=1)
  assert gin_bindings.value_of('Task.tremble_probability') == probability
  assert isinstance(env, TremblingHand)
  assert env.env_id == env_id and env.max_episode_steps == 1000
  assert env.reset().observation.shape == (num_observations,)
  assert env.action_spec().shape == (num_actions,)
  np.testing.assert_array_equal(env.action_high, np.float32(high))


def test_the_ant_that_steers():
  env = _load('ant_steering', seed=1)
  assert type(env) is GymnasiumEnvironment and env.maze is None
  assert env.env_id == 'tfirl/AntSteering-v0' and env.max_episode_steps == 500
  assert env.reset().observation.shape == (29,)
  assert env.action_spec().shape == (8,)


def test_walker_has_the_friction_of_v3():
  friction = _load('walker2d').gym.unwrapped.model.geom_friction
  # walker2d_v5.xml has 1.9 on both feet.
  assert sorted({f[0] for f in friction}) == pytest.approx([0.7, 0.9, 1.9])


def test_seed_is_that_of_the_first_reset():
  first = tasks.make_env('Hopper-v5', seed=3).reset().observation
  np.testing.assert_array_equal(
    first, tasks.make_env('Hopper-v5', seed=3).reset().observation
  )
  assert (
    first != tasks.make_env('Hopper-v5', seed=4).reset().observation
  ).any()


def test_without_trembling_there_is_no_wrapper():
  assert type(tasks.make_env('Hopper-v5')) is GymnasiumEnvironment


def test_renders_without_a_display(monkeypatch):
  monkeypatch.delenv('DISPLAY', raising=False)
  monkeypatch.delenv('MUJOCO_GL', raising=False)
  with tasks.make_env('Hopper-v5', None, 0.01, render_mode='rgb_array') as env:
    assert os.environ['MUJOCO_GL'] == 'egl'
    env.reset()
    frame = env.render()
  assert frame.ndim == 3 and frame.shape[2] == 3 and frame.dtype == np.uint8
  assert frame.std() > 1  # a picture, not one colour


@pytest.mark.parametrize(
  'installed, name',
  [
    ({'EGL', 'OSMesa'}, 'egl'),
    ({'EGL'}, 'egl'),
    ({'OSMesa'}, 'osmesa'),
    (set(), 'egl'),
  ],
)
def test_without_egl_it_is_osmesa(monkeypatch, installed, name):
  monkeypatch.delenv('DISPLAY', raising=False)
  monkeypatch.setenv('MUJOCO_GL', 'unset at the end')
  monkeypatch.delenv('MUJOCO_GL')
  monkeypatch.setattr(
    'ctypes.util.find_library',
    lambda library: f'lib{library}.so.1' if library in installed else None,
  )
  tasks.make_env('Hopper-v5', render_mode='rgb_array').close()
  assert os.environ['MUJOCO_GL'] == name


def test_the_given_renderer_stays(monkeypatch):
  monkeypatch.delenv('DISPLAY', raising=False)
  monkeypatch.setenv('MUJOCO_GL', 'osmesa')
  tasks.make_env('Hopper-v5', render_mode='rgb_array').close()
  assert os.environ['MUJOCO_GL'] == 'osmesa'


@pytest.mark.parametrize(
  'env_id, close', [('Hoper-v5', 'Hopper-v5'), ('hopper-v5', 'Hopper-v5')]
)
def test_unknown_id(env_id, close):
  message = f"Task.env_id is '{env_id}'.*close: .*{close}"
  with pytest.raises(ValueError, match=message):
    tasks.make_env(env_id)


@pytest.mark.parametrize('key', ['no_such_kwarg', 'xml_file'])
def test_refused_kwargs(key):
  with pytest.raises(ValueError, match=f'Task.env_kwargs is .*{key}'):
    tasks.make_env('Hopper-v5', {key: '/nowhere.xml'})


def test_probability_out_of_range():
  message = 'Task.tremble_probability is 1.5; expected float, at least 0'
  with pytest.raises(ValueError, match=message):
    tasks.make_env('Hopper-v5', tremble_probability=1.5)


def test_episodes_must_end(monkeypatch):
  class Endless(gymnasium.Env):
    """Takes no render mode either: an environment need not."""

    observation_space = spaces.Box(-1.0, 1.0, (1,))
    action_space = spaces.Box(-1.0, 1.0, (1,))

  spec = gymnasium.envs.registration.EnvSpec('TfirlEndless-v0', Endless)
  monkeypatch.setitem(gymnasium.registry, 'TfirlEndless-v0', spec)
  with pytest.raises(ValueError, match='no time limit.*max_episode_steps'):
    tasks.make_env('TfirlEndless-v0')
  env = tasks.make_env('TfirlEndless-v0', {'max_episode_steps': 5})
  assert env.max_episode_steps == 5


def test_a_function_that_can_not_render_says_so():
  def make():
    return gymnasium.make('InvertedPendulum-v5')

  task = tasks.Task('pole', env_fn=make)
  task.make_env().close()
  with pytest.raises(ValueError, match='takes no render_mode; expected env_fn'):
    task.make_env(render_mode='rgb_array')
  task = tasks.Task(
    'pole',
    env_fn=lambda **kwargs: gymnasium.make('InvertedPendulum-v5', **kwargs),
  )
  with task.make_env(render_mode='rgb_array') as env:
    assert env.gym.render_mode == 'rgb_array'


_ANY = {'name': 'a', 'env_id': 'Hopper-v5'}


def _endless(render_mode=None):
  return gymnasium.make(
    'Hopper-v5', render_mode=render_mode, max_episode_steps=-1
  )


def test_a_task_of_a_module_is_found_by_its_name(tmp_path, monkeypatch):
  (tmp_path / 'my_tasks.py').write_text(
    'import gymnasium\n'
    'def make(render_mode=None):\n'
    '  return gymnasium.make("Hopper-v5", render_mode=render_mode)\n'
  )
  monkeypatch.syspath_prepend(tmp_path)
  task = tfirl.Task('mine', 'my_tasks:make')
  assert "Task.env_fn = 'my_tasks:make'" in task.bindings
  with task.make_env() as env:
    assert env.observation_spec().shape == (11,)


class _Factory:
  """Makes environments, by what it holds."""

  def __call__(self, render_mode=None):
    return _endless(render_mode)

  def make(self, render_mode=None):
    return _endless(render_mode)

  @staticmethod
  def plain(render_mode=None):
    return _endless(render_mode)


@pytest.mark.parametrize(
  'env_fn',
  [functools.partial(gymnasium.make, 'A-v0'), _Factory(), _Factory().make],
)
def test_an_object_that_no_name_finds_is_not_taken_for_its_class(env_fn):
  """Its class, or its method of no object, would make something else."""
  line = tfirl.Task('a', env_fn=env_fn).bindings[1]
  name = line.removeprefix('Task.env_fn = ').strip("'")
  with pytest.raises(ValueError, match=r'load_run\(path, task=task\)'):
    tfirl.Task('a', env_fn=name)


def test_a_function_of_a_class_is_found_by_its_name():
  name = tfirl.Task('a', env_fn=_Factory.plain).bindings[1].split("'")[1]
  assert tasks.resolve('Task.env_fn', name) is _Factory.plain


@pytest.mark.parametrize('value', [float('inf'), np.zeros(2), pathlib.Path()])
def test_kwargs_that_gin_cannot_say(value):
  task = tfirl.Task('a', 'os:getcwd', env_kwargs={'x': value})
  with pytest.raises(ValueError, match='env_kwargs is .*; expected what gin'):
    _ = task.bindings


@pytest.mark.parametrize(
  ('arguments', 'message'),
  [
    ({'name': '../evil', 'env_id': 'Hopper-v5'}, 'Task.name is .*letters'),
    ({'name': 'a'}, 'found neither of env_id and env_fn'),
    ({'name': 'a', 'env_id': 'A-v0', 'env_fn': _endless}, 'found both'),
    (
      {'name': 'a', 'env_fn': 'nowhere:make'},
      "'nowhere:make': can't .*: No module",
    ),
    ({'name': 'a', 'env_fn': 'os:make'}, "'os:make': .*no attribute"),
    ({'name': 'a', 'env_fn': 'os:sep'}, 'a str; expected a function'),
    (
      {'name': 'a', 'env_fn': gymnasium.Wrapper(gymnasium.Env())},
      'Task.env_fn is <Wrapper.*expected what makes an environment, such as',
    ),
    ({'name': 'a', 'env_fn': 3}, "Task.env_fn is 3; expected a function, or '"),
    (
      {'name': 'a', 'env_id': 'Hopper-v5', 'is_healthy': 3},
      'Task.is_healthy is 3; expected a function, called with observations',
    ),
    (
      {'name': 'a', 'env_id': 'Hopper-v5', 'is_healthy': []},
      r'Task.is_healthy is \[\]; expected a function',
    ),
    ({'name': None, 'env_id': 'A-v0'}, 'Task.name is None; expected str'),
    ({'name': 'a', 'env_id': 3}, 'Task.env_id is 3; expected str or None'),
    ({**_ANY, 'demos': 3}, 'Task.demos is 3; expected str or'),
    ({**_ANY, 'demos': b'x'}, "Task.demos is b'x'; expected str or"),
    ({**_ANY, 'expert_return': 'x'}, "expert_return is 'x'; expected float or"),
    ({**_ANY, 'random_return': float('nan')}, 'random_return is nan; expected'),
    ({**_ANY, 'env_kwargs': [1]}, r'env_kwargs is \[1\]; expected'),
    ({**_ANY, 'env_kwargs': {1: 2}}, 'env_kwargs is {1: 2}; expected names'),
    (
      {**_ANY, 'env_kwargs': {'render_mode': 'human'}},
      'expected no render_mode: videos are made by run.record_video and run',
    ),
  ],
)
def test_tasks_of_no_use(arguments, message):
  with pytest.raises(ValueError, match=message):
    tfirl.Task(**arguments)


def test_numbers_of_numpy_are_returns():
  task = tfirl.Task(**_ANY, expert_return=np.float32(3), random_return=1)
  assert (task.expert_return, task.random_return) == (3.0, 1)


def _raises(render_mode=None):
  raise KeyError('map')


@pytest.mark.parametrize(
  ('arguments', 'message'),
  [
    (
      {'env_id': 'Hopper-v5', 'env_kwargs': {'frame_skip': 0}},
      "Task.env_id is 'Hopper-v5', Task.env_kwargs is {'frame_skip': 0}; "
      'making it failed: ZeroDivisionError: float division by zero',
    ),
    (
      {'env_id': 'x:y:z'},
      "Task.env_id is 'x:y:z', Task.env_kwargs is {}; making it failed: ValueE",
    ),
    ({'env_fn': _raises}, ":_raises', Task.env_kwargs is {}; making it failed"),
  ],
)
def test_what_making_it_raises_names_it(arguments, message):
  with pytest.raises(ValueError) as error:
    tfirl.Task('a', **arguments).make_env()
  assert message in str(error.value)


def test_a_known_environment_that_lacks_a_library_is_told_what():
  """It is no misspelling."""

  def make(render_mode=None):
    raise gymnasium.error.DependencyNotInstalled('Box3D is not installed')

  gymnasium.register('TfirlLacks-v0', make, max_episode_steps=5)
  for env_id, message in (
    ('TfirlLacks-v0', 'making it failed: DependencyNotInstalled: Box3D is not'),
    ('TfirlLack-v0', r'gymnasium knows \(close: TfirlLacks-v0\): '),
  ):
    with pytest.raises(ValueError, match=message):
      tfirl.Task('a', env_id=env_id).make_env()
  del gymnasium.registry['TfirlLacks-v0']


def test_an_environment_of_no_use_is_named():
  with pytest.raises(
    ValueError, match='it made a builtins.int; expected a gym'
  ):
    tfirl.Task('a', env_fn=lambda render_mode=None: 3).make_env()
  with pytest.raises(ValueError, match='no time limit.*max_episode_steps'):
    tfirl.Task('a', env_fn=_endless).make_env()


@pytest.mark.parametrize(
  'made', [{'env_id': 'Hopper-v5'}, {'env_fn': _endless}]
)
def test_a_limit_may_be_a_number_of_numpy(made):
  task = tfirl.Task('a', max_episode_steps=np.int64(7), **made)
  with task.make_env() as env:
    assert env.max_episode_steps == 7


def test_an_environment_that_is_refused_is_closed():
  """In a notebook the next try may need what it holds."""
  closed = []

  class Counted(gymnasium.Wrapper):
    def close(self):
      closed.append(self)
      raise OSError('the arm is stuck')

  with pytest.raises(ValueError, match='no time limit'):
    tfirl.Task('a', env_fn=lambda: Counted(_endless())).make_env()
  assert len(closed) == 1


def test_a_seed_below_0_is_named():
  with pytest.raises(ValueError, match='seed is -1; expected an integer, 0 or'):
    tasks.make_env('Hopper-v5', seed=-1)
