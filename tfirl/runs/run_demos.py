"""The demonstrations of a run, beside those that it began with."""

from typing import Any, NamedTuple

import numpy as np

from tfirl import tasks, types
from tfirl.demos import consistency, load
from tfirl.storage import run_folder as run_folder_lib


class RunDemos(NamedTuple):
  """What a run learns from.

  Attributes:
    demos: None for a method that takes none.
    are_others: whether the run began with others.
  """

  demos: types.Demonstrations | None = None
  are_others: bool = False

  @property
  def source(self) -> str | None:
    """For errors; None without any."""
    return None if self.demos is None else self.demos.source

  @property
  def mean_return(self) -> float | None:
    """Of all episodes; None unless it is known of each."""
    if self.demos is None:
      return None
    returns = self.demos.episode_returns
    return float(returns.mean()) if np.isfinite(returns).all() else None

  def facts(self) -> dict[str, Any]:
    """What metadata.json says of them."""
    demos = self.demos
    if demos is None:
      return {}
    num_episodes = len(demos.episode_ends)
    return {
      'demonstrations': {
        'source': demos.source,
        'digest': demos.digest,
        'num_episodes': num_episodes,
        'num_transitions': len(demos),
        'mean_return': self.mean_return,
        'mean_length': len(demos) / num_episodes,
        'terminated': float(demos.terminals.sum() / num_episodes),
        'action_size': demos.actions.shape[1],
        **consistency.facts(demos),
      }
    }


def load_for(
  run_folder: run_folder_lib.RunFolder,
  source: str | types.Demonstrations | None,
  task: tasks.Task,
  must_match: bool,
) -> RunDemos:
  """Demonstrations of `task`: its own, if no other source is given.

  Raises: as `load.of_task`; RunFolderError if they `must_match` those that the
    run of `run_folder` began with, and don't.
  """
  source = source or task.demos
  demos = load.of_task(source, task)
  digest = demos.digest
  earlier = (run_folder.recorded('demonstrations') or {}).get('digest')
  # Embedded experts are rolled out anew where none are cached; on another
  # machine the last digits may be others.
  is_embedded = str(source).startswith('embedded:')
  are_others = not is_embedded and earlier not in (None, digest)
  if must_match and are_others:
    raise run_folder_lib.RunFolderError(
      f'{run_folder.path}: {demos.source} holds others than the run began '
      f'with: digest {digest}, was {earlier}. Put the old ones back, give '
      'another --root_dir, or go on with these: --allow_changes'
    )
  return RunDemos(demos, are_others)
