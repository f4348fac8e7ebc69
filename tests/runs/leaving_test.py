"""`tfirl export`, on a folder made by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tfirl import acting, tasks
from tfirl.cli import main as cli
from tfirl.costs import export as cost_export
from tfirl.costs import learned_reward
from tfirl.costs import learner as cost_learner
from tfirl.runs import leaving
from tfirl.storage import policy_file

_LOW, _HIGH = np.float32([0.0]), np.float32([10.0])


@pytest.fixture
def run(tmp_path):
  """A run's folder, with its policy and its cost."""
  folder = tmp_path / 'toy' / 'hype' / '0'
  folder.mkdir(parents=True)
  layers = [(np.float32([[1.0], [2.0]]), np.float32([0.5]))]
  unit = acting.MlpPolicy(layers, 1)
  policy_file.save(
    policy_file.make(unit, _LOW, _HIGH, {}), folder / 'policy.npz'
  )
  cost = cost_learner.CostLearner(2, 1, 0, batch_size=8)
  cost_export.save_npz(cost, _LOW, _HIGH, {}, folder / 'cost.npz')
  return folder


@pytest.fixture
def observations():
  return np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)


def test_whatever_the_environment_is_made_with(tmp_path):
  """Arrays and functions are written as text: no checkpoint fails by them."""
  task = tasks.Task(
    'odd', env_id='Pendulum-v1', env_kwargs={'g': np.float32(9.5)}
  )
  folder = tmp_path / 'odd' / 'bc' / '3'
  folder.mkdir(parents=True)
  layers = [(np.ones([3, 1], np.float32), np.zeros(1, np.float32))]
  with task.make_env() as env:
    leaver = leaving.Leaver(folder, task.name, env)
    leaver.write_policy(acting.MlpPolicy(layers, 1), 'policy', None)
    leaver.write_cost(None, None)
  found = policy_file.load(folder / 'policy.npz')
  assert found.metadata['env_kwargs'] == {'g': '9.5'}
  assert (found.metadata['method'], found.metadata['seed']) == ('bc', 3)
  assert found.metadata['latest_evaluation'] == {}
  np.testing.assert_array_equal(found.high, [2.0])
  assert sorted(p.name for p in folder.iterdir()) == ['policy', 'policy.npz']


def _tflite(path):
  runner = tf.lite.Interpreter(str(path)).get_signature_runner()
  return lambda observation: runner(observation=observation)['action']


def _saved_model(path):
  model = tf.saved_model.load(str(path))
  return lambda observation: model.action(observation).numpy()


@pytest.mark.parametrize(
  ('kind', 'name', 'load'),
  [
    ('saved_model', 'policy', _saved_model),
    ('npz', 'policy.npz', policy_file.load),
    ('tflite', 'policy.tflite', _tflite),
  ],
)
@pytest.mark.parametrize('out', ['', 'elsewhere/mine'])
def test_a_policy(run, observations, capsys, kind, name, load, out):
  path = run / (out or name)
  flags = ['--out', str(path)] if out else []
  assert not cli.main(['export', str(run), '--format', kind, *flags])
  assert capsys.readouterr().out == f'{path}\n'
  np.testing.assert_allclose(
    load(path)(observations),
    5 + 5 * np.tanh(observations @ [[1], [2]] + 0.5),
    rtol=1e-5,
    atol=1e-5,
  )


def test_a_run_s_own_file_is_written_again(run):
  for kind in ('npz', 'tflite'):
    path = leaving.export(run, 'policy', kind)
    before = path.read_bytes()
    assert leaving.export(run, 'policy', kind, str(path)) == path
    assert len(path.read_bytes()) == len(before)


def test_a_cost(run, observations, tmp_path):
  actions = np.linspace(0, 10, 6, dtype=np.float32)[:, np.newaxis]
  expected = learned_reward.LearnedReward(run / 'cost.npz')(
    observations, actions
  )
  assert leaving.export(run, 'cost', 'saved_model') == run / 'cost'
  model = tf.saved_model.load(str(run / 'cost'))
  found = model.reward(observations, actions)
  np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
  copy = leaving.export(run, 'cost', 'npz', str(tmp_path / 'copy.npz'))
  assert copy.read_bytes() == (run / 'cost.npz').read_bytes()
  # Where it is already, it stays.
  before = (run / 'cost.npz').stat().st_mtime_ns
  leaving.export(run, 'cost', 'npz')
  assert (run / 'cost.npz').stat().st_mtime_ns == before


@pytest.mark.parametrize(
  ('missing', 'flags', 'message'),
  [
    (
      [],
      ['--what', 'cost', '--format', 'tflite'],
      "--format is 'tflite'; expe",
    ),
    (
      ['cost.npz'],
      ['--what', 'cost'],
      'whose methods learn a cost; hype learns',
    ),
    (
      ['cost.npz', 'policy.npz'],
      [],
      'policy.npz not found; expected the folder',
    ),
    ([], ['--out', '.'], '. is there and is no SavedModel'),
    ([], ['--format', 'npz', '--out', 'mine'], "--out is 'mine', which is"),
    ([], ['--format', 'tflite', '--out', 'mine'], "--out is 'mine', which is"),
    (
      [],
      ['--what', 'cost', '--format', 'npz', '--out', 'mine'],
      "--out is 'mine', which is there; expected a new name",
    ),
  ],
)
def test_users_errors_are_one_line(
  run, capsys, monkeypatch, tmp_path, missing, flags, message
):
  monkeypatch.chdir(tmp_path)
  mine = tmp_path / 'mine'
  mine.write_text('precious')
  for name in missing:
    (run / name).unlink()
  assert cli.main(['export', str(run), *flags]) == 1
  error = capsys.readouterr().err
  assert error.startswith('error: ') and error.count('\n') == 1
  assert message in error
  assert run.exists() and mine.read_text() == 'precious'
