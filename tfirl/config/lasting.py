"""Bindings that may change without making it another run.

Nothing here imports gin: the report reads runs without it.
"""

from tfirl.config import budget

# How long a run lasts.
LENGTHS = (*(f'run.{unit}' for unit in budget.UNITS), 'run.most_steps')
# What it tells and how fast it goes, not what it learns.
FREE = (
  'run.actor_timeout_s',
  'run.checkpoint_every',
  'run.eval_every',
  'run.eval_video',
  'run.keep_best',
  'run.log_every',
  'run.num_actors',
  'run.num_threads',
  'run.record_video',
)
