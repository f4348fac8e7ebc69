"""Blocks of code on the pages that are no guides.

Guides are run (docs_test.py). README and its like train for hours, with an
environment that is the reader's: of them it is tested that Python compiles and
calls what is there, that gin takes what is bound, and that a command has the
flags and names the files that it is given. `docs/results/` has the commands and
bindings of the commit that a run was made at: those are read, not looked up.
"""

import ast
import inspect
import re
import shlex
import subprocess
from pathlib import Path

import pytest

import tfirl
from tfirl.config import gin_files, gin_types
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's names

_ROOT = Path(__file__).resolve().parents[1]
_BLOCK = re.compile(r'^```(\w*)\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_RECORDS = sorted((_ROOT / 'docs/results').glob('*.md'))
_PAGES = [
  *(_ROOT / name for name in ('README.md', 'CONTRIBUTING.md', 'CHANGELOG.md')),
  *sorted((_ROOT / 'docs').glob('*.md')),
]


def _blocks(kind, pages):
  """('README.md:12', text) of each block of a kind."""
  for page in pages:
    text = page.read_text()
    for match in _BLOCK.finditer(text):
      if match[1] == kind:
        yield (
          f'{page.name}:{text.count(chr(10), 0, match.start()) + 1}',
          match[2],
        )


def _parametrize(kind, pages):
  found = list(_blocks(kind, pages))
  assert found
  return pytest.mark.parametrize(
    ('where', 'text'), found, ids=[where for where, _ in found]
  )


@pytest.mark.parametrize('page', [*_PAGES, *_RECORDS], ids=lambda p: p.name)
def test_every_block_is_of_a_kind_that_is_tested(page):
  text = page.read_text()
  fences = re.findall(r'^```(\w*)', text, re.MULTILINE)
  kinds = [match[1] for match in _BLOCK.finditer(text)]
  assert fences == [fence for kind in kinds for fence in (kind, '')]
  assert set(kinds) <= {'python', 'sh', 'gin'}


def _calls(tree):
  """('tfirl.imitate', the call) of all that is called by a dotted name."""
  for node in ast.walk(tree):
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
      yield ast.unparse(node.func), node


def _called(name):
  """What `tfirl.NAME` or `run.NAME` is; None for what is the reader's."""
  first, *rest = name.split('.')
  found = {'tfirl': tfirl, 'run': tfirl.Run}.get(first)
  for part in rest if found else ():
    found = getattr(found, part)
  return found


@_parametrize('python', _PAGES)
def test_python_calls_what_is_there(where, text):
  seen = 0
  for name, call in _calls(ast.parse(text, where)):
    function = _called(name)
    if function is None:
      continue
    seen += 1
    signature = inspect.signature(function)
    given = ['self'] * name.startswith('run.') + call.args
    signature.bind(*given, **{k.arg: k.value for k in call.keywords})
  assert seen


@_parametrize('gin', [*_PAGES, *_RECORDS])
def test_gin_can_read_it(where, text):
  """A record may name what its commit had; other pages what there is."""
  is_record = where.partition(':')[0] in {page.name for page in _RECORDS}
  folders = None if is_record else [gin_files.gin_folder()]
  statements = gin_files.read_text(text, where, folders)
  assert statements
  if not is_record:
    gin_types.check_statements(statements)


@_parametrize('sh', [*_PAGES, *_RECORDS])
def test_a_shell_can_read_it(where, text):
  done = subprocess.run(
    ['bash', '-n'], input=text, capture_output=True, text=True
  )
  assert (done.returncode, done.stderr) == (0, '')


def _commands(program):
  """('README.md:12', words) of each line that calls `program`."""
  for where, text in _blocks('sh', _PAGES):
    for line in text.replace('\\\n', ' ').splitlines():
      words = shlex.split(line, comments=True)
      if words[:1] == [program]:
        yield where, words


def test_make_has_the_targets():
  makefile = (_ROOT / 'Makefile').read_text()
  targets = set(re.findall(r'^(\w+):', makefile, re.MULTILINE))
  asked = [word for _, words in _commands('make') for word in words[1:]]
  assert len(asked) > 5
  assert set(asked) - targets == set()


@pytest.fixture(scope='module')
def help_of(call_warm):
  """`help_of(command)`: what `tfirl COMMAND --help` prints; each once."""
  texts = {}

  def ask(command):
    if command not in texts:
      texts[command] = call_warm('tfirl', command, '--help').stdout
    return texts[command]

  return ask


def test_commands_have_the_flags(help_of):
  commands = list(_commands('tfirl'))
  assert len(commands) > 8
  for where, (_, command, *words) in commands:
    text = help_of(command)
    assert text.startswith(('usage: ', f'tfirl {command}')), where
    for word in words:
      flag = word.partition('=')[0]
      if flag.startswith('-'):
        found = re.search(rf'(?<![\w-]){re.escape(flag)}\b', text)
        assert found, f'{where}: tfirl {command} has no {flag}'


def test_commands_name_gin_files_that_are_there():
  names = []
  for _, (_, command, *words) in _commands('tfirl'):
    names += [w.split('=')[1] for w in words if w.startswith('--gin_file=')]
    if command in ('train', 'show'):
      names.append(f'{words[0]}.gin')
  assert len(names) > 5
  for name in names:
    assert (gin_files.gin_folder() / name).is_file(), name
