"""Four real units; the launcher killed at half; the same command again."""

import csv
import os
import subprocess
import sys

from tfirl.work_units import unit as unit_lib


def _steps(row):
  """In the unit of the row's method."""
  return int(row['env_steps']) or int(row['updates'])


def _rows(lines):
  return list(csv.DictReader(lines))


def test_a_kill_costs_nothing_but_time(finished_sweep):
  sweep, killed = finished_sweep, finished_sweep.killed
  assert sweep.exit_code == 0, sweep.output
  before, after = killed['statuses'], sweep.statuses()
  assert len(after) == 4
  assert {status.state for status in after.values()} == {unit_lib.DONE}
  done = {i for i, status in before.items() if status.state == unit_lib.DONE}
  assert 1 <= len(done) < 4
  begun = {i for i, status in before.items() if status.attempts} - done
  assert 1 <= len(begun) <= 2
  for i, status in after.items():
    assert status.attempts == (2 if i in begun else 1), sweep.units()[i].name
    if i in done:  # once: nothing was called a second time
      assert status == before[i]
      log = sweep.units()[i].path / unit_lib.LOG_FILE
      assert log.read_text(errors='replace') == killed['logs'][i]


def test_none_begins_again_that_had_a_checkpoint(finished_sweep):
  sweep, killed = finished_sweep, finished_sweep.killed
  resumed = 0
  for i, step in killed['checkpoints'].items():
    path = sweep.units()[i].path / 'metrics.csv'
    rows, old = (
      _rows(path.read_text().splitlines()),
      _rows(killed['metrics'][i]),
    )
    kept = [row for row in old if _steps(row) <= step]
    for row, before in zip(rows, kept, strict=False):
      # wall_s and all: not made again. Losses have columns once there are any.
      assert {name: row[name] for name in before} == before
    assert [_steps(row) for row in rows] == list(range(0, 1601, 160))
    resumed += killed['statuses'][i].state != unit_lib.DONE and step < 1600
  assert resumed >= 1


def test_no_process_is_left(finished_sweep):
  assert finished_sweep.processes() == []


def test_units_share_the_cores(finished_sweep):
  threads = str(max(1, len(os.sched_getaffinity(0)) // 2))
  for unit in finished_sweep.units().values():
    assert unit.env['TF_NUM_INTRAOP_THREADS'] == threads
    assert unit.env['TF_NUM_INTEROP_THREADS'] == threads


def test_the_table_tells_of_the_units_that_were_left(finished_sweep):
  before = finished_sweep.killed['statuses']
  lines = finished_sweep.output.splitlines()
  (begin,) = [i for i, line in enumerate(lines) if 'done before' in line][1:]
  done = [status.state for status in before.values()].count(unit_lib.DONE)
  assert lines[begin] == f'4 units, {done} done before'
  last = lines[-(4 - done) - 2 :]
  assert last[0].split()[:4] == ['unit', 'spent', 'return', 'steps/s']
  for i, unit in finished_sweep.units().items():
    rows = [line for line in last if line.startswith(unit.name)]
    assert len(rows) == (before[i].state != unit_lib.DONE)
    assert all('1,600/1,600' in row and ' done ' in row for row in rows)
  assert (
    last[-1] == f'{4 - done} of {4 - done} units done, 0 failed; 0:00:00 left'
  )


def test_a_third_time_there_is_nothing_to_do(finished_sweep):
  before = finished_sweep.statuses()
  done = finished_sweep.call()
  assert done.returncode == 0, done.stderr
  assert '4 units, 4 done before' in done.stdout
  assert finished_sweep.statuses() == before


def test_ids_and_configs_are_those_of_the_commands(
  finished_sweep, configs_here
):
  configs = configs_here(second='hype_hopper.gin')
  assert finished_sweep.configs() == configs


def test_ids_are_those_of_the_dry_run(finished_sweep):
  assert finished_sweep.dry_run().keys() == finished_sweep.units().keys()


def test_the_report_shows_methods_and_tasks(finished_sweep):
  done = subprocess.run(
    [sys.executable, '-m', 'tfirl.report', str(finished_sweep.root)]
    + ['--reps=50'],
    env=finished_sweep.env,
    capture_output=True,
    text=True,
    timeout=300,
  )
  assert done.returncode == 0, done.stderr
  assert '4 units: 4 done' in done.stdout
  rows = [line for line in done.stdout.splitlines() if '(2 of 2)' in line]
  assert [row.split()[1] for row in rows] == ['bc', 'hype']
  page = finished_sweep.root / 'report' / 'index.html'
  assert '(2 of 2)' in page.read_text()
