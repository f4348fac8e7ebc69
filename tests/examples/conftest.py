"""What the examples' tests share."""

import runpy
import sys

import pytest


@pytest.fixture
def run_example(root, monkeypatch):
  """`run_example(name, *arguments)`: as its user does."""

  def run(name, *arguments):
    monkeypatch.setattr(sys, 'argv', [name, *arguments])
    runpy.run_path(str(root / 'examples' / name), run_name='__main__')

  return run
