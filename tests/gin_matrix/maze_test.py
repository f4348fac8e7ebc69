"""Each method takes its rounds on mazes: of the recipes and as published.

What is made, acts and is saved, but not trained: see locomotion_test.py.
"""

import csv

import numpy as np
import pytest

from tfirl.demos.experts import embedded
from tfirl.runs import launch

_TASKS = ('pointmaze', 'antmaze_large_diverse', 'antmaze_large_play')
# PointMaze's files bind what is theirs alone; those of all AntMazes are alike.
_TRAINED = [
  *((m, 'pointmaze') for m in ('bc', 'mm', 'bc_reg', 'hype_filter', 'expert')),
  *(('bc', 'antmaze_large_diverse'), ('hype_filter', 'antmaze_large_diverse')),
]
_MADE = [
  *(('filter', 'pointmaze'), ('hype', 'pointmaze')),
  *(
    (method, 'antmaze_large_diverse')
    for method in ('mm', 'bc_reg', 'filter', 'hype', 'expert')
  ),
  ('hype_filter', 'antmaze_large_play'),
]
_PAPER_TRAINED = ('bc', 'mm', 'hype_filter')
_PAPER_MADE = ('bc_reg', 'filter', 'hype')

# Random actions reach no goal.
_ANY_DEMOS = 'load_demonstrations.successful_only = False'
# Experts do, in their time.
_TO_THE_GOAL = 'Task.max_episode_steps = None'


@pytest.fixture(scope='module', autouse=True)
def cache(tmp_path_factory):
  """Where pretrained models are kept."""
  with pytest.MonkeyPatch.context() as patch:
    patch.setenv('XDG_CACHE_HOME', str(tmp_path_factory.mktemp('cache')))
    yield


def _bindings(method):
  return [] if method == 'expert' else [_ANY_DEMOS]


def _check(row, method):
  assert int(row['traces']) == 1
  _check_evaluation(row)
  if method in ('hype', 'hype_filter'):
    assert float(row['expert_fraction']) == 0.5


def _check_evaluation(row):
  assert row['eval_success'] in ('0', '1')
  # The sparse reward pays at the goal, where the episode ends.
  assert row['eval_return_mean'] == row['eval_success']


def _check_record(path, row, method):
  with np.load(path / method / '0' / 'maze.npz') as record:
    assert record['visits'].sum() == int(row['env_steps'])
    assert record['demo_visits'].any() == (method != 'expert')
    assert 'rollouts' not in record


@pytest.mark.parametrize(('method', 'task'), _TRAINED)
def test_a_recipe_takes_its_rounds(method, task, run, demos, tmp_path):
  row = run(f'{method}_{task}.gin', method, _bindings(method), demos[task])
  _check(row, method)
  _check_record(tmp_path / task, row, method)


@pytest.mark.parametrize(('method', 'task'), _MADE)
def test_a_recipe_takes_its_first_round(
  method, task, run_first_round, demos, tmp_path
):
  row = run_first_round(
    f'{method}_{task}.gin', method, _bindings(method), demos[task]
  )
  _check_evaluation(row)
  _check_record(tmp_path / task, row, method)


@pytest.mark.parametrize('method', _PAPER_TRAINED)
def test_the_published_settings_take_theirs(method, run, demos):
  row = run(
    f'paper/{method}_pointmaze.gin', method, [_ANY_DEMOS], demos['pointmaze']
  )
  _check(row, method)


@pytest.mark.parametrize('method', _PAPER_MADE)
def test_the_published_settings_take_their_first(
  method, run_first_round, demos
):
  row = run_first_round(
    f'paper/{method}_pointmaze.gin', method, [_ANY_DEMOS], demos['pointmaze']
  )
  _check_evaluation(row)


def _of_sac(method, folder):
  own = folder / 'own.gin'
  own.write_text(
    f"""
include 'tasks/pointmaze.gin'
include 'methods/{method}.gin'
run.real_steps = 1000
"""
  )
  return str(own)


def test_sac_plays_on_mazes_too(run, demos, tmp_path):
  method = 'hype_filter'
  row = run(_of_sac(method, tmp_path), method, [_ANY_DEMOS], demos['pointmaze'])
  assert row['eval_success'] in ('0', '1')
  assert float(row['alpha_loss']) != 0.0


def test_and_is_held_to_the_expert_there(run_first_round, demos, tmp_path):
  path = _of_sac('bc_reg', tmp_path)
  row = run_first_round(path, 'bc_reg', [_ANY_DEMOS], demos['pointmaze'])
  _check_evaluation(row)


@pytest.fixture
def roll_out_few(tmp_path, monkeypatch):
  """`roll_out_few(task, number)`: a fresh machine, where the embedded expert
  has that many episodes to show instead of all.
  """

  def patch(task, number):
    monkeypatch.setenv('MINARI_DATASETS_PATH', str(tmp_path / 'minari'))
    details = {**embedded.metadata(task), 'num_episodes': number}
    monkeypatch.setattr(embedded, 'metadata', lambda unused_task: details)

  return patch


