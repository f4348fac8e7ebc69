import gin
import pytest

from tfirl.config import gin_messages


@gin.configurable(module='gin_messages_test')
def inner():
  raise ValueError('demos x.npz: found 3;\n  expected 4')


@gin.configurable(module='gin_messages_test')
def outer():
  inner()


def test_what_gin_appends_is_left_out():
  with pytest.raises(ValueError) as info:
    outer()
  assert str(info.value).count('In call to configurable') == 2
  message = 'demos x.npz: found 3;\n  expected 4'
  assert gin_messages.without_calls(info.value) == message
  assert gin_messages.without_calls(OSError('no disk')) == 'no disk'


@gin.configurable(module='gin_messages_test')
def fail(error):
  raise error


def test_an_error_without_a_message_goes_by_its_type_and_notes_are_told():
  error = TimeoutError()
  error.add_note('raised by Arm.step')
  with pytest.raises(TimeoutError) as info:
    fail(error)
  found = gin_messages.without_calls(info.value)
  assert found == 'TimeoutError (raised by Arm.step)'
