"""XManager's own command, in its own environment."""

import dataclasses
import signal
import subprocess
import sys

import pytest

from tfirl.work_units import unit as unit_lib

_INSTALL_S = 1200


@pytest.fixture(scope='module')
def xmanager(root, tmp_path_factory):
  """The xmanager command of a fresh environment."""
  venv = tmp_path_factory.mktemp('xmanager') / 'venv'
  # It takes seconds for what takes pip two minutes.
  uv = [sys.executable, '-m', 'uv', '--quiet']
  make = [*uv, 'venv', '--python', sys.executable, venv]
  subprocess.run(make, check=True, timeout=300)
  install = [*uv, 'pip', 'install', '--python', venv / 'bin' / 'python']
  install += ['-r', root / 'tfirl' / 'sweeps' / 'xm_requirements.txt']
  try:
    done = subprocess.run(
      install,
      capture_output=True,
      text=True,
      timeout=_INSTALL_S,
    )
  except subprocess.TimeoutExpired:
    pytest.fail(f'XManager was not installed within {_INSTALL_S} s')
  if done.returncode:
    if not _has_index(venv.parent):
      pytest.skip('XManager can not be installed: pip finds no package index')
    pytest.fail(f'xm_requirements.txt: {done.stderr}')
  return venv / 'bin' / 'xmanager'


def _has_index(folder):
  """Whether pip gets anything at all, so that a wrong list of requirements is
  not taken for a machine without network.
  """
  ask = [sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps']
  ask += ['--dest', folder / 'asked', 'pip']
  return not subprocess.call(ask, timeout=_INSTALL_S)


@pytest.fixture(scope='module')
def make_xm_sweep(make_sweep, xmanager, stand_in, tmp_path_factory):
  """make_xm_sweep(*flags) -> a sweep that XManager runs."""

  def make(*flags):
    interpreter = f'--interpreter={sys.executable}'
    sweep = make_sweep(
      interpreter,
      *flags,
      script='xm_sweep.py',
      python=(str(xmanager), 'launch'),
    )
    sweep.flags = ('--', *sweep.flags)
    # XManager's environment is not ours; it keeps a list in the user's home.
    sweep.env['HOME'] = str(tmp_path_factory.mktemp('home'))
    sweep.env['PYTHONPATH'] = stand_in
    return sweep

  return make


@pytest.fixture(scope='module')
def killed_sweep(make_xm_sweep):
  """Four units; the launcher is killed at half; the same command again."""
  sweep = make_xm_sweep('--seeds=0:2', '--max_parallel=2')
  sweep.hold(first_seed=1)
  process = sweep.start()
  sweep.most_running = 0

  def is_half():
    running = sweep.in_state(unit_lib.RUNNING)
    sweep.most_running = max(sweep.most_running, len(running))
    if len(sweep.in_state(unit_lib.DONE)) < 2:
      return False
    begun = {i for i, step in sweep.checkpoints().items() if step < 1600}
    return len(begun & running) == 2

  sweep.wait_until(is_half, process)
  process.send_signal(signal.SIGKILL)
  process.wait()
  sweep.wait_for_no_process()
  sweep.before = sweep.statuses(), sweep.checkpoints()
  sweep.let_go()
  sweep.exit_code = sweep.finish(sweep.start())
  return sweep


def test_no_unit_outlives_the_launcher(killed_sweep):
  """The fixture has waited for the last of them, and they say why."""
  statuses, checkpoints = killed_sweep.before
  stopped = [
    i
    for i, status in statuses.items()
    if status.state == unit_lib.QUEUED and status.attempts
  ]
  assert stopped
  for i in stopped:
    assert 'the launcher, process ' in statuses[i].message
  assert any(0 < checkpoints.get(i, 0) < 1600 for i in stopped)


def test_all_units_are_done_and_the_done_ones_once(killed_sweep):
  assert killed_sweep.exit_code == 0, killed_sweep.output
  statuses, checkpoints = killed_sweep.before
  after = killed_sweep.statuses()
  assert len(after) == 4
  for i, status in after.items():
    assert status.state == unit_lib.DONE
    began = statuses[i].attempts and statuses[i].state != unit_lib.DONE
    assert status.attempts == (2 if began else 1)
    log = killed_sweep.units()[i].path / unit_lib.LOG_FILE
    text = log.read_text(errors='replace')
    assert text.count('== attempt ') == status.attempts
    assert '| 1600/1600 ' in text
  assert killed_sweep.processes() == []


def test_no_more_than_asked_at_a_time(killed_sweep):
  assert killed_sweep.most_running == 2


def test_same_ids_and_calls_as_here(killed_sweep, root):
  flags = [f for f in killed_sweep.flags if f != '--']
  here = dataclasses.replace(
    killed_sweep,
    script=root / 'launch' / 'sweep.py',
    python=(),
    flags=[f for f in flags if not f.startswith('--interpreter=')],
  )
  assert killed_sweep.calls() == here.expected_calls()


def test_real_runs_are_done_with_the_configs_of_here(
  make_xm_sweep, configs_here
):
  sweep = make_xm_sweep('--seeds=0:1', '--max_parallel=2')
  sweep.run_real()
  assert sweep.finish(sweep.start()) == 0
  found, expected = sweep.configs(), configs_here()
  assert len(found) == 2
  assert found == {i: expected[i] for i in found}


def test_what_our_interpreter_refuses_xmanager_refuses(make_xm_sweep):
  sweep = make_xm_sweep('--seeds=0:1', '--gin_bindings=run.update = 1')
  done = sweep.call()
  assert done.returncode == 1
  (line,) = [x for x in done.stderr.splitlines() if x.startswith('error: ')]
  assert 'did you mean updates' in line
  assert not sweep.root.exists()


def test_an_interpreter_that_is_not_there(make_xm_sweep):
  done = make_xm_sweep('--interpreter=absent/python').call()
  assert done.returncode == 1
  assert 'error: --interpreter=absent/python: found no program' in done.stderr
