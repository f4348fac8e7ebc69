"""Reports of sweeps: whole ones, and those that are on their way."""

import pytest

from tfirl.report import __main__ as main_module
from tfirl.report.reading import runs, sweeps
from tfirl.report.statistics import aggregate
from tfirl.work_units import unit as unit_lib
from tfirl.work_units.unit import Status


@pytest.fixture
def queue(write_run, tmp_path):
  """queue(algorithm, seed, returns, **status): a unit; no returns: no run."""

  def write(
    algorithm, seed, returns, *, task='hopper', label='', root='runs', **status
  ):
    root = f'{root}/{label}' if label else root
    folder = tmp_path / root / task / algorithm / str(seed)
    if returns:
      steps = range(0, 10 * len(returns), 10)
      write_run(task, algorithm, seed, steps, returns, root=root)
    unit = unit_lib.WorkUnit(
      id=f'{task}{algorithm}{seed}{label}',
      argv=('python',),
      run_dir=str(folder),
      env={},
      cwd=str(tmp_path),
      steps=20,
      label=label,
    )
    unit_lib.write_command(unit)
    unit_lib.write_status(folder, Status(**status))
    return folder

  return write


def _report(tmp_path, capsys):
  """Exit code, and what was printed."""
  code = main_module.main([str(tmp_path / 'runs'), '--last=1', '--reps=50'])
  return code, capsys.readouterr()


def test_a_whole_sweep(queue, tmp_path, capsys):
  for seed in range(2):
    queue('mm', seed, [0.0, 10.0 + 2 * seed], state='done', attempts=1)
    queue('hype', seed, [0.0, 20.0], state='done', attempts=1)
    queue('hype', seed, [0.0, 30.0], task='ant', state='done', attempts=2)
  code, printed = _report(tmp_path, capsys)
  assert code == 0
  lines = printed.out.splitlines()
  assert lines[0] == '| method | ant | hopper |'
  assert lines[2] == '| hype | 30 [30, 30] (2 of 2) | 20 [20, 20] (2 of 2) |'
  assert lines[3] == '| mm | – | 11 [10, 12] (2 of 2) |'
  assert '6 units: 6 done' in lines
  assert '| hopper | mm | 2 |' in printed.out
  page = (tmp_path / 'runs' / 'report' / 'index.html').read_text()
  assert '11 [10, 12] (2 of 2)' in page and 'Not done' not in page
  assert '11 [10, 12] (2 of 2)' in (
    (tmp_path / 'runs' / 'report' / 'table.md').read_text()
  )


def test_a_partial_sweep_says_what_is_missing(queue, tmp_path, capsys):
  queue('mm', 0, [0.0, 10.0, 20.0], state='done', attempts=1)
  queue('mm', 1, [5.0], state='queued', attempts=1, message='interrupted')
  queue('mm', 2, [5.0, 7.0], state='failed', attempts=3, message='error: why')
  queue('mm', 3, None)
  code, printed = _report(tmp_path, capsys)
  assert code == 0
  lines = printed.out.splitlines()
  # The unfinished would have cut the finished one's curve at step 0.
  assert '| mm | 20 (1 of 4) |' in lines
  assert '4 units: 1 done, 1 interrupted, 1 queued, 1 failed' in lines
  (interrupted,) = [line for line in lines if '| interrupted |' in line]
  assert interrupted.startswith('| hopper | mm | 1 | interrupted | 1 | ')
  (failed,) = [line for line in lines if '| failed |' in line]
  assert 'error: why' in failed and '/hopper/mm/2/log.txt' in failed
  assert '| hopper | mm | 3 | queued | 0 | – |' in printed.out
  notes = (tmp_path / 'runs' / 'report' / 'table.md').read_text()
  assert 'hopper/mm, seed 2: failed at step 12; left out' in notes
  page = (tmp_path / 'runs' / 'report' / 'index.html').read_text()
  assert 'Not done' in page and 'error: why' in page


def test_a_sweep_without_any_evaluation(queue, tmp_path, capsys):
  queue('mm', 0, None)
  queue('hype', 0, None, state='failed', attempts=1, message='error: why')
  code, printed = _report(tmp_path, capsys)
  assert code == 0
  assert '| mm | – (0 of 1) |' in printed.out
  assert '2 units: 1 queued, 1 failed' in printed.out


