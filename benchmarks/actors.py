"""Env steps a second of hype, whose environment takes 100 ms a step.

  python benchmarks/actors.py --actors=1,2,4,8

The bar is 3.6 times the steps of one actor with 4, 7 times with 8, and rows
sampled for each one inserted as configured, to 2 %. The game is whole: hype's
networks, batches and cost in Hopper, each of whose steps also sleeps.
--exchange shows what one learner could take if it did nothing else.
"""

import os
import pathlib
import subprocess
import sys
import threading
import time

import gymnasium
import program
from absl import flags

_ACTORS = flags.DEFINE_list('actors', ['1', '2', '4', '8'], 'How many.')
_SECONDS = flags.DEFINE_float('seconds', 40.0, 'Timed, of each number.', 0.0)
_STEP_MS = flags.DEFINE_float(
  'step_ms', 100.0, 'What a step takes at least.', 0.0
)
_UPDATES = flags.DEFINE_bool('updates', True, 'Train; else only take steps.')
_ONE = flags.DEFINE_integer(
  'one', None, 'Measure this number, in this process.', 1
)
_EXCHANGE = flags.DEFINE_bool('exchange', False, 'Only move blocks.')
flags.register_validator(
  'actors',
  lambda numbers: all(n.isdecimal() and int(n) > 0 for n in numbers),
  'expected numbers from 1 on',
)
_MEMORY = flags.DEFINE_bool('memory', False, 'Also print RSS and descriptors.')

# From the first gradient step on, so that all rounds are alike.
_BINDINGS = (
  'WarmStart.bc_steps = 0',
  'WarmStart.critic_steps = 0',
  'WarmStart.actor_starts_at = 0',
)
_WARMUP_ROUNDS, _MEMORY_EVERY_S = 3, 15.0


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
  first = 64 if _UPDATES.value else 1_000_000
  bindings = [*_BINDINGS, f'ModelFree.initial_steps = {first}']
  gin_bindings.parse(['hype_hopper.gin'], bindings)
  task = tfirl.Task('slow_hopper', env_fn=lambda: SlowHopper(step_ms))
  hopper = tfirl.Task('hopper', env_id='Hopper-v5')
  demos = load.of_task('embedded:hopper', hopper)
  given = actors.sources(
    model_free.ModelFree, num_actors, 10_000, 600.0, lambda: False
  )
  with given as sources:
    game = model_free.ModelFree(task, demos, 0, **sources)
    for _ in range(_WARMUP_ROUNDS):
      game.run_round()
    before, start = _counts(game), time.perf_counter()
    ages, num_printed = [], 0
    while time.perf_counter() - start < _SECONDS.value:
      game.run_round()
      ages.append(game.losses['policy_age_max'])
      seconds = time.perf_counter() - start
      if _MEMORY.value and seconds > _MEMORY_EVERY_S * num_printed:
        _print_memory(seconds)
        num_printed += 1
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


def _measure_exchange(rows_per_block: int, num_blocks: int = 2000) -> None:
  """Prints rows/s from a thread that has them ready; Hopper's sizes."""
  import numpy as np

  from tfirl.replay import exchange

  width = 11 + 3 + 1 + 11 + 1
  learner = exchange.Exchange(rows_per_block, width, capacity=64)
  actor = exchange.Outpost(f'127.0.0.1:{learner.port}', 60.0)
  packed = np.zeros([rows_per_block, width], np.float32)
  times = np.arange(rows_per_block)

  def send():
    for number in range(num_blocks):
      counts = map(np.int64, (0, 0, number, 0))
      actor.write(exchange.Block(packed, times, *counts), lambda: False)

  thread = threading.Thread(target=send)
  thread.start()
  learner.take(60_000)
  start = time.perf_counter()
  for _ in range(num_blocks - 1):
    learner.take(60_000)
  seconds = time.perf_counter() - start
  thread.join()
  learner.close()
  rate = (num_blocks - 1) * rows_per_block / seconds
  print(f'blocks of {rows_per_block} rows: {rate:,.0f} rows/s', flush=True)


def _counts(game):
  return game.clock.env_steps, *game._replay.counts('policy')


def _print_memory(seconds: float) -> None:
  """Of this process and of each that acts."""
  found = [_size_of(os.getpid())]
  for path in pathlib.Path('/proc').glob('[0-9]*'):
    try:
      if (path / 'cmdline').read_bytes().startswith(b'ray::_Actor.act'):
        found.append(_size_of(path.name))
    except OSError:  # it has ended
      continue
  print(f'{seconds:4.0f} s: {"; ".join(found)}', flush=True)


def _size_of(process: int | str) -> str:
  status = pathlib.Path(f'/proc/{process}/status').read_text()
  (line,) = [x for x in status.splitlines() if x.startswith('VmRSS')]
  descriptors = len(os.listdir(f'/proc/{process}/fd'))
  return f'{int(line.split()[1]) / 1024:.1f} MB, {descriptors} descriptors'


def main(_):
  if _EXCHANGE.value:
    for rows_per_block in (1, 8, 64):
      _measure_exchange(rows_per_block)
    return
  if _ONE.value is not None:
    _measure(_ONE.value)
    return
  for number in _ACTORS.value:
    command = [sys.executable, *sys.argv, f'--one={number}']
    subprocess.run(command, check=True)


if __name__ == '__main__':
  program.run(main)
