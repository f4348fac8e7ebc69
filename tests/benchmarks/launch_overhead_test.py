import json
import os
import subprocess
import sys


def test_it_prints_what_a_unit_and_a_sweep_cost(root):
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
  assert result['overhead_per_unit_s'] in result['turns']
  assert result['start_of_launcher_s'] > 0
