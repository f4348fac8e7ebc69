"""metadata.json: what a run's launches say of it, checked when it is read."""

import json
import numbers
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from tfirl import checks
from tfirl.config import budget

NAME = 'metadata.json'
_BUDGET = {
  'unit': Literal[budget.UNITS],
  'total': checks.Count,
}
# What is made use of, if it is there.
_FACTS = {
  'launches': Sequence[dict],
  'budget': dict,
  'demonstrations': dict,
  'has_checkpoint': bool,
  'config_sha256': str,
  'demos': str | None,
  'demos_path': str | None,
}
_OF_LAUNCH = {'git_commit': str | None, 'versions': dict}
_OF_BUDGET = {**_BUDGET, 'cut_from': int | None}
_OF_DEMONSTRATIONS = {
  'source': str | None,
  'digest': str | None,
  'num_episodes': int | None,
  'mean_return': numbers.Real | None,
  'mean_length': numbers.Real | None,
  'terminated': numbers.Real | None,
  'action_size': int | None,
  'action_r2': numbers.Real | None,
  'step_r2': numbers.Real | None,
}


def read(path: Path) -> dict[str, Any]:
  """The facts of a metadata.json.

  Raises:
    ValueError: it is missing or damaged; names the file, and what is wrong.
  """
  try:
    found = json.loads(path.read_text(encoding='utf-8'))
    _check('it', found, dict)
    _check_all('', found, _FACTS)
    for name in _BUDGET if found.get('budget') else ():
      if name not in found['budget']:
        raise ValueError(f'budget has no {name}')
    for i, launch in enumerate(found.get('launches', ())):
      _check_all(f'launches[{i}].', launch, _OF_LAUNCH)
    _check_all('budget.', found.get('budget', {}), _OF_BUDGET)
    _check_all(
      'demonstrations.', found.get('demonstrations', {}), _OF_DEMONSTRATIONS
    )
  except (OSError, ValueError, RecursionError) as error:
    state = 'damaged' if path.exists() else 'missing'
    raise ValueError(
      f'{path} is {state} ({error}); expected the JSON object that a launch '
      'writes'
    ) from error
  return found


def _check_all(
  where: str, found: Mapping[str, Any], hints: Mapping[str, Any]
) -> None:
  for name, hint in hints.items():
    if name in found:
      _check(f'{where}{name}', found[name], hint)


def _check(name: str, value: Any, hint: Any) -> None:
  if not checks.fits(value, hint):
    raise ValueError(
      f'{name} is {repr(value)[:80]}; expected {checks.words_for(hint)}'
    )
