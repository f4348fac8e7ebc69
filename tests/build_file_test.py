"""BUILD says what the source says: one target a package, with its true deps.

BUILD is Python as far as `ast` can tell, so it is read without Bazel.
"""

import ast

import pytest

# Distributions that are not named as the module they bring.
_DISTRIBUTIONS = {
  'gin': 'gin-config',
  'absl': 'absl-py',
  'imageio_ffmpeg': 'imageio-ffmpeg',
  'reverb': 'dm-reverb',
}


def _is_call(node, name):
  return isinstance(node, ast.Call) and getattr(node.func, 'id', '') == name


def _files(node, root):
  """The files of `srcs`: a list of names, or glob([...])."""
  if _is_call(node, 'glob'):
    patterns = ast.literal_eval(node.args[0])
    return sorted(path for p in patterns for path in root.glob(p))
  return [root / name for name in ast.literal_eval(node)]


def _dep(node):
  """':envs' or requirement('numpy') as a plain string."""
  if _is_call(node, 'requirement'):
    return node.args[0].value
  return node.value


def _read_targets(text, root):
  """Target name -> (files, deps) of every py_library."""
  targets = {}
  for statement in ast.parse(text).body:
    call = getattr(statement, 'value', None)
    if _is_call(call, 'py_library'):
      args = {keyword.arg: keyword.value for keyword in call.keywords}
      deps = args['deps'].elts if 'deps' in args else []
      name = args['name'].value
      assert name not in targets, f'BUILD has two targets {name}'
      targets[name] = (
        _files(args['srcs'], root),
        [_dep(node) for node in deps],
      )
  return targets


def _true_deps(imported):
  """Imported names as BUILD writes them: ':envs', 'tf-agents'."""
  return sorted(
    ':' + name.split('.')[1]
    if '.' in name
    else _DISTRIBUTIONS.get(name, name.replace('_', '-'))
    for name in imported
  )


@pytest.fixture(scope='module')
def targets(root):
  return _read_targets((root / 'BUILD').read_text(), root)


def _all_files(text, root):
  """Every file that any target has as srcs or data."""
  files = set()
  for statement in ast.parse(text).body:
    call = getattr(statement, 'value', None)
    for keyword in getattr(call, 'keywords', []):
      is_files = keyword.arg in ('srcs', 'data')
      if is_files and not ast.unparse(keyword.value).startswith("[':"):
        files.update(_files(keyword.value, root))
  return files


def test_one_target_a_unit(targets, units):
  assert sorted(targets) == sorted([*units, 'tfirl'])


def test_no_file_is_outside_a_target(root):
  found = {
    path
    for folder in ('tfirl', 'launch', 'gin_configs')
    for path in (root / folder).rglob('*')
    if path.is_file() and '__pycache__' not in path.parts
  }
  assert found - _all_files((root / 'BUILD').read_text(), root) == set()


def test_srcs_are_the_files(targets, units):
  for name, (files, _) in targets.items():
    assert files == units.get(name, files), name


def test_deps_are_the_imports(targets, imports):
  wrong = []
  for unit, imported in imports.items():
    said, true = set(targets[unit][1]), set(_true_deps(imported))
    wrong += [f'{unit}: add {dep}' for dep in sorted(true - said)]
    wrong += [f'{unit}: remove {dep}' for dep in sorted(said - true)]
  assert wrong == []


def test_every_third_party_import_is_installed_by_setup(targets, root):
  setup = ast.parse((root / 'setup.py').read_text())
  (pins,) = (
    ast.literal_eval(node.value)
    for node in setup.body
    if isinstance(node, ast.Assign)
    and node.targets[0].id == '_INSTALL_REQUIRES'
  )
  installed = {pin.split('==')[0].split('[')[0] for pin in pins}
  installed |= {'ray', 'tf2onnx'}  # of extras
  installed.add('xmanager')  # an environment of its own
  used = {dep for _, deps in targets.values() for dep in deps if dep[0] != ':'}
  assert used - installed == set()


def test_reads_a_build_file(tmp_path):
  (tmp_path / 'pkg').mkdir()
  (tmp_path / 'pkg/a.py').touch()
  text = """
load("@pip//:requirements.bzl", "requirement")
py_library(
    name = "pkg",
    srcs = glob(["pkg/**/*.py"]),
    deps = [":low", requirement("tf-agents")],
)
py_library(name = "low", srcs = ["low.py"])
"""
  assert _read_targets(text, tmp_path) == {
    'pkg': ([tmp_path / 'pkg/a.py'], [':low', 'tf-agents']),
    'low': ([tmp_path / 'low.py'], []),
  }


def test_names_deps_as_bazel_does():
  assert _true_deps({'tfirl.envs', 'tf_agents', 'gin'}) == [
    ':envs',
    'gin-config',
    'tf-agents',
  ]
