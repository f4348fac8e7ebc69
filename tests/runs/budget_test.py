"""Of what a run has spent, and what ends it."""

import json
import types

import pytest

from tfirl.config import budget
from tfirl.runs import session


def test_budget_may_be_in_updates(run):
  run.script.budget_units = budget.UPDATES
  run(updates=40)
  run(updates=60)
  assert run.rows('real_steps', 'updates') == [(0, n) for n in (0, 20, 40, 60)]


def test_budget_may_be_of_all_real_steps(run):
  """15 a round: 10 of training, 5 for the cost; all periods count both."""
  assert run(real_steps=70).rounds == 5
  assert run.rows('real_steps', 'env_steps', 'rollout_steps') == [
    (0, 0, 0),
    (30, 20, 10),
    (45, 30, 15),
    (60, 40, 20),
    (75, 50, 25),
  ]
  assert run.checkpoints() == [60, 75]


def test_metadata_says_what_a_budget_was_cut_to(run):
  for most, cut_from in ((20, 60), (80, None)):
    run(env_steps=60, most_steps=most)
    metadata = json.loads((run.path / 'metadata.json').read_text())
    assert metadata['budget'] == {
      'unit': 'env_steps',
      'total': min(most, 60),
      'cut_from': cut_from,
    }


def test_a_resumed_run_counts_no_step_twice(run):
  """Killed in its sixth round; the checkpoint is of the third."""

  def fail(algorithm):
    if algorithm.clock.real_steps == 90:
      raise KeyboardInterrupt

  run.script.after_round = fail
  with pytest.raises(KeyboardInterrupt):
    run(real_steps=120, checkpoint_every=40)
  assert run.rows('real_steps') == [(0,), (30,), (45,), (60,)]
  assert run.checkpoints() == [45]
  run.script.after_round = lambda algorithm: None
  # Three rounds were kept, and five are left of eight.
  algorithm = run(real_steps=120, checkpoint_every=40)
  assert (algorithm.rounds, algorithm.clock.real_steps) == (5, 120)
  found = run.rows('real_steps', 'env_steps', 'rollout_steps')
  rounds = (0, 2, 3, 4, 6, 7, 8)
  assert found == [(15 * n, 10 * n, 5 * n) for n in rounds]


@pytest.mark.parametrize(
  ('spent', 'unit'), [({'real_steps': 30}, 'real'), ({'env_steps': 20}, 'env')]
)
def test_a_budget_that_is_spent_on_resume_is_said(run, capsys, spent, unit):
  assert run(**spent).rounds == 2
  assert 'is spent' not in capsys.readouterr().err
  rows = run.rows('real_steps', 'wall_s')
  assert run(**spent).rounds == 0
  total = spent[f'{unit}_steps']
  lines = capsys.readouterr().err.replace('\r', '\n').splitlines()
  assert [line for line in lines if 'is spent' in line] == [
    f'counting toy 7: the budget, {total} {unit} steps, is spent ({total} '
    'taken): nothing is left to train'
  ]
  assert run.rows('real_steps', 'wall_s') == rows


def test_speed_is_in_real_steps_whatever_the_budget(run, monkeypatch):
  clock = iter(range(10_000))
  monotonic = lambda: float(next(clock))  # noqa: E731
  monkeypatch.setattr(
    session, 'time', types.SimpleNamespace(monotonic=monotonic)
  )
  run(env_steps=20)
  # Two rounds of 15 steps in what the clock shows to be a second each.
  assert run.last_row()['steps_per_s'] == '15'


@pytest.mark.parametrize(
  ('units', 'bound', 'message'),
  [
    (budget.STEPS, {'env_steps': None}, 'found no budget; expected run.real'),
    (
      budget.STEPS,
      {'env_steps': 60, 'real_steps': 90},
      'to use run.real_steps, bind run.env_steps = None',
    ),
    (
      budget.UPDATES,
      {'env_steps': 60},
      'found run.env_steps = 60; expected run.updates, for counting counts',
    ),
  ],
)
def test_another_budget_ends_the_run_before_it_is_built(
  run, units, bound, message
):
  run.script.budget_units = units
  built = []
  make = lambda *args, **kwargs: built.append(args)  # noqa: E731
  make.budget_units = units
  with pytest.raises(ValueError, match=message):
    run(**bound, make_algorithm=make)
  assert not built and not (run.path / 'metrics.csv').exists()
