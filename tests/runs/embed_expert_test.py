"""embed_expert on a run folder made by hand."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tfirl.acting import Encoding, MlpPolicy
from tfirl.demos.experts import embedded
from tfirl.runs import embed_expert
from tfirl.storage import policy_file


def _random_policy(seed):
  """Of a head of means and log standard deviations, as SAC exports it, that
  sees its observations doubled.
  """
  rng = np.random.default_rng(seed)
  layers = [
    (rng.normal(size=shape).astype(np.float32), np.zeros(shape[1], np.float32))
    for shape in ((11, 8), (8, 6))
  ]
  zeros = np.zeros(11, np.float32)
  encoding = Encoding(zeros, zeros + 2, np.zeros((11, 0), 'f'), zeros[:0])
  return MlpPolicy(layers, 3, encoding=encoding)


def _leave(policy, path, **evaluation):
  """As its run leaves it."""
  bounds = -np.ones(3, np.float32), np.ones(3, np.float32)
  metadata = {'latest_evaluation': evaluation}
  policy_file.save(policy_file.make(policy, *bounds, metadata), path)


@pytest.fixture
def run(tmp_path):
  """An expert's run folder with two policies."""
  _leave(_random_policy(0), tmp_path / 'best_policy.npz', env_steps=128.0)
  _leave(_random_policy(1), tmp_path / 'policy.npz', env_steps=256.0)
  (tmp_path / 'config.gin').write_text("include 'tasks/hopper.gin'\n")
  launch = {
    'command': ['launch.py', '--gin_file=x.gin', '--root_dir=/private'],
    'git_commit': 'abc',
    'versions': {'numpy': '1'},
  }
  (tmp_path / 'metadata.json').write_text(json.dumps({'launches': [launch]}))
  # Resumed after a kill from step 64: it never came to 128's return again.
  (tmp_path / 'metrics.csv').write_text(
    'env_steps,eval_return_mean\n0,1\n64,9.5\n128,8.5\n256,2\n'
  )
  return tmp_path


@pytest.mark.parametrize(
  ('policy', 'seed', 'env_steps'),
  [('best_policy', 0, 128), ('policy', 1, 256)],
)
def test_writes_the_policy_and_how_it_was_made(
  run, tmp_path, policy, seed, env_steps
):
  """In a process of its own: gin knows what the module itself imports."""
  out = str(tmp_path / 'out.npz')
  shipped = {task: embedded.metadata(task) for task in embedded.tasks()}
  module = [sys.executable, '-m', 'tfirl.runs.embed_expert', str(run)]
  flags = [f'--policy={policy}', '--episodes=1', f'--out={out}']
  subprocess.run([*module, *flags], check=True, timeout=300)
  observation = np.linspace(-1, 1, 11)
  np.testing.assert_allclose(
    embedded.policy(out)(observation),
    _random_policy(seed)(observation),
    atol=1e-6,
  )
  details = embedded.metadata(out)
  assert details['env_steps'] == env_steps
  assert (details['task'], details['env_id']) == ('hopper', 'Hopper-v5')
  assert details['command'] == 'python -m tfirl.launch --gin_file=x.gin'
  assert (details['git_commit'], details['episodes']) == ('abc', 1)
  assert 0 < details['length_mean'] <= 1000
  assert shipped == {task: embedded.metadata(task) for task in embedded.tasks()}


@pytest.mark.parametrize(
  ('argv', 'told'),
  [
    ('/x/launch.py --gin_file=a --root_dir=/p', '--gin_file=a'),
    ('/x/__main__.py --root_dir /p --seed 1', '--seed 1'),
  ],
)
def test_the_command_is_without_places(argv, told):
  found = embed_expert._command(argv.split())
  assert found == f'python -m tfirl.launch {told}'


def test_the_command_of_the_console_script():
  argv = '/v/bin/tfirl train expert_ant --root_dir /p --seed 0'.split()
  assert embed_expert._command(argv) == 'tfirl train expert_ant --seed 0'


def test_a_policy_without_an_evaluation_is_named(run):
  _leave(_random_policy(1), run / 'policy.npz')
  with pytest.raises(ValueError, match='policy.npz: found no evaluation'):
    embed_expert.read(run / 'policy.npz')
