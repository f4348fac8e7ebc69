"""What a user gets wrong of a benchmark's command line is a line."""

import os
import subprocess
import sys

import pytest


def _run(root, script, *arguments):
  path = os.pathsep.join(map(os.path.abspath, sys.path))
  return subprocess.run(
    [sys.executable, str(root / 'benchmarks' / script), *arguments],
    env=os.environ | {'PYTHONPATH': path},
    capture_output=True,
    text=True,
    timeout=300,
  )


@pytest.mark.parametrize(
  ('command', 'message'),
  [
    ('hype_loop.py --rounds=0', 'flag --rounds=0: 0 is not a positive integer'),
    (
      'actors.py --actors=1,two',
      "flag --actors=['1', 'two']: expected numbers",
    ),
    ('sac_updates.py 30', "error: found the arguments ['30']; expected only f"),
    ('maze_stuck.py', 'error: found the arguments []; expected RUN'),
    (
      'dynamics_fit.py --measure --rows=nowhere.npz',
      'error: [Errno 2] No such file or directory',
    ),
    ('failing_runs.py first --out=x --jobs=0', 'found 0; expected 1 or more'),
    ('failing_runs.py first --out=x --only=y', "invalid choice: 'y'"),
  ],
)
def test_a_wrong_command_is_answered_in_a_line(root, command, message):
  done = _run(root, *command.split())
  assert done.returncode in (1, 2), done.stderr
  assert 'Traceback' not in done.stderr
  assert message in done.stderr
