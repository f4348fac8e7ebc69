"""What tfirl imports, read from its source, for the tests of its structure.

A unit is what has a layer and a BUILD target of its own: a package or a
module directly under tfirl/ ('envs', 'types').
"""

import ast
import importlib.util
import multiprocessing
import os
import pathlib
import signal
import subprocess
import sys
from collections import defaultdict

import gin
import pytest
from absl import flags

# tfirl sets it, but tests import NumPy first: its threads then wait for each
# other, for minutes where another worker takes the second core.
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')

_ROOT = pathlib.Path(__file__).resolve().parents[1]
# Not of `make quick`.
_SLOW = tuple(
  line
  for line in (_ROOT / 'tests' / 'slow.txt').read_text().splitlines()
  if not line.startswith('#')
)

# What takes minutes, the longest first: begun last, one worker would be left
# with it (`--no-loadscope-reorder`).
_FIRST = (
  'sweeps/executors/ray_test.py',
  'gin_matrix/maze_test.py',
  'gin_matrix/locomotion_test.py',
  'api/',
  'docs_test.py',
  'algorithms/',
  'processes/',
  'sweeps/',
)


# What a warm process does: with its own output, folder and environment it runs
# a module or script as `python` would.
_WARM = """
import atexit, os, runpy, sys
os.chdir(cwd)
os.environ.clear()
os.environ.update(env)
for number, path in ((1, stdout), (2, stderr)):
  flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
  os.dup2(os.open(path, flags, 0o644), number)
sys.argv = list(argv)
exec(prelude, {})
try:
  if argv[0].endswith('.py'):
    runpy.run_path(argv[0], run_name='__main__')
  else:
    runpy.run_module(argv[0], run_name='__main__', alter_sys=True)
finally:
  atexit._run_exitfuncs()
"""


class _WarmProcess:
  """What tests use of `subprocess.Popen`, of a forked process."""

  def __init__(self, context, values):
    self._process = context.Process(
      target=exec, args=(_WARM, values), daemon=True
    )
    self._process.start()
    self.pid = self._process.pid

  @property
  def returncode(self):
    return self._process.exitcode

  def poll(self):
    return self._process.exitcode

  def wait(self, timeout=None):
    self._process.join(timeout)
    if self.returncode is None:
      raise subprocess.TimeoutExpired('a warm process', timeout)
    return self.returncode

  def send_signal(self, number):
    if self.poll() is None:
      os.kill(self.pid, number)

  def kill(self):
    self.send_signal(signal.SIGKILL)

  def terminate(self):
    self.send_signal(signal.SIGTERM)


def pytest_collection_modifyitems(items):
  """Marks what is slow, and puts the longest files first."""
  for item in items:
    if _name(item).startswith(_SLOW):
      item.add_marker(pytest.mark.slow)
  items.sort(key=_place)


def pytest_collection_finish():
  """Leaves graphs as they are traced: to make one faster takes longer than all
  that a test has it do. Processes that tests start do as they do for users.
  """
  tensorflow = sys.modules.get('tensorflow')
  if tensorflow:
    options = {'disable_meta_optimizer': True}
    tensorflow.config.optimizer.set_experimental_options(options)


def _name(item):
  """'agents/sac_test.py::test_it'."""
  path = item.path.relative_to(_ROOT / 'tests').as_posix()
  return f'{path}::{item.name}'


def _place(item):
  """A file's tests stay together, and in their order."""
  name = _name(item)
  found = (i for i, first in enumerate(_FIRST) if name.startswith(first))
  return next(found, len(_FIRST))


def _imported_names(path):
  """Every absolute dotted name that the file imports, lazy imports included.

  `from a.b import c` counts as a.b.c, since c may be a module.
  """
  for node in ast.walk(ast.parse(path.read_text(), str(path))):
    if isinstance(node, ast.Import):
      yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
      if node.level:
        raise ValueError(
          f'{path}:{node.lineno}: relative import; expected an absolute one'
        )
      yield from (f'{node.module}.{alias.name}' for alias in node.names)


def read_units(package):
  """Unit name -> its Python files, for the package in folder `package`."""
  units = defaultdict(list)
  for path in sorted(package.rglob('*.py')):
    name = path.relative_to(package).parts[0].removesuffix('.py')
    if name != '__init__':
      units[name].append(path)
  return dict(units)


def read_imports(package):
  """Unit name -> names of what it imports: other units, then third parties.

  Units come as 'tfirl.envs', third parties as their top module 'numpy'; the
  standard library and the unit itself are left out.
  """
  imports = {}
  for unit, paths in read_units(package).items():
    found = set()
    for name in (name for path in paths for name in _imported_names(path)):
      top, *rest = name.split('.')
      if top == package.name:
        found.add(f'{top}.{rest[0]}')
      elif top not in sys.stdlib_module_names:
        found.add(top)
    imports[unit] = found - {f'{package.name}.{unit}'}
  return imports


