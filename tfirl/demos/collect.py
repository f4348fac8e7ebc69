"""Rolls a policy out into demonstrations.

python -m tfirl.demos.collect --task=hopper --policy=runs/hopper/expert/0 \
  --episodes=64 --out=hopper.npz
python -m tfirl.demos.collect --task=pointmaze --episodes=450 --out=maze.npz
python -m tfirl.demos.collect --task=antmaze_large_diverse --out=ant.hdf5
"""

import os

import gin
from absl import flags
from tf_agents.environments import py_environment

from tfirl import tasks
from tfirl.config import flag_help, gin_files, gin_types
from tfirl.demos import flags as demo_flags
from tfirl.demos import outputs
from tfirl.demos.border import RawDemonstrations
from tfirl.demos.experts import policies
from tfirl.demos.formats.minari import minari_reader
from tfirl.demos.rollouts import check_options, record

_MINARI = 'minari:'


def check_out(out: str) -> None:
  """Raises unless `out` can be written and is not there.

  Args:
    out: FILE.npz, FILE.hdf5 or minari:ID.

  Raises:
    FileExistsError: it is there.
    ValueError: it is none of these, or can't be written.
  """
  if out.startswith(_MINARI):
    minari_reader.check_new(out.removeprefix(_MINARI))
  else:
    outputs.check_new('--out', out, 'FILE.npz, FILE.hdf5 or minari:ID')


def save(
  raw: RawDemonstrations, out: str, env: py_environment.PyEnvironment
) -> None:
  """Writes `raw` to FILE.npz, as FILE.hdf5 in D4RL's layout, or into Minari's
  cache as minari:ID.
  """
  check_out(out)
  if out.startswith(_MINARI):
    minari_reader.write_minari(raw, out.removeprefix(_MINARI), env.gym)
  else:
    outputs.write(raw, os.path.expanduser(out))


def _load_task(name: str) -> tasks.Task:
  """What the task's gin file, with what it includes, binds of `Task`.

  Read without gin: the file may also bind what lies above this layer, and
  gin's own state stays as it is. What it imports is imported. Functions for
  imagined episodes are left out.
  """
  path = str(gin_files.find_file(f'tasks/{name}.gin'))
  folders = [gin_files.gin_folder()]
  statements = gin_types.without_macros(
    gin_files.read_file(path, folders, checks_names=False)
  )
  bound = {
    parameter: value
    for (scope, selector, parameter), value, _ in statements
    if not scope and selector == 'tfirl.Task' and parameter != 'is_healthy'
  }
  if 'name' not in bound:
    raise ValueError(f'{path}: Task.name: found no binding; expected one')
  if isinstance(bound.get('env_fn'), gin_files.Reference):
    bound['env_fn'] = gin.get_configurable(bound['env_fn'].text[1:])
  return tasks.Task(**bound)


def collect(args) -> RawDemonstrations:
  """Does what the flags (see `flags.define_collect`) in `args` say.

  Raises ValueError, FileNotFoundError or FileExistsError.
  """
  check_out(args.out)  # an hour of rollouts shouldn't end in a misspelling
  check_options(args.episodes, args.seed, args.min_return)
  task = _load_task(args.task)
  with task.make_env(args.seed, trembles=args.tremble) as env:
    policy = policies.load_policy(args.policy, args.task, env)
    raw = record(
      env,
      policy,
      args.episodes,
      args.seed,
      args.full_length_only,
      stochastic=args.stochastic,
      min_return=args.min_return,
    )
    save(raw, args.out, env)
  return raw


def main(args) -> None:
  """`collect`, with errors of the user's in one line and exit code 1."""
  try:
    raw = collect(args)
  except (ValueError, FileNotFoundError, FileExistsError) as error:
    raise SystemExit(f'error: {error}') from None
  returns = raw.episode_returns
  print(
    f'{args.out}: {len(returns)} of {raw.num_attempts} episodes, '
    f'{raw.episode_ends[-1]} transitions, '
    f'return {returns.mean():.1f} +- {returns.std():.1f}'
  )


if __name__ == '__main__':
  demo_flags.define_collect()
  flag_help.run(
    lambda unused_argv: main(flags.FLAGS),
    f'python -m tfirl.demos.collect\n\n{demo_flags.COLLECT_USAGE}',
  )
