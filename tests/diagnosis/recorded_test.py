"""Recorded runs: those that failed are told by their cause, good ones pass.

They were made by benchmarks/failing_runs.py; docs/results/doctor.md has the
whole table.
"""

import pathlib

import pytest

from tfirl.diagnosis import diagnose

_RUNS = pathlib.Path(__file__).resolve().parents[2] / 'docs/results/runs'
_MADE = _RUNS / 'doctor'
# What the figures don't show, and docs/results/doctor.md owns up to.
_MISSED = {'cost_flattened', 'flipped_actions'}


@pytest.fixture(scope='module')
def cases(load_script):
  script = load_script('benchmarks/failing_cases.py')
  return {**script.FIRST, **script.SECOND}


def _names(folder):
  (metadata,) = folder.rglob('metadata.json')
  return [f.name for f in diagnose.diagnose(metadata.parent).findings]


def _recorded():
  return sorted(path.name for path in _MADE.iterdir() if path.is_dir())


def test_all_runs_that_can_be_made_are_there(cases):
  assert _recorded() == sorted(cases)


@pytest.mark.parametrize('name', _recorded())
def test_of_each_run_its_cause_is_told(cases, name):
  cause, found = cases[name].cause, _names(_MADE / name)
  if cause is None:
    assert found == []
  else:
    assert (cause in found) == (name not in _MISSED)


@pytest.mark.parametrize('task', ['hopper', 'walker2d', 'ant'])
def test_real_runs_that_learned_pass(task):
  """At full length, seeds of all methods."""
  folders = (_RUNS / 'real_steps' / task).rglob('metrics.csv')
  found = {path.parent: diagnose.diagnose(path.parent) for path in folders}
  assert len(found) >= 2
  assert [str(d) for d in found.values() if d.findings] == []