@pytest.fixture(autouse=True)
def no_binding_stays():
  """Whatever a test binds or parses, the next one starts without."""
  yield
  gin.clear_config()


@pytest.fixture(autouse=True)
def seeded():
  """What TensorFlow draws is a test's own, whichever ran before it."""
  tensorflow = sys.modules.get('tensorflow')
  if tensorflow:
    tensorflow.random.set_seed(0)


@pytest.fixture(scope='session')
def root():
  """The checkout's folder."""
  return _ROOT


@pytest.fixture(scope='session')
def start_warm():
  """`start_warm(argv, cwd=, env=, stdout=, stderr=, prelude=)`: a new process
  of a module or script, which begins where TensorFlow is imported.

  That takes a process longer than most of what tests have it do. It is forked
  from one that has imported tfirl and done nothing; signals, exit codes and
  what it leaves are a process's own. `stdout` and `stderr` are paths, written
  at their end.
  """
  context = multiprocessing.get_context('forkserver')
  context.set_forkserver_preload(['tfirl.runs.launch', 'tfirl.sweeps.sweep'])

  def start(argv, *, cwd, env, stdout, stderr, prelude=''):
    values = {'argv': [str(word) for word in argv], 'prelude': prelude}
    values |= {'cwd': str(cwd), 'env': dict(env)}
    return _WarmProcess(
      context, values | {'stdout': str(stdout), 'stderr': str(stderr)}
    )

  return start


@pytest.fixture(scope='session')
def call_warm(start_warm, tmp_path_factory):
  """`call_warm(*argv, cwd=, env=, timeout=)`: `subprocess.run` of `start_warm`.

  Returns: the done process, with its output as text.
  """

  def call(*argv, cwd='.', env=os.environ, timeout=300):
    folder = tmp_path_factory.mktemp('output')
    paths = folder / 'stdout', folder / 'stderr'
    process = start_warm(
      argv, cwd=cwd, env=env, stdout=paths[0], stderr=paths[1]
    )
    try:
      code = process.wait(timeout)
    except subprocess.TimeoutExpired:
      process.kill()
      raise
    return subprocess.CompletedProcess(
      argv, code, *(path.read_text() for path in paths)
    )

  return call


@pytest.fixture(scope='session')
def load_script(root):
  """`load_script(path)`: a module of launch/ or benchmarks/, no packages.

  Its flags are those of a program of its own: none stays in this process, whose
  other programs may have some of the same name.
  """

  def load(path):
    name = pathlib.PurePath(path).stem
    spec = importlib.util.spec_from_file_location(name, root / path)
    module = importlib.util.module_from_spec(spec)
    known = set(flags.FLAGS)
    with pytest.MonkeyPatch.context() as patch:
      patch.syspath_prepend(str((root / path).parent))  # as Python has it
      spec.loader.exec_module(module)
    for owner, found in flags.FLAGS.flags_by_module_dict().items():
      if not owner.startswith(('tfirl.', 'absl.')):
        for name in {flag.name for flag in found} - known:
          delattr(flags.FLAGS, name)
    return module

  return load


@pytest.fixture(scope='session')
def units(root):
  """Unit -> files, of tfirl."""
  return read_units(root / 'tfirl')


@pytest.fixture(scope='session')
def imports(root):
  """Unit -> imported units and third parties, of tfirl."""
  return read_imports(root / 'tfirl')


@pytest.fixture(scope='session')
def imports_of_folder():
  """The function that reads them, for a folder of the test's own."""
  return read_imports


@pytest.fixture(scope='session')
def record_random():
  """`record_random(env, num_episodes)`: raw, of random actions."""
  # Imports TensorFlow, which most tests of structure do without.
  from tfirl.demos import rollouts

  def record_random(env, num_episodes):
    size = env.action_spec().shape[0]
    return rollouts.record(
      env,
      lambda unused_observation, rng: rng.uniform(-1, 1, size),
      num_episodes,
      seed=0,
      full_length_only=False,
      stochastic=True,
    )

  return record_random


@pytest.fixture(scope='session')
def hopper_demos(record_random, tmp_path_factory):
  """Path of a few hundred random steps of Hopper."""
  from tfirl import tasks
  from tfirl.demos.formats import npz

  path = tmp_path_factory.mktemp('demos') / 'hopper.npz'
  with tasks.make_env('Hopper-v5') as env:
    demos = record_random(env, 20)  # short: a random policy falls at once
  npz.save_npz(demos, str(path))
  return path
