"""last_policy.json: what the last policy of a finished run returns."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from tfirl import checks
from tfirl.storage import atomic_file

NAME = 'last_policy.json'


class LastPolicy(NamedTuple):
  """Of many episodes, once: a curve's evaluations are of few.

  Attributes:
    episodes: how many.
    seed: of all of them.
    stochastic: whether actions were sampled.
    return_mean, return_std: over episodes, ddof 0.
    length_mean: steps.
    success: the share that reached the goal; None where there is none.
  """

  episodes: int
  seed: int
  stochastic: bool
  return_mean: float
  return_std: float
  length_mean: float
  success: float | None = None


_HINTS: dict[str, Any] = {
  **LastPolicy.__annotations__,
  'episodes': checks.Count,
  'success': checks.Share | None,
}


def write(folder: Path, found: LastPolicy) -> None:
  """Into a run's folder, over what was there."""
  text = json.dumps(found._asdict(), indent=2) + '\n'
  atomic_file.write_text(folder / NAME, text)


def read(folder: Path) -> LastPolicy | None:
  """What a run's folder holds of it; None for nothing.

  Raises:
    ValueError: the file is damaged; names it, and what is wrong.
  """
  path = folder / NAME
  if not path.exists():
    return None
  try:
    found = json.loads(path.read_text(encoding='utf-8'))
    if not isinstance(found, dict) or found.keys() != _HINTS.keys():
      raise ValueError(f'found {str(found)[:80]}')
    for name, hint in _HINTS.items():
      if not checks.fits(found[name], hint):
        expected = checks.words_for(hint)
        raise ValueError(f'{name} is {found[name]!r}; expected {expected}')
  except (OSError, ValueError, RecursionError) as error:
    raise ValueError(
      f'{path} is damaged ({error}); expected what `tfirl evaluate --save` '
      'writes'
    ) from error
  return LastPolicy(**found)
