"""Several seeds of one gin file.

python launch/seeds.py --gin_file=hype_hopper.gin --seed=0 --seed=1 --seed=2
"""

import jobs
from absl import app, flags


def main(argv: list[str]) -> None:
  """Runs a seed after the other, or --jobs of them at a time."""
  if len(argv) > 1:
    raise app.UsageError(f'unexpected arguments {argv[1:]}')
  given = flags.FLAGS
  jobs.run_from_flags(
    [jobs.make_job(given.gin_file, seed) for seed in given.seed]
  )


if __name__ == '__main__':
  jobs.define_flags()
  flags.DEFINE_string('gin_file', None, 'what to run', required=True)
  app.run(main)
