"""Env steps a second of hype, whose environment takes 100 ms a step.

  python benchmarks/actors.py --actors=1,2,4,8

The bar is 3.6 times the steps of one actor with 4, 7 times with 8, and rows
sampled for each one inserted as configured, to 2 %. The game is whole: hype's
networks, batches and cost in Hopper, each of whose steps also sleeps. With
--step_ms=0 it shows what one learner can take.
"""

import subprocess
import sys
import time

import gymnasium
from absl import app, flags

_ACTORS = flags.DEFINE_list('actors', ['1', '2', '4', '8'], 'How many.')
_SECONDS = flags.DEFINE_float('seconds', 40.0, 'Timed, of each number.')
_STEP_MS = flags.DEFINE_float('step_ms', 100.0, 'What a step takes at least.')
_UPDATES = flags.DEFINE_bool('updates', True, 'Train; else only take steps.')
_ONE = flags.DEFINE_integer(
  'one', None, 'Measure this number, in this process.'
)
_MEMORY = flags.DEFINE_bool('memory', False, 'Also print RSS and descriptors.')

# From the first gradient step on, so that all rounds are alike.
_BINDINGS = (
  'WarmStart.bc_steps = 0',
  'WarmStart.critic_steps = 0',
  'WarmStart.actor_starts_at = 0',
)
_WARMUP_ROUNDS = 3


class SlowHopper(gymnasium.Wrapper):
  """Hopper, whose steps take their time."""

  def __init__(self, step_ms: float):
    super().__init__(gymnasium.make('Hopper-v5'))
    self._step_s = step_ms / 1000

  def step(self, action):
    time.sleep(self._step_s)
    return self.env.step(action)


def _measure(num_actors: int) -> None:
  """Prints a line: actors, steps/s, samples per insert, policies' ages."""
  import tfirl
  from tfirl.algorithms import model_free
  from tfirl.config import gin_bindings
  from tfirl.demos import load
  from tfirl.runs import actors
  from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's names

  step_ms = _STEP_MS.value
  rest = (
    'ModelFree.initial_steps = 64'
    if _UPDATES.value
    else ('ModelFree.initial_steps = 1000000')
  )
  gin_bindings.parse(['hype_hopper.gin'], [*_BINDINGS, rest])
  task = tfirl.Task('slow_hopper', env_fn=lambda: SlowHopper(step_ms))
  demos = load.of_task(
    'embedded:hopper', tfirl.Task('hopper', env_id='Hopper-v5')
  )
  given = actors.sources(
    model_free.ModelFree, num_actors, 10_000, 600.0, lambda: False
  )
  with given as sources:
    game = model_free.ModelFree(task, demos, 0, **sources)
    for _ in range(_WARMUP_ROUNDS):
      game.run_round()
    before, start = _counts(game), time.perf_counter()
    ages = []
    while time.perf_counter() - start < _SECONDS.value:
      game.run_round()
      ages.append(game.losses['policy_age_max'])
      if _MEMORY.value:
        _print_memory(time.perf_counter() - start)
    seconds = time.perf_counter() - start
    steps, inserted, sampled = (
      after - earlier
      for after, earlier in zip(_counts(game), before, strict=True)
    )
    game.close()
  print(
    f'{num_actors} actors: {steps / seconds:8.2f} env steps/s, '
    f'{sampled / max(1, inserted):7.2f} samples an insert, policies at most '
    f'{max(ages):g} gradient steps old',
    flush=True,
  )


def _counts(game):
  return game.clock.env_steps, *game._replay.counts('policy')


def _print_memory(seconds: float) -> None:
  import os

  with open('/proc/self/status') as file:
    (line,) = [line for line in file if line.startswith('VmRSS')]
  descriptors = len(os.listdir('/proc/self/fd'))
  print(f'{seconds:.0f} s: {line.split()[1]} kB, {descriptors} descriptors')


def main(_):
  if _ONE.value is not None:
    _measure(_ONE.value)
    return
  for number in _ACTORS.value:
    command = [sys.executable, *sys.argv, f'--one={number}']
    subprocess.run(command, check=True)


if __name__ == '__main__':
  app.run(main)
