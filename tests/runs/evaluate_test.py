"""The command that rolls out a run's exported policy."""

import itertools

import gymnasium
import numpy as np
import pytest

import tfirl
from tfirl import acting
from tfirl.runs import evaluate
from tfirl.storage import last_policy, policy_file

_CONFIG = """
Task.name = 'hopper'
Task.env_id = 'Hopper-v5'
Task.tremble_probability = 0.0
"""


def _pulling_policy(spread=None):
  """Pulls by the first observed number; samples widely, or not."""
  width = 3 if spread is None else 6
  kernel, bias = np.zeros([11, width], np.float32), np.zeros(width, np.float32)
  kernel[0, :3] = 3.0
  bias[3:] = spread or 0.0
  return acting.MlpPolicy([(kernel, bias)], 3)


@pytest.fixture
def run(tmp_path):
  """A run folder, and of it what evaluations read."""
  (tmp_path / 'config.gin').write_text(_CONFIG)
  _leave(_pulling_policy(), tmp_path)
  return tmp_path


def _leave(policy, folder):
  bounds = -np.ones(3, np.float32), np.ones(3, np.float32)
  policy_file.save(policy_file.make(policy, *bounds, {}), folder / 'policy.npz')


def test_same_seed_gives_the_same_table_and_more_episodes_extend_it(
  run, capsys
):
  evaluate.main([str(run), '--episodes=2', '--seed=4'])
  said = capsys.readouterr()
  assert 'not finished' in said.err  # it holds a policy, and no complete.json
  first = said.out.splitlines()
  evaluate.main([str(run), '--episodes=3', '--seed=4'])
  second = capsys.readouterr().out.splitlines()
  assert first[1:3] == second[1:3]
  assert len(first) == 4 and len(second) == 5
  assert first[-1].endswith('(mean +- std of 2 episodes)')
  returns = [float(line.split()[2]) for line in first[1:3]]
  assert float(first[-1].split()[1]) == pytest.approx(np.mean(returns), abs=0.1)
  assert returns[0] != returns[1]


def test_a_finished_run_keeps_what_its_last_policy_returns(run, capsys):
  (run / 'complete.json').write_text('{"steps": 9}\n')
  evaluate.main([str(run), '--episodes=3', '--seed=4', '--save'])
  lines = capsys.readouterr().out.splitlines()[1:4]
  returns, lengths = np.array([line.split()[2:4] for line in lines], float).T
  found = last_policy.read(run)
  assert found[:3] == (3, 4, False) and found.success is None
  assert found.return_mean == pytest.approx(returns.mean(), abs=0.1)
  assert found.return_std == pytest.approx(returns.std(), abs=0.1)
  assert found.length_mean == pytest.approx(lengths.mean())


def test_a_policy_that_is_not_the_last_is_not_kept(run, monkeypatch):
  """And plays no hundred episodes before that is said."""
  monkeypatch.setattr(evaluate.evaluation, 'evaluate', None)
  with pytest.raises(SystemExit, match='--save: .* is not finished'):
    evaluate.main([str(run), '--episodes=1', '--save'])
  assert last_policy.read(run) is None


@pytest.mark.parametrize('is_over', [False, True])
def test_a_policy_of_before_a_run_went_on_is_not_kept(
  run, monkeypatch, is_over
):
  """A launch that makes the run longer removes complete.json meanwhile."""
  complete, play = run / 'complete.json', evaluate.evaluate_run
  complete.write_text('{"steps": 9}\n')

  def play_slowly(*args):
    complete.unlink()
    if is_over:
      complete.write_text('{"steps": 99}\n')
    return play(*args)

  monkeypatch.setattr(evaluate, 'evaluate_run', play_slowly)
  with pytest.raises(SystemExit, match='--save: .*(further|not finished)'):
    evaluate.main([str(run), '--episodes=1', '--save'])
  assert last_policy.read(run) is None


