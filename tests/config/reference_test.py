"""The reference says of parameters what gin and their source say."""

import pytest

from tfirl.config import gin_files, reference
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's names


@pytest.fixture(scope='module')
def entries():
  """By name; without what other tests have given gin."""
  return {
    entry.name: entry
    for entry in reference.everything()
    if entry.module.split('.')[0] in ('tfirl', 'keras')
  }


@pytest.fixture(scope='module')
def settings(entries):
  return {s.name: s for entry in entries.values() for s in entry.settings}


def test_a_setting_is_told_whole(settings):
  found = settings['run.eval_episodes']
  assert found.takes == 'int, at least 1'
  assert found.default == '10'
  assert found.doc == 'episodes of each.'


def test_where_a_configurable_is(entries):
  entry = entries['tfirl.SacAgent']
  assert (entry.module, entry.path) == ('tfirl.agents.sac', 'SacAgent')
  assert entry.summary.startswith('Soft actor-critic')
  assert entries['Task'].module == 'tfirl.tasks'


def test_a_default_is_a_value_or_is_owed(settings):
  assert settings['run.eval_every'].default == 'not bound'
  assert settings['piecewise_linear.segments'].default == ''
  assert settings['run.real_steps'].default == 'None'


def test_bindings_are_those_of_the_files(settings):
  """Each place is a line that says so."""
  folder = gin_files.gin_folder()
  bound = settings['tfirl.SacAgent.gamma'].bound
  assert {b.value for b in bound} >= {'0.98', '0.99'}
  for binding in bound:
    for place in binding.places:
      path, _, line = place.rpartition(':')
      text = (folder / path).read_text().splitlines()[int(line) - 1]
      assert text.partition('#')[0].split() == [
        binding.name,
        '=',
        binding.value,
      ]


def test_a_scope_is_told_with_the_binding(settings):
  names = {b.name for b in settings['piecewise_linear.segments'].bound}
  assert 'learning_rate/piecewise_linear.segments' in names


def test_the_number_of_bindings_is_that_of_the_files(settings):
  """Counted as text, without gin's reader."""
  lines = [
    line
    for path in gin_files.gin_folder().rglob('*.gin')
    for line in path.read_text().splitlines()
    if line.startswith('run.eval_every =')
  ]
  bound = settings['run.eval_every'].bound
  assert sum(len(b.places) for b in bound) == len(lines) > 50


def test_all_of_it_is_described(entries, settings):
  assert len(entries) > 40 and len(settings) > 180
  assert [name for name, entry in entries.items() if not entry.summary] == []
  ours = {n: s for n, s in settings.items() if not n.startswith('Adam.')}
  assert [n for n, s in ours.items() if not (s.doc and s.takes)] == []
