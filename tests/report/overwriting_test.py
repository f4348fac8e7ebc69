"""What a report may write over."""

import pytest

from tfirl.report import __main__ as main_module
from tfirl.report.drawing import comparison_plots


@pytest.fixture
def report(write_run, tmp_path):
  """report(with_pages) -> exit code, of a report in out/."""
  write_run('hopper', 'mm', 0, [0, 10], [0.0, 50.0])
  intro = tmp_path / 'intro.md'
  intro.write_text('# Results\n')

  def write(with_pages=False):
    flags = [f'--intro={intro}'] if with_pages else []
    runs, out = str(tmp_path / 'runs'), str(tmp_path / 'out')
    return main_module.main([runs, f'--out={out}', '--reps=50', *flags])

  return write


@pytest.mark.parametrize(
  ('name', 'with_pages'),
  [
    ('index.html', False),
    ('table.csv', False),
    ('hopper_real_steps.svg', False),
    (comparison_plots.ALL[0], False),
    ('README.md', True),
    ('hopper.md', True),
  ],
)
def test_a_users_file_stays(report, tmp_path, capsys, name, with_pages):
  mine = tmp_path / 'out' / name
  mine.parent.mkdir()
  mine.write_text('precious')
  assert report(with_pages) == 1
  error = capsys.readouterr().err
  assert error == (
    f'error: {mine}: found a file that no report wrote; expected --out to be a '
    'new folder, or that of an earlier report\n'
  )
  assert mine.read_text() == 'precious'
  assert list(mine.parent.iterdir()) == [mine]


def test_a_report_writes_over_a_report(report, tmp_path):
  for name in ('README.md', 'figure.png', 'data.csv'):  # none that it writes
    (tmp_path / 'out').mkdir(exist_ok=True)
    (tmp_path / 'out' / name).write_text('precious')
  assert report() == 0
  assert report() == 0
  assert report(with_pages=True) == 1  # README.md
  (tmp_path / 'out' / 'README.md').unlink()
  assert report(with_pages=True) == 0
  assert report(with_pages=True) == 0
  assert (tmp_path / 'out' / 'figure.png').read_text() == 'precious'


def test_one_that_was_killed_is_written_again(
  report, tmp_path, monkeypatch, capsys
):
  def killed(*_):
    raise OSError('killed')

  with monkeypatch.context() as patched:
    patched.setattr('tfirl.report.writing._overview', killed)
    assert report() == 1
  assert (tmp_path / 'out' / 'hopper_real_steps.svg').exists()
  assert report() == 0
