"""Says what a source of demonstrations holds.

python -m tfirl.demos.summary hopper.npz minari:tfirl/hopper/expert-v0
python -m tfirl.demos.summary --num_demos=4 hopper.npz
"""

from collections.abc import Mapping, Sequence

import numpy as np
from absl import app, flags

from tfirl import checks
from tfirl.config import flag_help
from tfirl.demos import flags as demo_flags
from tfirl.demos.border import RawDemonstrations, to_demonstrations
from tfirl.demos.formats.foreign import keyed
from tfirl.demos.load import read
from tfirl.demos.selection import take


def _spread(values: np.ndarray) -> str:
  if not len(values):
    return 'unknown'
  return (
    f'mean {values.mean():.1f}, std {values.std():.1f}, '
    f'min {values.min():.1f}, max {values.max():.1f}'
  )


def _range(values: np.ndarray) -> str:
  return f'{values.min():.3g} to {values.max():.3g}'


def _pairs(values) -> str:
  return ', '.join(f'{key} {values[key]}' for key in sorted(values)) or '-'


def summarize(
  raw: RawDemonstrations,
  num_episodes: int | None = None,
  accept_demos: bool = False,
) -> str:
  """Episodes, return, lengths, shapes and versions of `raw`, as text.

  The demonstrations pass the border's checks but those against a task.

  Args:
    raw: what a reader found.
    num_episodes: of the first so many episodes; None for all.
    accept_demos: go on where they contradict themselves, with a warning.

  Raises ValueError if they don't, or are fewer than `num_episodes`.
  """
  demos = to_demonstrations(raw, None, accept_demos=accept_demos)
  demos = take(demos, num_episodes)
  actions = np.asarray(raw.columns['actions'])
  lengths = np.diff(demos.episode_ends, prepend=0)
  returns = demos.episode_returns[np.isfinite(demos.episode_returns)]
  seeds = demos.episode_seeds[demos.episode_seeds >= 0]
  states = [
    k for k in ('qpos', 'qvel', 'goal') if getattr(demos, k) is not None
  ]
  lines = {
    'environment': f'{raw.env_id or "unknown"} {demos.env_kwargs or ""}',
    'episodes': len(lengths),
    'terminated': f'{int(demos.terminals.sum())} of {len(lengths)}',
    'transitions': len(demos),
    'return': _spread(returns),
    'length': _spread(lengths),
    'observations': demos.observations.shape[1],
    'actions': f'{actions.shape[1]}, {_range(actions)}',
    'states': ', '.join(states) or 'none',
    'seeds': _range(seeds) if len(seeds) else 'unknown',
    'versions': _pairs(demos.versions),
  }
  if raw.wrappers:
    lines['wrappers'] = ', '.join(raw.wrappers)
  text = [f'  {key:<13}{value}'.rstrip() for key, value in lines.items()]
  return '\n'.join([raw.source, *text])


def show(
  sources: Sequence[str],
  env_id: str = '',
  num_demos: int | None = None,
  keys: Mapping[str, str] | None = None,
  accept_demos: bool = False,
) -> None:
  """Prints what each source holds.

  Args:
    sources: as of `load.read`.
    env_id: as there.
    num_demos: only the first so many episodes of each; None for all.
    keys: what the keys of each are, as of `load.read`.
    accept_demos: as of `summarize`.

  Raises:
    ValueError, FileNotFoundError: as there, or num_demos is below 1.
  """
  if num_demos is not None:  # before seconds of reading
    checks.integer('--num_demos', num_demos, 1)
  for source in sources:
    raw = read(source, env_id, keys=keys)
    print(summarize(raw, num_demos, accept_demos))


def show_as_told(sources: Sequence[str], given: flags.FlagValues) -> None:
  """`show`, as the flags (see `flags.define_show`) in `given` say."""
  keys = keyed.parse_keys(given.keys)
  show(sources, given.env_id, given.num_demos, keys, given.accept_demos)


def _main(argv: Sequence[str]) -> None:
  if len(argv) < 2:
    raise app.UsageError('expected one SOURCE or more')
  try:
    show_as_told(argv[1:], flags.FLAGS)
  except (ValueError, FileNotFoundError) as error:
    raise SystemExit(f'error: {error}') from None


if __name__ == '__main__':
  demo_flags.define_show()
  flag_help.run(_main, f'python -m tfirl.demos.summary {demo_flags.SHOW_USAGE}')
