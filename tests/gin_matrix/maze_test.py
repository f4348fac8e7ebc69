"""Every ALGORITHM_MAZE.gin builds, takes two rounds and says what it is."""

import csv

import numpy as np
import pytest

from tfirl import gin_bindings, launch
from tfirl.demos import embedded

_TASKS = ('pointmaze', 'antmaze_large_diverse', 'antmaze_large_play')
_GAMES = ('mm', 'bc_reg', 'filter', 'hype', 'hype_filter')
_ALGORITHMS = ('bc', *_GAMES, 'expert')
_PAIRS = [(a, t) for a in _ALGORITHMS for t in _TASKS]

# Settings of the published runs (Ren et al. 2024).
_PUBLISHED = {
  'Td3BcAgent.hidden': (256, 256),
  'Td3BcAgent.learning_rate': 3e-4,
  'Td3BcAgent.gamma': 0.99,
  'Td3BcAgent.tau': 0.005,
  'Td3BcAgent.alpha': 2.5,
  'Td3BcAgent.policy_noise': 0.2,
  'Td3BcAgent.policy_noise_clip': 0.5,
  'Td3BcAgent.policy_update_period': 2,
  'ModelFree.bc_steps': 10_000,
  'ModelFree.anneal_learning_rate': False,
  'ModelFree.steps_per_round': 64,
  'ModelFree.batch_size': 256,
  'CostTurns.cost_update_period': 5000,
  'CostTurns.cost_rollout_episodes': 4,
  'CostTurns.cost_updates': 1,
  'CostLearner.learning_rate': 8e-3,
  'cost_rollout/ExpertReset.reset_prob': 0.0,
}
_BUDGET = {
  'run.eval_every': 25_000,
  'run.eval_episodes': 25,
  'suites.load.tremble_probability': 0.0,
}

# Random actions reach no goal.
_ANY_DEMOS = 'load_demonstrations.successful_only = False'
_GAME = [
  'CostTurns.cost_rollout_episodes = 1',
  'ModelFree.bc_steps = 6',
  _ANY_DEMOS,
]
_HYPER = [
  'CostTurns.cost_rollout_episodes = 1',
  'ModelBased.bc_steps = 6',
  _ANY_DEMOS,
]
_SHORTER = {'bc': [_ANY_DEMOS], 'expert': [], **dict.fromkeys(_GAMES, _GAME)}


@pytest.fixture(scope='module', autouse=True)
def cache(tmp_path_factory):
  """Where pretrained models are kept."""
  with pytest.MonkeyPatch.context() as patch:
    patch.setenv('XDG_CACHE_HOME', str(tmp_path_factory.mktemp('cache')))
    yield


def _unit(algorithm):
  return 'updates' if algorithm == 'bc' else 'env_steps'


def _check(row, algorithm):
  assert int(row['traces']) == 1
  assert row['eval_success'] in ('0', '1')
  # The sparse reward pays at the goal, where the episode ends.
  assert row['eval_return_mean'] == row['eval_success']
  if algorithm in ('hype', 'hype_filter'):
    assert float(row['expert_fraction']) == 0.5


@pytest.mark.parametrize(('algorithm', 'task'), _PAIRS)
def test_takes_two_rounds(algorithm, task, run, demos, tmp_path):
  row = run(
    [f'{algorithm}_{task}.gin'],
    algorithm,
    _SHORTER[algorithm],
    demos[task],
  )
  _check(row, algorithm)
  path = tmp_path / task / algorithm / '0' / 'maze.npz'
  with np.load(path) as record:
    assert record['visits'].sum() == int(row['env_steps'])
    assert record['demo_visits'].any() == (algorithm != 'expert')
    assert 'rollouts' not in record


@pytest.mark.parametrize('algorithm', ['bc_reg', 'hype_filter'])
def test_sac_plays_on_mazes_too(algorithm, run, demos):
  row = run(
    [f'algorithms/{algorithm}.gin', 'tasks/pointmaze.gin'],
    algorithm,
    _GAME
    + ['expert_fraction/piecewise_linear.segments = [(0.5, 0.5, 1)]']
    * (algorithm == 'hype_filter'),
    demos['pointmaze'],
  )
  _check(row, algorithm)
  assert float(row['alpha_loss']) != 0.0


