"""--num_demos: short for a gin binding, and part of a run folder's name.
--accept_demos: short for another one.

The flag becomes the binding `load_demonstrations.num_episodes`, so that a run's
config.gin records it, and whoever reads its folder need not know of a flag.
"""

from collections.abc import Sequence

import gin

from tfirl import checks
from tfirl.config import gin_bindings

BINDING = 'load_demonstrations.num_episodes'
ACCEPT_BINDING = 'load_demonstrations.accept_demos'
ACCEPT_HELP = (
  'go on with demonstrations that contradict themselves or the environment: '
  f'short for {ACCEPT_BINDING}'
)
FLAG_HELP = f'use the first so many demonstrated episodes: short for {BINDING}'


def parse(
  files: Sequence[str],
  bindings: Sequence[str],
  num_demos: int | None,
  facts: Sequence[str] = (),
) -> list[str]:
  """`gin_bindings.parse`, with what --num_demos stands for.

  Args:
    files: as there.
    bindings, facts: as there.
    num_demos: the flag; None leaves the number to gin.

  Returns:
    `bindings`, and the flag's own unless it is among them or in the files.

  Raises:
    FileNotFoundError, BindingError: as there.
    ValueError: num_demos is below 1, or gin binds another number.
  """
  if num_demos is not None:
    checks.integer('--num_demos', num_demos, 1)
  gin_bindings.parse(files, bindings, facts=facts)
  if num_demos is None:
    return list(bindings)
  bound = gin_bindings.value_of(BINDING, gin.REQUIRED)
  if bound is gin.REQUIRED:
    bindings = [*bindings, f'{BINDING} = {num_demos}']
    gin_bindings.parse(files, bindings, facts=facts)
    return bindings
  if bound != num_demos:
    raise ValueError(
      f'--num_demos is {num_demos}, and gin binds {BINDING} = {bound}; '
      'expected one of them, or the same number'
    )
  return list(bindings)


def accepting(bindings: Sequence[str], accepts: bool) -> list[str]:
  """`bindings`, with what --accept_demos stands for."""
  return [*bindings, *([f'{ACCEPT_BINDING} = True'] if accepts else [])]


def method() -> str:
  """What gin's config trains, as run folders and reports name it.

  Returns: ALGORITHM, or ALGORITHM-nK if K demonstrated episodes are used.

  Raises:
    BindingError: `run.algorithm` is not bound.
  """
  algorithm = gin_bindings.value_of('run.algorithm')
  num_episodes = gin_bindings.value_of(BINDING, None)
  return algorithm if num_episodes is None else f'{algorithm}-n{num_episodes}'
