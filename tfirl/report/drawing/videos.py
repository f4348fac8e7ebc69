"""Videos of final policies beside the expert's, small enough for a page."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tfirl.report import texts
from tfirl.report.statistics.aggregate import Curve
from tfirl.storage import atomic_file, run_files

_MOST_OF_A_TASK = 6
_MOST_BYTES = 600_000  # of one
_MOST_SECONDS = 20  # shown, and waited for
_FFMPEG = (
  *('-t', str(_MOST_SECONDS), '-an'),
  *('-vf', 'scale=240:-2,fps=15', '-pix_fmt', 'yuv420p'),
  *('-c:v', 'libx264', '-preset', 'veryfast', '-crf', '32'),
  *('-movflags', '+faststart'),
)


def shrink_all(
  curves: Sequence[Curve], folder: str
) -> tuple[dict[str, list[tuple[str, str]]], list[str]]:
  """Small copies of the expert's video and of the best seed's of each method.

  Args:
    curves: all curves.
    folder: where the copies go; one that was made of the same source stays.

  Returns:
    Captions and paths by task, and a note for each video that is left out.
  """
  found, notes = {}, []
  for task in dict.fromkeys(curve.task for curve in curves):
    of_task = [curve for curve in curves if curve.task == task]
    for caption, stem, source in _choose(of_task):
      name = f'{texts.for_file(f"{task}_{stem}")}_video.mp4'
      path = os.path.join(folder, name)
      problem = _shrink(source, path)
      if problem is None:
        found.setdefault(task, []).append((caption, path))
      else:
        notes.append(f'{source}: left out, {problem}')
  return found, notes


def _choose(curves: Sequence[Curve]) -> list[tuple[str, str, str]]:
  """Captions, stems of names and paths of one task's videos, the expert's
  first.
  """
  chosen = []
  every = [run for curve in curves for run in curve.runs]
  experts = (os.path.join(run.path, run_files.EXPERT_VIDEO) for run in every)
  expert = next(filter(os.path.exists, experts), None)
  if expert is not None:
    chosen.append(('expert', 'expert', expert))
  for curve in sorted(curves, key=lambda c: -c.final.value[0]):
    scores = curve.final_scores
    for i in sorted(range(len(scores)), key=lambda i: -scores[i]):
      path = os.path.join(curve.runs[i].path, run_files.FINAL_VIDEO)
      if os.path.exists(path):
        name, seed = curve.algorithm, curve.runs[i].seed
        chosen.append((f'{name}, seed {seed}', f'{name}_{seed}', path))
        break
  return chosen[:_MOST_OF_A_TASK]


def _shrink(source: str, path: str) -> str | None:
  """Writes the copy. Returns: why there is none; None if there is."""
  if _is_copy(path, source):
    return None
  try:
    import imageio_ffmpeg  # may be missing where curves alone are drawn

    program = imageio_ffmpeg.get_ffmpeg_exe()
    with atomic_file.opened(Path(path)) as file:
      subprocess.run(
        [program, '-y', '-loglevel', 'error', '-i', source, *_FFMPEG]
        + ['-f', 'mp4', file.name],
        check=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=3 * _MOST_SECONDS,
      )
    made = os.stat(source).st_mtime_ns
    os.utime(path, ns=(made, made))  # by which `_is_copy` knows it
  except subprocess.CalledProcessError as error:
    lines = error.stderr.decode(errors='replace').split('\n')
    return f'ffmpeg says {lines[0]!r}'
  except (ImportError, OSError, RuntimeError, subprocess.SubprocessError) as e:
    return f'there is no ffmpeg that makes it smaller ({e})'
  size = os.path.getsize(path)
  if size > _MOST_BYTES:
    return f'it is {size:,} bytes even when small, more than {_MOST_BYTES:,}'
  return None


def _is_copy(path: str, source: str) -> bool:
  """Whether `path` is a copy of `source` as it is, that may be shown."""
  return (
    os.path.exists(path)
    and os.stat(path).st_mtime_ns == os.stat(source).st_mtime_ns
    and 0 < os.path.getsize(path) <= _MOST_BYTES
  )
