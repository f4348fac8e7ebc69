"""Where imagined episodes end: where the task says so, or as it is learned."""

import logging
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tfirl import types
from tfirl.dynamics import learned_end

_ROWS_AT_A_TIME = 8192  # bounds memory
# Of rows: a state at a bound may fall on its other side, once it is a float32.
_MOST_FALSE_ENDS = 0.01
_MOST_MISSED_ENDS = 0.5


def make_ends(
  is_healthy: Callable | None, demos: types.Demonstrations, seed: int
) -> tuple[Callable, learned_end.LearnedEnd | None]:
  """What tells ends of episodes, and what of it is to be fitted.

  Args:
    is_healthy: the task's; None if it doesn't say.
    demos: which the task's ends are held against.
    seed: of what is learned.

  Raises: ValueError as of `check_ends`.
  """
  if is_healthy is not None:
    check_ends(is_healthy, demos)
    return is_healthy, None
  learned = learned_end.LearnedEnd(demos.observations.shape[1], seed)
  return learned.is_healthy, learned


def check_ends(is_healthy: Callable, demos: types.Demonstrations) -> None:
  """Holds `Task.is_healthy` against episodes whose ends are known.

  Another task's function ends every imagined episode at its first step, or
  none, and what is learned from them is worth nothing.

  Args:
    is_healthy: maps observations [B, O] to bool [B], False where an episode
      ends.
    demos: their terminals are ends; all other rows go on.

  Raises:
    ValueError: it ends more than a few of the rows that go on, or its answer
      is not of the rows' shape.
  """
  goes_on = _answers(is_healthy, demos.next_observations)
  ended = demos.terminals.astype(bool)
  false_ends = float(np.mean(~goes_on[~ended])) if not ended.all() else 0.0
  missed = float(np.mean(goes_on[ended])) if ended.any() else 0.0
  told = (
    f'Task.is_healthy says that the episode ends in {false_ends:.1%} of the '
    f'{np.sum(~ended):,} demonstrated steps after which it goes on, and goes '
    f'on in {missed:.1%} of the {np.sum(ended):,} that end it '
    f'({demos.source or "demonstrations"})'
  )
  if false_ends > _MOST_FALSE_ENDS:
    raise ValueError(
      f'{told}; expected the ends of this task. Without Task.is_healthy they '
      'are learned'
    )
  if missed > _MOST_MISSED_ENDS or false_ends:
    logging.warning('%s; are these the ends of this task?', told)


def _answers(is_healthy: Callable, observations: np.ndarray) -> np.ndarray:
  """Of all rows, bool [N]."""
  answers = []
  for start in range(0, len(observations), _ROWS_AT_A_TIME):
    rows = observations[start : start + _ROWS_AT_A_TIME]
    answer = np.asarray(is_healthy(tf.constant(rows, tf.float32)))
    if answer.shape != (len(rows),) or answer.dtype != bool:
      raise ValueError(
        f'Task.is_healthy returned {answer.dtype} {list(answer.shape)} for '
        f'observations {list(rows.shape)}; expected bool [{len(rows)}]'
      )
    answers.append(answer)
  return np.concatenate(answers)
