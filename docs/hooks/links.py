"""Links of Markdown, from what they are in a checkout to the site's."""

import posixpath
import re

import repository_pages

_FENCED = re.compile(r'^(?P<marks>`{3,}).*?^(?P=marks)\s*$', re.M | re.S)
_LINK = re.compile(r'(?<=\]\()(?P<path>[^()\s#:]+)(?P<anchor>#[^()\s]*)?(?=\))')
_RUNS = 'docs/results/runs'


def rewrite(markdown: str, page: str) -> str:
  """The Markdown of a page with its links into the checkout turned.

  Those that lead nowhere stay as they are, for MkDocs to tell.

  Args:
    markdown: of the page.
    page: its path in docs/, or in the site's own tree.
  """
  sources = {made: file for file, made in repository_pages.PLACES.items()}
  source = sources.get(page, f'docs/{page}')

  def turn(match: re.Match) -> str:
    path = posixpath.join(posixpath.dirname(source), match['path'])
    target = of_file(posixpath.normpath(path))
    if target is None:
      return match[0]
    file, _, anchor = target.partition('#')
    relative = posixpath.relpath(file, posixpath.dirname(page) or '.')
    anchor = match['anchor'] or (anchor and f'#{anchor}')
    return relative + anchor

  parts, end = [], 0
  for block in _FENCED.finditer(markdown):
    parts += [_LINK.sub(turn, markdown[end : block.start()]), block[0]]
    end = block.end()
  return ''.join([*parts, _LINK.sub(turn, markdown[end:])])


def of_file(path: str) -> str | None:
  """The page, and in it the place, that shows a file of the checkout.

  Args:
    path: from the checkout's root on, of a file or of a folder.

  Returns:
    'PAGE.md' or 'PAGE.md#PLACE'; None if no page shows it.
  """
  if path in repository_pages.PLACES:
    return repository_pages.PLACES[path]
  head, _, rest = path.partition('/')
  if f'{path}/'.startswith(f'{_RUNS}/') and not posixpath.splitext(path)[1]:
    return 'results/runs.md#' + path.removeprefix(_RUNS).strip('/')
  if head == 'docs':
    return rest
  if head == 'gin_configs':
    return of_gin_file(rest) if rest.endswith('.gin') else 'gin/index.md'
  if head == 'tfirl' and path.endswith('.py'):
    module = path.removesuffix('.py').replace('/', '.')
    return f'api/{module.split(".")[1]}.md#{module}'
  return None


def of_gin_file(path: str) -> str:
  """The place that shows a gin file, its path from gin_configs/ on."""
  folder, _, name = path.rpartition('/')
  page = folder.replace('/', '_') or 'METHOD_TASK'
  return f'gin/files/{page}.md#{name.removesuffix(".gin")}'