def test_samples_are_another_play_than_the_mean(run, capsys):
  _leave(_pulling_policy(spread=5.0), run)
  tables = []
  for flags in ([], ['--stochastic'], ['--stochastic']):
    evaluate.main([str(run), '--episodes=1', *flags])
    tables.append(capsys.readouterr().out)
  assert tables[0] != tables[1] == tables[2]


def test_missing_config_and_policy_are_named(run, tmp_path):
  with pytest.raises(SystemExit, match='absent/config.gin not found'):
    evaluate.main([str(tmp_path / 'absent')])
  (run / 'policy.npz').unlink()
  with pytest.raises(SystemExit, match='policy.npz: no such file; expected'):
    evaluate.main([str(run)])


def test_video_of_a_wrong_kind_is_refused_in_one_line(run):
  with pytest.raises(SystemExit, match=r'^error: video x.avi: .*\.avi') as info:
    evaluate.main([str(run), '--video=x.avi', '--episodes=1'])
  assert 'In call to configurable' not in str(info.value)


@pytest.fixture
def echo(run, monkeypatch):
  """A run of conftest's toy environment; what its steps tell may be set."""
  env_id = 'TfirlEcho-v0'
  (run / 'config.gin').write_text(
    f"Task.name = 'toy'\nTask.env_id = '{env_id}'\n"
  )
  policy = acting.MlpPolicy([(np.zeros((1, 1)), np.zeros(1))], 1)
  bounds = -np.ones(1), np.ones(1)
  policy_file.save(policy_file.make(policy, *bounds, {}), run / 'policy.npz')
  env = gymnasium.registry[env_id].entry_point
  infos = itertools.chain(range(3), itertools.repeat(9))
  monkeypatch.setattr(
    env,
    'step',
    lambda *_: (
      np.zeros(1),
      0.0,
      False,
      False,
      {'success': True} if next(infos) == 2 else {},
    ),
  )
  return run, env


@pytest.mark.parametrize(
  ('error', 'words'),
  [
    (NotImplementedError, 'no video (PictureError: video {}: TfirlEcho-v0.'),
    (RuntimeError('no GL'), 'no video (RuntimeError: no GL); one of MuJoCo:'),
  ],
)
def test_without_pictures_there_is_a_warning_and_no_video(
  echo, monkeypatch, capsys, caplog, error, words
):
  run, env = echo

  def render(unused_env):
    raise error

  monkeypatch.setattr(env, 'render', render)
  path = run / 'x.mp4'
  evaluate.main([str(run), '--episodes=2', f'--video={path}'])
  assert words.format(path) in caplog.text
  assert '(mean +- std of 2 episodes)' in capsys.readouterr().out
  assert not path.exists()


def test_from_python_there_is_the_same_warning(echo, monkeypatch, caplog):
  run, env = echo
  monkeypatch.setattr(env, 'render', lambda unused_env: None)
  path = run / 'x.gif'
  stats = tfirl.load_run(run).evaluate(2, video=path)
  assert len(stats.returns) == 2 and not path.exists()
  assert f'no video (PictureError: video {path}: TfirlEcho-v0' in caplog.text


def test_an_episode_that_tells_of_no_success_had_none(echo, capsys):
  """Once another one did, or an evaluation of the run."""
  run, _ = echo
  evaluate.main([str(run), '--episodes=2'])
  *episodes, _, share = capsys.readouterr().out.splitlines()[1:]
  assert [line.split()[-1] for line in episodes] == ['1', '0']
  assert share == 'success 50.0 %'
  evaluate.main([str(run), '--episodes=2'])
  assert 'success' not in capsys.readouterr().out
  (run / 'metrics.csv').write_text('eval_success\n0.5\n')
  (run / 'complete.json').write_text('{"steps": 9}\n')
  evaluate.main([str(run), '--episodes=2', '--save'])
  assert capsys.readouterr().out.endswith('\nsuccess 0.0 %\n')
  assert last_policy.read(run).success == 0.0


def test_a_seed_below_0_names_its_flag(run, capsys):
  with pytest.raises(SystemExit):
    evaluate.main([str(run), '--seed=-1'])
  message = "argument --seed: found '-1'; expected an integer, 0 or more"
  assert message in capsys.readouterr().err
