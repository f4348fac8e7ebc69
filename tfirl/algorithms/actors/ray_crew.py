"""Actors as Ray's: it places them, ends them, and says which have ended.

Imported only where Ray is installed.
"""

import platform
from collections.abc import Callable

import ray

from tfirl.algorithms.actors import worker
from tfirl.replay import interface

_GRACE_S = 5  # to close an environment


class RayCrew:
  """The actors of a run, one core of the cluster each.

  Attributes:
    host: where they find this process.
  """

  def __init__(self, num_actors: int):
    """Connected to Ray.

    Raises:
      RuntimeError: the cluster has too few cores.
      ValueError: other machines are to act, and Reverb does not hear them.
    """
    nodes = [node for node in ray.nodes() if node['Alive']]
    cores = int(sum(node['Resources'].get('CPU', 0) for node in nodes))
    if cores < num_actors:
      raise RuntimeError(
        f'run.num_actors is {num_actors}; expected at most the {cores} cores '
        f'that Ray has in {len(nodes)} nodes, one for each'
      )
    here = platform.node()
    away = {node['NodeManagerHostname'] for node in nodes} - {here}
    self.host = '127.0.0.1'
    if interface.is_open():
      self.host = ray.util.get_node_ip_address()
    elif away:
      raise ValueError(
        f'--ray_address names a cluster with {", ".join(sorted(away))}, where '
        'actors could not reach Reverb, which listens on loopback; expected '
        '--reverb_interface=eth0, say, the one that they share'
      )
    self._running = {}  # what it returns -> (number, handle)
    # The import of TensorFlow takes a process as long as the learner, which
    # gets ready meanwhile.
    self._ready = [_start() for _ in range(num_actors)]

  def begin(self, make_env: Callable, job: worker.Job) -> None:
    """One more process, as soon as Ray has room for it.

    Raises:
      ValueError: `make_env` can't be sent to it.
    """
    handle = self._ready.pop() if self._ready else _start()
    try:
      ref = handle.act.remote(make_env, job)
    except TypeError as error:
      self._ready.append(handle)
      raise ValueError(
        "run.num_actors: the task's environment can't be sent to another "
        'process; expected Task.env_fn to make what it needs, and to keep '
        'nothing that pickle refuses (a lock, a socket)'
      ) from error
    self._running[ref] = job.actor, handle

  def end(self, actor: int) -> None:
    """Kills its process; `ended` tells of it then."""
    for number, handle in self._running.values():
      if number == actor:
        ray.kill(handle)

  def ended(self) -> list[worker.End]:
    """Those that have ended since the last call."""
    refs = list(self._running)
    if not refs:
      return []
    done, _ = ray.wait(refs, num_returns=len(refs), timeout=0)
    return [_end_of(ref, self._running.pop(ref)[0]) for ref in done]

  def close(self) -> None:
    """Ends all: those that were told have a moment to do so themselves."""
    refs = list(self._running)
    if refs:
      ray.wait(refs, num_returns=len(refs), timeout=_GRACE_S)
    for handle in [*self._ready, *(h for _, h in self._running.values())]:
      ray.kill(handle)
    self._running, self._ready = {}, []


class _Actor:
  """A process of its own."""

  def act(self, make_env: Callable, job: worker.Job) -> None:
    worker.act(make_env, job)


def _start():
  """A process, once Ray has room for it."""
  return ray.remote(_Actor).options(num_cpus=1, max_restarts=0).remote()


def _end_of(ref, actor: int) -> worker.End:
  try:
    ray.get(ref)
  except ray.exceptions.RayTaskError as error:
    cause = error.cause
    return worker.End(actor, f'{type(cause).__name__}: {cause}', True)
  except ray.exceptions.RayError as error:
    reason = str(error).strip().splitlines()[0]
    return worker.End(actor, f'{type(error).__name__}: {reason}', False)
  return worker.End(actor, 'it was told to', False)
