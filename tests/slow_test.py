"""slow.txt: what `make quick` leaves out is there."""

import re

import pytest


@pytest.fixture(scope='module')
def lines(root):
  text = (root / 'tests' / 'slow.txt').read_text()
  return [line for line in text.splitlines() if not line.startswith('#')]


def test_a_line_is_of_a_test(root, lines):
  def is_there(line):
    path, _, name = line.partition('::')
    found = root / 'tests' / path
    return found.exists() and (
      not name or re.search(rf'^def {name}', found.read_text(), re.M)
    )

  assert len(lines) > 50
  assert [line for line in lines if not is_there(line)] == []


def test_each_is_said_once(lines):
  assert lines == sorted(lines)
  covered = [a for a in lines for b in lines if a != b and a.startswith(b)]
  assert covered == []
