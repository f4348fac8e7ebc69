"""Each method, and each task, takes its rounds: recipes, and as published.

A pair's file only puts a method and a task together (layout_test.py): not each
has to be run. Those of the mazes: maze_test.py.

What is not trained here is made, acts and is saved. Its updates are those of
another: HyPE's and FILTER's are both in `hype_filter`'s, and without either
they are `mm`'s; a method turns on no more than that (layout_test.py).
"""

import pytest

from tfirl.config import gin_bindings

_METHODS = (
  *('bc', 'mm', 'bc_reg', 'hype_filter', 'hyper'),
  *('iq_learn', 'lamps', 'sysid', 'expert'),
)
_TASKS = ('walker2d', 'halfcheetah', 'ant', 'humanoid')
_TRAINED = [
  *((method, 'hopper') for method in _METHODS),
  ('hyper', 'halfcheetah'),  # which never ends
  ('hyper', 'humanoid'),  # whose actions are not of -1 to 1
  ('iq_learn', 'ant'),  # has another value term
  ('expert', 'humanoid'),  # by another agent
]
_MADE = [
  *(('filter', 'hopper'), ('hype', 'hopper')),
  *(('hype', task) for task in _TASKS),
  *(('hyper', 'walker2d'), ('hyper', 'ant')),
  *(('lamps', 'humanoid'), ('sysid', 'halfcheetah')),
]
_PAPER_TRAINED = [
  *((m, 'hopper') for m in ('bc', 'bc_reg', 'hype_filter', 'hyper')),
  ('hyper', 'walker2d'),  # alpha is fixed, the optimiser anew, means clipped
]
_PAPER_MADE = [
  *((method, 'hopper') for method in ('mm', 'filter', 'hype')),
  *(('hyper', 'ant'), ('hyper', 'humanoid')),
]


@pytest.mark.parametrize(('method', 'task'), _TRAINED)
def test_a_recipe_takes_its_rounds(method, task, run, demos):
  run(f'{method}_{task}.gin', method, [], demos[task])


@pytest.mark.parametrize(('method', 'task'), _MADE)
def test_a_recipe_takes_its_first_round(method, task, run_first_round, demos):
  run_first_round(f'{method}_{task}.gin', method, [], demos[task])


@pytest.mark.parametrize(('method', 'task'), _PAPER_TRAINED)
def test_the_published_settings_take_theirs(method, task, run, demos):
  run(f'paper/{method}_{task}.gin', method, [], demos[task])


@pytest.mark.parametrize(('method', 'task'), _PAPER_MADE)
def test_the_published_settings_take_their_first(
  method, task, run_first_round, demos
):
  run_first_round(f'paper/{method}_{task}.gin', method, [], demos[task])


def test_the_ant_that_steers_takes_its_rounds(run, tmp_path):
  row = run('expert_ant_steering.gin', 'expert', [], None)
  assert row['eval_success'] == ''  # it has no single goal
  assert (tmp_path / 'ant_steering' / 'expert' / '0' / 'best_policy').is_dir()


def test_expert_rows_in_another_method_are_refused(run, demos):
  """The binding would make HyPE of what is stored and plotted as mm."""
  line = 'expert_fraction/piecewise_linear.segments = [(0.5, 0.5, 1)]'
  with pytest.raises(gin_bindings.UnusedBindingError, match='expert_fraction'):
    run('mm_hopper.gin', 'mm', [line], demos['hopper'])


def test_without_an_embedded_expert_demonstrations_are_asked_for(run):
  with pytest.raises(
    ValueError,
    match='embedded:antmaze_large_diverse_d4rl: found no such expert.*--demos',
  ):
    run('bc_antmaze_large_diverse_d4rl.gin', 'bc', [], None)
