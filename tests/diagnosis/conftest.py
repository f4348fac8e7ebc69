"""Writes run folders whose record shows one fault."""

import csv
import json

import numpy as np
import pytest

_STEPS = np.arange(0, 1100, 100)
_BINDINGS = {
  'run.algorithm': "'hype'",
  'run.real_steps': '1000',
  'Task.expert_return': '110.0',
  'Task.random_return': '10.0',
  'tfirl.SacAgent.gamma': '0.9',
}


@pytest.fixture
def write_run(tmp_path):
  """write_run(bindings, demos, files, **columns) -> folder.

  Eleven evaluations at steps 0 to 1000, with a gradient step for each after
  100. A column is a number, or eleven; the return is 20, a tenth of the way
  from a random policy's 10 to the expert's 110.
  """

  def write(bindings=None, demos=None, files=None, **columns):
    folder = tmp_path / 'runs' / 'toy' / 'hype' / '0'
    folder.mkdir(parents=True, exist_ok=True)
    table = {
      'real_steps': _STEPS,
      'env_steps': _STEPS,
      'rollout_steps': 0,
      'updates': np.maximum(_STEPS - 100, 0),
      'wall_s': _STEPS,
      'eval_return_mean': 20.0 + np.arange(11) % 3,
      **columns,
    }
    rows = np.stack([np.broadcast_to(c, 11) for c in table.values()], axis=1)
    with open(folder / 'metrics.csv', 'w', newline='') as file:
      writer = csv.writer(file)
      writer.writerow(table)
      writer.writerows(['' if x != x else x for x in row] for row in rows)
    lines = [f'{k} = {v}' for k, v in {**_BINDINGS, **(bindings or {})}.items()]
    (folder / 'config.gin').write_text('\n'.join(lines) + '\n')
    metadata = {'demonstrations': demos or {}}
    (folder / 'metadata.json').write_text(json.dumps(metadata))
    for name, text in (files or {}).items():
      (folder / name).write_text(text)
    return folder

  return write
