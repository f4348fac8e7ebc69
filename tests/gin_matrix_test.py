"""Every ALGORITHM_TASK.gin builds, takes two rounds and says what it is."""

import csv
import math

import gin
import pytest

from tfirl import gin_bindings, gin_files, launch
from tfirl.demos import npz, rollouts
from tfirl.envs import suites

_TASKS = ('hopper', 'walker2d', 'ant', 'humanoid')
_GAMES = ('mm', 'bc_reg', 'filter', 'hype', 'hype_filter')
_ALGORITHMS = ('bc', *_GAMES, 'expert')
_PAIRS = [(a, t) for a in _ALGORITHMS for t in _TASKS]

# Settings of the published runs (Ren et al. 2024).
_FRACTIONS = {
  'hopper': [(0.2, 0.1, 200_000), (0.1, 0.01, 1_000_000)],
  'walker2d': [(0.2, 0.2, 300_000), (0.2, 0.1, 1_000_000)],
  'ant': [(0.2, 0.2, 300_000), (0.2, 0.1, 1_000_000)],
  'humanoid': [(0.2, 0.1, 200_000), (0.1, 0.01, 1_000_000)],
}
_PUBLISHED = {
  'tfirl.SacAgent.hidden': (256, 256),
  'tfirl.SacAgent.learning_rate': 7.3e-4,
  'tfirl.SacAgent.gamma': 0.98,
  'tfirl.SacAgent.tau': 0.02,
  'ModelFree.steps_per_round': 64,
  'ModelFree.batch_size': 256,
  'CostRounds.cost_rollout_episodes': 4,
  'CostRounds.cost_updates': 1,
  'cost_rollout/ExpertReset.reset_prob': 0.0,
  'run.eval_every': 50_000,
  'run.eval_episodes': 10,
}

_STEPS_PER_ROUND = 64
_STEPS = 2 * _STEPS_PER_ROUND
# Both players move within two rounds, the table opens after the first.
_START_AT_ONCE = {
  'bc': [],
  'expert': [f'Expert.initial_steps = {_STEPS_PER_ROUND}'],
  **dict.fromkeys(
    _GAMES,
    [
      f'ModelFree.initial_steps = {_STEPS_PER_ROUND}',
      f'CostRounds.cost_update_period = {_STEPS_PER_ROUND}',
    ],
  ),
}
_SHORT = [
  f'run.env_steps = {_STEPS}',
  f'run.eval_every = {_STEPS}',
  f'run.checkpoint_every = {_STEPS}',
  'run.eval_episodes = 1',
  'run.record_video = False',
]


def _write_demos(task, path):
  """Some hundreds of random steps, as demonstrations of the task."""
  gin_bindings.parse([f'tasks/{task}.gin'], [])
  env = suites.load(tremble_probability=0.0)
  size = env.action_spec().shape[0]
  npz.save_npz(
    rollouts.record(
      env,
      lambda unused_observation, rng: rng.uniform(-1, 1, size),
      num_episodes=30,  # short: a random policy falls at once
      seed=0,
      full_length_only=False,
      stochastic=True,
    ),
    str(path),
  )
  env.close()


@pytest.fixture(scope='module')
def demos(tmp_path_factory):
  """Task -> path of its demonstrations."""
  folder = tmp_path_factory.mktemp('demos')
  paths = {task: folder / f'{task}.npz' for task in _TASKS}
  for task, path in paths.items():
    _write_demos(task, path)
  return paths


@pytest.fixture(autouse=True)
def no_config():
  """Leaves gin as other tests expect it."""
  yield
  gin.clear_config()


def test_one_file_a_pair():
  found = {path.name for path in gin_files.gin_folder().glob('*.gin')}
  assert found == {f'{a}_{t}.gin' for a, t in _PAIRS}


