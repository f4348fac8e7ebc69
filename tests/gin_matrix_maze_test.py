"""Every ALGORITHM_MAZE.gin builds, takes two rounds and says what it is."""

import csv
import math

import gin
import pytest

from tfirl import gin_bindings, launch
from tfirl.demos import embedded, npz, rollouts
from tfirl.envs import suites

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
  'CostRounds.cost_update_period': 5000,
  'CostRounds.cost_rollout_episodes': 4,
  'CostRounds.cost_updates': 1,
  'CostLearner.learning_rate': 8e-3,
  'cost_rollout/ExpertReset.reset_prob': 0.0,
}
_BUDGET = {
  'run.env_steps': 500_000,
  'run.eval_every': 25_000,
  'run.eval_episodes': 25,
  'suites.load.tremble_probability': 0.0,
}

_STEPS_PER_ROUND = 64
_STEPS = 2 * _STEPS_PER_ROUND
# Both players move within two rounds, the table opens after the first.
_GAME_AT_ONCE = [
  f'ModelFree.initial_steps = {_STEPS_PER_ROUND}',
  f'CostRounds.cost_update_period = {_STEPS_PER_ROUND}',
  'CostRounds.cost_rollout_episodes = 1',
]
# Random actions reach no goal.
_ANY_DEMOS = 'load_demonstrations.successful_only = False'
_START_AT_ONCE = {
  'bc': [_ANY_DEMOS],
  'expert': [f'Expert.initial_steps = {_STEPS_PER_ROUND}'],
  **dict.fromkeys(
    _GAMES, [*_GAME_AT_ONCE, _ANY_DEMOS, 'ModelFree.bc_steps = 6']
  ),
}
_SHORT = [
  f'run.env_steps = {_STEPS}',
  f'run.eval_every = {_STEPS}',
  f'run.checkpoint_every = {_STEPS}',
  'run.eval_episodes = 1',
  'run.record_video = False',
]


@pytest.fixture(scope='module')
def demos(tmp_path_factory):
  """Task -> path of one episode of random actions, as demonstrations."""
  folder = tmp_path_factory.mktemp('demos')
  paths = {}
  for task in _TASKS:
    gin_bindings.parse([f'tasks/{task}.gin'], [])
    with suites.load() as env:
      size = env.action_spec().shape[0]
      raw = rollouts.record(
        env,
        lambda unused_observation, rng, size=size: rng.uniform(-1, 1, size),
        num_episodes=1,
        seed=0,
        full_length_only=False,
        stochastic=True,
      )
    paths[task] = str(folder / f'{task}.npz')
    npz.save_npz(raw, paths[task])
  gin.clear_config()
  return paths


@pytest.fixture(scope='module', autouse=True)
def cache(tmp_path_factory):
  """Where pretrained models are kept."""
  with pytest.MonkeyPatch.context() as patch:
    patch.setenv('XDG_CACHE_HOME', str(tmp_path_factory.mktemp('cache')))
    yield


@pytest.fixture(autouse=True)
def no_config():
  """Leaves gin as other tests expect it."""
  yield
  gin.clear_config()


def _run(gin_files, bindings, folder, demos):
  """Launches it. Returns: the last row of its metrics."""
  launch.launch(
    gin_files,
    [*_SHORT, *bindings],
    str(folder),
    seed=0,
    demos=demos,
    stop=lambda: False,
  )
  (path,) = folder.glob('*/*/0/metrics.csv')
  with open(path, newline='') as file:
    return list(csv.DictReader(file))[-1]


def _check(row, algorithm):
  # The round that fills the table's first rows trains on them too.
  assert int(row['updates']) == _STEPS
  assert int(row['env_steps']) == (0 if algorithm == 'bc' else _STEPS)
  assert (int(row['rollout_steps']) > 0) == (algorithm in _GAMES)
  assert int(row['traces']) == 1
  losses = {name: value for name, value in row.items() if 'loss' in name}
  assert losses
  assert all(math.isfinite(float(value)) for value in losses.values())
  assert row['eval_success'] in ('0', '1')
  # The sparse reward pays at the goal, where the episode ends.
  assert row['eval_return_mean'] == row['eval_success']
  if algorithm in _GAMES:
    is_hybrid = algorithm in ('hype', 'hype_filter')
    assert float(row['expert_fraction']) == (0.5 if is_hybrid else 0.0)


@pytest.mark.parametrize(('algorithm', 'task'), _PAIRS)
def test_takes_two_rounds(algorithm, task, demos, tmp_path):
  row = _run(
    [f'{algorithm}_{task}.gin'],
    _START_AT_ONCE[algorithm],
    tmp_path,
    demos[task],
  )
  _check(row, algorithm)
  assert (tmp_path / task / algorithm / '0' / 'policy').is_dir()


