"""From a run in a maze that was stopped and resumed to a page and a video."""

import itertools

import imageio
import numpy as np
import pytest

from tfirl import tasks
from tfirl.config import gin_bindings
from tfirl.demos.formats import npz
from tfirl.report import __main__ as report_main
from tfirl.runs import evaluate, launch

_STEPS = 120
_SHORT = "Task.env_kwargs = {'continuing_task': False, 'max_episode_steps': 30}"
_TINY = [
  'run.real_steps = None',  # whichever the file binds
  f'run.env_steps = {_STEPS}',
  'run.eval_every = 60',
  'run.eval_episodes = 1',
  f'run.checkpoint_every = {_STEPS}',
  'run.record_video = False',
  _SHORT,
  'load_demonstrations.successful_only = False',
  'WarmStart.bc_steps = 0',
  'ModelBased.initial_steps = 50',
  'ModelBased.policy_updates_per_step = 1',
  'ModelBased.batch_size = 16',
  'ModelBased.dynamics_update_period = 50',
  'Imagination.rollouts_per_step = 4',
  'BackwardStarts.walk_steps = 200',
  'DynamicsTrainer.batch_size = 16',
  'DynamicsTrainer.max_epochs = 1',
  'GaussianEnsemble.layers = (16,)',
  'CostTurns.cost_update_period = 40',
  'CostTurns.cost_rollout_episodes = 1',
  'policy/table.rows_per_item = 4',
  'expert/table.rows_per_item = 4',
  'hybrid/table.rows_per_item = 16',
  'learner/table.rows_per_item = 16',
]


@pytest.fixture(scope='module')
def run(record_random, tmp_path_factory):
  """Run folder of a hyper_pointmaze run, stopped at step 75 and resumed."""
  folder = tmp_path_factory.mktemp('run')
  demos = folder / 'demos.npz'
  gin_bindings.parse(['tasks/pointmaze.gin'], [_SHORT])
  with tasks.make_task().make_env() as env:
    raw = record_random(env, 4)
  npz.save_npz(raw, str(demos))
  rounds = itertools.count(1)
  with pytest.MonkeyPatch.context() as patch:
    patch.setenv('XDG_CACHE_HOME', str(folder))  # of the pretrained model
    for stop in (lambda: next(rounds) > 75, lambda: False):
      launch.launch(
        ['paper/hyper_pointmaze.gin'], _TINY, str(folder), 0, str(demos), stop
      )
  return folder / 'pointmaze/hyper/0'


def _record(run):
  with np.load(run / 'maze.npz') as file:
    return dict(file)


def test_counts_are_those_of_the_whole_run(run):
  record = _record(run)
  assert record['visits'].sum() == _STEPS
  assert record['demo_visits'].sum() == 4 * 30


def test_start_states_are_the_demonstrations_of_the_window(run):
  record = _record(run)
  # The latest fit was at 100 of 200 steps.
  np.testing.assert_allclose(record['start_window'], [0.5, 0.6])
  with np.load(run.parents[2] / 'demos.npz') as file:
    xy = file['observations'][:, :2].reshape(4, 30, 2)
  possible = {tuple(p) for p in xy[:, 15:18].reshape(-1, 2).astype('f4')}
  found = {tuple(p) for p in record['start_states'].astype('f4')}
  assert found == possible
  assert np.isfinite(record['rollouts']).all()


def test_the_page_shows_it(run, tmp_path):
  assert report_main.main([str(run), '--out', str(tmp_path)]) == 0
  name = 'pointmaze_hyper_0_maze'
  assert (tmp_path / f'{name}.png').stat().st_size > 10_000
  page = (tmp_path / 'index.html').read_text()
  assert f'data-file="{name}.' in page
  # The walk over progress is a panel of this one.
  assert 'data-file="pointmaze_hyper_dynamics.svg"' in page


def test_a_damaged_record_is_an_error_of_one_line(run, tmp_path, capsys):
  copy = tmp_path / 'pointmaze/hyper/0'
  copy.mkdir(parents=True)
  (copy / 'metrics.csv').write_bytes((run / 'metrics.csv').read_bytes())
  (copy / 'maze.npz').write_bytes(b'PK nothing')
  assert report_main.main([str(copy), '--out', str(tmp_path / 'out')]) == 1
  error = capsys.readouterr().err
  assert (
    error.startswith('error: ') and 'maze.npz: found a file that is tr' in error
  )


def test_its_video_is_from_above(run, tmp_path):
  path = tmp_path / 'x.gif'  # an mp4 would blur
  evaluate.main([str(run), '--episodes=1', f'--video={path}'])
  frames = imageio.mimread(path)
  assert len(frames) == 15  # every other of 30 steps
  frame = frames[0][..., :3].astype(int)
  assert frame.shape == (600, 800, 3)
  # The four corner blocks, and the first free cell.
  wall = np.array([178, 128, 76])
  for row, column in [(5, 5), (5, 795), (595, 5), (595, 795)]:
    assert np.abs(frame[row, column] - wall).max() < 12
  assert np.abs(frame[80, 75] - wall).max() > 60
