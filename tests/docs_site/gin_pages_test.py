"""The gin reference says of parameters what gin and their source say."""

import re

import pytest

from tfirl.config import gin_files

_PLACE = re.compile(r'\[([^]]+):(\d+)\]')


@pytest.fixture(scope='module')
def entries(hook):
  """Name -> Markdown; without what other tests have given gin."""
  pages = hook('gin_pages').pages()
  parts = [
    part
    for page, text in pages.items()
    if not page.startswith('gin/files/')
    for part in text.split('\n## ')[1:]
    if re.search(r'`(tfirl|keras)\.', part)
  ]
  return {part.split('`')[1]: part for part in parts}


@pytest.fixture(scope='module')
def settings(entries):
  """Name -> its line, and what stands below it."""
  parts = [p for e in entries.values() for p in e.split('\n`#!gin ')[1:]]
  return {re.search(r'{ #(\S+) }', part)[1]: part for part in parts}


def test_a_setting_is_told_whole(settings):
  line, told = settings['run.eval_episodes'].split('\n\n')[:2]
  assert line == 'run.eval_episodes = 10` { #run.eval_episodes }'
  assert told == ':   *int, at least 1.* Episodes of each.'


def test_where_a_configurable_is(entries):
  summary = entries['tfirl.SacAgent'].splitlines()[2]
  assert summary.startswith('Soft actor-critic')
  link = '[`tfirl.agents.sac.SacAgent`](../api/agents.md#tfirl.agents.sac)'
  assert summary.endswith(link)
  assert '[`tfirl.tasks.Task`](../api/tasks.md' in entries['Task']
  assert ' `keras.' in entries['Adam']  # of which there is no page


def test_a_default_is_a_value_or_is_owed(settings):
  owed = settings['run.eval_every']
  assert owed.startswith('run.eval_every`') and '; has to be bound.*' in owed
  given = settings['piecewise_linear.segments']
  assert given.startswith('piecewise_linear.segments`')
  assert '; has no default.*' in given
  assert settings['run.real_steps'].startswith('run.real_steps = None`')


def test_bindings_are_those_of_the_files(settings):
  """Each place is a line that says so."""
  folder = gin_files.gin_folder()
  told = settings['tfirl.SacAgent.gamma']
  bound = re.findall(r'`#!gin ([\d.]+)` in (.*)', told)
  assert {value for value, _ in bound} >= {'0.98', '0.99'}
  for value, places in bound:
    for path, line in _PLACE.findall(places):
      text = (folder / path).read_text().splitlines()[int(line) - 1]
      said = text.partition('#')[0].split()
      assert said == ['tfirl.SacAgent.gamma', '=', value]


def test_a_scope_is_told_with_the_binding(settings):
  told = settings['piecewise_linear.segments']
  assert '`#!gin learning_rate/piecewise_linear.segments = [(1.0, ' in told


def test_the_number_of_bindings_is_that_of_the_files(settings):
  """Counted as text, without gin's reader."""
  lines = [
    line
    for path in gin_files.gin_folder().rglob('*.gin')
    for line in path.read_text().splitlines()
    if line.startswith('run.eval_every =')
  ]
  told = settings['run.eval_every']
  assert len(_PLACE.findall(told)) == len(lines) > 50
  assert f'"bound in {len(lines)} places"' in told


def test_few_bindings_are_not_folded_away(settings):
  told = settings['CostNetwork.layers']
  assert '    Bound: `#!gin (32, 32)` in [budgets/smoke.gin:' in told


def test_all_of_it_is_described(entries, settings):
  assert len(entries) > 40 and len(settings) > 180
  summaries = {name: e.splitlines()[2] for name, e in entries.items()}
  assert [n for n, told in summaries.items() if told.startswith(' ')] == []
  whole = re.compile(r'\n\n:   \*[^;.\n][^\n]*\.\* \S')
  ours = {n: s for n, s in settings.items() if not n.startswith('Adam.')}
  assert [n for n, s in ours.items() if not whole.search(s)] == []
