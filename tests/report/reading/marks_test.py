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
  ],
)
def test_anything_else_is_refused(write, lines, words):
  with pytest.raises(ValueError, match=words):
    marks.read_marks(write(*lines))
