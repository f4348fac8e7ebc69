import os
import sys
import threading

import pytest

from tfirl.machine import stderr_filter

_NOTE = (
  b'[reverb/cc/client.cc:165] Sampler and server are owned by the same process '
  b'(1) so Table policy is accessed directly without gRPC.\n'
)


def _write(data):
  os.write(2, data)


def test_notes_go_and_all_else_stays(capfd):
  with stderr_filter.without_notes():
    _write(b'first\n' + _NOTE)
    print('of Python', file=sys.__stderr__)
    _write(b'[reverb/cc/client.cc:9] Connection lost\n' + _NOTE + b'no end')
  _write(b' yet\n')
  assert capfd.readouterr().err == (
    'first\nof Python\n[reverb/cc/client.cc:9] Connection lost\nno end yet\n'
  )


@pytest.mark.parametrize(
  'note',
  [
    b'[reverb/cc/platform/tfrecord_checkpointer.cc:162]  Initializing '
    b'TFRecordCheckpointer in /tmp/x.\n',
    b'[reverb/cc/platform/default/server.cc:71] Started replay server on port'
    b' 43471\n',
    b'[reverb/cc/platform/tfrecord_checkpointer.cc:534] Table a and 10 items '
    b'have been successfully loaded from checkpoint at path /tmp/x\n',
    b'WARNING: All log messages before absl::InitializeLog() is called are '
    b'written to STDERR\n',
    b'I0000 00:00:1795714848.706404   21448 device_compiler.h:186] Compiled '
    b'cluster using XLA!  This line is logged at most once for the lifetime of '
    b'the process.\n',
    b'[reverb/cc/reverb_service_impl.cc:168] Stored checkpoint to /tmp/x\n',
  ],
)
def test_known_notes(capfd, note):
  with stderr_filter.without_notes():
    _write(note)
  assert capfd.readouterr().err == ''


def test_an_error_within_passes_and_loses_no_line(capfd):
  with pytest.raises(KeyError), stderr_filter.without_notes():
    _write(b'why\n')
    raise KeyError
  assert capfd.readouterr().err == 'why\n'


def test_nested_and_in_threads_the_stream_is_given_back(capfd):
  def write(i):
    with stderr_filter.without_notes():
      with stderr_filter.without_notes():
        _write(b'inner %d\n' % i)
      _write(b'outer %d\n' % i)

  threads = [threading.Thread(target=write, args=(i,)) for i in range(8)]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  _write(b'after\n')
  lines = capfd.readouterr().err.splitlines()
  assert len(lines) == 17 and lines[-1] == 'after'


def test_a_thread_that_ends_the_process_loses_no_line(capfd):
  is_open, may_end = threading.Event(), threading.Event()

  def wait():
    with stderr_filter.without_notes(), stderr_filter.without_notes():
      is_open.set()
      may_end.wait(60)

  waiting = threading.Thread(target=wait)
  waiting.start()
  assert is_open.wait(60)
  _write(b'last words\n' + _NOTE)
  assert capfd.readouterr().err == ''
  stderr_filter.give_back()
  assert capfd.readouterr().err == 'last words\n'
  may_end.set()
  waiting.join()
  _write(b'after it\n')
  assert capfd.readouterr().err == 'after it\n'


@pytest.mark.parametrize('stream', [None, 'closed'])
def test_no_stream_of_python(capfd, monkeypatch, tmp_path, stream):
  if stream:
    stream = open(tmp_path / 'x', 'w')  # noqa: SIM115
    stream.close()
  monkeypatch.setattr(sys, 'stderr', stream)
  with stderr_filter.without_notes():
    _write(b'kept\n')
  assert capfd.readouterr().err == 'kept\n'


def test_without_a_descriptor_2_nothing_happens(monkeypatch):
  def no_descriptor(number):
    raise OSError(f'{number} is closed')

  monkeypatch.setattr(stderr_filter.os, 'dup', no_descriptor)
  with stderr_filter.without_notes():
    pass
