"""Some of the demonstrations: the first ones, drawn ones, so many rows."""

import dataclasses
import logging

import numpy as np

from tfirl.demos.checking import check
from tfirl.types import Demonstrations


def _take(demos: Demonstrations, rows, episodes) -> Demonstrations:
  """Some rows and what is known of their episodes, by index or slice."""
  columns = {
    field.name: value[episodes if field.name.startswith('episode_') else rows]
    for field in dataclasses.fields(demos)
    if isinstance(value := getattr(demos, field.name), np.ndarray)
  }
  return dataclasses.replace(demos, **columns)


def _first_rows(demos: Demonstrations, num_rows: int) -> Demonstrations:
  """The first `num_rows` transitions; the last episode may lose its end."""
  num_episodes = 1 + np.searchsorted(demos.episode_ends, num_rows)
  return _take(demos, slice(num_rows), slice(num_episodes))


def _some_episodes(
  demos: Demonstrations, num_episodes: int, seed: int | None
) -> Demonstrations:
  """The first `num_episodes`, or as many drawn by `seed`, in their order."""
  ends = demos.episode_ends
  expected = (
    f'load_demonstrations.num_episodes (--num_demos) = {num_episodes} or more'
  )
  ok = num_episodes <= len(ends)
  check(ok, demos.source, 'episodes', len(ends), expected)
  if seed is None:
    chosen = np.arange(num_episodes)
  else:
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(len(ends), num_episodes, replace=False))
  starts = np.concatenate([[0], ends[:-1]])
  rows = np.concatenate(list(map(np.arange, starts[chosen], ends[chosen])))
  return _take(demos, rows, chosen)


def take(
  demos: Demonstrations,
  num_episodes: int | None,
  episode_seed: int | None = None,
  max_transitions: int | None = None,
) -> Demonstrations:
  """Some of `demos`; returns of episodes stay those recorded.

  Args:
    demos: all.
    num_episodes: keep so many episodes; None keeps all.
    episode_seed: draws them, without replacement; None keeps the first.
    max_transitions: of those, keep the first so many rows; None keeps all. A
      warning if that cuts what `num_episodes` asks for.

  Raises:
    DemonstrationError: there are fewer episodes, or `max_transitions` is not
      positive.
  """
  source = demos.source
  if num_episodes is not None:
    demos = _some_episodes(demos, num_episodes, episode_seed)
  if max_transitions is None:
    return demos
  ok = max_transitions > 0
  check(ok, source, 'max_transitions', max_transitions, 'None, or 1 or more')
  kept = _first_rows(demos, max_transitions)
  if num_episodes is not None and len(kept) < len(demos):
    # The run is named by the number of episodes.
    logging.warning(
      '%s: of the %d transitions of load_demonstrations.num_episodes '
      '(--num_demos) = %d, max_transitions = %d keeps the first: %d episodes, '
      'the last perhaps in part. load_demonstrations.max_transitions = None '
      'keeps all',
      source,
      len(demos),
      num_episodes,
      max_transitions,
      len(kept.episode_ends),
    )
  return kept
