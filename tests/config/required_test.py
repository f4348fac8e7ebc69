"""A parameter without a default that nothing binds is told with its kind."""

import gin
import pytest

from tfirl import checks
from tfirl.config import gin_bindings, required
from tfirl.config.gin_files import BindingError


@gin.configurable('needy', module='required_test')
def _needy(
  *, size: checks.Count = gin.REQUIRED, other=gin.REQUIRED, free: int = 1
):
  return size, other, free


_BOTH = (
  "needy.size is not bound, and has no default; expected a line 'needy.size = "
  "...' of gin, with int, at least 1\n"
  "needy.other is not bound, and has no default; expected a line 'needy.other "
  "= ...' of gin, with a value"
)


def test_all_that_is_lacking_is_told_before_a_call():
  gin_bindings.parse([], ['needy.free = 2'])
  with pytest.raises(BindingError) as info:
    required.check('needy')
  assert str(info.value) == _BOTH
  gin_bindings.parse([], ['needy.size = 2', 'needy.other = None'])
  required.check('needy')


def test_and_by_a_call_in_the_same_words():
  gin_bindings.parse([], [])
  with pytest.raises(BindingError) as info, required.worded():
    _needy()
  assert str(info.value) == _BOTH


def test_other_errors_are_left_alone():
  with pytest.raises(RuntimeError, match='^mine$'), required.worded():
    raise RuntimeError('mine')
