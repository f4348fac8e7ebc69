import csv
import io
import json

import pytest

from tfirl.report.pages import tables
from tfirl.report.reading import runs
from tfirl.report.statistics import aggregate
from tfirl.storage import last_policy
from tfirl.storage.last_policy import LastPolicy


@pytest.fixture
def curves(write_run, tmp_path):
  for seed in range(3):
    write_run(
      *('hopper', 'hype', seed, [0, 5000], [0.0, 1000.0 + 300 * seed]),
      num_demos=4,
    )
  ends = {'expert_return': 2000, 'random_return': 0}
  write_run('hopper', 'mm', 0, [0, 5000], [0.0, 300.0], **ends)
  found, _ = runs.read_runs([str(tmp_path)])
  return aggregate.aggregate(found, last=1, reps=500)[0]


def test_markdown_table(curves):
  lines = tables.markdown_table(curves).splitlines()
  assert lines[0].startswith(
    '| task | algorithm | seeds | demos | real steps | for the cost |'
  )
  assert 'IQM of last 1 evaluation |' in lines[0]
  assert lines[2] == (
    '| hopper | hype | 3 | 4 | 6,000 | 1,000 | 1,300 | [1,000, 1,600] | 65% | '
    '– (0 of 3) | 1.0 | 150 |'
  )
  assert lines[3] == (
    '| hopper | mm | 1 | – | 6,000 | 1,000 | 300 | – | 15% | – (0 of 1) | 1.0 '
    '| 150 |'
  )


def test_csv_table_has_numbers_and_blanks(curves):
  hype, mm = csv.DictReader(io.StringIO(tables.csv_table(curves)))
  assert float(hype['iqm']) == pytest.approx(1300.0)
  assert float(hype['ci_low']) == 1000.0 and float(hype['ci_high']) == 1600.0
  assert (hype['score'], hype['last'], hype['seeds']) == ('return', '1', '3')
  assert (hype['demos'], mm['demos']) == ('4', '')
  steps = [mm[f'{name}_steps'] for name in ('real', 'env', 'rollout')]
  assert steps == ['6000', '5000', '1000.0']
  assert (hype['expert'], hype['random']) == ('2000.0', '0.0')
  assert float(hype['normalised']) == pytest.approx(0.65)
  assert (hype['solved'], hype['solved_s']) == ('0', '')
  assert mm['ci_low'] == '' and float(mm['wall_s']) == 60.0


def test_without_curves_csv_still_names_its_columns(curves):
  header = tables.csv_table(curves).partition('\n')[0]
  assert tables.csv_table([]) == f'{header}\n'


def _last_column(write_run, tmp_path, told, success=None):
  """Header and cell, of seeds whose last policies' mean returns are told."""
  for seed, value in enumerate(told):
    folder = write_run('maze', 'hype', seed, [0, 9], [0, 1], success=success)
    if value is not None:
      rate = value if success else None
      found = LastPolicy(100, 0, False, value, 0.1, 9.0, rate)
      last_policy.write(folder, found)
  found, _ = runs.read_runs([str(tmp_path)])
  curves, _ = aggregate.aggregate(found, last=1, reps=50)
  header, rows = tables.cells(curves)
  (values,) = csv.DictReader(io.StringIO(tables.csv_table(curves)))
  return header[-1], rows[0][-1], values['last_policies']


def test_what_last_policies_return_is_a_mean_over_seeds(write_run, tmp_path):
  told = _last_column(write_run, tmp_path, [1000.0, 1300.0])
  assert told == ('last policies, 100 episodes', '1,150', '1150.0')


def test_last_policies_of_some_seeds(write_run, tmp_path):
  told = _last_column(write_run, tmp_path, [None, 1000.0])
  assert told[1:] == ('1,000 (1 of 2)', '1000.0')


def test_last_policies_that_reach_a_goal(write_run, tmp_path):
  told = _last_column(write_run, tmp_path, [0.5, 0.25], success=[0, 1])
  assert told[1:] == ('37.5 %', '37.5')


def test_without_any_there_is_no_such_column(write_run, tmp_path):
  told = _last_column(write_run, tmp_path, [None])
  assert told[0] == 'steps/s' and told[2] == ''


def test_minutes_are_the_median_over_seeds(write_run, tmp_path):
  """To 90 %, of which one of three never came; then two of them."""
  ends = {'expert_return': 100, 'random_return': 0}
  for method, values in {'hype': (95, 95, 1), 'mm': (95, 1, 1)}.items():
    for seed, value in enumerate(values):
      times = [0, 60 + 60 * seed]
      write_run(
        'hopper', method, seed, [0, 9], [0, value], wall_s=times, **ends
      )
  found, _ = runs.read_runs([str(tmp_path)])
  curves, _ = aggregate.aggregate(found, last=1, reps=50)
  hype, mm = (
    row.split(' | ') for row in tables.markdown_table(curves).splitlines()[2:]
  )
  assert (hype[9], mm[9]) == ('2.0 (2 of 3)', '– (1 of 3)')


def test_without_random_returns_nothing_is_normalised(write_run, tmp_path):
  write_run('hopper', 'mm', 0, [0, 9], [0, 1], expert_return=100)
  found, _ = runs.read_runs([str(tmp_path)])
  curves, _ = aggregate.aggregate(found, last=1, reps=50)
  row = tables.markdown_table(curves).splitlines()[2].split(' | ')
  assert row[8:10] == ['–', '–']
  (values,) = csv.DictReader(io.StringIO(tables.csv_table(curves)))
  assert values['expert'] == '100.0' and values['normalised'] == ''


def test_each_run_has_its_row(write_run, tmp_path):
  returns = [100.0, 1500.0, 1000.0, 1100.0]
  folder = write_run('hopper', 'hype', 3, [0, 50, 100, 150], returns)
  launches = [{'git_commit': 'e3367f11d62470c304aa959def8d5602ee3f0699-dirty'}]
  launches += [{'git_commit': None, 'versions': {'tfirl': '0.2.0'}}] * 2
  (folder / 'metadata.json').write_text(json.dumps({'launches': launches}))
  last_policy.write(folder, LastPolicy(100, 0, False, 1234.4, 56.7, 9.0))
  write_run('maze', 'bc', 0, [0, 50], [9.0, 9.0], success=[0.0, 0.5])
  found, _ = runs.read_runs([str(tmp_path)])
  curves, _ = aggregate.aggregate(found, last=2, reps=50)
  header, (hopper, maze) = tables.run_cells(curves)
  assert header[5:-1] == [
    *('first score', 'best score', 'last 2 evaluations', 'last policy'),
    'commit',
  ]
  assert hopper == [
    *('hopper', 'hype', '3', '4', '180', '100', '1,500', '1,050'),
    *('1,234 ± 57', 'e3367f1-dirty, tfirl 0.2.0', str(folder)),
  ]
  assert maze[5:-1] == ['0', '50', '25', '–', '–']
