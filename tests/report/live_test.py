"""A report is written again as its runs go on."""

import pytest

from tfirl.report import __main__ as main_module
from tfirl.report import live


@pytest.fixture
def folder(write_run):
  return write_run('hopper', 'mm', 0, [0, 9], [0.0, 1.0])


def _watch(folder, draw, steps):
  """Watches; before the n-th look `steps[n - 1]` is called."""
  waiting = iter(steps)
  live.watch([str(folder)], draw, 7.0, lambda seconds: next(waiting)())


def test_it_is_drawn_when_a_run_has_told_more(folder):
  drawn = []

  def draw():
    drawn.append((folder / 'metrics.csv').read_text().count('\n'))
    return len(drawn) == 2

  def nothing():
    pass

  def tell():
    with open(folder / 'metrics.csv', 'a') as file:
      file.write('24,20,4,20,120,150,2,1,10,,0.5\n')

  _watch(folder, draw, [nothing, nothing, tell])
  assert drawn == [3, 4]


def test_new_runs_are_noticed(folder, write_run):
  counts = []

  def draw():
    counts.append(len(list(folder.parent.iterdir())))
    return len(counts) == 2

  _watch(
    folder.parent,
    draw,
    [lambda: write_run('hopper', 'mm', 1, [0], [1.0])],
  )
  assert counts == [1, 2]


@pytest.mark.parametrize(
  'error',
  [ValueError('line 3: 2 cells'), FileNotFoundError('no such file: x.gin')],
)
def test_a_half_written_file_or_one_that_is_gone_is_read_again(
  folder, capsys, error
):
  results = iter([False, error, True])

  def draw():
    result = next(results)
    if isinstance(result, Exception):
      raise result
    return result

  def touch():
    (folder / 'complete.json').write_text('{')

  _watch(folder, draw, [touch, lambda: None])
  assert f'{error}; trying again' in capsys.readouterr().err


def test_what_is_wrong_at_first_is_an_error(folder):
  def draw():
    raise ValueError('damaged')

  with pytest.raises(ValueError, match='damaged'):
    _watch(folder, draw, [])


def _main(tmp_path, *flags):
  out = tmp_path / 'out'
  argv = [str(tmp_path / 'runs'), f'--out={out}', '--reps=50', *flags]
  assert main_module.main(argv) == 0
  return (out / 'index.html').read_text()


def test_a_live_page_reads_itself_again_until_its_runs_are_over(
  folder, tmp_path, capsys, monkeypatch
):
  pages = []

  def sleep(seconds):
    pages.append((tmp_path / 'out' / 'index.html').read_text())
    assert seconds == 5
    (folder / 'complete.json').write_text('{}')

  monkeypatch.setattr(live.time, 'sleep', sleep)
  last = _main(tmp_path, '--live=5')
  assert ['<body data-refresh="5">' in text for text in (*pages, last)] == [
    True,
    False,
  ]
  assert capsys.readouterr().out.count('1 run: ') == 2


def test_an_interrupt_ends_it(folder, tmp_path, monkeypatch):
  def interrupt(seconds):
    raise KeyboardInterrupt

  monkeypatch.setattr(live.time, 'sleep', interrupt)
  assert '<body data-refresh="30">' in _main(tmp_path, '--live')


def test_a_live_report_has_its_pages_for_a_repository_too(folder, tmp_path):
  (folder / 'complete.json').write_text('{}')
  (tmp_path / 'intro.md').write_text('# All runs\n')
  _main(tmp_path, '--live', f'--intro={tmp_path / "intro.md"}')
  assert (tmp_path / 'out' / 'README.md').read_text().startswith('# All runs')


def test_before_the_first_evaluation_there_is_a_page(
  write_run, tmp_path, monkeypatch
):
  folder = write_run('hopper', 'mm', 0, [], [])

  def go_on(seconds):
    (folder / 'error.txt').write_text('ValueError: why')

  monkeypatch.setattr(live.time, 'sleep', go_on)
  assert 'ValueError: why' in _main(tmp_path, '--live')


@pytest.mark.parametrize('value', ['0', '-3', 'soon', 'inf'])
def test_a_bad_interval_is_an_error(tmp_path, value, capsys):
  with pytest.raises(SystemExit):
    main_module.main([str(tmp_path), f'--live={value}'])
  assert '--live' in capsys.readouterr().err
