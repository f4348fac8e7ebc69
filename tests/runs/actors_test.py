"""Who may have actors, and what is said where they can't be had."""

import socket
import sys
import types

import pytest

from tfirl.algorithms import bc, expert, model_based, model_free
from tfirl.machine import ray_connection
from tfirl.replay import interface
from tfirl.runs import actors


def _sources(make_algorithm, num_actors):
  return actors.sources(make_algorithm, num_actors, 100, 10.0, lambda: False)


@pytest.mark.parametrize('make', [bc.BehaviorCloning, expert.Expert])
def test_what_takes_no_steps_of_actors_refuses_them(make):
  words = f'run.num_actors is 2; expected 0: @{make.__name__} takes no steps'
  with pytest.raises(ValueError, match=words), _sources(make, 2):
    pass


@pytest.mark.parametrize(
  'make', [model_free.ModelFree, model_based.ModelBased, bc.BehaviorCloning]
)
def test_without_actors_nothing_is_given_and_nothing_begun(make, monkeypatch):
  monkeypatch.setattr(ray_connection, 'connected', None)  # no call of it works
  with _sources(make, 0) as given:
    assert given == {}


def test_ray_that_is_not_installed(monkeypatch):
  monkeypatch.setitem(sys.modules, 'tfirl.algorithms.actors.ray_crew', None)
  with (
    pytest.raises(RuntimeError, match="run.num_actors: .*'tfirl\\[ray\\]'"),
    _sources(model_free.ModelFree, 2),
  ):
    pass


@pytest.fixture
def crew_of(monkeypatch):
  """`crew_of(num_actors, *nodes)`: made on nodes (host, cores) of a Ray."""
  ray_crew = pytest.importorskip('tfirl.algorithms.actors.ray_crew')

  def make(num_actors, *nodes):
    alive = [
      {'Alive': True, 'NodeManagerHostname': host, 'Resources': {'CPU': cores}}
      for host, cores in nodes
    ]
    util = types.SimpleNamespace(get_node_ip_address=lambda: '10.1.2.3')
    fake = types.SimpleNamespace(nodes=lambda: alive, util=util)
    monkeypatch.setattr(ray_crew, 'ray', fake)
    monkeypatch.setattr(ray_crew, '_start', lambda: None)
    return ray_crew.RayCrew(num_actors)

  yield make
  interface.choose(interface.LOOPBACK)


def test_a_cluster_needs_a_core_for_each(crew_of):
  here = socket.gethostname()
  words = 'run.num_actors is 5; expected at most the 4 cores.*in 2 nodes'
  with pytest.raises(RuntimeError, match=words):
    crew_of(5, (here, 1), (here, 3))
  assert crew_of(4, (here, 1), (here, 3)).host == '127.0.0.1'


def test_other_machines_need_an_interface(crew_of):
  here = socket.gethostname()
  words = '--ray_address names a cluster with far, .*--reverb_interface=eth0'
  with pytest.raises(ValueError, match=words):
    crew_of(2, (here, 1), ('far', 3))
  interface.choose(interface.ANY)
  assert crew_of(2, (here, 1), ('far', 3)).host == '10.1.2.3'
