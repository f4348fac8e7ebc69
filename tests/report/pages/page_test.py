import csv
import html.parser
import io

import pytest

from tfirl.report.pages import page
from tfirl.report.reading import runs
from tfirl.report.statistics import aggregate


@pytest.fixture
def curves(write_run, tmp_path):
  for seed in range(3):
    write_run(
      *('hopper', 'hype', seed, [0, 5000], [0.0, 1000.0 + 300 * seed]),
      num_demos=4,
    )
  write_run('hopper', 'mm', 0, [0, 5000], [0.0, 300.0])
  found, _ = runs.read_runs([str(tmp_path)])
  return aggregate.aggregate(found, last=1, reps=500)[0]


def test_markdown_table(curves):
  lines = page.markdown_table(curves).splitlines()
  assert lines[0].startswith(
    '| task | algorithm | seeds | demos | real steps | for the cost |'
  )
  assert 'IQM of last 1 evaluation |' in lines[0]
  assert lines[2] == (
    '| hopper | hype | 3 | 4 | 6,000 | 1,000 | 1,300 | [1,000, 1,600] | 1.0 | '
    '150 |'
  )
  assert lines[3] == (
    '| hopper | mm | 1 | – | 6,000 | 1,000 | 300 | – | 1.0 | 150 |'
  )


def test_csv_table_has_numbers_and_blanks(curves):
  hype, mm = csv.DictReader(io.StringIO(page.csv_table(curves)))
  assert float(hype['iqm']) == pytest.approx(1300.0)
  assert float(hype['ci_low']) == 1000.0 and float(hype['ci_high']) == 1600.0
  assert (hype['score'], hype['last'], hype['seeds']) == ('return', '1', '3')
  assert (hype['demos'], mm['demos']) == ('4', '')
  steps = [mm[f'{name}_steps'] for name in ('real', 'env', 'rollout')]
  assert steps == ['6000', '5000', '1000.0']
  assert mm['ci_low'] == '' and float(mm['wall_s']) == 60.0


class _Tags(html.parser.HTMLParser):
  """Collects attributes, and checks that what opens closes."""

  def __init__(self):
    super().__init__()
    self.open, self.attributes = [], []

  def handle_starttag(self, tag, attrs):
    self.attributes += attrs
    if tag not in ('meta', 'img'):
      self.open.append(tag)

  def handle_endtag(self, tag):
    assert self.open.pop() == tag


def test_page_stands_alone_and_escapes(curves, tmp_path):
  (tmp_path / 'a.png').write_bytes(b'picture')
  text = page.html_page(
    curves, ['cut <here>'], {'hopper': ['a.png']}, str(tmp_path)
  )
  parser = _Tags()
  parser.feed(text)
  assert parser.open == []
  sources = [value for name, value in parser.attributes if name == 'src']
  assert sources == ['data:image/png;base64,cGljdHVyZQ==']
  assert not any(name == 'href' for name, _ in parser.attributes)
  assert 'cut &lt;here&gt;' in text
  assert '[1,000, 1,600]' in text
  assert curves[0].runs[0].path in text