@pytest.mark.parametrize(('algorithm', 'task'), _PAIRS)
def test_says_what_it_is(algorithm, task):
  """The variants of the game differ by these bindings and no others."""
  gin_bindings.parse([f'{algorithm}_{task}.gin'], [])

  bound = gin_bindings.value_of
  assert bound('run.algorithm') == algorithm
  assert bound('run.task') == task
  for name, value in _BUDGET.items():
    assert bound(name) == value, name
  assert bound(f'run.{_unit(algorithm)}') == 500_000
  assert bound('suites.load.env_kwargs')['continuing_task'] is False
  if algorithm != 'expert':
    assert bound('load_demonstrations.max_transitions') == 100_000
  if algorithm in _GAMES:
    for name, value in _PUBLISHED.items():
      assert bound(name) == value, name
    assert bound('ModelFree.make_agent').__name__ == 'Td3BcAgent'
    assert bound('ExpertReset.reset_prob') == float('filter' in algorithm)
    # On batches that hold expert rows, and for bc_reg.
    assert bound('Td3BcAgent.bc_weight') == float(
      algorithm in ('bc_reg', 'hype', 'hype_filter')
    )
    if algorithm in ('hype', 'hype_filter'):
      assert bound('expert_fraction/piecewise_linear.segments') == [
        (0.5, 0.5, 1)
      ]
    else:
      assert bound('ModelFree.expert_fraction') is None


@pytest.mark.parametrize(('algorithm', 'task'), _PAIRS)
def test_takes_the_small_scale(algorithm, task):
  name = 'cpu_bc_published_maze' if algorithm == 'bc' else 'cpu_maze'
  gin_bindings.parse([f'{algorithm}_{task}.gin', f'scale/{name}.gin'], [])
  assert gin_bindings.value_of(f'run.{_unit(algorithm)}') == 50_000
  assert gin_bindings.value_of('run.eval_episodes') == 25


# Those of PointMaze include those of AntMaze.
_SCALES = {
  'bc': 'scale/cpu_bc_maze.gin',
  'mm': 'scale/cpu_pointmaze_model_free.gin',
  'hype_filter': 'scale/cpu_pointmaze_hype.gin',
  'hyper': 'scale/cpu_pointmaze_hyper.gin',
}


@pytest.mark.parametrize(('algorithm', 'scale'), _SCALES.items())
def test_the_scales_of_the_results_bind_nothing_unused(
  algorithm, scale, run, demos
):
  shorter = {
    'bc': [_ANY_DEMOS],
    'hyper': [*_HYPER, 'ModelBased.steps_per_round = 2'],
  }.get(algorithm, [*_GAME, 'ModelFree.updates_per_step = 1'])
  row = run(
    [f'{algorithm}_pointmaze.gin', scale],
    algorithm,
    shorter,
    demos['pointmaze'],
  )
  assert row['eval_success'] in ('0', '1')


def test_without_an_embedded_expert_demonstrations_are_asked_for(run):
  with pytest.raises(
    ValueError, match='embedded:ant: found no such expert.*--demos'
  ):
    run(['hype_filter_ant.gin'], 'hype_filter', [], None)


@pytest.mark.parametrize('task', _TASKS)
def test_demonstrations_come_with_the_task(task, run, tmp_path, monkeypatch):
  """On a fresh machine: two episodes of the embedded expert instead of all."""
  monkeypatch.setenv('MINARI_DATASETS_PATH', str(tmp_path / 'minari'))
  details = {**embedded.metadata(task), 'num_episodes': 2}
  monkeypatch.setattr(embedded, 'metadata', lambda unused_task: details)
  _check(run([f'bc_{task}.gin'], 'bc', [], None), 'bc')
  assert (tmp_path / 'minari' / 'tfirl' / task / 'expert-v0').is_dir()


