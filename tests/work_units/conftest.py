"""Units whose command is a few lines of Python."""

import pytest

from tfirl.work_units import unit as unit_lib


@pytest.fixture
def make_unit(tmp_path):
  """make_unit(code, **fields) -> a queued unit that runs `code`."""

  def make(code, **fields):
    run_dir = tmp_path / 'hopper' / 'mm' / str(fields.pop('seed', 0))
    values = {
      'id': 'abc',
      'argv': ('python', '-c', code),
      'run_dir': str(run_dir),
      'env': {},
      'cwd': str(tmp_path),
      'steps': 10,
    }
    unit = unit_lib.WorkUnit(**values | fields)
    unit_lib.write_command(unit)
    return unit

  return make
