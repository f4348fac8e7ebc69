"""Runs on one trajectory: fewer rows than a batch, or than a block."""

import csv
import json

import numpy as np
import pytest

from tfirl.config import gin_bindings
from tfirl.demos.experts import policies
from tfirl.demos.formats import npz
from tfirl.report import __main__ as report
from tfirl.report.reading import runs
from tfirl.runs import evaluate, launch

_ONE = 'load_demonstrations.num_episodes = 1'
# Random actions reach no goal; 50 rows are what a short way through a maze is.
_SHORT_WAY = [
  'load_demonstrations.successful_only = False',
  'load_demonstrations.max_transitions = 50',
]


def _record(path):
  """What a run's metadata says of its demonstrations."""
  return json.loads((path / 'metadata.json').read_text())['demonstrations']


def _length(demos):
  """Rows of the first episode of the file `demos`."""
  columns = npz.read_npz(demos)
  return int(columns.episode_ends[0])


@pytest.mark.parametrize('algorithm', ['hype', 'hyper'])
def test_hopper_from_one_trajectory(algorithm, run, demos, tmp_path):
  length = _length(demos['hopper'])
  smaller = []
  if algorithm == 'hyper':
    # Its batches are of more rows than there are, its blocks as published.
    smaller = [
      f'ModelBased.batch_size = {length + 1}',
      'expert/table.rows_per_item = 256',
    ]
  row = run(
    f'{algorithm}_hopper.gin', algorithm, [_ONE, *smaller], demos['hopper']
  )
  path = tmp_path / 'hopper' / f'{algorithm}-n1' / '0'
  found = _record(path)
  assert found['source'] == demos['hopper']
  assert (found['num_episodes'], found['num_transitions']) == (1, length)
  rewards = npz.read_npz(demos['hopper']).columns['rewards'][:length]
  assert found['mean_return'] == pytest.approx(rewards.sum(), rel=1e-5)
  assert found['mean_length'] == length and found['terminated'] in (0.0, 1.0)
  assert float(row['rows_expert']) >= length


def test_hyper_in_a_maze_from_fifty_rows(run, demos, tmp_path, monkeypatch):
  """Its model is fitted to them first, and then to them beside real rows."""
  monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
  row = run(
    'hyper_pointmaze.gin',
    'hyper',
    [_ONE, *_SHORT_WAY, 'ModelBased.steps_per_round = 2'],
    demos['pointmaze'],
  )
  assert gin_bindings.value_of('ModelBased.demos_in_hybrid')
  assert len(list((tmp_path / 'cache').rglob('*.npz'))) == 1
  path = tmp_path / 'pointmaze' / 'hyper-n1' / '0'
  assert _record(path)['num_transitions'] == 50
  # At the fit: each demonstration once, 100 real rows, as many beside.
  rows = float(row['dynamics_rows']) + float(row['dynamics_holdout_rows'])
  assert rows == 50 + 2 * 100


def test_a_model_of_fifty_rows(demos, tmp_path):
  launch.launch(
    ['pretrain_dynamics_pointmaze.gin'],
    [
      *_SHORT_WAY,
      'DynamicsTrainer.max_epochs = 2',
      'GaussianEnsemble.layers = (16, 16)',
    ],
    str(tmp_path),
    seed=0,
    demos=demos['pointmaze'],
    stop=lambda: False,
    num_demos=1,
  )
  path = tmp_path / 'pointmaze' / 'pretrain_dynamics-n1' / '0'
  with open(path / 'metrics.csv', newline='') as file:
    row = list(csv.DictReader(file))[-1]
  assert float(row['dynamics_rows']) < 50  # fewer than a batch
  assert float(row['dynamics_holdout_rows']) > 0
  assert (path / 'dynamics.npz').exists()


def test_what_goes_on_with_such_a_folder(run, demos, tmp_path, capsys):
  """Stopped, resumed, evaluated, rolled out, reported beside one of all."""
  stops = iter([False, True])
  path = tmp_path / 'hopper' / 'bc-n2' / '0'
  run(
    'bc_hopper.gin',
    'bc',
    [],
    demos['hopper'],
    num_demos=2,
    stop=lambda: next(stops),
  )
  before = _record(path)
  # By gin this time: the same run.
  run(
    'bc_hopper.gin',
    'bc',
    ['load_demonstrations.num_episodes = 2'],
    demos['hopper'],
  )
  assert [p.name for p in (tmp_path / 'hopper').iterdir()] == ['bc-n2']
  assert (path / 'complete.json').exists()
  metadata = json.loads((path / 'metadata.json').read_text())
  assert len(metadata['launches']) == 2
  assert metadata['demonstrations'] == before
  assert 'load_demonstrations.num_episodes = 2' in (
    (path / 'config.gin').read_text()
  )

  evaluate.main([str(path), '--episodes=1'])
  assert '(mean +- std of 1 episodes)' in capsys.readouterr().out
  assert policies.load_policy(str(path), 'hopper')(np.zeros(11)).shape == (3,)

  run('bc_hopper.gin', 'bc', [], demos['hopper'])
  assert report.main([str(tmp_path), '--last=1', '--reps=50']) == 0
  lines = capsys.readouterr().out.splitlines()
  assert sum(x.startswith('| hopper | bc | 1 | 30 |') for x in lines) == 1
  assert sum(x.startswith('| hopper | bc-n2 | 1 | 2 |') for x in lines) == 1


def test_returns_that_are_not_known_are_null(run, demos, tmp_path):
  raw = npz.read_npz(demos['hopper'])
  del raw.columns['rewards']
  raw.episode_returns = None
  path = str(tmp_path / 'bare.npz')
  npz.save_npz(raw, path)
  run('bc_hopper.gin', 'bc', [], path)
  found = _record(tmp_path / 'hopper' / 'bc' / '0')
  assert found['mean_return'] is None
  assert (found['source'], found['num_episodes']) == (path, 30)
  assert runs.read_run(str(tmp_path / 'hopper' / 'bc' / '0')).num_demos == 30


def test_more_than_there_are_can_be_mended(run, demos, tmp_path):
  with pytest.raises(
    ValueError, match=r'hopper.npz: episodes: found 30; expected .* = 31 or'
  ):
    run('bc_hopper.gin', 'bc', [], demos['hopper'], num_demos=31)
  assert not (tmp_path / 'hopper' / 'bc-n31' / '0' / 'config.gin').exists()


def test_an_expert_has_no_use_for_them(run):
  with pytest.raises(gin_bindings.UnusedBindingError, match='num_episodes = 1'):
    run('expert_hopper.gin', 'expert', [_ONE], None)
