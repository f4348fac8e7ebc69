"""The scripts of launch/, as modules and as processes, on tiny runs.

Of real ones are `finished_sweep`, the storm, and a test each of Ray and
XManager; where only who starts them is tested, tests/helpers/stand_in takes the
runs' place.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import gin
import pytest

from tfirl.config import gin_bindings
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's `run`
from tfirl.work_units import unit as unit_lib

_PATH = os.pathsep.join(map(os.path.abspath, sys.path))
_STAND_IN = pathlib.Path(__file__).parents[1] / 'helpers' / 'stand_in'
# Several times what a quiet machine needs for any of it.
TIMEOUT_S = 900
# 10 evaluations and checkpoints in some seconds. In a folder `budgets`, whose
# files may bind what a method does not have.
_TINY = """
run.most_steps = 1600
run.eval_every = 160
run.eval_episodes = 1
run.checkpoint_every = 160
run.record_video = False
BehaviorCloning.updates_per_round = 4
BehaviorCloning.batch_size = 8
BcAgent.hidden = (8,)
ModelFree.steps_per_round = 16
ModelFree.batch_size = 8
ModelFree.initial_steps = 32
WarmStart.bc_steps = 0
WarmStart.critic_steps = 0
CostTurns.cost_update_period = 64
tfirl.SacAgent.hidden = (8,)
CostNetwork.layers = (8,)
CostLearner.batch_size = 32
policy/table.rows_per_item = 5
expert/table.rows_per_item = 32
"""
_METHOD = 'bc_hopper.gin,budgets/tiny.gin'
# The second method is the user's own, or a game, which takes twice as long.
_OWN = """
include 'bc_hopper.gin'
run.algorithm = 'eager_bc'
BcAgent.learning_rate = 3e-3
"""
_LISTS = {'--gin_file', '--gin_bindings', '--sweep'}


@dataclasses.dataclass
class Sweep:
  """A sweep of tiny runs, launched by a script of launch/.

  Attributes:
    folder: where the launcher works; the sweep is in runs/.
    flags: of every launch.
    script: the path of the script.
    env: of the launcher.
    start_warm, call_warm: the fixtures, which run the script.
    python: what runs it in their place.
  """

  folder: pathlib.Path
  flags: tuple[str, ...]
  script: pathlib.Path
  env: dict[str, str]
  start_warm: Callable
  call_warm: Callable
  python: tuple[str, ...] = ()
  started: list = dataclasses.field(default_factory=list)

  @property
  def root(self):
    return self.folder / 'runs'

  @property
  def output(self):
    """All that the launchers printed."""
    path = self.folder / 'output'
    return path.read_text() if path.exists() else ''

  def run_real(self):
    """Has the stand-ins step aside: units are runs."""
    (self.folder / 'real').touch()

  def hold(self, first_seed=0):
    """Has the stand-ins wait early, those of later seeds alone if asked for,
    until `let_go`.
    """
    (self.folder / 'hold').write_text(str(first_seed))

  def let_go(self):
    """See `hold`."""
    (self.folder / 'hold').unlink()

  def calls(self):
    """What was called as each unit, (argv, cwd) by its id, from stand-ins;
    the same at each attempt.
    """
    found = {}
    for i, unit in self.units().items():
      lines = (unit.path / 'calls.jsonl').read_text().splitlines()
      first, *others = [json.loads(line) for line in lines]
      assert all(other == first for other in others)
      found[i] = first['argv'], first['cwd']
    return found

  def expected_calls(self):
    """What they are to be, of a dry run here."""
    units = self.dry_run().items()
    return {i: (unit['argv'], unit['cwd']) for i, unit in units}

  def start(self, *flags):
    """Starts the launcher."""
    words = self._words(flags)
    path = self.folder / 'output'
    where = {'cwd': self.folder, 'env': self.env}
    if self.python:
      with open(path, 'a') as output:
        process = subprocess.Popen(
          words,
          stdin=subprocess.DEVNULL,
          stdout=output,
          stderr=subprocess.STDOUT,
          **where,
        )
    else:
      process = self.start_warm(words, stdout=path, stderr=path, **where)
    self.started.append(process)
    return process

  def _words(self, flags):
    """Values of `flags` take the place of the sweep's own."""
    anew = {flag.partition('=')[0] for flag in flags} - _LISTS
    own = [flag for flag in self.flags if flag.partition('=')[0] not in anew]
    return [*self.python, str(self.script), *own, *flags]

  def kill(self):
    """Leaves no launcher; units end with their launcher."""
    for process in self.started:
      process.kill()
      process.wait()

  def finish(self, process):
    """Waits for the launcher. Returns: its exit code."""
    try:
      return process.wait(TIMEOUT_S)
    except subprocess.TimeoutExpired:
      process.kill()
      pytest.fail(f'still running after {TIMEOUT_S} s: {self.output}')

  def call(self, *flags):
    """Runs the launcher. Returns: the done process, with its output."""
    words = self._words(flags)
    where = {'cwd': self.folder, 'env': self.env, 'timeout': TIMEOUT_S}
    if self.python:
      return subprocess.run(words, capture_output=True, text=True, **where)
    return self.call_warm(*words, **where)

  def dry_run(self):
    """The units by id, as --dry_run prints them."""
    done = self.call('--dry_run')
    assert done.returncode == 0, done.stderr
    units = [json.loads(line) for line in done.stdout.splitlines()]
    return {unit['id']: unit for unit in units}

  def units(self):
    """Queued units by id, from their folders."""
    units = {}
    for folder, children, files in os.walk(self.root):
      if unit_lib.COMMAND_FILE in files:
        unit, _ = unit_lib.read_command(pathlib.Path(folder))
        units[unit.id] = unit
        children.clear()  # checkpoints come and go
    return units

  def statuses(self):
    """Status by the unit's id."""
    return {i: unit_lib.read_status(u.path) for i, u in self.units().items()}

  def in_state(self, state):
    """Ids of the units in that state."""
    return {i for i, s in self.statuses().items() if s.state == state}

  def checkpoints(self):
    """Step of the latest checkpoint by the unit's id, of those with one."""
    steps = {}
    for unit in self.units().values():
      found = [
        int(path.name)
        for path in (unit.path / 'checkpoints').glob('*')
        if path.name.isdigit()
      ]
      if found:
        steps[unit.id] = max(found)
    return steps

  def wait_until(self, condition, process=None):
    """Waits for `condition()`; fails if the launcher ends or time runs out."""
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
      if process is not None and process.poll() is not None:
        pytest.fail(f'ended early, with {process.returncode}: {self.output}')
      if time.monotonic() > deadline:
        pytest.fail(f'{condition}: not in {TIMEOUT_S} s: {self.output}')
      time.sleep(0.05)

  def wait_for_no_process(self):
    """Until no process has a word of its command in our folder."""
    self.wait_until(lambda: not self.processes())

  def processes(self):
    """Commands of living processes that name our folder."""
    commands = []
    for path in pathlib.Path('/proc').glob('[0-9]*/cmdline'):
      with contextlib.suppress(OSError):
        command = path.read_bytes().decode().split('\0')
        if any(str(self.root) in word for word in command):
          commands.append(command)
    return commands

  def configs(self):
    """config.gin by the unit's id."""
    units = self.units().items()
    return {i: (unit.path / 'config.gin').read_text() for i, unit in units}


