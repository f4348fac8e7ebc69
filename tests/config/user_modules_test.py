"""Modules and files of the user's: what is wrong with them is told."""

import pytest

from tfirl import tasks
from tfirl.config import gin_bindings, gin_files


@pytest.fixture
def module(tmp_path, monkeypatch):
  """module(name, text) -> its file, which can be imported."""
  monkeypatch.syspath_prepend(tmp_path)
  monkeypatch.chdir(tmp_path)

  def write(name, text):
    path = tmp_path / f'{name}.py'
    path.write_text(text)
    return path

  return write


@pytest.mark.parametrize(
  ('name', 'text', 'told'),
  [
    ('um_raises', '{}[3]', 'KeyError: 3'),
    ('um_exits', 'import sys; sys.exit(3)', 'it ends the program (SystemExit:'),
    ('um_syntax', '\ndef f(:\n', 'SyntaxError: invalid syntax at '),
    ('um_import', 'import nowhere_at_all', "No module named 'nowhere_at_all'"),
  ],
)
def test_a_module_that_fails(module, name, text, told):
  path = module(name, text)
  expected = f"can't import {name} ({path}): {told}"
  (path.parent / 'x.gin').write_text(f'\nimport {name}\n')
  with pytest.raises(gin_files.BindingError) as error:
    gin_bindings.parse(['x.gin'])
  assert str(error.value).startswith(f'x.gin:2: {expected}')
  with pytest.raises(ValueError) as error:
    tasks.resolve('Task.env_fn', f'{name}:f')
  assert str(error.value).startswith(f"Task.env_fn is '{name}:f': {expected}")


@pytest.mark.parametrize(
  'data', ['run.x = 1'.encode('utf-16'), b'# caf\xe9\n', bytes(range(256))]
)
def test_a_file_that_is_no_text(tmp_path, monkeypatch, data):
  monkeypatch.chdir(tmp_path)
  (tmp_path / 'x.gin').write_bytes(data)
  (tmp_path / 'y.gin').write_text("include 'x.gin'")
  for name in ('x.gin', 'y.gin'):
    with pytest.raises(gin_files.BindingError) as error:
      gin_bindings.parse([name])
    assert str(error.value).startswith('x.gin: found byte 0x')
    assert str(error.value).endswith('; expected a gin file, as UTF-8 text')


def test_a_file_with_a_byte_order_mark(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  from tfirl.runs import experiment

  del experiment
  text = '# café\nrun.eval_every = 7\n'
  (tmp_path / 'x.gin').write_bytes(text.encode('utf-8-sig'))
  (tmp_path / 'y.gin').write_bytes("include 'x.gin'".encode('utf-8-sig'))
  gin_bindings.parse(['y.gin'])
  assert gin_bindings.value_of('run.eval_every') == 7
