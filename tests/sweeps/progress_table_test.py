"""The table of a sweep, from files as runs write them."""

import dataclasses
import io
import os

import pytest

from tfirl.storage import file_lock
from tfirl.sweeps import progress_table as table
from tfirl.work_units import unit as unit_lib
from tfirl.work_units.unit import Status

_REST = 'updates,wall_s,steps_per_s,eval_return_mean\n'
_HEADER = f'real_steps,env_steps,rollout_steps,{_REST}'


@pytest.fixture
def unit(tmp_path):
  unit = unit_lib.WorkUnit(
    id='a',
    argv=('python',),
    run_dir=str(tmp_path / 'hopper' / 'mm' / '0'),
    env={},
    cwd=str(tmp_path),
    steps=1000,
    budget_unit='real_steps',
  )
  unit_lib.write_command(unit)
  return unit


def _write(unit, metrics, header=_HEADER, **status):
  (unit.path / 'metrics.csv').write_text(header + metrics)
  unit_lib.write_status(unit.path, Status(**status))


def test_a_unit_that_has_not_begun(unit):
  row = table.read_row(unit)
  assert (row.name, row.state, row.steps) == ('hopper/mm/0', 'queued', 0)
  assert row.left_s is None and row.mean_return is None


def test_a_unit_on_its_way(unit):
  # The last line is being written.
  _write(unit, '0,0,0,0,1,,12\n250,150,100,9,50,7,34.5\n500,4', state='running')
  with open(unit.path / unit_lib.LOCK_FILE, 'a+b') as lock:
    assert file_lock.try_lock(lock)
    row = table.read_row(unit)
  assert (row.state, row.steps, row.total) == ('running', 250, 1000)
  assert (row.mean_return, row.steps_per_s) == (34.5, 7.0)
  assert row.unit_s == 200.0 and row.left_s == 150.0


@pytest.mark.parametrize(
  ('budget_unit', 'steps'),
  [('real_steps', 250), ('env_steps', 150), ('updates', 9)],
)
def test_what_the_budget_counts(unit, budget_unit, steps):
  unit = dataclasses.replace(unit, budget_unit=budget_unit)
  _write(unit, '250,150,100,9,50,7,34.5\n')
  row = table.read_row(unit)
  assert (row.steps, row.counts) == (steps, budget_unit.replace('_', ' '))


@pytest.mark.parametrize(
  ('budget_unit', 'metrics', 'steps'),
  [
    ('real_steps', '150,100,9,50,7,34.5\n', 250),
    ('env_steps', '150,100,9,50,7,34.5\n', 150),
    ('env_steps', '0,0,500,10,,1\n', 500),  # bc
  ],
)
def test_a_run_from_before_real_steps(unit, budget_unit, metrics, steps):
  unit = dataclasses.replace(unit, budget_unit=budget_unit)
  _write(unit, metrics, header=f'env_steps,rollout_steps,{_REST}')
  assert table.read_row(unit).steps == steps


@pytest.mark.parametrize(
  ('header', 'metrics'),
  [
    ('', '250,150,100,9,50,7,34.5\n' * 2),
    (f'"{_HEADER}', '250,150,100,9,50,7,34.5\n'),
    (f'\ufffd{_HEADER}', '250,150,100,9,50,7,34.5\n'),
    (_HEADER, '250,150\n'),
    (_HEADER, '2x0,150,100,9,50,7,34.5\n'),
    (_HEADER, 'nan,150,100,9,50,7,34.5\n'),
    (_HEADER, 'inf,150,100,9,50,7,34.5\n'),
    (_HEADER, '250,150,100,9,,7,34.5\n'),
    (_HEADER, '250,150,100,9,inf,7,34.5\n'),
    (_HEADER, '250,150,100,9,50,7,oops\n'),
  ],
)
def test_one_damaged_file_ends_no_sweep(unit, header, metrics):
  _write(unit, metrics, header, state='failed', message='why')
  if header.startswith('\ufffd'):  # bytes that are no text
    path = unit.path / 'metrics.csv'
    path.write_bytes(path.read_bytes().replace('\ufffd'.encode(), b'\xff'))
  row = table.read_row(unit)
  assert (row.state, row.message, row.total) == ('failed', 'why', 1000)
  assert (row.steps, row.unit_s, row.mean_return) == (0, None, None)
  assert 'why' in table.format_table([row], 1)


def test_time_left_is_shared_but_for_the_last_unit():
  def row(steps, unit_s=None, state='running'):
    return table.Row('a', state, steps, 100, unit_s=unit_s)

  rows = [row(50, 80.0), row(0, state='queued'), row(100, 40.0, 'done')]
  # 40 s of the first, and 60 s, the mean, of the second.
  assert table.sweep_left_s(rows, 1) == 100.0
  assert table.sweep_left_s(rows, 2) == 60.0
  assert table.sweep_left_s(rows[1:2], 1) is None
  assert table.sweep_left_s([row(9, 90.0, 'failed')], 1) == 0.0


def test_the_text():
  rows = [
    table.Row(
      'hopper/mm/0', 'running', 250, 1000, 34.5, 7.2, 8000.0, '', 'real steps'
    ),
    table.Row('hopper/mm/1 x=1', 'failed', message='why'),
  ]
  lines = table.format_table(rows, 1).splitlines()
  assert lines == [
    'unit             spent                 return  steps/s  state    '
    'time left',
    'hopper/mm/0      250/1,000 real steps  34      7.2      running  1:40:00',
    'hopper/mm/1 x=1  0/0                   -       -        failed   0:00:00'
    '    why',
    '0 of 2 units done, 1 failed; 1:40:00 left',
  ]


def test_what_is_small_is_not_rounded_away():
  """A maze's return is at most 1, and a large model takes seconds a step."""
  row = table.Row('pointmaze/mm/0', 'running', 5, 10, 0.65, 0.4)
  assert table.format_table([row], 1).splitlines()[1].split()[2:4] == [
    '0.65',
    '0.4',
  ]


def test_a_terminal_that_does_not_say_its_size_shows_the_table(
  unit, monkeypatch
):
  """As under `script`, or in a container."""

  class Terminal(io.StringIO):
    def isatty(self):
      return True

  size = os.terminal_size((0, 0))
  monkeypatch.setattr(os, 'get_terminal_size', lambda *unused: size)
  monkeypatch.delenv('COLUMNS', raising=False)
  monkeypatch.delenv('LINES', raising=False)
  out = Terminal()
  table.ProgressTable([unit], 1, out).show(is_last=True)
  assert 'hopper/mm/0' in out.getvalue()


def test_a_log_is_not_filled_but_gets_the_last_table(unit):
  out = io.StringIO()
  shown = table.ProgressTable([unit], 1, out)
  for _ in range(100):
    shown.show()
  assert out.getvalue() == ''
  shown.show(is_last=True)
  assert out.getvalue().count('hopper/mm/0') == 1