@pytest.mark.parametrize('task', _TASKS)
def test_demonstrations_come_with_the_task(task, run, tmp_path, roll_out_few):
  roll_out_few(task, 1)
  _check(run(f'bc_{task}.gin', 'bc', [_TO_THE_GOAL], None), 'bc')
  assert (tmp_path / 'minari' / 'tfirl' / task / 'expert-v0').is_dir()


@pytest.mark.parametrize('task', _TASKS[:2])
def test_hyper_takes_its_rounds(task, run, demos):
  row = run(f'hyper_{task}.gin', 'hyper', [_ANY_DEMOS], demos[task])
  assert {'actor_loss', 'critic_loss', 'dynamics_loss'} <= set(row)
  assert row['eval_success'] in ('0', '1')
  assert float(row['rollout_length']) == 1.0
  # Rows from anywhere in the demonstrations.
  assert float(row['start_window_from']) == 0.0
  assert float(row['start_window_to']) == 1.0


def test_hyper_as_published_takes_its_rounds(run, demos, tmp_path):
  task = 'pointmaze'
  row = run(f'paper/hyper_{task}.gin', 'hyper', [_ANY_DEMOS], demos[task])
  assert float(row['imagined_terminal']) == 0.0
  # The walk has hardly begun: 100 of 150,000 steps at the last fit.
  window = [1.0 - 100 / 150_000, 1.0]
  assert float(row['start_window_from']) == pytest.approx(window[0])
  assert float(row['start_window_to']) == window[1]
  assert {'actor_loss', 'critic_loss', 'dynamics_loss'} <= set(row)
  assert row['eval_success'] in ('0', '1')
  with np.load(tmp_path / task / 'hyper' / '0' / 'maze.npz') as record:
    assert record['visits'].sum() == int(row['env_steps'])
    # 4 rollouts a step, 100 steps.
    assert record['start_states'].shape == (400, 2)
    np.testing.assert_allclose(record['start_window'], window, atol=1e-6)
    rollouts = record['rollouts']
    assert rollouts.shape == (48, 1 + int(float(row['rollout_length'])), 2)
    np.testing.assert_array_equal(rollouts[:, 0], record['start_states'][:48])


@pytest.mark.parametrize(
  ('folder', 'task'),
  [('', 'antmaze_large_play'), ('paper/', 'antmaze_large_diverse')],
)
def test_hyper_takes_its_first_round(folder, task, run_first_round, demos):
  row = run_first_round(
    f'{folder}hyper_{task}.gin', 'hyper', [_ANY_DEMOS], demos[task]
  )
  _check_evaluation(row)


@pytest.mark.parametrize('task', _TASKS)
def test_pretrains_a_model(task, demos, tmp_path):
  def run():
    launch.launch(
      [f'pretrain_dynamics_{task}.gin'],
      [
        _ANY_DEMOS,
        'DynamicsTrainer.max_epochs = 2',
        'GaussianEnsemble.layers = (16, 16)',
      ],
      str(tmp_path),
      seed=0,
      demos=demos[task],
      stop=lambda: False,
    )

  run()
  folder = tmp_path / task / 'pretrain_dynamics' / '0'
  with open(folder / 'metrics.csv', newline='') as file:
    before, after = csv.DictReader(file)
  assert (before['updates'], before['real_steps']) == ('0', '0')
  assert int(after['updates']) > 0 and after['real_steps'] == '0'
  assert (after['eval_episodes'], after['eval_return_mean']) == ('0', '')
  assert 0 < float(after['region_error_median']) < 100
  assert (folder / 'dynamics.npz').exists()
  assert (folder / 'regions.npz').exists()
  assert not (folder / 'policy').exists() and not (folder / 'videos').exists()
  run()  # once more: it is over, and says so by doing nothing
  with open(folder / 'metrics.csv', newline='') as file:
    assert list(csv.DictReader(file)) == [before, after]


def test_demonstrations_that_miss_the_goal_are_refused(run, demos):
  with pytest.raises(ValueError, match='found 0 of 1 trajectories that reach'):
    run('bc_pointmaze.gin', 'bc', [], demos['pointmaze'])


def test_the_point_mass_comes_with_its_demonstrations(run, roll_out_few):
  """No --demos: they are rolled out first, and goals are reset too."""
  roll_out_few('pointmaze', 30)
  row = run(
    'hype_filter_pointmaze.gin',
    'hype_filter',
    ['WarmStart.bc_steps = 64', _TO_THE_GOAL],
    None,
  )
  _check(row, 'hype_filter')
  assert 5000 <= int(row['rows_expert']) < 100_000  # whole blocks
