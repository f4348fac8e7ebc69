"""The facts of one task, and the environments that they make."""

import contextlib
import difflib
import inspect
import operator
import os
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import gin
import gymnasium

from tfirl import checks
from tfirl.config import gin_bindings, user_modules
from tfirl.envs import answers, reused, time_limits
from tfirl.envs.gymnasium_env import GymnasiumEnvironment
from tfirl.envs.mazes import ant_steering, camera, goal_maze
from tfirl.envs.wrappers import TremblingHand
from tfirl.machine import renderer

_IsHealthy = Annotated[
  Callable,
  checks.Called(
    'called with observations [B, O] for bool [B], such as @termination.never',
    1,
  ),
]


class Task:
  """What is to be learned: an environment, and what is known of it.

  In gin files its parameters are those of `Task`: `Task.env_id = 'Hopper-v5'`.

  Attributes:
    name: part of the run folder's path.
    demos: source of its demonstrations, as in `demos.load`.
    is_healthy: maps observations [B, O], a tensor, to bool [B], False where an
      episode ends; None where that is to be learned.
    expert_return: mean return of the expert, with the trembling hand.
    random_return: likewise of uniformly random actions.

  Exactly one of `env_fn` and `env_id` says what makes the environment.

  Args:
    name: letters, digits, `_`, `-` and `.`.
    env_fn: env_fn(render_mode=None) -> gymnasium.Env, or 'module:function',
      found from the working folder.
    env_id: what gymnasium makes, with its version: 'Hopper-v5'; or
      'module:Mine-v0', of a module that registers it.
    env_kwargs: what else `gymnasium.make`, or `env_fn`, is given.
    tremble_probability: chance that a step executes a uniform action.
    is_healthy: as above, or 'module:function'.
    max_episode_steps: the time limit, for an environment that has none, or in
      the place of its own.
    demos: as above; None for `embedded:NAME`.
    expert_return, random_return: as above, if known.

  Raises:
    ValueError: a parameter is of no use, and says what is expected.
  """

  @checks.checked
  def __init__(
    self,
    name: checks.Name,
    env_fn: Callable[..., gymnasium.Env] | str | None = None,
    *,
    env_id: str | None = None,
    env_kwargs: Mapping[str, Any] | None = None,
    tremble_probability: checks.Share = 0.0,
    is_healthy: _IsHealthy | str | None = None,
    max_episode_steps: checks.Count | None = None,
    demos: str | os.PathLike | None = None,
    expert_return: float | None = None,
    random_return: float | None = None,
  ):
    """Checks and keeps what it is given."""
    if (env_fn is None) == (env_id is None):
      found = 'neither' if env_fn is None else 'both'
      raise ValueError(
        f'Task: found {found} of env_id and env_fn; expected one of them'
      )
    # gin's bindings have no paths, and find them as text.
    if isinstance(demos, os.PathLike):
      demos = os.fsdecode(demos)
    _check_values(
      name=name,
      env_id=env_id,
      env_kwargs=env_kwargs,
      tremble_probability=tremble_probability,
      max_episode_steps=max_episode_steps,
      demos=demos,
      expert_return=expert_return,
      random_return=random_return,
    )
    self.name = name
    self.demos = demos or f'embedded:{name}'
    self.is_healthy = resolve('Task.is_healthy', is_healthy)
    self.expert_return = expert_return
    self.random_return = random_return
    self._env_fn = resolve('Task.env_fn', env_fn)
    self._env_id = env_id
    self._env_kwargs = dict(env_kwargs or {})
    self._tremble_probability = tremble_probability
    # gymnasium takes no NumPy number.
    self._max_episode_steps = max_episode_steps and int(max_episode_steps)
    self._has_warned = False

  def make_env(
    self,
    seed: int = 0,
    render_mode: str | None = None,
    *,
    trembles: bool = True,
  ) -> GymnasiumEnvironment | TremblingHand:
    """The environment as a PyEnvironment, with the trembling hand.

    Gymnasium-Robotics' mazes come with `GoalMaze` around them, and are rendered
    from above.

    Args:
      seed: of the first reset and of the trembling.
      render_mode: 'rgb_array' to be able to render; None costs nothing.
      trembles: False for a steady hand, as experts have it.

    Raises:
      ValueError: names the binding if the environment can't be made, is one
        that is in use, has spaces that can't be used, or no time limit; or
        `seed` is below 0.
    """
    checks.integer('seed', seed, 0)
    if render_mode is not None:
      renderer.choose()
    with answers.kept_folder(self._what):
      gym = self._make_gym(render_mode)
    reused.check_new(gym, self._what)  # whoever has it goes on: it stays open
    try:
      env = self._adapted(gym, seed, render_mode)
    except BaseException:
      with contextlib.suppress(Exception):  # the first error is what is told
        gym.close()
      raise
    reused.remember(env)
    if not self._has_warned:
      reused.warn_of_running_means(env.gym, self._what)
      self._has_warned = True
    if trembles and self._tremble_probability:
      env = TremblingHand(env, self._tremble_probability, seed)
    return env

  @property
  def tremble_probability(self) -> float:
    """Chance that a step executes a uniform action, in training and evaluation
    alike.
    """
    return self._tremble_probability

  @property
  def bindings(self) -> list[str]:
    """Lines of gin that make this task again.

    A function that no `module:name` finds is written as a name that says so:
    such a task has to be given, where a run of it is loaded.

    Raises:
      ValueError: `env_kwargs` hold what no line can say.
    """
    values = {
      'name': self.name,
      'env_fn': _name_of(self._env_fn),
      'env_id': self._env_id,
      'env_kwargs': self._env_kwargs or None,
      'tremble_probability': self._tremble_probability or None,
      'is_healthy': _name_of(self.is_healthy),
      'max_episode_steps': self._max_episode_steps,
      'demos': None if self.demos == f'embedded:{self.name}' else self.demos,
      'expert_return': self.expert_return,
      'random_return': self.random_return,
    }
    return [
      _line(f'Task.{key}', value)
      for key, value in values.items()
      if value is not None
    ]

  @property
  def _what(self) -> str:
    """The binding that says what makes the environment, for errors."""
    if self._env_id is not None:
      return f'Task.env_id is {self._env_id!r}'
    return f'Task.env_fn is {_name_of(self._env_fn)!r}'

  def _make_gym(self, render_mode: str | None) -> gymnasium.Env:
    # An environment need not have a render mode at all.
    kwargs = dict(self._env_kwargs)
    if render_mode is not None:
      kwargs['render_mode'] = render_mode
    if self._env_id is not None:
      return self._make_registered(kwargs)
    if render_mode is not None and not _takes(self._env_fn, 'render_mode'):
      raise ValueError(
        f'{self._what}, which takes no render_mode; expected '
        'env_fn(render_mode=None), to show the environment'
      )
    try:
      env = self._env_fn(**kwargs)
    except (Exception, SystemExit) as error:  # it is the user's
      raise self._refusal(error) from error
    if not isinstance(env, gymnasium.Env):
      raise ValueError(
        f'{self._what}: it made a {type(env).__module__}.{type(env).__name__}; '
        'expected a gymnasium.Env'
      )
    return env

  def _adapted(
    self, env: gymnasium.Env, seed: int, render_mode: str | None
  ) -> GymnasiumEnvironment:
    """What `make_env` gives, but for the trembling; raises ValueError of what
    can't be used.
    """
    if self._max_episode_steps is not None:
      env = time_limits.replace(env, self._max_episode_steps)
    if goal_maze.is_maze(env):
      env = goal_maze.GoalMaze(env)
      if render_mode is not None:
        camera.look_down(env)
    env = GymnasiumEnvironment(env, seed)
    if env.max_episode_steps is None:  # evaluation would have no end
      raise ValueError(
        f'{self._what}: episodes have no time limit; expected one: '
        'Task.max_episode_steps = 1000, say'
      )
    return env

  def _make_registered(self, kwargs: Mapping[str, Any]) -> gymnasium.Env:
    env_id = self._env_id
    goal_maze.register(env_id)
    ant_steering.register()
    if self._max_episode_steps is not None:
      kwargs = {**kwargs, 'max_episode_steps': self._max_episode_steps}
    try:
      # The checker doubles the cost of a step and repeats what ours checks.
      return gymnasium.make(env_id, disable_env_checker=True, **kwargs)
    except (gymnasium.error.Error, ImportError) as error:
      if env_id in gymnasium.registry:  # it is known, and lacks something
        raise self._refusal(error) from error
      close = difflib.get_close_matches(env_id, gymnasium.registry)
      hint = f' (close: {", ".join(close)})' if close else ''
      raise ValueError(
        f'{self._what}; expected an environment that gymnasium knows{hint}: '
        f'{error}'
      ) from error
    except (Exception, SystemExit) as error:  # whatever it does with them
      raise self._refusal(error) from error

  def _refusal(self, error: BaseException) -> ValueError:
    """What to raise when the environment can't be made of what it is given."""
    text = str(error).strip().split('\n')[0]
    return ValueError(
      f'{self._what}, Task.env_kwargs is {self._env_kwargs}; making it failed: '
      f'{type(error).__name__}: {text}'
    )