def test_swept_values_are_methods_of_their_own(queue, tmp_path, capsys):
  for label, value in [('a.b=1', 10.0), ('a.b=2', 30.0)]:
    for seed in range(2):
      queue('mm', seed, [0.0, value], label=label, state='done', attempts=1)
  code, printed = _report(tmp_path, capsys)
  assert code == 0
  assert '| mm a.b=1 | 10 [10, 10] (2 of 2) |' in printed.out
  assert '| mm a.b=2 | 30 [30, 30] (2 of 2) |' in printed.out


def test_two_sweeps_of_other_bindings_have_rows_of_their_own(
  queue, tmp_path, capsys
):
  for root, gamma in [('runs/one', 0.9), ('runs/two', 0.5)]:
    for seed in range(2):
      returns = [0.0, 100 * gamma]
      folder = queue('hype', seed, returns, root=root, state='done')
      (folder / 'config.gin').write_text(f'SacAgent.gamma = {gamma}\n')
  queue('hype', 2, None, root='runs/two')
  queue('mm', 0, None, root='runs/two')
  code, printed = _report(tmp_path, capsys)
  assert code == 0
  lines = printed.out.splitlines()
  assert lines[0] == '| method | hopper |'
  assert lines[2:6] == [
    '| hype [gamma = 0.5] | 50 [50, 50] (2 of 3) |',
    '| hype [gamma = 0.9] | 90 [90, 90] (2 of 2) |',
    '| mm | – (0 of 1) |',
    '',
  ]


def test_a_folder_of_two_configurations_gives_no_name(queue, tmp_path, capsys):
  for seed in range(2):
    folder = queue('hype', seed, [0.0, 50.0], state='done')
    (folder / 'config.gin').write_text(f'SacAgent.gamma = 0.{seed}\n')
  queue('hype', 2, None)
  _, printed = _report(tmp_path, capsys)
  assert printed.out.splitlines()[2:5] == [
    '| hype | – (0 of 1) |',
    '| hype [gamma = 0.0] | 50 (1 of 1) |',
    '| hype [gamma = 0.1] | 50 (1 of 1) |',
  ]


def test_which_runs_count(queue, write_run, tmp_path):
  def kept(algorithm):
    found, _ = runs.read_runs([str(tmp_path)])
    units = sweeps.read_units([str(tmp_path)])
    selected, notes = sweeps.select(found, units)
    told = [
      note for note in notes if note.endswith('left out of curves and scores')
    ]
    assert len(selected) + len(told) == len(found)
    assert all('it counts, for all of' in n for n in notes if n not in told)
    return [run.seed for run in selected if run.algorithm == algorithm]

  queue('mm', 0, [1.0, 2.0], attempts=1)
  queue('mm', 1, [1.0], state='failed', attempts=1)
  assert kept('mm') == ['0']  # none is done: what can go on counts
  queue('hype', 0, [1.0], state='failed', attempts=1)
  assert kept('hype') == ['0']  # better than nothing
  queue('hype', 1, [1.0, 2.0], state='done', attempts=1)
  assert kept('hype') == ['1']
  write_run('hopper', 'hype', 2, [0, 10], [1.0, 2.0])  # of no sweep
  assert kept('hype') == ['1', '2']


def test_the_score_of_the_matrix_is_that_of_the_table(queue, tmp_path):
  for seed, value in enumerate([10.0, 20.0, 60.0]):
    queue('mm', seed, [0.0, value], state='done', attempts=1)
  found, _ = runs.read_runs([str(tmp_path)])
  curves, _ = aggregate.aggregate(found, last=1, reps=50)
  units = sweeps.read_units([str(tmp_path)])
  _, ((_, cell),) = sweeps.matrix_cells(curves, units)
  assert cell.startswith(f'{curves[0].final.value[0]:,.0f} [')
  assert cell.endswith('] (3 of 3)')


def test_a_damaged_unit_is_named(queue, tmp_path, capsys):
  folder = queue('mm', 0, [0.0, 10.0], state='done', attempts=1)
  (folder / 'status.json').write_text('{')
  code, printed = _report(tmp_path, capsys)
  assert code == 1
  assert printed.err.startswith(
    f'error: {folder / "status.json"} is missing or'
  )
