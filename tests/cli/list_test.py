import json

import pytest

from tfirl.cli import main as cli
from tfirl.config import gin_files, listing


@pytest.fixture
def folder(tmp_path, monkeypatch):
  """Two METHOD_TASKs, one of which was measured."""
  files = {
    'hype_cart.gin': "include 'methods/hype.gin'\nrun.real_steps = 5000\n",
    'bc_cart.gin': "include 'methods/hype.gin'\nrun.real_steps = None\n"
    'experiment.run.updates = 300\n',
    'methods/hype.gin': 'import no.such.module\nrun.real_steps = 1\n'
    'Nothing.known = @to/Nobody()\n',
    'measured.json': json.dumps(
      {'hype_cart': {'returns': [99, 101, 100], 'real_steps': 5000}}
    ),
  }
  for name, text in files.items():
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
  monkeypatch.setattr(gin_files, 'gin_folder', lambda: tmp_path)
  return tmp_path


def _lines(capsys, *words):
  assert cli.main(['list', *words]) == 0
  return [line.split() for line in capsys.readouterr().out.splitlines()]


def test_a_line_each_with_budget_and_result(folder, capsys):
  assert _lines(capsys) == [
    'bc_cart 300 updates -'.split(),
    'hype_cart 5,000 real steps 100 +- 1, 3 seeds'.split(),
  ]


@pytest.mark.parametrize(
  ('returns', 'shown'),
  [
    ([3834, 4414], '4124 +- 410, 2 seeds'),
    ([12345.6, 12345.6], '12350 +- 0, 2 seeds'),
    ([0.71, 0.73], '0.72 +- 0.014, 2 seeds'),
  ],
)
def test_a_result_has_no_exponent(folder, capsys, returns, shown):
  text = json.dumps({'hype_cart': {'returns': returns, 'real_steps': 5000}})
  (folder / 'measured.json').write_text(text)
  (line,) = _lines(capsys, 'hype')
  assert ' '.join(line).endswith(f'real steps {shown}')


def test_words_are_all_in_the_name(folder, capsys):
  assert [line[0] for line in _lines(capsys, 'Cart', 'bc')] == ['bc_cart']
  assert cli.main(['list', 'hype', 'bc']) == 1
  assert 'found no METHOD_TASK with hype and bc' in capsys.readouterr().err


def test_a_result_of_another_budget_says_so(folder, capsys):
  (folder / 'hype_cart.gin').write_text('run.real_steps = 70\n')
  (line,) = _lines(capsys, 'hype')
  assert ' '.join(line).endswith('3 seeds, at 5,000 real steps')


def test_those_of_the_working_folder_are_among_them(
  folder, capsys, tmp_path_factory, monkeypatch, caplog
):
  own = {
    # It hides tfirl's, whose result is not its own.
    'hype_cart.gin': "include 'hype_Cup.gin'",
    'hype_Cup.gin': "STEPS = 70\ninclude 'parts/cup.gin'",
    'parts/cup.gin': "include 'end.gin'\n"
    'run.updates = None\nrun.real_steps = %STEPS',
    'parts/end.gin': "import no.such\nrun.algorithm = 'cup'\nrun.updates = 1",
    'extra.gin': 'run.real_steps = 5',
    'broken_cart.gin': 'run.real_steps = = 5',
    'twice_cart.gin': "include 'hype_Cup.gin'\nrun.updates = 3",
  }
  work = tmp_path_factory.mktemp('work')
  for name, text in own.items():
    (work / name).parent.mkdir(parents=True, exist_ok=True)
    (work / name).write_text(text)
  monkeypatch.chdir(work)
  assert _lines(capsys) == [
    'bc_cart 300 updates -'.split(),
    'hype_Cup 70 real steps -'.split(),
    'hype_cart 70 real steps -'.split(),
  ]
  said = [record.getMessage() for record in caplog.records]
  assert len(said) == 2
  assert 'broken_cart.gin is not listed: broken_cart.gin:1: ' in ''.join(said)
  assert 'expected exactly one budget' in ''.join(said)
  assert [line[0] for line in _lines(capsys, 'cup')] == ['hype_Cup']


def test_what_comes_with_tfirl():
  pairs = {pair.name: pair for pair in listing.pairs()}
  assert pairs['hyper_hopper'][1:3] == ('real_steps', 20_000)
  assert pairs['bc_hopper'][1:3] == ('updates', 100_000)
  assert len(pairs) > 90


def test_every_measured_result_is_of_a_file_that_is_there():
  folder = gin_files.gin_folder()
  measured = listing.read_measured(folder / listing.MEASURED_FILE)
  assert measured
  for name, result in measured.items():
    assert (folder / f'{name}.gin').is_file()
    assert result.returns
