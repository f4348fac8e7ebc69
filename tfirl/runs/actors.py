"""Whether a run acts itself or has actors, from `run`'s bindings."""

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping

from tfirl import checks
from tfirl.algorithms.actors import remote_steps
from tfirl.machine import ray_connection

_CREW = 'tfirl.algorithms.actors.ray_crew'  # needs Ray


@contextlib.contextmanager
def sources(
  make_algorithm: Callable,
  num_actors: int,
  max_policy_age: int,
  timeout_s: float,
  stop: Callable[[], bool],
) -> Iterator[Mapping[str, Callable]]:
  """What `make_algorithm` is to be given besides: nothing for a run that acts
  itself, else a `make_source`.

  Args:
    make_algorithm: of the run.
    num_actors, max_policy_age, timeout_s, stop: as of `experiment.run`.

  Raises:
    ValueError: it can't have actors, or Reverb does not hear all of them.
    RuntimeError: Ray is not installed, can't be reached, or has no room.
  """
  if not num_actors:
    yield {}
    return
  checks.require(
    'run.num_actors',
    num_actors,
    f'0: @{make_algorithm.__name__} takes no steps of actors',
    getattr(make_algorithm, 'takes_actors', False),
  )
  ray_crew = ray_connection.import_module(_CREW, 'run.num_actors')
  with ray_connection.connected(ray_connection.chosen(), num_actors):
    yield {
      'make_source': functools.partial(
        remote_steps.RemoteSteps,
        crew=ray_crew.RayCrew(num_actors),
        num_actors=num_actors,
        max_policy_age=max_policy_age,
        timeout_s=timeout_s,
        stop=stop,
      )
    }
