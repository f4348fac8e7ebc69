import pytest

from tfirl.report.reading import runs, sweeps, undone
from tfirl.work_units import unit as unit_lib


def _cells(tmp_path):
  folders = [str(tmp_path / 'runs')]
  found, _ = runs.read_runs(folders, may_be_empty=True)
  return undone.cells(folders, found, [])


def test_whole_runs_lack_nothing(write_run, tmp_path):
  for method in ('mm', 'hype'):
    write_run('hopper', method, 0, [0, 9], [0.0, 1.0])
  assert _cells(tmp_path) == []


def test_failed_begun_and_missing_runs(write_run, tmp_path):
  write_run('hopper', 'hype', 0, [0, 9], [0.0, 1.0])
  failed = write_run('hopper', 'hype', 1, [0, 9], [0.0, 1.0])
  (failed / 'error.txt').write_text(
    'Traceback\n  a line\nValueError: why\n'
    "  In call to configurable 'run' (<function run at 0x7f5ca0>)\n\n"
  )
  begun = write_run('hopper', 'mm', 0, [], [])
  write_run('hopper', 'mm', 5, [0, 9], [0.0, 1.0])
  assert _cells(tmp_path) == [
    ['hopper', 'hype', '1', 'failed', '–', 'ValueError: why', str(failed)],
    ['hopper', 'mm', '0', 'begun', '–', 'it has no evaluation yet', str(begun)],
    ['hopper', 'hype', '5', 'missing', '–', 'other methods have it', '–'],
    ['hopper', 'mm', '1', 'missing', '–', 'other methods have it', '–'],
  ]


def test_other_tasks_need_no_seeds_of_this_one(write_run, tmp_path):
  write_run('hopper', 'mm', 0, [0, 9], [0.0, 1.0])
  write_run('ant', 'mm', 1, [0, 9], [0.0, 1.0])
  assert _cells(tmp_path) == []


def test_what_is_over(write_run):
  first, second = (write_run('hopper', 'mm', i, [0], [0.0]) for i in range(2))
  folders = [str(first), str(second)]
  assert not undone.are_over(folders, [])
  (first / 'complete.json').touch()
  assert not undone.are_over(folders, [])
  (second / 'error.txt').touch()
  assert undone.are_over(folders, [])
  assert not undone.are_over([], [])


@pytest.mark.parametrize(
  ('states', 'are_over'),
  [(('done', 'failed'), True), (('done', 'queued'), False)],
)
def test_units_of_a_sweep_are_over_by_their_status(tmp_path, states, are_over):
  units = [
    sweeps.Unit(str(i), 'hopper', 'mm', str(i), unit_lib.Status(state))
    for i, state in enumerate(states)
  ]
  assert undone.are_over([], units) == are_over
