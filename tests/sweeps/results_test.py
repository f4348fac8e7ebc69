"""The tables of docs/results: which units they are."""

import json

import pytest

from tfirl.sweeps import results


@pytest.fixture(scope='module')
def call(root, make_sweep):
  """call(*flags) -> the done process."""

  def run(*flags):
    sweep = make_sweep(script='results.py')
    sweep.flags = ()  # they name no gin file
    return sweep.call('--dry_run', *flags)

  return run


def _cells(done):
  """(task, method, seed) of each unit."""
  assert done.returncode == 0, done.stderr
  units = [json.loads(line) for line in done.stdout.splitlines()]
  return [tuple(unit['run_dir'].split('/')[-3:]) for unit in units]


def test_all_of_a_table_on_its_own_seeds(call):
  cells = _cells(call('--table=tasks'))
  assert len(cells) == len(set(cells)) == 8 * 5 * 5
  assert {seed for *_, seed in cells} == {'100', '101', '102', '103', '104'}
  assert {method for _, method, _ in cells} == {
    *('bc', 'mm', 'filter', 'hype', 'hype_filter', 'iq_learn', 'hyper'),
    'hype_many_updates',
  }


def test_few_demonstrations_are_methods_of_their_own(call):
  chosen = ('--table=few', '--methods=bc,hype', '--tasks=ant')
  assert set(_cells(call(*chosen, '--seeds=100'))) == {
    ('ant', f'{method}-n{number}', '100')
    for method in ('bc', 'hype')
    for number in (1, 4, 10)
  }
  assert _cells(call(*chosen, '--seeds=7', '--num_demos=1')) == [
    ('ant', 'bc-n1', '7'),
    ('ant', 'hype-n1', '7'),
  ]


def test_a_table_says_what_it_has(call):
  done = call('--table=mazes', '--tasks=hopper')
  assert done.returncode == 1
  assert (
    'error: --tasks: found hopper; expected some of pointmaze, '
    'antmaze_large_diverse, antmaze_large_play, the tasks of --table=mazes'
  ) in done.stderr


def test_lines_are_changed_one_by_one(call):
  chosen = ('--table=lines', '--tasks=ant', '--num_demos=1', '--seeds=0')
  done = call(*chosen)
  assert done.returncode == 0, done.stderr
  labels = [json.loads(line)['label'] for line in done.stdout.splitlines()]
  assert labels[0] == ''
  assert labels[1:] == [
    line.replace(' = ', '=') for line in results.TABLES['lines'].lines
  ]
  line = 'CostLearner.gp_weight = 0.0'
  labels = [
    json.loads(text)['label']
    for text in call(*chosen, f'--ablate={line}').stdout.splitlines()
  ]
  assert labels == ['', line.replace(' = ', '=')]
