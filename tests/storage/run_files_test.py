import traceback

import gin
import pytest

from tfirl.storage import run_files


@gin.configurable(module='run_files_test')
def failing(text):
  raise ValueError(text)


def _error_of(text):
  """What `launch` writes of an error that passed through gin."""
  try:
    failing(text)
  except ValueError:
    return traceback.format_exc()


@pytest.mark.parametrize(
  ('text', 'expected'),
  [
    (_error_of('found 3; expected 4'), 'ValueError: found 3; expected 4'),
    (_error_of('refused:\n  a: was 1'), 'ValueError: refused:'),
    (_error_of('damaged:\n  a\nRemove it'), 'Remove it'),
    ('A: of TensorFlow\n\t [[{{node x}}]]\n', 'A: of TensorFlow'),
    ('KeyboardInterrupt\n\n', 'KeyboardInterrupt'),
    ('', 'an error that left no message'),
  ],
)
def test_the_last_line_of_the_errors_own_message(tmp_path, text, expected):
  (tmp_path / 'error.txt').write_text(text)
  assert run_files.last_error(tmp_path) == expected


def test_what_no_error_ended_has_none(tmp_path):
  assert run_files.last_error(tmp_path) is None


def test_names_of_pictures_and_videos_are_written_once(root):
  names = [run_files.MAZE, run_files.REGIONS, run_files.ROLLOUTS]
  names += [run_files.FINAL_VIDEO, run_files.EXPERT_VIDEO]
  ends = [
    f'{name.rpartition("/")[2]}{quote}' for name in names for quote in '\'"'
  ]
  sources = {p: p.read_text() for p in (root / 'tfirl').rglob('*.py')}
  found = {
    path.name
    for path, text in sources.items()
    for end in ends
    if any(f'{before}{end}' in text for before in '\'"/')
  }
  assert found == {'run_files.py'}
