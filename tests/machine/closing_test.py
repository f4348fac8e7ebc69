"""What a failing constructor opened is closed, and its own error is seen."""

import pytest

from tfirl.machine import closing


class _Part:
  def __init__(self, error=None):
    self.error, self.num_closes = error, 0

  def close(self):
    self.num_closes += 1
    if self.error is not None:
      raise self.error


def test_stays_open_without_an_error():
  part = _Part()
  with closing.on_error(part) as opened:
    assert opened is part
  assert part.num_closes == 0


@pytest.mark.parametrize('error', [ValueError('few'), KeyboardInterrupt()])
def test_is_closed_once_by_any_error(error):
  part = _Part()
  with pytest.raises(type(error)) as raised, closing.on_error(part):
    raise error
  assert raised.value is error
  assert part.num_closes == 1


def test_first_error_is_the_one_seen():
  part = _Part(OSError('the arm is stuck'))
  with pytest.raises(ValueError, match='few') as raised:
    with closing.on_error(part):
      raise ValueError('few')
  assert 'the arm is stuck' in raised.value.__notes__[0]
