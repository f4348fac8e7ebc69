"""A sweep on two raylets of one host; one of them, and one process, killed."""

import csv
import datetime
import os
import platform
import re
import signal
import time
from unittest import mock

import pytest
import raylets

from tfirl.machine import installed
from tfirl.work_units import unit as unit_lib

pytest.importorskip('ray', reason="needs pip install 'tfirl[ray]'")


@pytest.fixture(scope='module')
def cluster(tmp_path_factory, stand_in):
  with raylets.cluster(tmp_path_factory.mktemp('ray'), [stand_in]) as made:
    yield made


@pytest.fixture
def tasks():
  return pytest.importorskip('tfirl.sweeps.executors.ray_tasks')


def _supervisors(sweep):
  """Unit id -> (supervisor's process number, that of the raylet above it)."""
  found = {p: (parent, command) for p, parent, command in raylets.processes()}
  units = {unit.run_dir: unit.id for unit in sweep.units().values()}
  result = {}
  for pid, (worker, command) in found.items():
    if 'tfirl.work_units' in command:
      for word in set(command) & units.keys():
        result[units[word]] = pid, found.get(worker, (None, []))[0]
  return result


def _wait_for_half(sweep, process, raylet, but=None):
  """Waits for a unit of `raylet` that has a checkpoint and some way to go.

  Returns: its id, its supervisor's process number, and its step.
  """
  halfway = []

  def is_half():
    steps = sweep.checkpoints()
    for i, (pid, above) in _supervisors(sweep).items():
      if above == raylet and i != but and 160 <= steps.get(i, 0) < 800:
        halfway[:] = [i, pid, steps[i]]
    return halfway

  sweep.wait_until(is_half, process)
  return halfway


def _kill_run(supervisor):
  """kill -9 of the run itself, as a lack of memory does."""
  (run,) = [p for p, parent, _ in raylets.processes() if parent == supervisor]
  os.kill(run, signal.SIGKILL)


def test_sigterm_stops_the_units_wherever_they_are(make_sweep, cluster):
  sweep = make_sweep(
    *('--seeds=0:1', '--executor=ray', f'--ray_address={cluster.address}')
  )
  sweep.env = cluster.env
  sweep.hold()
  process = sweep.start()
  sweep.wait_until(lambda: len(sweep.checkpoints()) == 2, process)
  process.send_signal(signal.SIGTERM)
  assert sweep.finish(process) == 1
  assert sweep.processes() == []
  states = {status.state for status in sweep.statuses().values()}
  assert states == {unit_lib.QUEUED}
  assert 'SIGTERM: waiting for the running units to stop' in sweep.output


def test_real_runs_are_done_with_the_configs_of_here(
  make_sweep, cluster, configs_here
):
  """Before a raylet is killed: Ray takes a while to forget it."""
  sweep = make_sweep(
    *('--seeds=0:1', '--executor=ray', f'--ray_address={cluster.address}')
  )
  sweep.env = cluster.env
  sweep.run_real()
  assert sweep.finish(sweep.start()) == 0
  found, expected = sweep.configs(), configs_here()
  assert len(found) == 2
  assert found == {i: expected[i] for i in found}


def _is_lost(sweep):
  """Whether its unit `lost` has ended: that it is lost is seen later."""
  status = sweep.statuses()[sweep.lost]
  return status.state != unit_lib.RUNNING or status.attempts > 1


@pytest.fixture(scope='module')
def lossy_sweep(make_sweep, cluster):
  """Four units; a raylet and, elsewhere, a run are killed on the way.

  Its attributes say which units were lost, and at which steps.
  """
  sweep = make_sweep(
    *('--seeds=0:2', '--executor=ray', f'--ray_address={cluster.address}')
  )
  sweep.env = cluster.env
  sweep.hold()
  process = sweep.start()
  raylet = cluster.raylet(cluster.node)
  sweep.lost, _, step = _wait_for_half(sweep, process, raylet)
  os.kill(raylet, signal.SIGKILL)
  sweep.killed_at = time.time()
  head = cluster.raylet(cluster.head)
  sweep.killed, pid, other = _wait_for_half(sweep, process, head, sweep.lost)
  _kill_run(pid)
  sweep.wait_until(lambda: _is_lost(sweep), process)
  sweep.let_go()
  sweep.steps = {sweep.lost: step, sweep.killed: other}
  sweep.exit_code = sweep.finish(process)
  return sweep


def test_a_unit_that_no_machine_has_room_for(make_sweep, cluster):
  sweep = make_sweep(
    *('--seeds=0:1', '--executor=ray', f'--ray_address={cluster.address}'),
    '--cpus_per_unit=64',
  )
  sweep.env = cluster.env
  done = sweep.call()
  assert done.returncode == 1
  assert "a unit needs {'CPU': 64" in done.stderr
  assert sweep.in_state(unit_lib.QUEUED) == sweep.units().keys()


