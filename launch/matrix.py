"""Several gin files x several seeds: a comparison of algorithms or tasks.

  python launch/matrix.py --gin_file=mm_hopper.gin --gin_file=hype_hopper.gin \\
    --seed=0 --seed=1 --jobs=2
"""

import jobs
from absl import app, flags


def main(argv: list[str]) -> None:
  """Runs the first seed of every gin file, then the second, and so on."""
  if len(argv) > 1:
    raise app.UsageError(f'unexpected arguments {argv[1:]}')
  given = flags.FLAGS
  # Seeds outermost: cut short, all gin files have as many seeds.
  jobs.run_from_flags(
    [
      jobs.make_job(gin_file, seed)
      for seed in given.seed
      for gin_file in given.gin_file
    ]
  )


if __name__ == '__main__':
  jobs.define_flags()
  flags.DEFINE_multi_string('gin_file', None, 'what to run', required=True)
  app.run(main)
