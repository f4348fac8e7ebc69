"""The whole site, built as `make docs` builds it.

MkDocs itself, strictly, holds that every page is in the navigation and that
links between pages lead somewhere; docs/hooks/site_check.py all other links,
and that nothing is loaded from elsewhere. Both end the build.
"""

import re

import pytest

import tfirl

# URLs in scripts that are names, or that only pages of another kind ask for.
_OF_SCRIPTS = {
  'http://www.w3.org/2000/svg',  # names of XML's
  'http://www.w3.org/1999/xhtml',
  'https://unpkg.com/mermaid',  # for diagrams, of which there are none
  'https://api.github.com/',  # for a repository on GitHub: none is named
  'https://api.gitlab.com/',
  'https://${e}/api/v4/projects/',  # on GitLab
  'https://gitlab.com/',
  'https://unpkg.com/resize-observer-polyfill',  # for browsers of 2019
}
_URL = re.compile(r'["\'`](https?://[^"\'`\s]+)')


@pytest.fixture(scope='module')
def site(root, call_warm, tmp_path_factory):
  folder = tmp_path_factory.mktemp('site')
  words = 'build', '--strict', '--quiet', '--site-dir', folder
  done = call_warm('mkdocs', *words, cwd=root, timeout=1800)
  assert done.returncode == 0, done.stderr
  return folder


def _ids(page):
  return re.findall(r'\bid="([^"]+)"', page.read_text())


def test_every_page_of_docs_is_there(site, root):
  pages = [
    path.relative_to(root / 'docs').with_suffix('.html')
    for path in (root / 'docs').rglob('*.md')
  ]
  # The README of a folder is what one sees of it first.
  pages = [
    page.with_stem('index') if page.stem == 'README' else page for page in pages
  ]
  assert len(pages) > 10
  assert [page for page in pages if not (site / page).is_file()] == []


def test_home_is_the_readme(site):
  text = (site / 'index.html').read_text()
  assert 'Imitation that needs few environment steps.' in text
  assert 'href="guides/own_environment.html"' in text


def test_what_tfirl_offers_is_told(site):
  ids = _ids(site / 'api/index.html')
  assert [n for n in tfirl.__all__ if f'tfirl.api.{n}' not in ids] == []


def test_every_room_has_a_page_of_its_classes(site):
  assert 'tfirl.costs.learner.CostLearner.update' in _ids(
    site / 'api/costs.html'
  )
  text = (site / 'api/networks.html').read_text()
  assert 'log_variance' in text and 'Source code in' in text


def test_a_parameter_has_its_range_default_line_and_files(site):
  text = (site / 'gin/agents.html').read_text()
  start = text.index('id="tfirl.SacAgent.gamma"')
  entry = text[start : text.index('id="tfirl.SacAgent.tau"')]
  assert 'float, at least 0 and at most 1; has to be bound.' in entry
  assert 'Discount.' in entry
  assert re.search(r'href="files/agents\.html#sac">agents/sac\.gin:\d+<', entry)


def test_every_gin_file_is_shown(site, root):
  shown = {
    name for page in (site / 'gin/files').glob('*.html') for name in _ids(page)
  }
  files = {path.stem for path in (root / 'gin_configs').rglob('*.gin')}
  assert files - shown == set()


def test_a_browser_is_told_to_ask_nobody_else(site):
  policy = "default-src 'self' file: 'unsafe-inline' data: blob:"
  for page in site.rglob('*.html'):
    assert f'content="{policy}"' in page.read_text()


def test_search_needs_no_server(site):
  """Of a folder on a disk a browser reads scripts, not JSON, nor workers."""
  index = (site / 'search/search_index.js').read_text()
  assert index.startswith('var __index = {')
  assert '"location":"gin/agents.html#tfirl.SacAgent"' in index
  script = '<script src="../javascripts/iframe-worker.js"></script>'
  assert script in (site / 'gin/agents.html').read_text()


def test_scripts_have_no_way_out(site):
  scripts = list(site.rglob('*.js'))
  assert scripts
  urls = {url for path in scripts for url in _URL.findall(path.read_text())}
  known = tuple(_OF_SCRIPTS)
  assert {url for url in urls if not url.startswith(known)} == set()
  pages = [path.read_text() for path in site.rglob('*.html')]
  assert not any('class="mermaid"' in text for text in pages)


def test_what_makes_the_site_is_not_of_it(site):
  assert not (site / 'hooks').exists() and not (site / 'theme').exists()
