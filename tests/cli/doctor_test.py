"""`tfirl doctor`: folders of runs, exit codes."""

import pathlib
import shutil
import subprocess
import sys

from tfirl.cli import main as cli

_RUNS = pathlib.Path(__file__).resolve().parents[2] / 'docs/results/runs'
_GOOD = _RUNS / 'real_steps/hopper/hype'
_FELL = _RUNS / 'mazes_at_first/pointmaze/mm/0'


def test_good_runs_of_a_folder(capsys):
  assert cli.main(['doctor', str(_GOOD)]) == 0
  found = capsys.readouterr().out
  assert found.count('nothing found') == 3
  assert found.count('finished, 100,032 of 100,000 real steps') == 3


def test_one_bad_run_among_good_ones(capsys):
  assert cli.main(['doctor', str(_GOOD), str(_FELL)]) == 1
  assert 'return fell' in capsys.readouterr().out


def test_no_run_and_no_folder(capsys, tmp_path):
  assert cli.main(['doctor', str(tmp_path)]) == 1
  assert 'found no run; expected ROOT/TASK' in capsys.readouterr().err
  assert cli.main(['doctor', str(tmp_path / 'nowhere')]) == 1
  assert 'not a folder' in capsys.readouterr().err


def test_a_damaged_record_is_named(capsys, tmp_path):
  folder = tmp_path / 'pointmaze/mm/0'
  shutil.copytree(_FELL, folder)
  (folder / 'metadata.json').write_text('{')
  assert cli.main(['doctor', str(folder)]) == 1
  error = capsys.readouterr().err
  assert error.startswith('error: ') and 'metadata.json is damaged' in error
  (folder / 'command.json').write_text('{')
  assert cli.main(['doctor', str(folder)]) == 1
  assert 'command.json is missing or damaged' in capsys.readouterr().err


def test_it_loads_no_tensorflow():
  """It tells of runs on a machine that has none."""
  check = (
    'import sys\nfrom tfirl.cli import main\n'
    f'code = main.main(["doctor", {str(_GOOD)!r}])\n'
    'sys.exit(code or "tensorflow" in sys.modules and "it was imported")'
  )
  done = subprocess.run(
    [sys.executable, '-c', check], capture_output=True, text=True
  )
  assert done.returncode == 0, done.stderr
