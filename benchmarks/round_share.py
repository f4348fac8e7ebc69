"""Share of a HyPE round spent in sampling and mixing. The bar is 8 %.

  python benchmarks/round_share.py

Sampling is timed inside a real run, every call of it. Mixing happens within
the round's graph, where no clock reaches, so it is timed as a graph of its own
on batches of the same shapes: the same loop, with nothing but the mixing in it.
"""

import statistics
import time

import pairing
import program
import training
from absl import flags

_ROUNDS = flags.DEFINE_integer('rounds', 70, 'Timed rounds.', 1)
_WARMUP_ROUNDS = flags.DEFINE_integer(
  'warmup_rounds', 40, 'Rounds before them: random data, tracing.', 0
)


def _time_sampling() -> tuple[list[float], dict]:
  """Wraps `BlockSampler.sample`.

  Returns:
    A list that gets the duration in seconds of every call, and a dict that
    gets the latest batch of every sampler.
  """
  from tfirl.replay import sampling

  sample = sampling.BlockSampler.sample
  durations_s, latest = [], {}

  def timed_sample(self):
    start = time.perf_counter()
    rows = sample(self)
    rows.observation.numpy()  # waits until the rows are there
    durations_s.append(time.perf_counter() - start)
    latest[id(self)] = rows
    return rows

  sampling.BlockSampler.sample = timed_sample
  return durations_s, latest


def _mixing_s(learner, expert) -> float:
  """Median time of mixing the rows of one round, batch by batch."""
  import tensorflow as tf

  from tfirl.algorithms.parts import rounds
  from tfirl.replay import sampling

  def step(learner, expert, fraction):
    mixed = sampling.mix(learner, expert, fraction[0])
    # Something must depend on every field, or the graph drops the mixing.
    return {'sum': tf.add_n([tf.reduce_sum(field) for field in mixed])}

  steps = training.STEPS_PER_ROUND
  mixing = rounds.Rounds(step, steps, jit_compile=False)
  fractions = tf.fill([steps], 0.2)
  durations_s = []
  for _ in range(30):
    start = time.perf_counter()
    mixing.run(learner, expert, fractions)['sum'].numpy()
    durations_s.append(time.perf_counter() - start)
  return statistics.median(durations_s)


def main(_):
  cores, threads = pairing.use_cores()
  durations_s, latest = _time_sampling()
  times_s = training.run_rounds(_WARMUP_ROUNDS.value + _ROUNDS.value)
  rounds_s = times_s[-1] - times_s[_WARMUP_ROUNDS.value]
  round_ms = 1000 * rounds_s / _ROUNDS.value
  per_round = len(latest)  # samplers, each called once a round
  sampled = durations_s[-per_round * _ROUNDS.value :]
  sampling_ms = 1000 * sum(sampled) / _ROUNDS.value
  learner, expert = list(latest.values())[:2]
  mixing_ms = 1000 * _mixing_s(learner, expert)
  share = (sampling_ms + mixing_ms) / round_ms
  print(f'{cores} cores, {threads or "default"} threads')
  print(f'round      {round_ms:8.2f} ms  (cost player included)')
  print(f'sampling   {sampling_ms:8.2f} ms  ({per_round} tables)')
  print(f'mixing     {mixing_ms:8.2f} ms')
  print(f'share      {100 * share:8.2f} %')


if __name__ == '__main__':
  program.run(main)