@pytest.mark.parametrize(('algorithm', 'task'), _PAIRS)
def test_takes_two_rounds(algorithm, task, demos, tmp_path):
  launch.launch(
    [f'{algorithm}_{task}.gin'],
    [*_SHORT, *_START_AT_ONCE[algorithm]],
    str(tmp_path),
    seed=0,
    demos=str(demos[task]),
    stop=lambda: False,
  )

  run = tmp_path / task / algorithm / '0'
  with open(run / 'metrics.csv', newline='') as file:
    row = list(csv.DictReader(file))[-1]
  # The round that fills the table's first rows trains on them too.
  assert int(row['updates']) == _STEPS
  assert int(row['env_steps']) == (0 if algorithm == 'bc' else _STEPS)
  assert (int(row['rollout_steps']) > 0) == (algorithm in _GAMES)
  assert math.isfinite(float(row['eval_return_mean']))
  losses = {name: value for name, value in row.items() if 'loss' in name}
  assert losses
  assert all(math.isfinite(float(value)) for value in losses.values())
  assert (run / 'policy').is_dir()
  if algorithm in _GAMES:
    is_hybrid = algorithm.startswith('hype')
    assert (float(row['expert_fraction']) > 0) == is_hybrid


@pytest.mark.parametrize(('algorithm', 'task'), _PAIRS)
def test_says_what_it_is(algorithm, task):
  """The variants of the game differ by these bindings and no others."""
  gin_bindings.parse([f'{algorithm}_{task}.gin'], [])

  assert gin_bindings.value_of('run.algorithm') == algorithm
  assert gin_bindings.value_of('run.task') == task
  if algorithm in _GAMES:
    resets = _bound('ExpertReset.reset_prob', 0.0)
    assert resets == (0.5 if 'filter' in algorithm else 0.0)
    bc_weight = {'hopper': 1.0, 'walker2d': 0.5, 'ant': 1.0, 'humanoid': 0.5}
    assert _bound('tfirl.SacAgent.bc_weight', 0.0) == (
      bc_weight[task] if algorithm == 'bc_reg' else 0.0
    )
    period = gin_bindings.value_of('CostRounds.cost_update_period')
    assert period == (5000 if task == 'hopper' else 10_000)
    assert _bound('expert_fraction/piecewise_linear.segments', None) == (
      _FRACTIONS[task] if algorithm.startswith('hype') else None
    )
    for name, value in _PUBLISHED.items():
      assert gin_bindings.value_of(name) == value, name
  assert gin_bindings.value_of('run.env_steps') == 1_000_000


@pytest.mark.parametrize(('algorithm', 'task'), _PAIRS)
def test_takes_the_small_scale(algorithm, task):
  scales = ['scale/cpu.gin']
  if algorithm in _GAMES:
    scales.append('scale/cpu_model_free.gin')
  if algorithm.startswith('hype'):
    scales.append('scale/cpu_hype.gin')
  for scale in scales:
    gin_bindings.parse([f'{algorithm}_{task}.gin', scale], [])
    assert gin_bindings.value_of('run.env_steps') == 100_000
    assert gin_bindings.value_of('run.algorithm') == algorithm
  if algorithm in _GAMES:
    assert gin_bindings.value_of('CostRounds.cost_updates') == 5
  if algorithm.startswith('hype'):
    segments = gin_bindings.value_of(
      'expert_fraction/piecewise_linear.segments'
    )
    assert segments == [(0.5, 0.1, 50_000), (0.1, 0.01, 100_000)]


def test_expert_rows_in_another_method_are_refused(demos, tmp_path):
  """The file would make HyPE of what is stored and plotted as mm."""
  with pytest.raises(gin_bindings.UnusedBindingError, match='expert_fraction'):
    launch.launch(
      ['mm_hopper.gin', 'scale/cpu_hype.gin'],
      _SHORT,
      str(tmp_path),
      seed=0,
      demos=str(demos['hopper']),
      stop=lambda: False,
    )


def _bound(name, default):
  try:
    return gin_bindings.value_of(name)
  except gin_bindings.BindingError:
    return default
