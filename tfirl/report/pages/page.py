"""One HTML page in one file, and what it is made of."""

import base64
import html
import os
from collections.abc import Sequence
from pathlib import Path

from tfirl.report.pages import style

_START = '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
_MEDIA = {'.svg': 'image/svg+xml', '.png': 'image/png', '.mp4': 'video/mp4'}


def document(
  title: str, intro: str, body: Sequence[str], refresh_s: float = 0.0
) -> str:
  """The whole page.

  Args:
    title: text, of the page and its heading.
    intro: text below that.
    body: HTML of the rest.
    refresh_s: seconds until the page reads itself again; 0 for never.
  """
  name = html.escape(title)
  refresh = f' data-refresh="{refresh_s:g}"' if refresh_s else ''
  return (
    f'{_START}'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    # Else a browser asks for /favicon.ico.
    '<link rel="icon" href="data:,">'
    f'<title>{name}</title><style>{style.CSS}</style></head>\n'
    f'<body{refresh}><header><h1>{name}</h1>'
    f'<p class="small">{html.escape(intro)}</p></header>\n'
    + '\n'.join(body)
    + f'\n<script>{style.JAVASCRIPT}</script></body></html>\n'
  )


def is_ours(path: Path) -> bool:
  """Whether the file is a page of a report, as its head and title tell."""
  if not path.is_file():
    return False
  with open(path, 'rb') as file:
    head = file.read(1000)
  return head.startswith(_START.encode()) and b'<title>tfirl: ' in head


def contents(headings: Sequence[str]) -> str:
  """Links to the sections of these headings."""
  links = (
    f'<a href="#{_anchor(heading)}">{html.escape(heading)}</a>'
    for heading in headings
  )
  return f'<nav>{" ".join(links)}</nav>'


def section(heading: str, parts: Sequence[str]) -> str:
  """Parts, which are HTML, under a heading, which is text."""
  return (
    f'<section><h2 id="{_anchor(heading)}">{html.escape(heading)}</h2>'
    f'{"".join(parts)}</section>'
  )


def panel(summary: str, parts: Sequence[str]) -> str:
  """Parts that are seen once the panel is opened, or printed."""
  return (
    f'<details><summary>{html.escape(summary)}</summary>'
    f'{"".join(parts)}</details>'
  )


def paragraph(text: str) -> str:
  """A small one."""
  return f'<p class="small">{html.escape(text)}</p>'


def heading(text: str) -> str:
  """One below a section's."""
  return f'<h3>{html.escape(text)}</h3>'


def bullets(items: Sequence[str]) -> str:
  """A list of texts."""
  return f'<ul>{"".join(f"<li>{html.escape(i)}</li>" for i in items)}</ul>'


def table(
  header: Sequence[str],
  rows: Sequence[Sequence[str]],
  kind: str = 'left2',
) -> str:
  """Any table.

  Args:
    header: a text a column.
    rows: texts.
    kind: classes of `style`: 'left2' has two columns of words, 'left9' no
      numbers; 'cards' is a card a row on a phone, 'wrap' breaks long cells.
  """

  def line(row: Sequence[str]) -> str:
    cells = (
      f'<td data-label="{html.escape(name, quote=True)}">'
      f'<span>{html.escape(cell)}</span></td>'
      for name, cell in zip(header, row, strict=True)
    )
    return f'<tr>{"".join(cells)}</tr>'

  names = ''.join(f'<th>{html.escape(name)}</th>' for name in header)
  return (
    f'<div class="scroll"><table class="{kind}"><thead><tr>{names}</tr></thead>'
    f'<tbody>{"".join(map(line, rows))}</tbody></table></div>'
  )


def figures(folder: str, names: Sequence[str], is_wide: bool = False) -> str:
  """Copies of pictures, side by side where there is room.

  Args:
    folder: where they are.
    names: of .svg or .png files.
    is_wide: of several panels each; a phone shows a part of one at a time.
  """
  kind = 'wide' if is_wide else 'figures'
  parts = [_picture(folder, name) for name in names]
  return f'<div class="{kind}">{"".join(parts)}</div>'


def videos(paths: Sequence[tuple[str, str]]) -> str:
  """Copies of mp4 files, side by side. Args: a caption and a path each."""
  parts = (
    f'<figure><video controls muted loop playsinline preload="metadata" '
    f'src="{_data(path)}"></video>'
    f'<figcaption>{html.escape(caption)}</figcaption></figure>'
    for caption, path in paths
  )
  return f'<div class="videos">{"".join(parts)}</div>'


def _picture(folder: str, name: str) -> str:
  words = os.path.splitext(name)[0].replace('_', ' ')
  return (
    f'<figure><img alt="{html.escape(words, quote=True)}" '
    f'data-file="{html.escape(name, quote=True)}" '
    f'src="{_data(os.path.join(folder, name))}"><figcaption></figcaption>'
    '</figure>'
  )


def _data(path: str) -> str:
  """The file as a URL."""
  with open(path, 'rb') as file:
    data = base64.b64encode(file.read()).decode('ascii')
  return f'data:{_MEDIA[os.path.splitext(path)[1]]};base64,{data}'


def _anchor(text: str) -> str:
  """An id of letters that need no escape, one for each heading."""
  return 's-' + text.encode('utf-8', 'surrogateescape').hex()
