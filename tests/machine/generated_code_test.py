"""AutoGraph works as ever, and writes no file."""

import subprocess
import sys

import pytest

_PROGRAM = """
import inspect, os, shutil, tempfile
import tensorflow as tf
from tfirl.machine import generated_code

generated_code.keep_in_memory()
folder = tempfile.gettempdir()
before = os.listdir(folder)

@tf.function
def largest(values):
  best = values[0]
  for value in values:
    if value > best:
      best = value
  return best

print(float(largest(tf.constant([3.0, 8.0, 5.0]))))
assert os.listdir(folder) == before, os.listdir(folder)
print(inspect.getsource(tf.autograph.to_graph(largest.python_function)).split()[0])

@tf.function
def wrong(value):
  if value > 0.0:
    return value + tf.ones([2, 3]) @ tf.ones([4, 5])
  return value

shutil.rmtree(folder)  # a cleaner of /tmp
print(float(tf.function(lambda x: largest(x) + 1.0)(tf.constant([1.0]))))
try:
  wrong(tf.constant(1.0))
except ValueError as error:
  print('in wrong' in str(error) and 'if value > 0.0' in str(error))
"""


def test_code_is_traced_without_files_even_where_none_can_be(tmp_path):
  folder = tmp_path / 'tmp'
  folder.mkdir()
  (tmp_path / 'program.py').write_text(_PROGRAM)
  path = ':'.join(map(str, sys.path))
  done = subprocess.run(
    [sys.executable, tmp_path / 'program.py'],
    env={'TMPDIR': str(folder), 'PYTHONPATH': path, 'PATH': ''},
    capture_output=True,
    text=True,
  )
  assert done.returncode == 0, done.stderr[-2000:]
  lines = done.stdout.splitlines()
  assert lines[0] == '8.0' and lines[2] == '2.0'
  assert lines[1] == 'def'
  assert lines[3] == 'True'


def test_the_pinned_tensorflow_loads_its_code_so():
  """Else the patch would do nothing, without a word."""
  transpiler = pytest.importorskip(
    'tensorflow.python.autograph.pyct.transpiler'
  )
  assert 'load_source(source, delete_on_exit)' in _source(transpiler.loader)


def _source(module):
  with open(module.__file__) as file:
    return file.read()
