import itertools
import os
import sys

import pytest

from tfirl.cli import check, pins
from tfirl.cli import main as cli


@pytest.fixture
def probed(monkeypatch):
  """Answers of the probes, by name; all are fine until it is changed."""
  answers = {
    name: check.Line(name, True, 'fine', needed)
    for name, (needed, _) in check._PROBES.items()
  }
  monkeypatch.setattr(check, 'probe', lambda name, timeout_s: answers[name])
  return answers


def test_a_line_for_each_thing(probed, capsys):
  assert cli.main(['check']) == 0
  lines = capsys.readouterr().out.splitlines()
  names = [line.split()[1] for line in lines]
  assert names[:3] == ['python', 'packages', 'threads']
  assert set(names[3:]) == {'models', 'minari', 'd4rl', *probed}
  assert {line.split()[0] for line in lines} == {'ok'}


@pytest.mark.parametrize(
  ('name', 'word', 'code'), [('reverb', 'FAILED', 1), ('renderer', '--', 0)]
)
def test_only_what_is_needed_fails_it(probed, capsys, name, word, code):
  needed = check._PROBES[name][0]
  probed[name] = check.Line(name, False, 'broken: do this', needed)
  assert cli.main(['check']) == code
  (line,) = [
    x for x in capsys.readouterr().out.splitlines() if x.split()[1] == name
  ]
  assert line.split()[0] == word and line.endswith('broken: do this')


@pytest.fixture
def run(monkeypatch):
  """`run(code)`: the line of a probe whose process runs `code`."""

  def run(code, timeout_s=60):
    command = sys.executable, '-c', code
    real = check._run
    monkeypatch.setattr(
      check, '_run', lambda unused, timeout_s: real(command, timeout_s)
    )
    return check.probe('reverb', timeout_s)

  return run


def test_a_probe_tells_its_last_line(run):
  line = run('print("noise"); print("works")')
  assert line.is_fit and line.text == 'works'


def test_a_probe_that_raises_tells_the_error_and_what_to_do(run):
  line = run('raise RuntimeError("no socket")')
  assert not line.is_fit
  assert line.text.startswith('RuntimeError: no socket: ')
  assert 'grpc_proxy' in line.text


def test_a_probe_that_crashes_is_told_by_its_code(run):
  line = run('import os; os.abort()')
  assert not line.is_fit and 'exit code -6' in line.text


def test_a_probe_that_hangs_is_killed_with_what_it_started(run):
  code = (
    'import subprocess, time\n'
    'subprocess.Popen(["sleep", "100"])\n'
    'time.sleep(100)\n'
  )
  line = run(code, timeout_s=1)
  assert not line.is_fit and line.text.startswith('no answer within 1 s')


def test_ffmpeg_is_tried_in_earnest():
  line = check.probe('ffmpeg', 120)
  assert line.is_fit, line.text


def test_folders(monkeypatch, tmp_path):
  (tmp_path / 'file').touch()
  monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'not' / 'yet'))
  monkeypatch.setenv('MINARI_DATASETS_PATH', str(tmp_path / 'file'))
  lines = {line.name: line for line in check._folders()}
  assert lines['models'].is_fit and not lines['models'].is_needed
  assert not lines['minari'].is_fit
  assert 'set MINARI_DATASETS_PATH' in lines['minari'].text
  assert not os.path.exists(tmp_path / 'not')


def test_a_folder_that_is_named_from_the_working_folder(monkeypatch, tmp_path):
  monkeypatch.chdir(tmp_path)
  monkeypatch.setattr(check.os.path, 'dirname', _limited(os.path.dirname))
  monkeypatch.setenv('MINARI_DATASETS_PATH', 'not/yet')
  lines = {line.name: line for line in check._folders()}
  assert lines['minari'].is_fit and 'kept in not/yet' in lines['minari'].text


def _limited(function, most=100):
  """The same, but not without end."""
  calls = itertools.count()

  def call(*arguments):
    assert next(calls) < most
    return function(*arguments)

  return call


def test_pins_are_those_of_setup(root):
  found = pins.wanted()
  assert 'numpy==1.26.4' in found and 'setuptools<82' in found
  assert [pins.mismatch(pin) for pin in found] == [None] * len(found)


@pytest.mark.parametrize(
  ('pin', 'words'),
  [
    ('numpy==9.9', 'is installed; expected numpy==9.9'),
    ('minari[hdf5]==9.9', 'is installed; expected minari[hdf5]==9.9'),
    ('setuptools<1', 'is installed; expected setuptools<1'),
    ('no-such-package==1', 'no-such-package is not installed'),
  ],
)
def test_mismatches_say_what_is_expected(pin, words):
  text = pins.mismatch(pin)
  assert words in text
  assert pins.command([text]) == f"'{pin}'"


def test_packages_that_differ_fail_it(monkeypatch):
  monkeypatch.setattr(pins, 'wanted', lambda: ['numpy==9.9', 'absl-py==2.1.0'])
  line = check._installed()
  assert not line.is_fit and line.is_needed
  assert line.text.endswith("pip install 'numpy==9.9'")