# `Task` itself, as users call it, takes no bindings.
_bound_task = gin.external_configurable(Task, 'Task', module='tfirl')


def make_task() -> Task:
  """The task that gin's bindings of `Task` describe.

  Raises:
    BindingError: `Task.name` is not bound.
    ValueError: as `Task`.
  """
  gin_bindings.value_of('Task.name')
  return _bound_task()


def make_env(
  env_id: str,
  env_kwargs: Mapping[str, Any] | None = None,
  tremble_probability: float = 0.0,
  seed: int = 0,
  render_mode: str | None = None,
) -> GymnasiumEnvironment | TremblingHand:
  """The environment of a task of which no more is known; see `Task`."""
  task = Task(
    'unnamed',
    env_id=env_id,
    env_kwargs=env_kwargs,
    tremble_probability=tremble_probability,
  )
  return task.make_env(seed, render_mode)


def resolve(binding: str, value: Callable | str | None) -> Callable | None:
  """The function that 'module:name' names; functions and None as they are.

  Args:
    binding: what says it, for errors.
    value: as above.

  Raises:
    ValueError: it names none.
  """
  if value is None or callable(value):
    return value
  if not isinstance(value, str):
    raise ValueError(f'{binding} is {value!r}; {_expected_function(value)}')
  module, _, name = value.partition(':')
  if not module or not name or '<' in value or module == '__main__':
    raise ValueError(
      f"{binding} is {value!r}; expected 'module:function', of a module that "
      'can be imported from the working folder. A function of a notebook, or '
      'inside another one, has no such name: give the task itself '
      '(tfirl.load_run(path, task=task))'
    )
  try:
    function = operator.attrgetter(name)(user_modules.load(module))
  except (ValueError, AttributeError) as error:
    raise ValueError(f'{binding} is {value!r}: {error}') from error
  if not callable(function):
    raise ValueError(
      f'{binding} is {value!r}, a {type(function).__name__}; expected a '
      'function'
    )
  return function


