"""XManager's script, written where the user launches it from."""

import sys
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent
_SCRIPT, _REQUIREMENTS = 'xm_sweep.py', 'xm_requirements.txt'


def write(folder: Path) -> list[Path]:
  """Writes the script, and what its environment needs, to `folder`.

  Both of its lines that say where tfirl is installed are filled in.

  Returns:
    The paths of both files.

  Raises:
    FileExistsError: one of them is there, and is another.
  """
  script = (_FOLDER / _SCRIPT).read_text()
  facts = {
    "_FLAGS_FILE = str(Path(__file__).resolve().with_name('flags.py'))": (
      f'_FLAGS_FILE = {str(_FOLDER / "flags.py")!r}'
    ),
    "_DEFAULT_INTERPRETER = '.venv/bin/python'": (
      f'_DEFAULT_INTERPRETER = {sys.executable!r}'
    ),
  }
  for line, filled in facts.items():
    if line not in script:
      raise RuntimeError(f'{_FOLDER / _SCRIPT}: expected the line {line!r}')
    script = script.replace(line, filled)
  texts = {
    _SCRIPT: script,
    _REQUIREMENTS: (_FOLDER / _REQUIREMENTS).read_text(),
  }
  paths = [folder / name for name in texts]
  for path, text in zip(paths, texts.values(), strict=True):
    if path.exists() and path.read_text() != text:
      raise FileExistsError(
        f'{path}: found another file there; expected none: remove it, or go '
        'to another folder'
      )
  for path, text in zip(paths, texts.values(), strict=True):
    path.write_text(text)
  return paths
