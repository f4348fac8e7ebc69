import base64
import html.parser

from tfirl.report.pages import page


class _Tags(html.parser.HTMLParser):
  """Collects attributes, and checks that what opens closes."""

  def __init__(self):
    super().__init__()
    self.open, self.attributes = [], []

  def handle_starttag(self, tag, attrs):
    self.attributes += attrs
    if tag not in ('meta', 'img', 'link'):
      self.open.append(tag)

  def handle_endtag(self, tag):
    assert self.open.pop() == tag


def _read(text):
  parser = _Tags()
  parser.feed(text)
  assert parser.open == []
  return parser.attributes


def test_a_page_stands_alone_and_escapes(tmp_path):
  (tmp_path / 'a"b.svg').write_bytes(b'picture')
  (tmp_path / 'x.mp4').write_bytes(b'film')
  body = [
    page.contents(['<here>']),
    page.section('<here>', [page.bullets(['cut <here>'])]),
    page.panel('<summary>', [page.figures(str(tmp_path), ['a"b.svg'])]),
    page.videos([('<who>', str(tmp_path / 'x.mp4'))]),
    page.table(['<h>', 'b'], [['<c>', '1']], 'left1 cards'),
    page.paragraph('<p>'),
    page.heading('<h3>'),
  ]
  text = page.document('<title>', 'of <these>', body)
  attributes = _read(text)
  sources = [value for name, value in attributes if name == 'src']
  assert [base64.b64decode(s.split(',')[1]) for s in sources] == [
    b'picture',
    b'film',
  ]
  assert [s.split(';')[0] for s in sources] == [
    'data:image/svg+xml',
    'data:video/mp4',
  ]
  links = [value for name, value in attributes if name == 'href']
  anchors = [value for name, value in attributes if name == 'id']
  assert links == ['data:,', f'#{anchors[0]}']
  for name in ('here', 'summary', 'who', 'h', 'c', 'title', 'these'):
    assert f'&lt;{name}&gt;' in text
  assert not any(name == 'data-refresh' for name, _ in attributes)
  assert ('data-label', '<h>') in attributes


def test_headings_alike_but_for_odd_letters_have_anchors_of_their_own():
  names = ['a b', 'a-b', 'a  b', '\udcff']
  anchors = {page.contents([name]).split('"')[1] for name in names}
  assert len(anchors) == len(names)


def test_a_page_that_reads_itself_again_says_so():
  text = page.document('t', 'i', [], refresh_s=12.5)
  assert ('data-refresh', '12.5') in _read(text)