def _check_values(**values: Any) -> None:
  """Raises ValueError unless they are such as `Task` takes, by its hints."""
  hints = checks.hints_of(Task.__init__)
  for name, value in values.items():
    checks.within(f'Task.{name}', value, hints[name])
  found = values['env_kwargs'] or {}
  checks.require(
    'Task.env_kwargs',
    found,
    'names as its keys',
    all(isinstance(key, str) for key in found),
  )
  checks.require(
    'Task.env_kwargs',
    found,
    'no render_mode: videos are made by run.record_video and run.eval_video',
    'render_mode' not in found,
  )


def _expected_function(found: Any) -> str:
  """What to give in the place of what is neither a function nor a name."""
  if isinstance(found, gymnasium.Env):
    return (
      'expected what makes an environment, such as its class: a run needs '
      'several'
    )
  return "expected a function, or 'module:function'"


def _takes(function: Callable, name: str) -> bool:
  """Whether it has a parameter `name`, as far as its signature tells."""
  try:
    parameters = inspect.signature(function).parameters
  except ValueError:  # of something built in
    return True
  kinds = {parameter.kind for parameter in parameters.values()}
  return name in parameters or inspect.Parameter.VAR_KEYWORD in kinds


def _line(binding: str, value: Any) -> str:
  """A line of gin; raises ValueError of a value that it can't say."""
  try:
    gin.config.parse_value(repr(value))
  except (ValueError, SyntaxError) as error:
    raise ValueError(
      f'{binding} is {value!r}; expected what gin can write: finite numbers, '
      'text, True, False, None, and lists, tuples and dicts of these. For all '
      'else let Task.env_fn be a function that makes the environment'
    ) from error
  return f'{binding} = {value!r}'


def _name_of(function: Callable | None) -> str | None:
  """`module:name`; in <> if an object is lost with it, that of a method, say:
  what the name would find is another.
  """
  if function is None:
    return None
  name = getattr(function, '__qualname__', f'<{type(function).__name__}>')
  if inspect.ismethod(function):
    name = f'<{name}>'
  return f'{getattr(function, "__module__", "__main__")}:{name}'
