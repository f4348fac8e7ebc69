"""Runs the real training loop for a number of rounds, for the benchmarks."""

import os
import tempfile
import time
from collections.abc import Callable

from absl import flags

STEPS_PER_ROUND = 64

# Not --gin_file and --demos, which are tfirl.launch's own.
GIN_FILE = flags.DEFINE_string(
  'train_gin_file', 'paper/hype_hopper.gin', 'What is measured.'
)
DEMOS = flags.DEFINE_string(
  'train_demos', None, 'Demonstrations in place of the embedded ones.'
)


class _RoundTimes:
  """A stop callable, which the loop asks once a round: notes the time."""

  def __init__(self, num_rounds: int, at_round: Callable[[int], None]):
    self._num_rounds = num_rounds
    self._at_round = at_round
    self.times_s = []

  def __call__(self) -> bool:
    self._at_round(len(self.times_s))
    self.times_s.append(time.perf_counter())
    return len(self.times_s) > self._num_rounds


def run_rounds(
  num_rounds: int, at_round: Callable[[int], None] = lambda _: None
) -> list[float]:
  """Trains for `num_rounds` rounds, with no evaluation between them.

  Args:
    num_rounds: of training.
    at_round: is told how many rounds are done, at the border of each.

  Returns:
    The time in seconds at the border of each round, [num_rounds + 1].
  """
  from tfirl.runs import launch

  # More than is run, so that nothing but rounds lies between two times.
  never = 2 * STEPS_PER_ROUND * (num_rounds + 1)
  bindings = [
    'run.real_steps = None',  # whichever the file binds
    f'run.env_steps = {never}',
    f'run.eval_every = {never}',
    f'run.checkpoint_every = {never}',
    'run.eval_episodes = 1',
    'run.record_video = False',
  ]
  if 'OMP_NUM_THREADS' in os.environ:  # --threads was given, for both peers
    bindings.append(f'run.num_threads = {os.environ["OMP_NUM_THREADS"]}')
  stop = _RoundTimes(num_rounds, at_round)
  with tempfile.TemporaryDirectory() as root_dir:
    launch.launch([GIN_FILE.value], bindings, root_dir, 0, DEMOS.value, stop)
  return stop.times_s


def child_flags() -> list[str]:
  """What a child process must be told to measure the same."""
  demos = [f'--train_demos={DEMOS.value}'] if DEMOS.value else []
  return [f'--train_gin_file={GIN_FILE.value}', *demos]
