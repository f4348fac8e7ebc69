"""What `import tfirl` offers: the program of the command, as functions."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tfirl import checks, types
from tfirl.config import gin_bindings, gin_files
from tfirl.demos import arrays, load
from tfirl.diagnosis import diagnose
from tfirl.dynamics import vector_env
from tfirl.evaluation import evaluate as evaluation
from tfirl.evaluation import record
from tfirl.runs import evaluate, launch, restoring
from tfirl.storage import metadata_file, policy_file, run_files
from tfirl.tasks import Task, make_task

__all__ = [
  'Demonstrations',
  'Run',
  'Task',
  'imitate',
  'load_demonstrations',
  'load_run',
]

# Of tasks that have no METHOD_TASK.gin: which count, how much, and how often in
# that time there is an evaluation and a checkpoint.
_IN_A_MODEL = 'real_steps', 40_000
_BUDGETS = {
  'bc': ('updates', 50_000),
  'hyper': _IN_A_MODEL,
  'lamps': _IN_A_MODEL,
  'sysid': _IN_A_MODEL,
}
_BUDGET = 'real_steps', 100_000
_EVALUATIONS, _CHECKPOINTS = 20, 10


class Demonstrations(types.Demonstrations):
  """Expert transitions; `from_episodes` or `load_demonstrations` makes them."""

  @staticmethod
  def from_episodes(
    episodes: Sequence[tuple[np.ndarray, np.ndarray]],
    task: str | Task,
    *,
    terminals: Sequence[bool] | None = None,
    returns: Sequence[float] | None = None,
    clip_actions: bool = False,
    accept_demos: bool = False,
  ) -> types.Demonstrations:
    """Whole episodes, each (observations [T + 1, O], actions [T, A]).

    Args:
      episodes: in the environment's own units. With as many observations as
        actions, the last action goes, for where it led is not known.
      task: whose environment they are checked against: one of tfirl's by its
        name, or your own.
      terminals: for each episode, whether its last step ended it (a fall, a
        goal) rather than the clock; None if none did.
      returns: for each episode, its undiscounted return, if known.
      clip_actions: to the environment's range, if some lie beyond it.
      accept_demos: go on, with a warning, where they contradict themselves.

    Raises:
      FileNotFoundError: tfirl has no task of that name.
      ValueError: names the episode, what was found and what is expected.
    """
    return arrays.from_episodes(
      episodes,
      _given_task(task),
      terminals=terminals,
      returns=returns,
      clip_actions=clip_actions,
      accept_demos=accept_demos,
    )


class Run:
  """A run's folder: its policy and its record.

  Attributes:
    path: ROOT/TASK/METHOD/SEED, whatever the working folder becomes.
    task: what was learned.
  """

  def __init__(self, path: str | os.PathLike, task: Task):
    """Args: path of the folder, and the task of its run."""
    self.path = Path(path).absolute()
    self.task = task
    self._policy = None

  def __repr__(self) -> str:
    return f'Run({str(self.path)!r})'

  @property
  def metrics(self) -> pd.DataFrame:
    """metrics.csv: a row for each evaluation.

    Raises:
      FileNotFoundError: there is none.
      ValueError: it is damaged; names it.
    """
    path = self.path / run_files.METRICS
    try:
      return pd.read_csv(path)
    except FileNotFoundError:
      raise
    except (OSError, ValueError) as error:
      raise ValueError(
        f'{path} is damaged ({error}); expected the table that a run writes'
      ) from error

  @property
  def metadata(self) -> Mapping[str, Any]:
    """metadata.json: the versions, commit, command and demonstrations.

    Raises:
      ValueError: it is missing or damaged; names it.
    """
    return metadata_file.read(self.path / metadata_file.NAME)

  def policy(self, observation: np.ndarray) -> np.ndarray:
    """The mean action, in the environment's own units.

    Args:
      observation: [O] or [B, O].

    Returns:
      [A] or [B, A] float32, within the environment's bounds.

    Raises:
      FileNotFoundError: the run has written no policy yet.
      ValueError: the observation has another size than O; names both.
    """
    if self._policy is None:
      self._policy = policy_file.load(self.path / policy_file.FILE)
    return self._policy(observation)

  def evaluate(
    self,
    episodes: int = 20,
    *,
    seed: int = 0,
    stochastic: bool = False,
    video: str | os.PathLike | None = None,
  ) -> evaluation.EpisodeStats:
    """Rolls the policy out in the task, by its true reward.

    Args:
      episodes: how many.
      seed: episode i's seed is derived from (seed, i).
      stochastic: sample actions instead of taking the mean.
      video: where the first episode's .mp4 or .gif goes. Of an environment
        that gives no pictures there is a warning, and no video.

    Raises:
      FileNotFoundError: the run has written no policy yet.
      ValueError: see `evaluation.evaluate`.
    """
    evaluation.check_options(episodes, seed)
    if video is not None:
      video = checks.path('video', video)
    return evaluate.evaluate_on(
      self.task, self.path, episodes, seed, stochastic, video
    )

  def doctor(self, expert_return: float | None = None) -> diagnose.Diagnosis:
    """What is wrong with the run, from its own record; printable.

    Args:
      expert_return: what the task's expert returns, where neither the task nor
        the demonstrations say.

    Returns:
      Its state in words, and its findings, each with the figure that was seen,
      the threshold and what to try.

    Raises:
      ValueError: metrics.csv or metadata.json is damaged, or `expert_return` is
        no number.
    """
    checks.within('expert_return', expert_return, float | None)
    if expert_return is None:
      expert_return = self.task.expert_return
    return diagnose.diagnose(self.path, expert_return)

  def model_env(
    self,
    num_envs: int,
    *,
    starts: np.ndarray | None = None,
    reward_fn: Callable | None = None,
    max_episode_steps: int | None = None,
  ) -> vector_env.ImaginedVectorEnv:
    """The learned dynamics as an environment, of `hyper` and its kind.

    Args:
      num_envs: B, of a `gymnasium.vector.VectorEnv`; observations and actions
        are in the environment's own units.
      starts: [N, O] that episodes begin in; None for what the environment
        itself is reset to, 256 times.
      reward_fn: maps observations [B, O] and actions [B, A] to rewards [B], by
        TensorFlow operations; None for the reward that the run learned, or
        that its model predicts.
      max_episode_steps: after so many an episode is truncated; None for the
        environment's own limit. A model errs more with each step.

    Raises:
      FileNotFoundError: the run has no checkpoint yet.
      ValueError: it learned no model, or no reward and none is given.
    """
    return restoring.imagined_env(
      self.path,
      self.task,
      num_envs,
      starts=starts,
      reward_fn=reward_fn,
      max_episode_steps=max_episode_steps,
    )


def imitate(
  method: str,
  task: str | Task,
  demos: str | os.PathLike | types.Demonstrations | None = None,
  *,
  seed: int = 0,
  real_steps: int | None = None,
  updates: int | None = None,
  num_demos: int | None = None,
  init_from: Run | str | os.PathLike | None = None,
  bindings: Sequence[str] = (),
  on_evaluation: Callable[[record.Evaluation], bool | None] | None = None,
  root_dir: str | os.PathLike = 'runs',
  allow_changes: bool = False,
) -> Run:
  """Trains as `tfirl train` does, or resumes; the same call goes on.

  Args:
    method: 'hype', 'hyper', 'bc', ...; see `tfirl list`.
    task: one of tfirl's by its name, or your own.
    demos: demonstrations, or their source as --demos takes it; None for those
      that come with the task.
    seed: seeds everything but Reverb's sampling.
    real_steps: budget; None for that of METHOD_TASK.gin, or the method's.
    updates: budget in gradient steps, of 'bc' and others without steps.
    num_demos: use the first so many demonstrated episodes.
    init_from: an earlier run, or its folder, whose policy the game starts with.
    bindings: lines of gin, 'tfirl.SacAgent.gamma = 0.99' for one.
    on_evaluation: called after each evaluation; if it returns True or raises,
      the run ends after a checkpoint.
    root_dir: the run's folder is root_dir/TASK/METHOD/SEED.
    allow_changes: go on from the folder's checkpoint though bindings have
      changed; its metadata says which.

  Returns:
    The run. If it was stopped, its policy is that of the last checkpoint.

  Raises:
    FileNotFoundError, ValueError: what was given is of no use.
    RunFolderError: the folder holds another run, or is in use.
    RuntimeError: a run is under way in this process.
  """
  is_list = isinstance(bindings, (list, tuple))
  are_lines = is_list and all(isinstance(line, str) for line in bindings)
  checks.require('bindings', bindings, 'a list of lines of gin', are_lines)
  checks.require(
    'on_evaluation',
    on_evaluation,
    'a function, or None',
    on_evaluation is None or callable(on_evaluation),
  )
  budget = {'real_steps': real_steps, 'updates': updates}
  for name, value in budget.items():
    if value is not None:
      checks.integer(name, value, 1)
  lines = [f'run.{k} = {v!r}' for k, v in budget.items() if v is not None]
  if init_from is not None:
    earlier = init_from.path if isinstance(init_from, Run) else init_from
    earlier = checks.path('init_from', earlier)
    lines.append(f'WarmStart.init_from = {os.path.abspath(earlier)!r}')
  given = None
  if isinstance(task, Task):
    given = task
    name, defaults = _method_file(method, task), _defaults(method, budget)
    lines = [*defaults, *lines]
  else:
    name = f'{method}_{task}.gin'
  with gin_bindings.alone('imitate'):
    with launch.StopSignal() as stop:
      path = launch.launch(
        [name],
        [*lines, *bindings],
        checks.path('root_dir', root_dir),
        seed,
        demos,
        stop,
        num_demos,
        allow_changes=allow_changes,
        task=given,
        on_evaluation=on_evaluation,
      )
    return Run(path, given or make_task())


def load_demonstrations(
  source: str | os.PathLike,
  task: str | Task,
  *,
  keys: Mapping[str, str] | None = None,
  clip_actions: bool = False,
  accept_demos: bool = False,
  successful_only: bool = True,
) -> types.Demonstrations:
  """Demonstrations of `source`, checked against the task.

  Args:
    source: FILE.npz; FILE.hdf5 of D4RL's layout, or of a group an episode;
      FILE.csv; d4rl:NAME; minari:ID; embedded:TASK.
    task: one of tfirl's by its name, or your own.
    keys: what a file's keys are: {'observations': 'obs', 'actions': 'acts'};
      'x+v' puts two next to each other.
    clip_actions: to the environment's range, if some lie beyond it.
    accept_demos: go on, with a warning, where they contradict themselves or the
      environment.
    successful_only: drop a maze's trajectories that don't reach their goal.

  Raises:
    FileNotFoundError: no such file, or data set; says where to put it.
    ValueError: names the file, the key, what was found and what expected.
  """
  return load.of_task(
    source,
    _given_task(task),
    keys=keys,
    clip_actions=clip_actions,
    accept_demos=accept_demos,
    successful_only=successful_only,
  )


def load_run(path: str | os.PathLike, task: str | Task | None = None) -> Run:
  """The run of a folder.

  Args:
    path: ROOT/TASK/METHOD/SEED.
    task: needed if the run's environment was a function that no 'module:name'
      finds.

  Raises:
    FileNotFoundError: no run is there.
    ValueError: the task can't be made again: give it.
  """
  config = Path(checks.path('path', path)) / run_files.CONFIG
  if not config.is_file():
    raise FileNotFoundError(
      f'{config} not found; expected a run folder ROOT/TASK/METHOD/SEED'
    )
  if task is None:
    return Run(path, _task_of(str(config.resolve())))
  return Run(path, _given_task(task))


def _given_task(task: str | Task) -> Task:
  """The user's own, or one of tfirl's by its name."""
  return task if isinstance(task, Task) else _task_of(f'tasks/{task}.gin')


def _task_of(gin_file: str) -> Task:
  with gin_bindings.alone(f'the task of {gin_file}'):
    gin_bindings.parse([gin_file])
    return make_task()


def _method_file(method: str, task: Task) -> str:
  """methods/METHOD.gin, or METHOD_maze.gin if the task is a maze."""
  with task.make_env() as env:
    is_maze = env.maze is not None
  name = f'methods/{method}{"_maze" if is_maze else ""}.gin'
  gin_files.find_file(name)  # an unknown method: before anything else is said
  return name


def _defaults(method: str, given: Mapping[str, int | None]) -> list[str]:
  """Lines of the budget, if none is given, and of the periods."""
  bound = [(unit, total) for unit, total in given.items() if total is not None]
  unit, total = bound[0] if bound else _BUDGETS.get(method, _BUDGET)
  return [
    f'run.{unit} = {total}',
    f'run.eval_every = {max(1, total // _EVALUATIONS)}',
    f'run.checkpoint_every = {max(1, total // _CHECKPOINTS)}',
  ]
