"""Every block of docs/guides/ runs, as it stands there, in order.

A page is read as its reader would work through it, in a folder of its own:

* a block whose first line is `# NAME.py` or `# NAME.gin` is that file;
* other `python` blocks of a page share one namespace;
* `sh` blocks are commands of `tfirl`, a line each;
* `text` is what the block before it prints, where that is marked
  `<!-- test: fails with the next text -->`.

Runs are cut by one binding more, which lays `budgets/smoke.gin` over them, as
the pages themselves advise, but for the critics' steps before a game, two
fifths of such a run: gin_matrix/ takes them. Those of tfirl's tasks get
demonstrations of random actions, for embedded experts' take a minute and more.
Where the same method was trained on the same task before, on this page or
another, its updates have been seen: it is made, acts, and is evaluated and
saved. What another environment holds (Stable-Baselines3, imitation, W&B,
MLflow) is a stand-in with the same names.
"""

import functools
import importlib.util
import pathlib
import pickle
import re
import shlex
import sys
import types

import h5py
import numpy as np
import pytest

from tfirl import tasks
from tfirl.cli import main
from tfirl.config import gin_bindings
from tfirl.config import gin_files as gin_files_lib
from tfirl.demos.formats import npz
from tfirl.runs import launch

_ROOT = pathlib.Path(__file__).resolve().parents[1]
_PAGES = sorted((_ROOT / 'docs/guides').glob('*.md'))
_BLOCK = re.compile(
  r'(?:^<!-- test: (?P<mark>[^\n]*) -->\n)?'
  r'^```(?P<kind>\w+)\n(?P<text>.*?)^```$',
  re.MULTILINE | re.DOTALL,
)
_KINDS = {'python', 'gin', 'sh', 'text'}
_FAILS = 'fails with the next text'
_FILE = re.compile(r'# (?P<name>[\w/]+\.(?:py|gin))\n')
# In a folder `budgets`, whose files may bind what a method does not have.
_CUT = 'budgets/page.gin'
_CUT_TEXT = """
include 'budgets/smoke.gin'
run.record_video = False
WarmStart.critic_steps = 0
"""
_UNTRAINED = {
  'hype': [
    'ModelFree.initial_steps = 1000',
    'CostTurns.cost_update_period = 1000',
    'WarmStart.bc_steps = 0',
  ],
  'hyper': ['ModelBased.initial_steps = 1000', 'WarmStart.bc_steps = 0'],
}
# Files of the pages that bind no more than numbers of another.
_NUMBERS_ALONE = {'steady': 'hype'}


@pytest.fixture(scope='module')
def random_demos(record_random, tmp_path_factory):
  """`random_demos(task)`: path of a few random episodes of a shipped task."""
  folder = tmp_path_factory.mktemp('demos')

  @functools.cache
  def make(name):
    gin_bindings.parse([f'tasks/{name}.gin'])
    with tasks.make_task().make_env(trembles=False) as env:
      raw = record_random(env, 20 if env.maze is None else 1)
    npz.save_npz(raw, str(folder / f'{name}.npz'))
    return str(folder / f'{name}.npz')

  return make


def _method_and_task(gin_file, task):
  """('hype', 'hopper'), of tfirl's file of both or of a page's.

  Args: `task` is one that is given beside a method's file, or None.
  """
  name = pathlib.PurePath(gin_file).stem
  if task is not None:
    return name, task.name
  method, _, task_name = name.rpartition('_')
  return _NUMBERS_ALONE.get(method, method), task_name


@pytest.fixture(scope='module')
def trained():
  """What was trained -> the folder of the run that was."""
  return {}


@pytest.fixture
def cut_runs(monkeypatch, random_demos, trained):
  """Whatever is launched in this process is short, by what is documented."""
  launch_whole = launch.launch

  def launch_cut(gin_files, bindings, root_dir, seed, demos, *rest, **kwargs):
    method, task = _method_and_task(gin_files[0], kwargs.get('task'))
    has_actors = any('num_actors' in line for line in bindings)
    bindings = [*bindings, f"include '{_CUT}'"]
    folder = pathlib.Path(root_dir, task, method, str(seed)).absolute()
    if trained.setdefault((method, task, has_actors), folder) != folder:
      bindings += _UNTRAINED.get(method, [])
    if (
      demos is None
      and gin_files_lib.gin_folder().joinpath(f'tasks/{task}.gin').exists()
    ):
      demos = random_demos(task)
      if task.endswith('maze'):  # none of them gets to a goal
        bindings.append('load_demonstrations.successful_only = False')
    return launch_whole(
      gin_files, bindings, root_dir, seed, demos, *rest, **kwargs
    )

  monkeypatch.setattr(launch, 'launch', launch_cut)


def _pendulum_episodes(number):
  """Of observations [200 + 1, 3] and actions [200, 1]."""
  rng = np.random.default_rng(0)
  return [
    (
      rng.uniform(-1, 1, (201, 3)).astype(np.float32),
      rng.uniform(-2, 2, (200, 1)).astype(np.float32),
    )
    for _ in range(number)
  ]


class _Sb3Model:
  """As far as the pages call it."""

  def __init__(self, policy, env):
    assert policy == 'MlpPolicy'
    self._env = env

  def learn(self, num_steps):
    assert num_steps > 0
    self._env.reset(seed=0)
    reward = self._env.step(self._env.action_space.sample())[1]
    assert isinstance(reward, float)
    return self

  @classmethod
  def load(cls, path):
    assert path == 'sac_pendulum'
    return cls('MlpPolicy', None)

  def predict(self, observation, deterministic=False):
    assert deterministic
    return -observation[1:2], None


