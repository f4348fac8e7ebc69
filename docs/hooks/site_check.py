"""Whether a built site is whole: every link leads somewhere in it, and nothing
that a browser loads by itself is elsewhere.
"""

import re
import urllib.parse
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path

# What of a tag a browser loads unasked; links (`a`) it follows when clicked.
_LOADED = {
  'audio': 'src',
  'embed': 'src',
  'iframe': 'src',
  'img': 'src',
  'link': 'href',
  'object': 'data',
  'script': 'src',
  'source': 'src',
  'video': 'src',
}
_CSS_URL = re.compile(r'(?:url\(|@import)\s*["\']?(https?:|//)([^"\')\s]*)')


class _Page(HTMLParser):
  """What a page links to, loads, and can be linked at."""

  def __init__(self, text: str):
    super().__init__()
    self.links, self.loads, self.anchors = [], [], set()
    self.feed(text)

  def handle_starttag(self, tag, attrs):
    given = {name: value for name, value in attrs if value}
    self.anchors.update(given[k] for k in ('id', 'name') if k in given)
    if tag == 'a' and 'href' in given:
      self.links.append(given['href'])
    loaded = given.get(_LOADED.get(tag))
    if loaded and given.get('rel') != 'canonical':
      self.loads.append(loaded)


def problems(site: Path) -> list[str]:
  """What is wrong with a site, 'PAGE: what', a line each.

  Args:
    site: the folder, of pages that name each other as files.
  """
  site = site.resolve()
  pages = {
    path: _Page(path.read_text(encoding='utf-8'))
    for path in sorted(site.rglob('*.html'))
  }
  found = [
    f'{path.relative_to(site)}: {problem}'
    for path, page in pages.items()
    for url in [*page.links, *page.loads]
    for problem in _of_url(url, url in page.loads, path, site, pages)
  ]
  for path in sorted(site.rglob('*.css')):
    for start, rest in _CSS_URL.findall(path.read_text(encoding='utf-8')):
      found.append(f'{path.relative_to(site)}: loads {start}{rest}')
  return list(dict.fromkeys(found))


def _of_url(
  url: str, is_loaded: bool, path: Path, site: Path, pages: Mapping[Path, _Page]
) -> Iterator[str]:
  """What is wrong with one that the page at `path` has."""
  parts = urllib.parse.urlsplit(url)
  if parts.netloc or parts.scheme not in ('', 'data'):
    if is_loaded:
      yield f'loads {url}'
    return
  if parts.scheme:  # it is what it names
    return
  name = urllib.parse.unquote(parts.path)
  target = path
  if name.startswith('/'):  # of the page that a server shows for any other
    target = site / name.lstrip('/')
  elif name:
    target = (path.parent / name).resolve()
  anchor = urllib.parse.unquote(parts.fragment)
  if not target.is_file():
    yield f'{url} leads nowhere'
  elif anchor and target in pages and anchor not in pages[target].anchors:
    yield f'{url}: the page has no such place'
