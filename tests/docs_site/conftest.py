"""The modules that make the site, which are of no package."""

import importlib
import sys

import pytest


@pytest.fixture(scope='session')
def hook(root):
  """`hook(name)`: a module of docs/hooks/, imported as MkDocs does."""

  def load(name):
    sys.path.insert(0, str(root / 'docs/hooks'))
    try:
      return importlib.import_module(name)
    finally:
      sys.path.pop(0)

  return load
