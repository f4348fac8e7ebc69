"""Keeps AutoGraph's generated code in memory, out of the temporary folder.

AutoGraph writes each function that it rewrites to a file of TMPDIR, and removes
them all when Python ends: a killed process leaves some eighty, and one whose
temporary folder was cleaned away meanwhile ends at its next trace.
"""

import itertools
import linecache
import sys
import types

_numbers = itertools.count()


def keep_in_memory() -> None:
  """From now on, for all TensorFlow functions of this process.

  Of a private module of TensorFlow, which is pinned to 2.15.
  """
  from tensorflow.python.autograph.pyct import loader

  loader.load_source = _load_source


def _load_source(
  source: str, delete_on_exit: bool
) -> tuple[types.ModuleType, str]:
  """As the function of AutoGraph: a module of `source`, and its file's name."""
  del delete_on_exit  # there is no file
  name = f'__autograph_generated_{next(_numbers)}'
  file_name = f'<{name}>'
  module = types.ModuleType(name)
  module.__file__ = file_name
  # For tracebacks, and for `inspect`.
  lines = source.splitlines(keepends=True)
  linecache.cache[file_name] = len(source), None, lines, file_name
  exec(compile(source, file_name, 'exec'), module.__dict__)
  sys.modules[name] = module
  return module, file_name
