"""Docstrings in the house's form become what griffe reads."""

import pytest

_HOUSE = """Draws.

Args:
  rate, decay: of the mean,
    and of the square.
  steps: how many.

Returns: [B] floats,
  each at least 0.

Raises: ValueError if one is not.

Source: a paper.
"""
_GRIFFE = """Draws.

Args:
  rate: of the mean, and of the square.
  decay: of the mean, and of the square.
  steps: how many.

**Returns:** [B] floats, each at least 0.

**Raises:** ValueError if one is not.

**Source:** a paper."""


@pytest.fixture
def house_docstrings(hook):
  return hook('house_docstrings')


def test_prose_is_a_paragraph_and_a_shared_entry_two(house_docstrings):
  assert house_docstrings.rewrite(_HOUSE) == _GRIFFE


def test_what_has_googles_form_stays(house_docstrings):
  text = 'A.\n\nArgs:\n  x: y\n    more.\n\nRaises:\n  ValueError: if so.'
  assert house_docstrings.rewrite(text) == text


def test_griffe_finds_each_parameter(house_docstrings):
  import griffe

  text = house_docstrings.rewrite(_HOUSE)
  sections = griffe.Docstring(text).parse('google', warnings=False)
  (parameters,) = (s for s in sections if s.kind.value == 'parameters')
  assert [p.name for p in parameters.value] == ['rate', 'decay', 'steps']
  assert not any(s.kind.value == 'admonition' for s in sections)
