"""How MuJoCo renders on this machine."""

import ctypes.util
import os


def choose() -> None:
  """Without a display MuJoCo renders only if told how to."""
  if not os.environ.get('DISPLAY'):
    has_egl = ctypes.util.find_library('EGL') is not None
    has_osmesa = ctypes.util.find_library('OSMesa') is not None
    # With neither, the error is that of the first choice.
    name = 'osmesa' if has_osmesa and not has_egl else 'egl'
    os.environ.setdefault('MUJOCO_GL', name)
