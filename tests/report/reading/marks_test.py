"""Published points are read, or refused by line."""

import pytest

from tfirl.report.reading import marks


@pytest.fixture
def write(tmp_path):
  def make(*lines):
    path = tmp_path / 'published.csv'
    path.write_text('\n'.join(lines))
    return str(path)

  return make


def test_points_are_read(write):
  path = write('task,name,steps,share', 'ant,"HyPE, uncounted",20000,0.9')
  assert marks.read_marks(path) == [
    marks.Mark('ant', 'HyPE, uncounted', 20000.0, 0.9)
  ]


@pytest.mark.parametrize(
  ('lines', 'words'),
  [
    (
      ['task,name,share'],
      "columns are \\['task', 'name', 'share'\\]; expected",
    ),
    ([], 'its columns are None'),
    (
      ['task,name,steps,share', 'ant,x,1,1', 'ant,x,1'],
      'line 3: share is None',
    ),
    (['task,name,steps,share', 'ant,x,nan,1'], "line 2: steps is 'nan'"),
    (['task,name,steps,share', 'ant,x,1k,1'], "line 2: steps is '1k'"),
    (['task,name,steps,share', 'ant,x,-1,1'], "line 2: steps is '-1'; expec"),
    (
      ['task,name,steps,share', 'ant,x,1,1e9'],
      "line 2: share is '1e9'; expected a share of the expert's return",
    ),
    (
      ['task,name,steps,share', 'ant,x,1,1', '', 'ant,x,1.0,.5'],
      "line 4: found 'x' of ant at 1 steps again; expected the point of line 2",
    ),
    (['task,name,steps,share', 'ant,x,1,1,1'], 'line 2: found more than 4 cel'),
    (
      ['task,name,steps,share', f'"{"a" * 140_000}'],
      'line 2: found a cell wit',
    ),
    (
      [f'"{"a" * 140_000}'],
      'published.csv, line 1: found a cell without an en',
    ),
  ],
)
def test_anything_else_is_refused(write, lines, words):
  with pytest.raises(ValueError, match=words):
    marks.read_marks(write(*lines))


def test_a_file_of_excel_is_read_and_one_that_is_no_text_is_named(tmp_path):
  path = tmp_path / 'published.csv'
  text = 'task,name,steps,share\r\nant,Hype é,20000,0.9\r\n'
  path.write_bytes(text.encode('utf-8-sig'))
  assert marks.read_marks(str(path))[0].name == 'Hype é'
  for encoding in ('utf-16', 'latin-1'):
    path.write_bytes(text.encode(encoding))
    with pytest.raises(
      ValueError, match=f'{path}: found byte 0x.*no UTF-8; ex'
    ):
      marks.read_marks(str(path))
  path.unlink()
  with pytest.raises(
    FileNotFoundError, match=f'^{path}: No such file.*; expected a CSV of the'
  ):
    marks.read_marks(str(path))


def test_tasks_without_a_run_are_noted():
  points = [
    marks.Mark(task, 'x', 1.0, 0.5) for task in ('ant', 'hopper', 'ant')
  ]
  assert marks.unknown('p.csv', points, ['hopper']) == [
    "p.csv: its points of 'ant' are not drawn, for there is no run of that task"
  ]
