"""A package imports strictly lower layers, so that nothing imports upward."""

import re
import subprocess
import sys

import pytest

# Bottom first; the units of a line don't import one another. CONTRIBUTING.md
# shows the same.
_FLOORS = (
  ('types', 'acting', 'schedules', 'checks', 'machine'),
  ('config', 'losses', 'optimizers', 'envs'),
  ('storage', 'tasks', 'networks', 'replay'),
  ('demos', 'costs', 'agents', 'dynamics', 'evaluation', 'work_units'),
  ('algorithms', 'report'),
  ('runs', 'diagnosis'),
  ('api', 'launch', 'evaluate', 'sweeps'),
  ('cli',),
  ('__main__',),
)
_LAYERS = {unit: i for i, floor in enumerate(_FLOORS) for unit in floor}


def _upward(imports, layers):
  """The imports that do not go strictly down, as 'envs -> agents'."""
  return [
    f'{unit} -> {other}'
    for unit, names in sorted(imports.items())
    for other in sorted(n.split('.')[1] for n in names if '.' in n)
    if layers[other] >= layers[unit]
  ]


def test_every_unit_has_a_layer(imports):
  assert sorted(imports) == sorted(_LAYERS)


def test_the_page_shows_these_floors(root):
  text = (root / 'CONTRIBUTING.md').read_text()
  shown = re.findall(r'^\| (\d) \| (.*) \|$', text, re.MULTILINE)
  rooms = [re.sub(r'\(.*?\)', '', row) for _, row in shown]
  found = [tuple(re.findall(r'`(\w+)`', row)) for row in rooms]
  assert [int(number) for number, _ in shown] == list(range(1, len(_FLOORS)))
  assert [*found, ('__main__',)] == list(_FLOORS)


def test_imports_go_strictly_down(imports):
  assert _upward(imports, _LAYERS) == []


def test_package_itself_imports_only_os(root):
  """Whatever it imports, every unit would; what it offers is imported late."""
  code = 'import sys, tfirl; print(len(sys.modules))'
  code += '; print("tensorflow" in sys.modules, "numpy" in sys.modules)'
  done = subprocess.run(
    [sys.executable, '-c', code], capture_output=True, text=True, cwd=root
  )
  assert done.stdout.split()[1:] == ['False', 'False'], done.stderr


def test_report_and_supervisor_load_neither_tensorflow_nor_gin():
  """Curves can be drawn on a machine that has none of them."""
  check = (
    'import sys, tfirl.report.__main__, tfirl.work_units.supervisor\n'
    'sys.exit({"tensorflow", "gin"} & {*sys.modules} or None)'
  )
  done = subprocess.run(
    [sys.executable, '-c', check], capture_output=True, text=True
  )
  assert done.returncode == 0, done.stderr


@pytest.fixture
def wrong_package(tmp_path):
  """low/ imports high.py in a function; same/ imports its equal."""
  package = tmp_path / 'tfirl'
  sources = {
    'low/deep/inner.py': 'def f():\n  from tfirl import high\n  return high\n',
    'same.py': 'import tfirl.low.deep\nimport numpy.linalg\nimport os\n',
    'high.py': 'from tfirl.same import x\n',
  }
  for name, source in sources.items():
    path = package / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
  return package


def test_upward_imports_are_found(wrong_package, imports_of_folder):
  imports = imports_of_folder(wrong_package)

  assert imports == {
    'low': {'tfirl.high'},
    'same': {'tfirl.low', 'numpy'},
    'high': {'tfirl.same'},
  }
  layers = {'low': 0, 'same': 0, 'high': 1}
  assert _upward(imports, layers) == ['low -> high', 'same -> low']


def test_relative_imports_are_refused(wrong_package, imports_of_folder):
  (wrong_package / 'low/relative.py').write_text('from . import deep\n')
  with pytest.raises(ValueError, match=r'relative\.py:1: relative import'):
    imports_of_folder(wrong_package)
