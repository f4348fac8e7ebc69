"""What an actor does: it acts by the latest policy, and sends what it did."""

import contextlib
import itertools
import os
import platform
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import gin
import numpy as np

from tfirl.algorithms.parts import collecting, tables
from tfirl.machine import installed, signals, stderr_filter, threads
from tfirl.replay import exchange, rows
from tfirl.storage import policy_file

# A learner that says nothing for so long is gone: then so is the actor, within
# the half minute that the next try may take.
_PATIENCE_S, _ANSWER_S, _ASK_EVERY_S = 20.0, 5.0, 2.0
_EXIT_ORPHANED = 75


class Job(NamedTuple):
  """What one life of an actor is given.

  Attributes:
    address: HOST:PORT of the exchange.
    actor: its number.
    life: how often it was begun before.
    seeds: of the environment.
    actions_seed: of the policy's actions.
    rows_per_block: steps of a block.
    timeout_s: how long it waits for a learner that is there.
    config: the learner's, gin; the environment may need it.
    code_version: of the learner's tfirl.
  """

  address: str
  actor: int
  life: int
  seeds: tuple[int, ...]
  actions_seed: int
  rows_per_block: int
  timeout_s: float
  config: str
  code_version: str


class End(NamedTuple):
  """How an actor ended.

  Attributes:
    actor: its number.
    reason: in a line.
    has_raised: by an error of its own; else it was killed, or its machine lost.
  """

  actor: int
  reason: str
  has_raised: bool


def act(make_env: Callable, job: Job) -> None:
  """Sends blocks until the learner says that it is over.

  Ends the process if the learner is gone.

  Args:
    make_env: maps `job.seeds` to an environment.
    job: of this life.

  Raises:
    RuntimeError: another tfirl is installed here than where the learner runs.
    StarvedTableError, BlockedWriterError: the learner is there, and asks for
      nothing.
    Exception: the environment's.
  """
  found = installed.code_version()
  if found != job.code_version:
    raise RuntimeError(
      f'{platform.node()} has code version {found} of tfirl; expected '
      f"{job.code_version}, the learner's"
    )
  threads.take(1)
  gin.parse_config(job.config, skip_unknown=True)
  post = exchange.Outpost(job.address, job.timeout_s)
  with _ending_with(post), contextlib.closing(make_env(*job.seeds)) as env:
    env.reset()
    _send_blocks(post, env, job)


def _send_blocks(post: exchange.Outpost, env, job: Job) -> None:
  layout = rows.RowLayout(
    tables.transition_spec(
      env.observation_spec().shape[0],
      env.action_spec().shape[0],
      has_reward=True,
    )
  )
  rng = np.random.default_rng(job.actions_seed)
  who = np.int64(job.actor), np.int64(job.life)
  policy, data = None, None
  for number in itertools.count():
    orders = post.read()
    if orders.is_over:
      return
    if orders.policy.tobytes() != data:
      data = orders.policy.tobytes()
      policy = policy_file.from_bytes(data)
    steps, times = collecting.run_steps(
      env, policy, job.rows_per_block, rng if orders.is_stochastic else None
    )
    block = exchange.Block(
      layout.pack(steps), times, *who, np.int64(number), orders.version
    )
    if not post.write(block, lambda: bool(post.read().is_over)):
      return


@contextlib.contextmanager
def _ending_with(post: exchange.Outpost) -> Iterator[None]:
  """Meanwhile the process ends if the learner does: a call of Reverb's waits
  for one that is gone as long as it takes, and a step of the environment, too.
  """
  left = threading.Event()

  def watch() -> None:
    heard = time.monotonic()
    while not left.wait(_ASK_EVERY_S):
      if post.answers(_ANSWER_S):
        heard = time.monotonic()
      elif time.monotonic() - heard > _PATIENCE_S and not left.is_set():
        signals.say(f'the learner is gone for {_PATIENCE_S:g} s: ends')
        stderr_filter.give_back()  # a call of Reverb's may hold it for ever
        os._exit(_EXIT_ORPHANED)

  threading.Thread(target=watch, daemon=True).start()
  try:
    yield
  finally:
    left.set()
