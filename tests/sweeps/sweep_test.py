"""The program: what it refuses, prints and stops."""

import signal
import subprocess
import sys

import pytest

from tfirl.work_units import unit as unit_lib


@pytest.fixture(scope='module')
def sweep(make_sweep):
  return make_sweep('--seeds=0:2')


@pytest.mark.parametrize(
  ('flag', 'message'),
  [
    ('--gin_bindings=run.update = 1', 'did you mean updates'),
    ("--sweep=BcAgent.learning_rate=['a']", "'a'; expected float"),
    ('--gin_file=bc_hopper.gin,budgets/tiny.gin', 'duplicate units'),
    ('--num_demos=0', '--num_demos is 0; expected an integer, 1 or more'),
    ('--root_dir=/proc/runs', '--root_dir=/proc/runs: '),
  ],
)
def test_refuses_before_anything_starts(sweep, flag, message):
  done = sweep.call(flag)
  assert done.returncode == 1
  (line,) = [x for x in done.stderr.splitlines() if x.startswith('error: ')]
  assert message in line
  assert 'Traceback' not in done.stderr
  assert not sweep.root.exists()


def test_dry_run_prints_the_units_and_writes_nothing(sweep):
  units = sweep.dry_run()
  assert [unit['run_dir'] for unit in units.values()] == [
    str(sweep.root / 'hopper' / method / seed)
    for seed in '01'
    for method in ('bc', 'eager_bc')
  ]
  assert not sweep.root.exists()


def test_few_demonstrations_are_handed_to_each_unit(sweep):
  done = sweep.call('--dry_run', '--seeds=0:1', '--num_demos=2')
  assert done.returncode == 0, done.stderr
  for method in ('bc', 'eager_bc'):
    assert f'"{sweep.root}/hopper/{method}-n2/0"' in done.stdout
  assert done.stdout.count('load_demonstrations.num_episodes = 2"') == 2


def test_failures_end_the_sweep_only_with_fail_fast(make_sweep):
  """A learning rate with which weights are infinite after two steps."""
  sweep = make_sweep('--seeds=0:1', '--executor=local', stand_in=True)
  sweep.flags += ('--gin_bindings=BcAgent.learning_rate = 3e38',)
  done = sweep.call('--fail_fast')
  assert done.returncode == 1
  (failed,) = sweep.in_state(unit_lib.FAILED)
  assert len(sweep.in_state(unit_lib.QUEUED)) == 1
  status = sweep.statuses()[failed]
  assert status.exit_code == 1 and 'expected finite numbers' in status.message
  assert status.message in done.stderr

  done = sweep.call()
  assert done.returncode == 1
  assert len(sweep.in_state(unit_lib.FAILED)) == 2
  assert sweep.statuses()[failed].attempts == 2
  assert '2 of 2 units are not done' in done.stderr


def test_sigterm_stops_the_units_too(make_sweep):
  sweep = make_sweep('--seeds=0:1', '--max_parallel=2', stand_in=True)
  sweep.hold()
  process = sweep.start()
  sweep.wait_until(lambda: len(sweep.checkpoints()) == 2, process)
  process.send_signal(signal.SIGTERM)
  assert sweep.finish(process) == 1
  assert sweep.processes() == []
  states = {status.state for status in sweep.statuses().values()}
  assert states == {unit_lib.QUEUED}
  assert 'SIGTERM: waiting for the running units to stop' in sweep.output


_WITHOUT_XMANAGER = """
import runpy, sys, types
fake = types.ModuleType('xmanager')
fake.xm = types.SimpleNamespace(Executable=None, Job=None)
fake.xm_local = types.SimpleNamespace()
sys.modules['xmanager'] = fake
sys.argv = ['xm_sweep.py', '--interpreter=/bin/false']
runpy.run_path(sys.argv[0], run_name='__main__')
"""


def test_what_says_nothing_is_told_by_its_exit_code_of_xmanager_too(root):
  done = subprocess.run(
    [sys.executable, '-c', _WITHOUT_XMANAGER],
    capture_output=True,
    text=True,
    cwd=root / 'tfirl' / 'sweeps',
  )
  assert done.returncode == 1
  assert done.stderr == 'error: /bin/false ended with exit code 1\n'
