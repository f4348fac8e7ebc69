import imageio
import numpy as np
import pytest
from gymnasium.utils import seeding

from tfirl import acting
from tfirl.evaluation import evaluate as evaluate_module
from tfirl.evaluation import video
from tfirl.evaluation.evaluate import EpisodeStats, episode_seed, evaluate


def _policy(observation, rng=None):
  """0.1 x observation, or noise if it may draw."""
  if rng is None:
    return 0.1 * observation
  return rng.uniform(-1, 1, 1).astype(np.float32)


def test_returns_and_lengths_of_whole_episodes(make_env):
  env = make_env()
  stats = evaluate(env, _policy, 5, seed=3)
  lengths = 2 + stats.seeds % 3
  # Observations 0, 1, ..., L-1 give rewards 0.5, 0.6, ...
  returns = 0.5 * lengths + 0.05 * lengths * (lengths - 1)
  np.testing.assert_array_equal(stats.lengths, lengths)
  np.testing.assert_allclose(stats.returns, returns, rtol=1e-6)
  assert env.seeds == list(stats.seeds)
  assert len(set(lengths)) > 1


def test_seeds_depend_on_the_seed_and_the_episode_alone(make_env):
  few = evaluate(make_env(), _policy, 2, seed=3)
  many = evaluate(make_env(), _policy, 4, seed=3)
  other = evaluate(make_env(), _policy, 4, seed=4)
  np.testing.assert_array_equal(few.seeds, many.seeds[:2])
  assert not set(many.seeds) & set(other.seeds)
  assert 0 <= min(many.seeds) and max(many.seeds) < 2**31
  assert [episode_seed(3, i) for i in range(4)] == list(many.seeds)


def test_stochastic_actions_come_from_the_episodes_seed(make_env):
  mean, drawn, again = (
    evaluate(make_env(), _policy, 3, seed=3, stochastic=stochastic)
    for stochastic in (False, True, True)
  )
  np.testing.assert_array_equal(drawn.returns, again.returns)
  assert (mean.returns != drawn.returns).all()


def test_actions_are_drawn_by_another_generator_than_starts():
  """Gymnasium's, which environments draw from, is made of the seed alone."""
  starts, _ = seeding.np_random(7)
  actions = acting.episode_rng(7, stochastic=True)
  assert not np.isin(actions.random(9), starts.random(9)).any()
  assert acting.episode_rng(7, stochastic=False) is None


def test_success_is_latched(make_env):
  stats = evaluate(make_env(has_goal=True), _policy, 6, seed=0)
  np.testing.assert_array_equal(stats.successes, 1 - stats.seeds % 2)
  # Some episodes go on after the goal and still count.
  assert (stats.lengths[stats.successes == 1] > 2).any()
  assert stats.metrics()['eval_success'] == np.mean(1 - stats.seeds % 2)


def test_no_goal_no_success(make_env):
  stats = evaluate(make_env(), _policy, 2, seed=0)
  assert np.isnan(stats.successes).all()
  assert stats.metrics()['eval_success'] is None


def test_who_tells_of_successes_alone_tells_of_the_rest(make_env):
  """Of an episode without one it says nothing, and of all without one."""
  env = make_env(has_goal=True, tells_failures=False)
  stats = evaluate(env, _policy, 6, seed=0)
  np.testing.assert_array_equal(stats.successes, 1 - stats.seeds % 2)
  assert 0 < stats.metrics()['eval_success'] < 1
  seed = next(s for s in range(99) if episode_seed(s, 0) % 2)
  none = evaluate(env, _policy, 1, seed)
  assert none.metrics()['eval_success'] is None
  assert none.with_goal().metrics()['eval_success'] == 0.0


@pytest.mark.parametrize('key', ['success', 'is_success'])
@pytest.mark.parametrize(
  ('value', 'expected'),
  [(True, 1), (np.array([True]), 1), (0, 0), (None, None), (np.nan, None)],
)
def test_success_in_the_words_of_environments(
  make_env, monkeypatch, key, value, expected
):
  monkeypatch.setattr(make_env, 'get_info', lambda _: {key: value})
  stats = evaluate(make_env(), _policy, 2, seed=0)
  assert stats.metrics()['eval_success'] == expected


def test_metrics_hand_worked():
  stats = EpisodeStats(
    np.array([1.0, 3.0]), np.array([5, 6]), np.array([0.0, 1.0]), np.arange(2)
  )
  assert stats.metrics() == {
    'eval_return_mean': 2.0,
    'eval_return_std': 1.0,
    'eval_episodes': 2,
    'eval_length': 5.5,
    'eval_success': 0.5,
  }


@pytest.mark.parametrize('suffix', ['gif', 'mp4'])
def test_video_shows_the_first_episode(make_env, tmp_path, suffix):
  path = tmp_path / 'videos' / f'a.{suffix}'
  seed = next(s for s in range(99) if episode_seed(s, 0) % 3 == 2)
  evaluate(make_env(), _policy, 2, seed, video_path=str(path))
  frames = [frame for frame in imageio.get_reader(path)]
  # 4 steps at 60 a second: the frames before steps 0 and 2.
  assert [round(frame.mean() / 60) for frame in frames] == [1, 3]
  assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_video_that_cannot_be_made_is_named(make_env, tmp_path):
  with pytest.raises(ValueError, match="a.avi: found suffix '.avi'"):
    evaluate(make_env(), _policy, 1, 0, video_path=str(tmp_path / 'a.avi'))
  path = tmp_path / 'a.gif'
  seed = next(s for s in range(99) if episode_seed(s, 0) % 3 == 2)
  with pytest.raises(video.PictureError, match='a.gif: .*render.. gave None'):
    evaluate(make_env(picture=False), _policy, 1, seed, video_path=str(path))
  assert list(tmp_path.iterdir()) == []


def test_a_video_that_cannot_be_written_is_named(make_env, tmp_path):
  file = tmp_path / 'file'
  file.touch()
  for path in ('/proc/x.mp4', '/proc/x.gif', f'{file}/x.mp4'):
    with pytest.raises(OSError, match=f'^video {path}: .*; expected a path th'):
      evaluate(make_env(), _policy, 1, 0, video_path=path)


def test_an_ffmpeg_that_ends_is_told_in_a_line(make_env, tmp_path, monkeypatch):
  """As on a disk that gets full."""
  path = tmp_path / 'x.mp4'

  def ended(*_, **__):
    raise OSError('[Errno 32] Broken pipe\n\nFFMPEG COMMAND:\nffmpeg -y')

  writer = video.VideoWriter(str(path), 30.0)
  monkeypatch.setattr(writer._writer, 'append_data', ended)
  with pytest.raises(OSError) as error:
    with writer:
      writer.add(make_env())
  assert str(error.value) == (
    f'video {path}: [Errno 32] Broken pipe; expected a path that can be written'
  )
  assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
  ('episodes', 'seed', 'words'),
  [
    (0, 0, 'episodes is 0; expected an integer, 1 or more'),
    (2.0, 0, 'episodes is 2.0; expected an integer'),
    (True, 0, 'episodes is True; expected an integer'),
    (1, -1, 'seed is -1; expected an integer, 0 or more'),
    (1, 0.5, 'seed is 0.5; expected an integer'),
  ],
)
def test_names_bad_arguments(make_env, episodes, seed, words):
  with pytest.raises(ValueError, match=words):
    evaluate_module.evaluate(make_env(), _policy, episodes, seed)
