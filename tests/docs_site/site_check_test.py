"""What a built site may not have."""

import pytest

_WHOLE = {
  'index.html': """<link rel="stylesheet" href="a/b.css">
<link rel="canonical" href="https://tfirl.org/"><img src="data:image/png,x">
<a href="a/page.html#place">1</a> <a href="#here">2</a> <p id="here"></p>
<a href="https://elsewhere.org/x">3</a> <a href="a/some%20file.csv">4</a>
""",
  'a/page.html': '<a name="place" href="../index.html">up</a>',
  '404.html': '<script src="/a/b.js"></script>',
  'a/b.css': 'p { background: url("c.png") } /* https://licence.org */',
  'a/b.js': '',
  'a/some file.csv': '',
}


@pytest.fixture
def problems(tmp_path, hook):
  """`problems({path: text})`: those of a whole site with these files too."""

  def check(files):
    for name, text in {**_WHOLE, **files}.items():
      path = tmp_path / name
      path.parent.mkdir(parents=True, exist_ok=True)
      path.write_text(text)
    return hook('site_check').problems(tmp_path)

  return check


def test_a_whole_site_has_none(problems):
  assert problems({}) == []


@pytest.mark.parametrize(
  ('html', 'problem'),
  [
    ('<a href="gone.html">x</a>', 'gone.html leads nowhere'),
    ('<a href="../a">x</a>', '../a leads nowhere'),
    ('<img src="a/gone.png">', 'a/gone.png leads nowhere'),
    (
      '<a href="a/page.html#other">x</a>',
      'a/page.html#other: the page has no such place',
    ),
    ('<a href="#other">x</a>', '#other: the page has no such place'),
    (
      '<script src="https://cdn.org/x.js"></script>',
      'loads https://cdn.org/x.js',
    ),
    ('<img src="//cdn.org/x.png">', 'loads //cdn.org/x.png'),
    (
      '<link rel="stylesheet" href="https://fonts.org/f">',
      'loads https://fonts.org/f',
    ),
    ('<iframe src="http://a.org"></iframe>', 'loads http://a.org'),
  ],
)
def test_a_page_that_is_wrong_is_named(html, problem, problems):
  assert problems({'new.html': html}) == [f'new.html: {problem}']


@pytest.mark.parametrize(
  'text',
  [
    '@import "https://fonts.org/f";',
    "@import url('https://fonts.org/f');",
    'p { src: url(https://fonts.org/f) }',
  ],
)
def test_a_style_that_asks_elsewhere_is_named(text, problems):
  found = problems({'new.css': text})
  assert found == ['new.css: loads https://fonts.org/f']