@pytest.fixture(scope='session')
def make_sweep(root, hopper_demos, tmp_path_factory, start_warm, call_warm):
  """make_sweep(*flags, script=..., second=..., stand_in=...) -> a sweep of two
  methods, by runs or by what stands in for them.
  """

  made = []

  def make(
    *flags, script='sweep.py', second='own.gin', stand_in=False, **fields
  ):
    folder = tmp_path_factory.mktemp('sweep')
    (folder / 'budgets').mkdir()
    (folder / 'budgets' / 'tiny.gin').write_text(_TINY)
    (folder / 'own.gin').write_text(_OWN)
    sweep = Sweep(
      folder,
      (
        *(f'--gin_file={_METHOD}', f'--gin_file={second}'),
        *('--scale_file=budgets/tiny.gin', f'--demos={hopper_demos}'),
        f'--root_dir={folder / "runs"}',
        *flags,
      ),
      root / 'launch' / script,
      os.environ
      | {
        'PYTHONPATH': f'{_STAND_IN}{os.pathsep}{_PATH}' if stand_in else _PATH,
        'TF_CPP_MIN_LOG_LEVEL': '3',
      },
      start_warm,
      call_warm,
      **fields,
    )
    made.append(sweep)
    return sweep

  yield make
  for sweep in made:
    sweep.kill()


@pytest.fixture(scope='session')
def stand_in():
  """The folder of what stands in for runs, for PYTHONPATH."""
  return str(_STAND_IN)


@pytest.fixture(scope='session')
def finished_sweep(make_sweep):
  """Four units whose launcher was killed at half; the same command again.

  Its attribute `killed` holds what was there between the two launches.
  """
  sweep = make_sweep(
    *('--seeds=0:2', '--executor=local', '--max_parallel=2'),
    second='hype_hopper.gin',
  )
  process = sweep.start()

  def is_half():
    if not sweep.in_state(unit_lib.DONE):
      return False
    running = sweep.in_state(unit_lib.RUNNING)
    # Early enough for the kill to come before its end.
    return any(i in running and s < 800 for i, s in sweep.checkpoints().items())

  sweep.wait_until(is_half, process)
  process.send_signal(signal.SIGKILL)
  process.wait()
  sweep.wait_for_no_process()
  sweep.killed = {
    'statuses': sweep.statuses(),
    'checkpoints': sweep.checkpoints(),
    'logs': read_logs(sweep),
    'metrics': {
      i: (unit.path / 'metrics.csv').read_text().splitlines()
      for i, unit in sweep.units().items()
      if (unit.path / 'metrics.csv').exists()
    },
  }
  sweep.exit_code = sweep.finish(sweep.start())
  return sweep


@pytest.fixture
def configs_here(make_sweep, monkeypatch):
  """`configs_here(**kwargs)`: config.gin by id, of the four units that this
  machine would run of such a sweep: what their commands are parsed to.
  """

  def parse(**kwargs):
    sweep = make_sweep('--seeds=0:2', **kwargs)
    monkeypatch.chdir(sweep.folder)
    configs = {}
    for i, unit in sweep.dry_run().items():
      files, bindings = (
        [w.removeprefix(flag) for w in unit['argv'] if w.startswith(flag)]
        for flag in ('--gin_file=', '--gin_bindings=')
      )
      gin_bindings.parse(files, bindings)
      configs[i] = gin.config_str()
    return configs

  return parse


def read_logs(sweep):
  """log.txt by the unit's id, '' without one."""
  logs = {}
  for unit in sweep.units().values():
    path = unit.path / unit_lib.LOG_FILE
    logs[unit.id] = path.read_text(errors='replace') if path.exists() else ''
  return logs
