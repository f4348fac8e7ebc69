import io
import os

import pytest

from tfirl.machine import progress


class _Terminal(io.StringIO):
  def isatty(self):
    return True

  @property
  def last(self):
    return self.getvalue().rstrip('\n').split('\r')[-1]


@pytest.fixture
def clock(monkeypatch):
  """`clock.now`, in seconds, is what the bar takes for the time."""

  class Clock:
    now = 100.0

    def monotonic(self):
      return self.now

  clock = Clock()
  monkeypatch.setattr(progress, 'time', clock)
  return clock


@pytest.fixture
def columns(monkeypatch):
  """Makes terminals so wide."""

  def set_columns(number):
    size = os.terminal_size((number, 24))
    monkeypatch.setattr(
      progress.shutil, 'get_terminal_size', lambda *_, **__: size
    )

  set_columns(120)
  return set_columns


def test_shows_steps_return_and_what_runs(columns):
  file = _Terminal()
  bar = progress.ProgressBar(1000, 200, 'hype hopper 0', file=file)
  bar.update(500, 1.0, eval_return=123.45)
  bar.close()
  assert 'hype hopper 0  50%|' in file.last
  assert '500/1000' in file.last and 'return 123.5' in file.last
  assert 'steps/s' in file.last and 'left' in file.last
  assert file.getvalue().endswith('\n')


def test_what_comes_before_training_is_no_pace(clock, columns):
  """1,000 random steps a second, then 10 seconds of a compiler."""
  file = _Terminal()
  bar = progress.ProgressBar(3000, file=file)
  for steps, pause_s in ((500, 0.5), (1000, 0.5), (1100, 10.0)):
    clock.now += pause_s
    bar.update(steps, 0.0, eval_return=1.0)
    assert '? left, ? steps/s' in file.last
  clock.now += 2.0
  bar.update(1300, 2.0, eval_return=1.0)
  assert '[00:13, 00:17 left, 100 steps/s' in file.last


def test_rate_is_of_training_and_time_left_of_everything(clock, columns):
  """200 steps in 2 s of training, and 2 more of evaluations."""
  file = _Terminal()
  bar = progress.ProgressBar(1000, 500, unit='real steps', file=file)
  assert '? left, ? steps/s' in file.last
  clock.now += 4.0
  bar.update(700, 2.0, eval_return=1.0)
  assert '[00:04, 00:06 left, 100 steps/s, return 1.00]' in file.last
  clock.now += 2.0
  bar.update(1000, 4.0)
  assert '[00:06, 00:00 left, 125 steps/s, return 1.00]' in file.last


def test_ends_at_100_percent_however_soon_after_it_was_drawn(clock, columns):
  file = _Terminal()
  bar = progress.ProgressBar(1000, unit='updates', file=file)
  clock.now += 1.0
  bar.update(999, 1.0)
  assert ' 99%' in file.last
  bar.update(1016, 1.0)  # a round passes the budget
  assert ' 99%' in file.last
  bar.close()
  assert '100%' in file.last and '1016/1000' in file.last
  assert 'updates/s' in file.last and '00:00 left' in file.last
  bar.close()  # twice is no harm
  assert file.getvalue().count('\n') == 1


def test_what_takes_long_is_shown_while_it_does(clock, columns):
  file = _Terminal()
  bar = progress.ProgressBar(1000, file=file)
  clock.now += 90.0
  bar.tell('model epoch 57')
  assert file.last.endswith('[01:30, ? left, ? steps/s, model epoch 57]')
  bar.tell('model epoch 58')  # too soon
  assert '58' not in file.getvalue()
  clock.now += 1.0
  columns(60)
  bar.tell('model epoch 59')
  assert '[? left, ? steps/s, model epoch 59]' in file.last
  clock.now += 1.0
  columns(50)
  bar.tell('model epoch 60')
  assert '[? left, ? steps/s]' in file.last
  clock.now += 1.0
  bar.update(10, 1.0)
  assert 'epoch' not in file.last


def test_a_log_file_shows_it_twice_a_minute(clock):
  file = io.StringIO()
  bar = progress.ProgressBar(1000, file=file)
  for epoch in range(1, 101):
    clock.now += 1.0
    bar.tell(f'model epoch {epoch}')
  lines = file.getvalue().splitlines()
  assert [line.rpartition(' ')[2] for line in lines[1:]] == [
    '30]',
    '60]',
    '90]',
  ]


@pytest.mark.parametrize(
  ('number', 'shown', 'not_shown'),
  [
    (120, ['|████', '00:01, 00:00 left'], []),
    (90, ['|████', '00:01, 00:00 left', 'return 3025.4'], []),
    (82, ['|███', '00:00 left', 'return 3025.4'], ['00:01,']),
    (80, ['100% 20000/20000', 'return 3025.4'], ['|', '00:01,']),
    (20, [], ['\n']),
  ],
)
def test_fits_the_terminal(clock, columns, number, shown, not_shown):
  columns(number)
  file = _Terminal()
  bar = progress.ProgressBar(20_000, 0, 'hyper-n4 hopper 0', file=file)
  clock.now += 1.0
  bar.update(20_000, 100.0, 3025.4)
  assert len(file.last.rstrip()) < number
  assert all(words in file.last for words in shown)
  assert not any(words in file.last for words in not_shown)


def test_a_log_file_gets_few_lines_without_returns(clock):
  file = io.StringIO()
  bar = progress.ProgressBar(10_000, file=file)
  for done in range(1, 10_001):
    clock.now += 0.01
    bar.update(done, done / 100)
  bar.close()
  lines = file.getvalue().splitlines()
  assert 3 <= len(lines) < 7
  assert '\r' not in file.getvalue()
  assert ' 10000/10000 ' in lines[-1]


def test_a_notebook_is_drawn_over_though_it_is_no_terminal(clock):
  # The class of ipykernel's stream, by its module's name; it is no terminal.
  stream = type(
    'OutStream', (io.StringIO,), {'__module__': 'ipykernel.iostream'}
  )
  file = stream()
  assert not file.isatty()
  bar = progress.ProgressBar(10, file=file)
  for done in range(1, 11):
    clock.now += 1.0
    bar.update(done, done)
  bar.close()
  assert file.getvalue().count('\r') == 11 and file.getvalue().count('\n') == 1


def test_a_stream_without_isatty_is_a_log():
  class Stream:
    text = ''

    def write(self, text):
      self.text += text

    def flush(self):
      pass

  file = Stream()
  progress.ProgressBar(10, file=file).close()
  assert file.text.count('\n') == 1


def test_messages_stand_on_lines_of_their_own():
  file = _Terminal()
  bar = progress.ProgressBar(10, file=file)
  bar.write('saved')
  bar.close()
  lines = file.getvalue().replace('\r', '\n').splitlines()
  assert 'saved' in lines
