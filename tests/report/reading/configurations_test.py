"""Runs of different configurations are never pooled under one name."""

import json

import pytest

from tfirl.report import __main__ as main_module
from tfirl.report.reading import bindings, configurations, runs

_CONFIG = """# Parameters for run:
# ==============================================================================
run.algorithm = 'hype'
run.eval_every = {eval_every}
run.real_steps = {real_steps}

# Parameters for tfirl.SacAgent:
# ==============================================================================
tfirl.SacAgent.gamma = {gamma}
tfirl.SacAgent.hidden = \\
    (256,
     256)
Task.env_kwargs = \\
    {{'a': 1,
     'b': 'x = y'}}
"""


@pytest.fixture
def write(write_run):
  """write(seed, demos=None, digest=None, config=True, **values) -> folder."""

  def write_one(seed, demos=None, digest=None, config=True, **values):
    folder = write_run(
      'hopper',
      'hype',
      seed,
      [0, 100],
      [0.0, 100.0 * seed],
      **values.pop('at', {}),
    )
    defaults = {'gamma': 0.98, 'eval_every': 50, 'real_steps': 100}
    if config:
      text = _CONFIG.format(**(defaults | values))
      (folder / 'config.gin').write_text(text)
    metadata = {'demos': demos, 'demonstrations': {'digest': digest}}
    (folder / 'metadata.json').write_text(json.dumps(metadata))
    return folder

  return write_one


def _names(tmp_path):
  found, notes = configurations.keep_apart(runs.read_runs([str(tmp_path)])[0])
  return {run.seed: run.algorithm for run in found}, notes


def test_reads_what_gin_writes():
  text = _CONFIG.format(gamma=0.9, eval_every=1, real_steps=2)
  assert bindings.parse(text) == {
    'run.algorithm': "'hype'",
    'run.eval_every': '1',
    'run.real_steps': '2',
    'tfirl.SacAgent.gamma': '0.9',
    'tfirl.SacAgent.hidden': '(256, 256)',
    'Task.env_kwargs': "{'a': 1, 'b': 'x = y'}",
  }


def test_the_same_configuration_is_one_name(write, tmp_path):
  write(1)
  write(2, eval_every=10, real_steps=200)  # longer, and looked at more often
  assert _names(tmp_path) == ({'1': 'hype', '2': 'hype'}, [])


def test_another_binding_is_another_name_and_it_is_said(write, tmp_path):
  write(1)
  write(2, gamma=0.5)
  write(10)
  names, (note,) = _names(tmp_path)
  assert names == {
    '1': 'hype [gamma = 0.98]',
    '2': 'hype [gamma = 0.5]',
    '10': 'hype [gamma = 0.98]',
  }
  assert note == (
    'hopper/hype: runs of different configurations are kept apart: '
    'tfirl.SacAgent.gamma is 0.98 in seed 1, 10 and 0.5 in seed 2'
  )


@pytest.mark.parametrize(
  ('one', 'other', 'is_same'),
  [
    ({'demos': 'd.npz'}, {'demos': 'd.npz'}, True),
    ({'demos': 'd.npz'}, {'demos': 'e.npz'}, False),
    ({'demos': 'd.npz'}, {'demos': None}, False),
    (
      {'demos': '/a/d.npz', 'digest': '12'},
      {'demos': 'd.npz', 'digest': '12'},
      True,
    ),
    (
      {'demos': 'd.npz', 'digest': '12'},
      {'demos': 'd.npz', 'digest': '13'},
      False,
    ),
  ],
)
def test_other_demonstrations_are_another_configuration(
  write, tmp_path, one, other, is_same
):
  write(1, **one)
  write(2, **other)
  names, notes = _names(tmp_path)
  assert (len(set(names.values())) == 1) == is_same
  assert is_same or '--demos is ' in notes[0]


def test_a_run_without_a_config_is_not_pooled_with_one_that_has(
  write, tmp_path
):
  write(1)
  folder = write(2, config=False)
  names, (note,) = _names(tmp_path)
  assert names['2'] == 'hype [config unknown]' != names['1']
  assert str(folder) in note


def test_names_of_long_differences_are_still_two(write, tmp_path):
  write(1, gamma='1' * 200 + '2')
  write(2, gamma='1' * 200 + '3')
  names, _ = _names(tmp_path)
  assert names['1'] != names['2']
  assert max(map(len, names.values())) < 90


def test_the_report_has_a_row_for_each_and_prints_the_note(
  write, tmp_path, capsys
):
  write(1)
  write(2, gamma=0.5)
  write(3)
  out = tmp_path / 'out'
  argv = [str(tmp_path / 'runs'), f'--out={out}', '--reps=50']
  assert main_module.main(argv) == 0
  printed = capsys.readouterr().out
  assert '| hopper | hype [gamma = 0.98] | 2 |' in printed
  assert '| hopper | hype [gamma = 0.5] | 1 |' in printed
  note = 'tfirl.SacAgent.gamma is 0.98 in seed 1, 3 and 0.5 in seed 2'
  for text in (printed, *(p.read_text() for p in out.glob('*.[mh]*'))):
    assert note in text


def test_the_same_seed_of_two_configurations_is_no_mistake(write, tmp_path):
  write(1, at={'root': 'runs/one'})
  write(1, at={'root': 'runs/two'}, gamma=0.5)
  argv = [str(tmp_path / 'runs'), f'--out={tmp_path / "out"}', '--reps=50']
  assert main_module.main(argv) == 0


def test_a_run_that_an_error_ended_is_no_seed(write, tmp_path, capsys):
  write(1)
  (write(2) / 'error.txt').write_text('Traceback')
  argv = [str(tmp_path / 'runs'), f'--out={tmp_path / "out"}', '--reps=50']
  assert main_module.main(argv) == 0
  printed = capsys.readouterr().out
  assert '| hopper | hype | 1 |' in printed
  assert 'hopper/hype, seed 2: failed at step 120; left out' in printed
