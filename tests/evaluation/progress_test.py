import io

from tfirl.evaluation import progress


class _Terminal(io.StringIO):
  def isatty(self):
    return True


def test_shows_steps_return_and_what_runs():
  file = _Terminal()
  bar = progress.ProgressBar(1000, 200, 'hype hopper 0', file=file)
  bar.update(500, eval_return=123.45)
  bar.close()
  last = file.getvalue().split('\r')[-1]
  assert 'hype hopper 0  50%' in last
  assert '500/1000' in last and 'return 123.5' in last
  assert 'steps/s' in last and 'left' in last


def test_updates_are_totals_not_differences():
  file = _Terminal()
  bar = progress.ProgressBar(1000, unit='updates', file=file)
  for done in (100, 300, 300, 1000):
    bar.update(done)
  bar.close()
  last = file.getvalue().split('\r')[-1]
  assert '100%' in last and '1000/1000' in last and 'updates/s' in last


def test_a_log_file_gets_few_lines():
  file = io.StringIO()
  bar = progress.ProgressBar(10_000, file=file)
  for done in range(1, 10_001):
    bar.update(done)
  bar.close()
  assert 1 <= file.getvalue().count('\r') < 5


def test_messages_stand_on_lines_of_their_own():
  file = _Terminal()
  bar = progress.ProgressBar(10, file=file)
  bar.write('saved')
  bar.close()
  assert 'saved\n' in file.getvalue()