def test_a_units_actors_need_room_too(make_sweep, cluster):
  sweep = make_sweep(
    *('--seeds=0:1', '--executor=ray', f'--ray_address={cluster.address}'),
    '--gin_bindings=run.num_actors = 7',
  )
  sweep.env = cluster.env
  done = sweep.call()
  assert done.returncode == 1
  assert "a unit needs {'CPU': 8" in done.stderr


def test_all_units_are_done(lossy_sweep):
  assert lossy_sweep.exit_code == 0, lossy_sweep.output
  statuses = lossy_sweep.statuses()
  assert len(statuses) == 4
  assert {status.state for status in statuses.values()} == {unit_lib.DONE}
  again = {lossy_sweep.lost, lossy_sweep.killed}
  for i, status in statuses.items():
    assert status.attempts == (2 if i in again else 1)
  assert lossy_sweep.processes() == []


def test_lost_units_go_on_from_their_checkpoints(lossy_sweep, record_property):
  for i, step in lossy_sweep.steps.items():
    path = lossy_sweep.units()[i].path
    with open(path / 'metrics.csv', newline='') as file:
      rows = list(csv.DictReader(file))
    assert [int(row['updates']) for row in rows] == list(range(0, 1601, 160))
    # The second attempt's bar begins where the checkpoint is, at the least.
    log = (path / unit_lib.LOG_FILE).read_text(errors='replace')
    _, first, second = log.split('== attempt ')
    begun = re.search(r'\| (\d+)/1600 ', second)
    assert int(begun[1]) >= step >= 160
    assert re.search(r'\| 0/1600 ', first)
  status = lossy_sweep.statuses()[lossy_sweep.lost]
  lost_s = _timestamp(status.start) - lossy_sweep.killed_at
  record_property('seconds from the loss to the next attempt', lost_s)


def _timestamp(text):
  return datetime.datetime.fromisoformat(text).timestamp()


def test_same_ids_and_calls_as_here(lossy_sweep):
  assert lossy_sweep.calls() == lossy_sweep.expected_calls()


def test_unreachable_address(make_sweep):
  sweep = make_sweep('--seeds=0:1', '--executor=ray')
  done = sweep.call(f'--ray_address=127.0.0.1:{raylets.free_port()}')
  assert done.returncode == 1
  (line,) = [x for x in done.stderr.splitlines() if x.startswith('error: ')]
  assert '--ray_address=127.0.0.1:' in line and 'refused' in line
  assert 'expected HOST:PORT of a head' in line


def test_a_machine_that_does_not_see_the_files(tasks, tmp_path):
  version = installed.code_version()
  token = tmp_path / 'token'
  problem = tasks._check_node(str(token), version)
  assert str(token) in problem and 'on a file system that all share' in problem
  token.touch()
  # Of another node of this host, which checks at the same time.
  (tmp_path / f'token-{platform.node()}').touch()
  before = set(os.listdir(tmp_path))
  assert tasks._check_node(str(token), version) == ''
  assert set(os.listdir(tmp_path)) == before
  problem = tasks._check_node(str(token), 'other')
  assert problem.endswith('expected other')


@pytest.mark.parametrize('ends_by', ['kill -9 $$', 'exit 75', 'exit 3'])
def test_a_supervisor_that_is_stopped_is_tried_again(
  tasks, tmp_path, monkeypatch, ends_by
):
  """As by a lost node, before the task that waits for it; 3 is asked for."""
  program = tmp_path / 'python'
  program.write_text(f'#!/bin/sh\n{ends_by}\n')
  program.chmod(0o755)
  monkeypatch.setattr(tasks.sys, 'executable', str(program))
  with pytest.raises(InterruptedError, match=f'{tmp_path}: exit code'):
    tasks._run_unit(str(tmp_path), [3])
  program.write_text('#!/bin/sh\necho "error: x" >&2; exit 65\n')
  assert tasks._run_unit(str(tmp_path), [3]) == 'error: x'


def test_units_that_wait_for_a_gpu_are_not_taken_to_run(tasks, monkeypatch):
  """By which the time left is reckoned: here two at a time, not eight."""
  room = {'CPU': 8.0, 'GPU': 1.0}
  monkeypatch.setattr(tasks.ray, 'cluster_resources', lambda: room)
  node = {'Alive': True, 'Resources': room}
  monkeypatch.setattr(tasks.ray, 'nodes', lambda: [node])
  monkeypatch.setattr(tasks.ray, 'remote', lambda unused: mock.MagicMock())
  unit = unit_lib.WorkUnit('a', (), '/r/t/m/0', {}, '/', 1)
  cluster = tasks.Cluster()
  for num_gpus, expected in ((0.5, 2), (0.0, 8)):
    cluster.submit(
      [unit], num_cpus=1, num_gpus=num_gpus, max_retries=0, retry_codes=[]
    )
    assert cluster.num_parallel() == expected
