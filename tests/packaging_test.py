"""What an install says of itself, and where it refuses."""

import re
import subprocess
import sys

import pytest

import tfirl


def test_one_version(root):
  version = re.escape(tfirl.__version__)
  for name, pattern in (
    ('setup.py', f"version='{version}'"),
    ('CITATION.cff', f'^version: {version}$'),
    ('CHANGELOG.md', f'^# Changes\n\n## {version}$'),
  ):
    assert re.search(pattern, (root / name).read_text(), re.MULTILINE), name


def _run_setup(root, machine):
  """setup.py --version, on a machine that says it is another."""
  code = f'import platform, runpy, sys; {machine}; sys.argv[1:] = ["--version"]'
  return subprocess.run(
    [sys.executable, '-c', f'{code}; runpy.run_path("setup.py")'],
    capture_output=True,
    text=True,
    cwd=root,
  )


@pytest.mark.parametrize(
  ('machine', 'found'),
  [
    ('platform.system = lambda: "Darwin"', r'Python 3.11.\d+ on Darwin x86_64'),
    ('platform.machine = lambda: "aarch64"', 'on Linux aarch64'),
    ('sys.version_info = (3, 12, 1, "final", 0)', 'Python 3'),
  ],
)
def test_another_machine_is_told_what_is_needed(root, machine, found):
  done = _run_setup(root, machine)
  assert done.returncode == 1
  expected = f'^tfirl: found .*{found}.*; expected Python 3.11 on Linux x86_64'
  assert re.search(expected, done.stderr), done.stderr


def test_this_machine_is_fit(root):
  done = _run_setup(root, 'pass')
  assert done.stdout.strip() == tfirl.__version__, done.stderr
