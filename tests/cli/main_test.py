"""What all subcommands have in common."""

import os
import subprocess
import sys

import pytest

from tfirl.cli import main as cli

_COMMANDS = [
  ['train'],
  ['evaluate'],
  ['report'],
  ['doctor'],
  ['export'],
  ['sweep'],
  ['demos'],
  ['demos', 'collect'],
  ['demos', 'show'],
  ['demos', 'convert'],
  ['list'],
  ['show'],
  ['check'],
]


def _help(capsys, command):
  try:
    code = cli.main([*command, '--help'])
  except SystemExit as exit_:
    code = exit_.code
  assert not code
  return capsys.readouterr().out


@pytest.mark.parametrize('command', [[], *_COMMANDS])
def test_help_fits_a_screen_and_says_how_it_is_called(capsys, command):
  lines = _help(capsys, command).splitlines()
  assert 0 < len(lines) <= 24
  assert max(map(len, lines)) <= 80
  assert ' '.join(['tfirl', *command]) in ' '.join(lines)


@pytest.mark.parametrize('command', [['sweep'], ['demos', 'collect']])
def test_help_has_no_flags_of_absl(capsys, command):
  text = _help(capsys, command)
  assert '--seed' in text
  assert '--logtostderr' not in text and '--flagfile' not in text


def test_without_a_command_there_is_help(capsys):
  assert cli.main([]) == 0
  found = capsys.readouterr().out
  assert all(command[0] in found for command in _COMMANDS)


def test_unknown_command(capsys):
  assert cli.main(['trian', 'hopper']) == 2
  error = capsys.readouterr().err
  assert error.startswith("error: found the command 'trian'; expected one of")
  assert 'did you mean train?' in error


def test_errors_are_one_line(capsys):
  assert cli.main(['show', 'hyper_hoper']) == 1
  error = capsys.readouterr().err
  assert error.startswith("error: gin file 'hyper_hoper.gin' not found")
  assert 'hyper_hopper.gin' in error and error.count('\n') == 1


def test_ctrl_c_leaves_no_calls(monkeypatch, capsys):
  def interrupted(*unused_arguments):
    raise KeyboardInterrupt

  monkeypatch.setattr('tfirl.cli.doctor.main', interrupted)
  assert cli.main(['doctor', 'runs']) == 130
  assert capsys.readouterr() == ('', '')


def test_version(capsys):
  assert cli.main(['--version']) == 0
  assert capsys.readouterr().out.startswith('tfirl ')


def test_working_folder_is_searched_for_modules(monkeypatch, tmp_path):
  monkeypatch.chdir(tmp_path)
  monkeypatch.setattr(sys, 'path', ['/elsewhere'])
  cli.main(['--version'])
  assert sys.path == [str(tmp_path), '/elsewhere']


_LATE = ('tensorflow', 'numpy', 'gin', 'matplotlib', 'pandas', 'gymnasium')


@pytest.mark.parametrize(
  ('command', 'late'),
  [
    (['--help'], _LATE),
    (['train', '--help'], _LATE),
    (['evaluate', '--help'], _LATE),
    (['report', '--help'], _LATE),
    (['export', '--help'], _LATE),
    (['sweep', '--help'], ('tensorflow', 'numpy')),
    (['demos', 'collect', '--help'], ('tensorflow', 'numpy')),
    (['list', 'hopper'], ('tensorflow', 'numpy')),
  ],
)
def test_what_takes_seconds_is_imported_late(root, command, late):
  code = (
    'import runpy, sys\n'
    f'sys.argv = ["tfirl", *{command!r}]\n'
    'try:\n'
    '  runpy.run_module("tfirl", run_name="__main__")\n'
    'except SystemExit as e:\n'
    '  assert not e.code, e.code\n'
    f'print([name for name in {late!r} if name in sys.modules])\n'
  )
  done = subprocess.run(
    [sys.executable, '-c', code],
    capture_output=True,
    text=True,
    env={**os.environ, 'PYTHONPATH': str(root)},
  )
  assert done.returncode == 0, done.stderr
  assert done.stdout.splitlines()[-1] == '[]'


def test_module_is_the_command(root):
  done = subprocess.run(
    [sys.executable, '-m', 'tfirl', '--help'],
    capture_output=True,
    text=True,
    cwd=root,
  )
  assert done.returncode == 0 and done.stdout.startswith('usage: tfirl ')


def test_a_reader_that_stops_is_no_error(root):
  """As of `tfirl list | head -1`."""
  process = subprocess.Popen(
    [sys.executable, '-u', '-m', 'tfirl', 'list'],
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    text=True,
    cwd=root,
  )
  process.stdout.close()
  error = process.stderr.read()
  process.stderr.close()
  process.wait(timeout=60)
  assert 'Traceback' not in error