_PUBLISHED_HYPER = {
  'run.env_steps': 150_000,
  'run.eval_every': 10_000,
  'run.eval_episodes': 25,
  'ModelBased.bc_steps': 10_000,
  'ModelBased.initial_steps': 10_000,
  'ModelBased.policy_updates_per_step': 20,
  'ModelBased.steps_per_round': 1,
  'ModelBased.dynamics_update_period': 2000,
  'ModelBased.learning_rate_horizon': 600_000,
  'Imagination.rollouts_per_step': 400,
  'Imagination.num_epochs_retained': 2,
  'BackwardStarts.reset_window': 0.1,
  'BackwardStarts.walk_steps': 150_000,
  'truncated_linear.first': 20,
  'truncated_linear.last': 100,
  'truncated_linear.minimum': 1,
  'truncated_linear.maximum': 25,
  'GaussianEnsemble.num_members': 7,
  'GaussianEnsemble.layers': (200,) * 4,
  'GaussianEnsemble.clip_mean': None,
  'DynamicsModel.num_elites': 5,
  'Td3BcAgent.learning_rate': 3e-4,
  'Td3BcAgent.bc_weight': 0.0,
  'Td3BcAgent.use_ema': True,
  'Td3BcAgent.critic_clip_norm': 1.0,
  'Td3BcAgent.weight_decay': 1e-4,
  'CostTurns.cost_update_period': 2000,
  'CostLearner.learning_rate': 8e-3,
  'CostNetwork.num_members': 1,
}


@pytest.mark.parametrize('task', _TASKS)
def test_hyper_takes_its_rounds(task, run, demos, tmp_path):
  row = run([f'hyper_{task}.gin'], 'hyper', _HYPER, demos[task])
  assert float(row['imagined_terminal']) == 0.0
  # The walk has hardly begun.
  assert float(row['start_window_from']) == pytest.approx(0.9)
  assert float(row['start_window_to']) == pytest.approx(1.0)
  assert {'actor_loss', 'critic_loss', 'dynamics_loss'} <= set(row)
  assert row['eval_success'] in ('0', '1')
  with np.load(tmp_path / task / 'hyper' / '0' / 'maze.npz') as record:
    assert record['visits'].sum() == int(row['env_steps'])
    # 4 rollouts a step, 126 steps.
    assert record['start_states'].shape == (504, 2)
    np.testing.assert_allclose(record['start_window'], [0.9, 1.0], atol=1e-3)
    rollouts = record['rollouts']
    assert rollouts.shape == (48, 1 + int(float(row['rollout_length'])), 2)
    np.testing.assert_array_equal(rollouts[:, 0], record['start_states'][:48])


@pytest.mark.parametrize('task', _TASKS)
def test_hyper_says_what_it_is(task):
  gin_bindings.parse([f'hyper_{task}.gin'], [])
  assert gin_bindings.value_of('run.algorithm') == 'hyper'
  assert gin_bindings.value_of('run.task') == task
  for name, value in _PUBLISHED_HYPER.items():
    assert gin_bindings.value_of(name) == value, name


def test_hypers_short_name():
  gin_bindings.parse(['hyper_antmaze.gin'], [])
  assert gin_bindings.value_of('run.task') == 'antmaze_large_diverse'


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


@pytest.mark.parametrize('task', _TASKS)
def test_pretraining_says_what_it_is(task):
  gin_bindings.parse([f'pretrain_dynamics_{task}.gin'], [])
  bound = gin_bindings.value_of
  assert bound('run.algorithm') == 'pretrain_dynamics'
  assert bound('run.task') == task
  assert bound('PretrainDynamics.num_bins') == 50
  # Settings of the published runs (Ren et al. 2024).
  assert bound('GaussianEnsemble.num_members') == 7
  assert bound('DynamicsModel.num_elites') == 5
  assert bound('GaussianEnsemble.layers') == (200,) * 4
  assert bound('DynamicsTrainer.learning_rate') == 3e-4
  assert bound('DynamicsTrainer.weight_decay') == 5e-5
  assert bound('DynamicsTrainer.batch_size') == 256
  assert bound('DynamicsTrainer.patience') == 10
  assert bound('DynamicsTrainer.holdout_share') == 0.2


def test_demonstrations_that_miss_the_goal_are_refused(run, demos):
  with pytest.raises(ValueError, match='found 0 of 1 trajectories that reach'):
    run(['bc_pointmaze.gin'], 'bc', [], demos['pointmaze'])


def test_the_point_mass_comes_with_its_demonstrations(
  run, tmp_path, monkeypatch
):
  """No --demos: they are rolled out first, and goals are reset too."""
  monkeypatch.setenv('MINARI_DATASETS_PATH', str(tmp_path / 'minari'))
  row = run(
    ['hype_filter_pointmaze.gin'],
    'hype_filter',
    [*_GAME, 'ModelFree.bc_steps = 64']
    + ['load_demonstrations.max_transitions = 5000'],
    None,
  )
  _check(row, 'hype_filter')
  assert 5000 <= int(row['rows_expert']) < 100_000  # whole blocks
