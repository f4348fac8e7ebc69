"""Each method, and each task, takes its rounds: recipes, and as published.

A pair's file only puts a method and a task together (layout_test.py): not each
has to be run. Those of the mazes: maze_test.py.
"""

import pytest

from tfirl.config import gin_bindings

_TASKS = ('hopper', 'walker2d', 'halfcheetah', 'ant', 'humanoid')
_GAMES = ('mm', 'bc_reg', 'filter', 'hype', 'hype_filter')
_PUBLISHED = ('bc', *_GAMES, 'hyper')
_METHODS = (*_PUBLISHED, 'iq_learn', 'lamps', 'sysid', 'expert')
_PAIRS = [
  *((method, 'hopper') for method in _METHODS),
  *(('hype', task) for task in _TASKS[1:]),
  *(('hyper', task) for task in _TASKS[1:]),
  ('iq_learn', 'ant'),
  ('lamps', 'humanoid'),
  ('sysid', 'halfcheetah'),
]
_PAPER_PAIRS = [
  *((method, 'hopper') for method in _PUBLISHED),
  *(('hyper', task) for task in ('walker2d', 'ant', 'humanoid')),
]


@pytest.mark.parametrize(('method', 'task'), _PAIRS)
def test_a_recipe_takes_its_rounds(method, task, run, demos):
  run(f'{method}_{task}.gin', method, [], demos[task])


@pytest.mark.parametrize(('method', 'task'), _PAPER_PAIRS)
def test_the_published_settings_take_theirs(method, task, run, demos):
  run(f'paper/{method}_{task}.gin', method, [], demos[task])


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
    ValueError, match='embedded:ant: found no such expert.*--demos'
  ):
    run('hype_filter_ant.gin', 'hype_filter', [], None)