@pytest.mark.parametrize('algorithm', ['bc_reg', 'hype_filter'])
def test_sac_plays_on_mazes_too(algorithm, demos, tmp_path):
  row = _run(
    [f'algorithms/{algorithm}.gin', 'tasks/pointmaze.gin'],
    [*_GAME_AT_ONCE, _ANY_DEMOS, 'ModelFree.bc_steps = 6']
    + ['expert_fraction/piecewise_linear.segments = [(0.5, 0.5, 1)]']
    * (algorithm == 'hype_filter'),
    tmp_path,
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
  gin_bindings.parse([f'{algorithm}_{task}.gin', 'scale/cpu_maze.gin'], [])
  assert gin_bindings.value_of('run.env_steps') == 50_000
  assert gin_bindings.value_of('run.eval_episodes') == 25


def test_without_an_embedded_expert_demonstrations_are_asked_for(tmp_path):
  with pytest.raises(
    ValueError, match='embedded:ant: found no such expert.*--demos'
  ):
    _run(['hype_filter_ant.gin'], [], tmp_path, None)


@pytest.mark.parametrize('task', _TASKS)
def test_demonstrations_come_with_the_task(task, tmp_path, monkeypatch):
  """On a fresh machine: two episodes of the embedded expert instead of all."""
  monkeypatch.setenv('MINARI_DATASETS_PATH', str(tmp_path / 'minari'))
  details = {**embedded.metadata(task), 'num_episodes': 2}
  monkeypatch.setattr(embedded, 'metadata', lambda unused_task: details)
  row = _run([f'bc_{task}.gin'], [], tmp_path / 'runs', None)
  _check(row, 'bc')
  assert (tmp_path / 'minari' / 'tfirl' / task / 'expert-v0').is_dir()


_HYPER_AT_ONCE = [
  _ANY_DEMOS,
  'ModelBased.bc_steps = 6',
  'ModelBased.initial_steps = 124',
  'ModelBased.policy_updates_per_step = 2',
  'ModelBased.batch_size = 32',
  'ModelBased.dynamics_update_period = 126',
  'Imagination.rollouts_per_step = 4',
  'DynamicsTrainer.batch_size = 64',
  'DynamicsTrainer.max_epochs = 1',
  'GaussianEnsemble.layers = (16,)',
  'CostRounds.cost_update_period = 8',
  'CostRounds.cost_rollout_episodes = 1',
  'policy/table.rows_per_item = 4',
  'expert/table.rows_per_item = 4',
  'hybrid/table.rows_per_item = 16',
  'learner/table.rows_per_item = 16',
]
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
  'CostRounds.cost_update_period': 2000,
  'CostLearner.learning_rate': 8e-3,
  'CostNetwork.num_members': 1,
}


@pytest.mark.parametrize('task', _TASKS)
def test_hyper_takes_its_rounds(task, demos, tmp_path):
  row = _run([f'hyper_{task}.gin'], _HYPER_AT_ONCE, tmp_path, demos[task])
  assert int(row['env_steps']) == _STEPS
  # 2 a step, in the rounds that end at step 124 or later.
  assert int(row['updates']) == 2 * (_STEPS - 124 + 1)
  assert float(row['imagined_rows']) > 0 and int(row['rollout_steps']) > 0
  assert float(row['imagined_terminal']) == 0.0
  # The walk has hardly begun.
  assert float(row['start_window_from']) == pytest.approx(0.9)
  assert float(row['start_window_to']) == pytest.approx(1.0)
  losses = {name: value for name, value in row.items() if 'loss' in name}
  assert {'actor_loss', 'critic_loss', 'dynamics_loss'} <= set(losses)
  assert all(math.isfinite(float(value)) for value in losses.values())
  assert row['eval_success'] in ('0', '1')


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
  assert (before['updates'], before['env_steps']) == ('0', '0')
  assert int(after['updates']) > 0 and after['env_steps'] == '0'
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


def test_demonstrations_that_miss_the_goal_are_refused(demos, tmp_path):
  with pytest.raises(ValueError, match='found 0 of 1 trajectories that reach'):
    _run(['bc_pointmaze.gin'], [], tmp_path, demos['pointmaze'])


def test_the_point_mass_comes_with_its_demonstrations(tmp_path, monkeypatch):
  """No --demos: they are rolled out first, and goals are reset too."""
  monkeypatch.setenv('MINARI_DATASETS_PATH', str(tmp_path / 'minari'))
  row = _run(
    ['hype_filter_pointmaze.gin'],
    [*_START_AT_ONCE['hype_filter'], 'ModelFree.bc_steps = 64']
    + ['load_demonstrations.max_transitions = 5000'],
    tmp_path / 'runs',
    None,
  )
  _check(row, 'hype_filter')
  assert 5000 <= int(row['rows_expert']) < 100_000  # whole blocks
