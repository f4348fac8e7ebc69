import json
import os
import subprocess
import sys


def test_the_launcher_costs_less_than_a_second_a_unit(root):
  path = os.pathsep.join(map(os.path.abspath, sys.path))
  done = subprocess.run(
    [sys.executable, str(root / 'benchmarks' / 'launch_overhead.py')]
    + ['--units=4', '--turns=3'],
    env=os.environ | {'PYTHONPATH': path},
    capture_output=True,
    text=True,
    timeout=300,
  )
  assert done.returncode == 0, done.stderr
  result = json.loads(done.stdout)
  assert len(result['turns']) == 3
  assert 0 < result['overhead_per_unit_s'] < 1
  assert result['start_of_launcher_s'] > 0