def _wandb_init(project, sync_tensorboard):
  assert project and sync_tensorboard


def _log_metric(key, value, step):
  assert key and np.isfinite(value) and step >= 0


def _log_artifacts(local_dir):
  assert (pathlib.Path(local_dir) / 'metrics.csv').is_file()


def _imitation_trajectories(path):
  assert path == 'expert_trajectories'
  return [
    types.SimpleNamespace(obs=o, acts=a, terminal=i == 1)
    for i, (o, a) in enumerate(_pendulum_episodes(3))
  ]


@pytest.fixture
def foreign_modules(monkeypatch):
  """What lives in other virtual environments."""
  stands_in = {
    'stable_baselines3': {'SAC': _Sb3Model},
    'wandb': {'init': _wandb_init, 'finish': lambda: None},
    'mlflow': {'log_metric': _log_metric, 'log_artifacts': _log_artifacts},
    'imitation': {},
    'imitation.data': {},
    'imitation.data.serialize': {'load': _imitation_trajectories},
  }
  for name, contents in stands_in.items():
    module = types.ModuleType(name)
    vars(module).update(contents)
    monkeypatch.setitem(sys.modules, name, module)
    parent, _, child = name.rpartition('.')
    if parent:
      setattr(sys.modules[parent], child, module)


def _write_what_the_reader_has(folder):
  """The files that the pages open and did not make."""
  paths = [
    {
      'observation': o[:-1],
      'action': a,
      'reward': np.ones(len(a)),
      'next_observation': o[1:],
      'terminal': np.arange(len(a)) == len(a) - 1,
    }
    for o, a in _pendulum_episodes(2)
  ]
  (folder / 'expert_data.pkl').write_bytes(pickle.dumps(paths))
  position = np.linspace(-0.5, 0.2, 20)
  log = np.stack(
    [position, 0 * position, 1.5 * np.sin(9 * position), np.arange(20) // 10]
  )
  np.savetxt(
    folder / 'log.csv',
    log.T,
    delimiter=',',
    header='x,v,force,trial',
    comments='',
  )
  with h5py.File(folder / 'robot.hdf5', 'w') as file:
    for i, (observations, actions) in enumerate(_pendulum_episodes(2)):
      group = file.create_group(f'episode_{i}')
      group['observation'] = observations
      group['action'] = actions
      group['success'] = i == 1


@pytest.fixture
def desk(tmp_path, monkeypatch, cut_runs, foreign_modules):
  """The reader's working folder, from which modules are imported."""
  monkeypatch.chdir(tmp_path)
  monkeypatch.syspath_prepend(tmp_path)
  _write_what_the_reader_has(tmp_path)
  (tmp_path / _CUT).parent.mkdir()
  (tmp_path / _CUT).write_text(_CUT_TEXT)
  before = set(sys.modules)
  yield tmp_path
  for name in set(sys.modules) - before:
    if str(tmp_path) in str(getattr(sys.modules[name], '__file__', '')):
      del sys.modules[name]


def _blocks(page):
  """(kind, text, mark or '', line) of each block of the page."""
  text = page.read_text()
  for match in _BLOCK.finditer(text):
    line = text.count('\n', 0, match.start('text')) + 1
    yield match['kind'], match['text'], match['mark'] or '', line


def _command(line):
  """One line of a shell block, in this process."""
  program, command, *rest = shlex.split(line)
  assert program == 'tfirl', line
  if importlib.util.find_spec(f'tfirl.cli.{command}'):
    code = main.main([command, *rest])
    assert not code, f'{line}: exit code {code}'


def _do(kind, text, where, namespace, folder):
  """One block."""
  file = _FILE.match(text)
  if file:
    path = folder / file['name']
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
  elif kind == 'python':
    exec(compile(text, where, 'exec'), namespace)
  elif kind == 'sh':
    for line in text.replace('\\\n', ' ').splitlines():
      _command(line)
  else:
    assert kind == 'text', f'{where}: a gin block has no name'


@pytest.mark.slow
@pytest.mark.parametrize('page', _PAGES, ids=lambda page: page.stem)
def test_a_page_runs_from_top_to_bottom(page, desk):
  namespace, said = {'__name__': '__main__'}, None
  for kind, text, mark, line in _blocks(page):
    where = f'{page.name}:{line}'
    assert mark in ('', _FAILS), f'{where}: what does {mark!r} mean?'
    if kind == 'text':
      assert said is not None, f'{where}: nothing before it fails'
      assert ' '.join(text.split()) in ' '.join(said.split()), where
    elif mark == _FAILS:
      with pytest.raises(SystemExit) as error:
        _do(kind, text, where, namespace, desk)
      said = str(error.value)
    else:
      _do(kind, text, where, namespace, desk)


@pytest.mark.parametrize('page', _PAGES, ids=lambda page: page.stem)
def test_a_page_is_read_whole(page):
  """No fence is of a kind that would not run, or is left open."""
  fences = re.findall(r'^```(\w*)', page.read_text(), re.MULTILINE)
  kinds = [kind for kind, *_ in _blocks(page)]
  assert fences == [fence for kind in kinds for fence in (kind, '')]
  assert set(kinds) <= _KINDS


@pytest.mark.parametrize('page', _PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere_and_lines_are_short(page):
  text = page.read_text()
  for target in re.findall(r'\]\(([^)#]+)\)', text):
    if not target.startswith('https://'):
      assert (page.parent / target).exists(), target
  prose = _BLOCK.sub('', text).splitlines()
  long = [line for line in prose if len(line) > 100 and line[:1] != '|']
  assert long == []
