"""Real steps of actors, block by block, in place of an own environment's."""

import contextlib
import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gin
import numpy as np

from tfirl import acting, checks, types
from tfirl.algorithms.actors import worker
from tfirl.algorithms.parts import sources
from tfirl.algorithms.parts import tables as algorithm_tables
from tfirl.machine import closing, installed
from tfirl.replay import exchange, rows
from tfirl.replay.errors import StarvedTableError
from tfirl.storage import policy_file

_SLICE_MS = 1000  # between two looks at who has ended
# Lives of an actor in a row that brought nothing: an environment that fails at
# once is not begun for ever, and a process may be killed a few times.
_MOST_ERRORS, _MOST_DEATHS = 2, 10
_MOST_ACTORS, _MOST_LIVES = 2**20, 2**36  # numbers; lives of all of them


class RemoteSteps:
  """Takes the steps that actors take.

  The learner's round is what it is with an environment of its own: the same
  number of steps, then the same updates. Actors go on meanwhile, until two
  rounds lie ready and each has a block more in hand.

  A step is counted by the round that takes its block or, left out, by the next.
  What no round takes is not: of an actor that ends, the block under way; of a
  run, what is held, lies ready or is in hand when its budget is spent, or came
  after its last checkpoint.

  Attributes:
    env: of this process, not acted in: it has the sizes, and a maze.

  Args:
    make_env: maps `seeds` to an environment; goes to each actor.
    seeds: of the environment; each life of an actor has a stream of its own.
    num_steps: of a round.
    crew: begins processes; see `ray_crew.RayCrew`. Ends with this.
    num_actors: how many.
    max_policy_age: gradient steps that the learner may have taken since an
      actor's policy; older steps are counted, and not trained on.
    timeout_s: how long either side waits for the other; and how long an actor
      may be silent while the others bring many blocks, before it is replaced.
    stop: asked while it waits; true ends that.
  """

  def __init__(
    self,
    make_env: Callable,
    seeds: Sequence[int],
    num_steps: int,
    *,
    crew,
    num_actors: int,
    max_policy_age: int,
    timeout_s: float,
    stop: Callable[[], bool],
  ):
    self._make_env, self._seeds = make_env, tuple(seeds)
    self._crew = crew
    self._max_policy_age = max_policy_age
    self._timeout_s = timeout_s
    self._stop = stop
    self._rows_per_block = rows_per_block(num_steps, num_actors)
    self._num_blocks = num_steps // self._rows_per_block
    self._capacity = 2 * self._num_blocks  # of the queue
    with closing.on_error(make_env(*seeds)) as self.env:
      spec = algorithm_tables.transition_spec(
        self.env.observation_spec().shape[0],
        self.env.action_spec().shape[0],
        has_reward=True,
      )
      self._layout = rows.RowLayout(spec)
      self._exchange = exchange.Exchange(
        self._rows_per_block, self._layout.width, self._capacity
      )
    # Whoever waits for room has it before so many blocks of others.
    self._most_missed = 2 * (self._capacity + num_actors)
    self._held: list[exchange.Block] = []  # taken from there, not yet from here
    self._latest: dict[int, int] = {}  # life -> number of its last block
    self._num_used: dict[int, int] = {}  # life -> its blocks in rounds so far
    self._lives = [0] * num_actors  # how often each was begun
    self._fruitless = [0] * num_actors  # lives in a row without a block
    self._num_taken = 0  # blocks, by this process
    # Of each actor whose life has brought one: when, and how many by then.
    self._heard: dict[int, tuple[float, int]] = {}
    self._told = None  # what the actors act by
    self._num_stale = self._num_replaced = 0  # of the run
    self._num_dropped = 0  # stale steps that no round has counted yet

  def check_age(self, updates_per_round: int) -> None:
    """Checks that no step is too old to train on because it waits its turn.

    Before it lie at most what is held, what the queue holds and a block in the
    hands of each actor.

    Args:
      updates_per_round: gradient steps between two rounds, at most.

    Raises:
      ValueError: `max_policy_age` is less than that takes.
    """
    num_actors = len(self._lives)
    most_ahead = 2 * self._capacity + num_actors
    num_rounds = math.ceil(most_ahead / self._num_blocks)
    least = num_rounds * updates_per_round
    checks.require(
      'run.max_policy_age',
      self._max_policy_age,
      f'at least {least}: run.num_actors = {num_actors} may be {num_rounds} '
      f'rounds ahead, of {updates_per_round} gradient steps each, and steps '
      'would get too old to train on while they wait. Raise it, or take '
      'smaller rounds',
      self._max_policy_age >= least,
    )

  def take(
    self,
    policy: acting.MlpPolicy,
    rng: np.random.Generator | None,
    updates: int,
  ) -> sources.Steps:
    """The next round's, by `policy` and those before it.

    Args:
      policy: from now on the actors'.
      rng: whether they sample its actions, each by its own; None takes the
        mean.
      updates: gradient steps that `policy` has had.

    Raises:
      StarvedTableError: no block came in time.
      RuntimeError: actors fail whenever they are begun.
      InterruptedRoundError: it was told to stop; what came is kept.
    """
    self._tell(policy, rng is not None, updates)
    self._replace_ended()
    blocks = []
    try:
      while len(blocks) < self._num_blocks:
        block = self._next()
        if updates - block.version > self._max_policy_age:
          self._num_dropped += self._rows_per_block
        else:
          blocks.append(block)
    except sources.InterruptedRoundError:
      self._held = blocks
      raise
    return self._steps_of(blocks, updates)

  def get_state(self) -> Mapping[str, Any]:
    """JSON-able: whoever goes on takes the blocks that were ready, and gives
    new lives new seeds.

    What is taken from the queue makes room for actors. So no more is held than
    the queue holds: else each checkpoint would have them further ahead.
    """
    room = self._capacity - len(self._held)
    for _ in range(min(room, self._exchange.num_waiting)):
      block = self._exchange.take(_SLICE_MS)
      if block is not None and self._is_new(block):
        self._held.append(block)
    return {
      'lives': self._lives,
      'blocks': [[part.tolist() for part in block] for block in self._held],
      'num_stale': self._num_stale,
      'num_replaced': self._num_replaced,
      'num_dropped': self._num_dropped,
    }

  def set_state(self, state: Mapping[str, Any]) -> None:
    """Takes up what `get_state` gave; of another source's it has no use.

    Blocks of another size, of another number of actors, are given up: their
    steps are counted as too old ones are.
    """
    self._num_dropped = state.get('num_dropped', 0)
    if 'lives' not in state:
      return
    for actor, lives in enumerate(state['lives'][: len(self._lives)]):
      self._lives[actor] = lives
    dtypes = [np.float32, *[np.int64] * (len(exchange.Block._fields) - 1)]
    blocks = [
      exchange.Block(*map(np.asarray, block, dtypes))
      for block in state['blocks']
    ]
    self._held = []
    for block in blocks:
      if len(block.times) == self._rows_per_block:
        self._held.append(block)
      else:
        self._num_dropped += len(block.times)
    self._num_stale = state['num_stale']
    self._num_replaced = state['num_replaced']

  def close(self) -> None:
    """Ends the actors and the exchange, and closes the environment; each,
    whatever the others raise.
    """
    with contextlib.ExitStack() as stack:
      stack.callback(self.env.close)
      stack.callback(self._exchange.close)
      stack.callback(self._crew.close)
      if self._told is not None:
        orders, self._told = self._told, None
        self._exchange.tell(orders._replace(is_over=np.bool_(True)))

  def _tell(self, policy, is_stochastic: bool, updates: int) -> None:
    data = np.frombuffer(policy_file.to_bytes(policy), np.uint8)
    is_first = self._told is None
    self._told = exchange.Orders(
      data, np.int64(updates), np.bool_(is_stochastic), np.bool_(False)
    )
    self._exchange.tell(self._told)
    if is_first:
      for actor in range(len(self._lives)):
        self._begin(actor)

  def _begin(self, actor: int) -> None:
    life = self._lives[actor]
    self._lives[actor] += 1
    self._heard.pop(actor, None)
    stream = np.random.SeedSequence([*self._seeds, actor, life])
    *seeds, actions_seed = stream.generate_state(len(self._seeds) + 1).tolist()
    job = worker.Job(
      address=f'{self._crew.host}:{self._exchange.port}',
      actor=actor,
      life=life,
      seeds=tuple(seeds),
      actions_seed=actions_seed,
      rows_per_block=self._rows_per_block,
      timeout_s=self._timeout_s,
      config=gin.config_str(),
      code_version=installed.code_version(),
    )
    self._crew.begin(self._make_env, job)

  def _replace_ended(self) -> None:
    self._end_hung()
    for end in self._crew.ended():
      self._fruitless[end.actor] += 1
      most = _MOST_ERRORS if end.has_raised else _MOST_DEATHS
      if self._fruitless[end.actor] >= most:
        raise RuntimeError(
          f'actor {end.actor} of run.num_actors = {len(self._lives)} ended '
          f'{self._fruitless[end.actor]} times before its first block of '
          f'{self._rows_per_block} steps: {end.reason}'
        )
      logging.warning('actor %d is begun again: %s', end.actor, end.reason)
      self._num_replaced += 1
      self._begin(end.actor)

  def _end_hung(self) -> None:
    """Ends those that hang in a step, say, while the others go on.

    One that has brought nothing yet may wait for a place on the cluster.
    """
    now = time.monotonic()
    for actor, (heard_at, taken) in list(self._heard.items()):
      silent_s, missed = now - heard_at, self._num_taken - taken
      if silent_s > self._timeout_s and missed > self._most_missed:
        logging.warning(
          'actor %d has brought nothing for %.0f s, in which %d blocks came of '
          'others: it is ended',
          actor,
          silent_s,
          missed,
        )
        del self._heard[actor]
        self._crew.end(actor)

  def _next(self) -> exchange.Block:
    """The next block, held or new."""
    if self._held:
      return self._held.pop(0)
    deadline = time.monotonic() + self._timeout_s
    while True:
      block = self._exchange.take(_SLICE_MS)
      if block is not None and self._is_new(block):
        return block
      if time.monotonic() > deadline:
        raise StarvedTableError(self._describe_wait())
      if self._stop():
        raise sources.InterruptedRoundError
      self._replace_ended()

  def _is_new(self, block: exchange.Block) -> bool:
    """Whether it was not counted before, as one that was sent twice was."""
    life, number = _life(block), int(block.number)
    actor = int(block.actor)
    self._fruitless[actor] = 0
    self._num_taken += 1
    if block.life == self._lives[actor] - 1:
      self._heard[actor] = time.monotonic(), self._num_taken
    if number <= self._latest.get(life, -1):
      return False
    self._latest[life] = number
    return True

  def _describe_wait(self) -> str:
    step_s = self._timeout_s / self._rows_per_block
    return (
      f'no block of {self._rows_per_block} steps came from the '
      f'{len(self._lives)} actors of run.num_actors within '
      f'run.actor_timeout_s = {self._timeout_s:g} s ({self._num_replaced} were '
      'begun again so far). Where a step of the environment takes more than '
      f'{step_s:.2g} s, raise it or take smaller rounds; else see what keeps '
      'the actors: `ray list actors`, and the logs of their workers'
    )

  def _steps_of(
    self, blocks: Sequence[exchange.Block], updates: int
  ) -> sources.Steps:
    num_stale, self._num_dropped = self._num_dropped, 0
    self._num_stale += num_stale
    packed = np.concatenate([block.rows for block in blocks])
    ages = np.array([updates - int(block.version) for block in blocks])
    streams = np.array([self._stream(block) for block in blocks])
    return sources.Steps(
      types.RewardedTransition(*self._layout.unpack_arrays(packed)),
      np.concatenate([block.times for block in blocks]),
      np.repeat(streams, self._rows_per_block),
      num_stale,
      {
        'policy_age': float(ages.mean()),
        'policy_age_max': float(ages.max()),
        'stale_steps': float(self._num_stale),
        'actors_replaced': float(self._num_replaced),
      },
    )

  def _stream(self, block: exchange.Block) -> int:
    """One number for blocks that follow on each other: another one after each
    that was too old to train on, or is lost.
    """
    life = _life(block)
    num_used = self._num_used.get(life, 0)
    self._num_used[life] = num_used + 1
    return (int(block.number) - num_used) * _MOST_LIVES + life


def rows_per_block(num_steps: int, num_actors: int) -> int:
  """The most steps that divide a round of `num_steps`, and its share of an
  actor's.
  """
  share = max(1, num_steps // num_actors)
  return next(n for n in range(share, 0, -1) if num_steps % n == 0)


def _life(block: exchange.Block) -> int:
  """One number for each life of each actor."""
  return int(block.life) * _MOST_ACTORS + int(block.actor)
