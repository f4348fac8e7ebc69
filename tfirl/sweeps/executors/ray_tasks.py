"""What is asked of Ray. Imported only where Ray is installed."""

import contextlib
import platform
import sys
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import ray
from ray.util import scheduling_strategies

from tfirl.machine import installed, ray_connection
from tfirl.work_units import supervisor
from tfirl.work_units.unit import WorkUnit

_CHECK_S = 60
# What a task raises to be tried again; Ray compares classes, so a built-in one.
_TRY_AGAIN = InterruptedError


@contextlib.contextmanager
def connected(address: str | None, cores: int) -> Iterator['Cluster']:
  """A connection to the cluster at `address`; None starts one, of `cores`."""
  with ray_connection.connected(address, cores):
    yield Cluster()


class Cluster:
  """The tasks of one sweep.

  Attributes:
    pending: task -> unit, of those that have not ended.
  """

  def __init__(self):
    self.pending = {}
    self._needed = {'CPU': 1}  # of a unit at most

  def check_nodes(self, root_dir: str) -> None:
    """Raises RuntimeError unless every machine shares our files and code."""
    root = Path(root_dir).absolute()
    token = root / f'.ray-{uuid.uuid4().hex}'
    token.write_text(platform.node())
    try:
      # One host may have several nodes.
      checks = [
        (
          node['NodeManagerHostname'],
          _on_node(_check_node, node['NodeID']).remote(
            str(token), installed.code_version()
          ),
        )
        for node in ray.nodes()
        if node['Alive']
      ]
      for host, check in checks:
        try:
          problem = ray.get(check, timeout=_CHECK_S)
        except ray.exceptions.RayError as error:
          problem = f'no answer in {_CHECK_S} s or an error: {error}'
        if problem:
          raise RuntimeError(f'Ray node {host}: {problem}')
    finally:
      token.unlink(missing_ok=True)

  def submit(
    self,
    units: Sequence[WorkUnit],
    *,
    num_cpus: int,
    num_gpus: float,
    max_retries: int,
    retry_codes: Sequence[int],
  ) -> None:
    """Hands all units to Ray.

    Args:
      units: in this order.
      num_cpus, num_gpus: what each takes; a core more for each of its actors.
      max_retries: how often Ray tries one again, after its machine was lost
        or it ended with one of `retry_codes`.
      retry_codes: exit codes.

    Raises RuntimeError if no machine is large enough.
    """
    most = max(num_cpus + unit.num_actors for unit in units)
    self._needed = {'CPU': most, 'GPU': num_gpus}
    self._check_room()
    task = ray.remote(_run_unit)
    for unit in units:
      named = task.options(
        name=unit.name,
        num_cpus=num_cpus + unit.num_actors,
        num_gpus=num_gpus,
        max_retries=max_retries,
        retry_exceptions=[_TRY_AGAIN],
      )
      self.pending[named.remote(unit.run_dir, list(retry_codes))] = unit

  def num_parallel(self) -> int:
    """How many units the cluster has cores and GPUs for."""
    found = ray.cluster_resources()
    room = [found.get(k, 0) // n for k, n in self._needed.items() if n]
    return max(1, int(min(room)))

  def wait(self, timeout_s: float) -> list[tuple[WorkUnit, str]]:
    """Waits for units to end. Returns: those that did, and what went wrong."""
    ended, _ = ray.wait(
      list(self.pending), num_returns=len(self.pending), timeout=timeout_s
    )
    return [(self.pending.pop(ref), _problem(ref)) for ref in ended]

  def _check_room(self) -> None:
    needed = self._needed
    nodes = [node['Resources'] for node in ray.nodes() if node['Alive']]
    for node in nodes:
      if all(node.get(name, 0) >= count for name, count in needed.items()):
        return
    found = [{name: node.get(name, 0) for name in needed} for node in nodes]
    raise RuntimeError(
      f'--cpus_per_unit, --gpus_per_unit: a unit needs {needed}, its actors '
      'included (run.num_actors); expected a '
      f'machine of the cluster that has it, found {found}'
    )


def _problem(ref) -> str:
  """What the task returned, or how it ended, as one line; '' for success."""
  try:
    return ray.get(ref)
  except ray.exceptions.RayError as error:
    return f'{type(error).__name__}: {str(error).strip().splitlines()[-1]}'


def _on_node(function, node_id: str):
  """The task `function`, to run on that node only."""
  strategy = scheduling_strategies.NodeAffinitySchedulingStrategy(
    node_id, soft=False
  )
  return ray.remote(function).options(num_cpus=0, scheduling_strategy=strategy)


def _check_node(token: str, version: str) -> str:
  """Runs on a node. Returns: what is wrong there, '' if all is well."""
  import os
  import platform
  from pathlib import Path

  try:
    from tfirl.machine import installed
  except ImportError as error:
    return f'{error}; expected tfirl to be installed there'
  found = installed.code_version()
  if found != version:
    return f'it has code version {found} of tfirl; expected {version}'
  path = Path(token)
  try:
    path.read_text()
    # Of this process alone: nodes of one host check at the same time.
    name = f'{path.name}-{platform.node()}-{os.getpid()}'
    probe = path.with_name(name)
    probe.write_text('')
    probe.unlink()
  except OSError as error:
    return f'{error}; expected --root_dir on a file system that all share'
  return ''


def _run_unit(run_dir: str, retry_codes: list[int]) -> str:
  """Runs on a node: the unit's supervisor. Returns: what went wrong, or ''.

  Raises InterruptedError if it is to be tried again. Of a lost node's processes
  the supervisor may be gone before the task that waits for it.
  """
  import os
  import subprocess

  process = subprocess.Popen(
    [sys.executable, '-m', 'tfirl.work_units', run_dir]
    + [f'--parent={os.getpid()}'],
    stdin=subprocess.DEVNULL,
    stderr=subprocess.PIPE,
    text=True,
  )
  try:
    _, errors = process.communicate()
  except BaseException:  # the task was cancelled
    process.terminate()
    process.communicate()
    raise
  code = process.returncode
  if code < 0 or code in (supervisor.EXIT_INTERRUPTED, *retry_codes):
    raise _TRY_AGAIN(f'{run_dir}: exit code {code}')
  return errors.strip()
