"""examples/quickstart.ipynb: its cells run in order, and it learns."""

import json
import re

import pytest


@pytest.fixture
def notebook(root):
  return json.loads((root / 'examples/quickstart.ipynb').read_text())


def test_it_is_a_notebook_without_outputs(notebook):
  """What nbformat 4.5 asks for."""
  assert (notebook['nbformat'], notebook['nbformat_minor']) == (4, 5)
  assert set(notebook) == {'cells', 'metadata', 'nbformat', 'nbformat_minor'}
  ids = [cell['id'] for cell in notebook['cells']]
  assert len(set(ids)) == len(ids)
  assert all(re.fullmatch(r'[\w-]{1,64}', name) for name in ids)
  for cell in notebook['cells']:
    keys = {'cell_type', 'id', 'metadata', 'source'}
    if cell['cell_type'] == 'code':
      keys |= {'execution_count', 'outputs'}
      assert cell['outputs'] == [] and cell['execution_count'] is None
    else:
      assert cell['cell_type'] == 'markdown'
    assert set(cell) == keys


@pytest.mark.slow
def test_it_runs_and_learns(notebook, tmp_path, monkeypatch):
  monkeypatch.setenv('MPLBACKEND', 'Agg')
  monkeypatch.chdir(tmp_path)
  namespace = {}
  for cell in notebook['cells']:
    if cell['cell_type'] == 'code':
      exec(compile(''.join(cell['source']), cell['id'], 'exec'), namespace)
  namespace['plt'].close('all')
  # A policy that knows nothing holds the pole for some 5 of 200 steps.
  assert namespace['run'].metrics.eval_return_mean.max() > 100
  assert namespace['stats'].returns.shape == (10,)
