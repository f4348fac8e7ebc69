"""What MkDocs calls while it builds the site.

Pages that are no files of docs/ are made here: README and its like, the gin
reference, the Python reference, the recorded runs. Links lead where they would
in a checkout: one that leaves docs/ leads to the page that shows that file.
"""

from pathlib import Path

import api_pages
import gin_pages
import links
import repository_pages
import run_pages
import site_check
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

_ROOT = Path(__file__).resolve().parents[2]
# Of the build that goes on: the page's path in docs/ -> its Markdown.
_made: dict[str, str] = {}


def on_config(config):
  """Makes the pages, and puts them below their heads in the navigation."""
  gin, api = gin_pages.pages(), api_pages.pages(_ROOT)
  _made.clear()
  _made.update(
    {**repository_pages.pages(_ROOT), **gin, **api},
    **{'results/runs.md': run_pages.page(_ROOT / 'docs/results/runs')},
  )
  files = [page for page in gin if page.startswith(gin_pages.FILES)]
  below = {
    'gin/index.md': [
      *({Path(page).stem: page} for page in gin if page not in files),
      {'files': files},
    ],
    'api/index.md': list(api),
  }
  for entry in config.nav:
    title, page = next(iter(entry.items()))
    if not isinstance(page, list) and page in below:
      entry[title] = below[page]
  return config


def on_files(files, config):
  """Adds the made pages to those of docs/."""
  for path, text in _made.items():
    files.append(File.generated(config, path, content=text))
  return files


def on_page_markdown(markdown, page, config, files):
  """Turns links into the checkout to links into the site."""
  return links.rewrite(markdown, page.file.src_uri)


def on_post_build(config):
  """Ends the build if the site has a link to nowhere, or to elsewhere."""
  problems = site_check.problems(Path(config.site_dir))
  if problems:
    raise PluginError('\n'.join(['the site is not whole:', *problems]))
