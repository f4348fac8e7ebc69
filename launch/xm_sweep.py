r"""A sweep run by XManager, from a checkout: tfirl/sweeps/xm_sweep.py.

xmanager launch launch/xm_sweep.py -- --gin_file=mm_hopper.gin --seeds=0:5
"""

import importlib.util
from pathlib import Path

from absl import app

# By its path: tfirl is not installed in XManager's environment.
_PATH = Path(__file__).resolve().parents[1] / 'tfirl' / 'sweeps' / 'xm_sweep.py'
_SPEC = importlib.util.spec_from_file_location('tfirl_xm_sweep', _PATH)
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)
main = _MODULE.main

if __name__ == '__main__':
  app.run(main)
