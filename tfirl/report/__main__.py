"""python -m tfirl.report RUNS... [--out DIR]: curves, a table, one page."""

import contextlib
import os
import signal
import sys
from collections.abc import Sequence

from tfirl.config import text_file
from tfirl.report import arguments, gathering, live, texts, writing
from tfirl.report.gathering import Gathered

_INTRO = 'the Markdown of --intro'


def main(
  argv: Sequence[str] | None = None, name: str = 'python -m tfirl.report'
) -> int:
  """The command line.

  Args:
    argv: its arguments; those of `sys.argv` by default.
    name: what the program is called in its help.

  Returns: 0, or 1 after a one-line error; of Ctrl-C 130, but 0 of --live, which
    ends so.
  """
  flags = arguments.make_parser(name).parse_args(argv)
  out = flags.out or os.path.join(flags.runs[0], 'report')
  try:
    intro = text_file.read(flags.intro, _INTRO) if flags.intro else None
    if flags.live:
      _watch(flags, out, intro)
      return 0
    _, table = _draw(flags, out, intro)
  except (OSError, ValueError) as error:
    print(f'error: {error}', file=sys.stderr)
    return 1
  except KeyboardInterrupt:
    return 128 + signal.SIGINT
  print(table.rstrip().encode(errors='replace').decode())
  print(f'\n{os.path.join(out, "index.html")}')
  return 0


def _draw(flags, out: str, intro: str | None) -> tuple[Gathered, str]:
  """Writes the report once. Returns: what it tells, and table.md."""
  gathered = gathering.gather(
    flags.runs, flags.last, flags.reps, bool(flags.live), flags.published
  )
  refresh_s = 0.0 if gathered.is_over else flags.live
  table = writing.write(
    gathered, out, flags.reps, flags.x_axis, refresh_s, intro
  )
  return gathered, table


def _watch(flags, out: str, intro: str | None) -> None:
  """Writes the report until all runs are over, or Ctrl-C."""

  def draw() -> bool:
    gathered, _ = _draw(flags, out, intro)
    count = sum(len(curve.runs) for curve in gathered.curves)
    print(
      f'{texts.count(count, "run")}: {os.path.join(out, "index.html")}',
      flush=True,
    )
    return gathered.is_over

  with contextlib.suppress(KeyboardInterrupt):
    live.watch(flags.runs, draw, flags.live)


if __name__ == '__main__':
  sys.exit(main())
