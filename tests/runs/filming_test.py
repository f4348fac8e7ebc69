"""The expert is filmed beside the final policy where its policy is at hand."""

import imageio
import numpy as np
import pytest

from tfirl import tasks
from tfirl.config import gin_bindings
from tfirl.runs import evaluations, filming


@pytest.fixture
def task():
  gin_bindings.parse(
    ['tasks/hopper.gin'], ["Task.env_kwargs = {'max_episode_steps': 20}"]
  )
  return tasks.make_task()


def test_an_embedded_expert_is_filmed_once(task, tmp_path):
  path = tmp_path / 'videos' / 'expert.mp4'
  filming.film_expert('embedded:hopper', task, 0, path)
  assert len(imageio.mimread(path)) == 5  # every fourth of 20 steps
  path.write_bytes(b'as it was')
  filming.film_expert('embedded:hopper', task, 0, path)
  assert path.read_bytes() == b'as it was'


@pytest.mark.parametrize('source', ['mine.npz', None])
def test_of_other_demonstrations_there_is_no_expert_to_film(
  task, tmp_path, source
):
  filming.film_expert(source, task, 0, tmp_path / 'expert.mp4')
  assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('episodes', [1, 4, 5])
def test_the_episode_of_median_return_is_filmed(task, tmp_path, episodes):
  """Not the first one, which may be a fall."""
  found = evaluations.Evaluations(
    task, 0, tmp_path, episodes=episodes, stochastic=False, film=False
  )
  first = found.typical_seed
  rng = np.random.default_rng(5)
  stats = found.play(lambda observation, _: rng.uniform(-1, 1, 3), 0)
  found.close()
  assert first == stats.seeds[0]
  below = int((stats.returns < stats.returns[_at(stats, found)]).sum())
  assert below == (episodes - 1) // 2
  path = tmp_path / 'final.mp4'
  filming.film(lambda *_: np.zeros(3), task, found.typical_seed, path)
  assert len(imageio.mimread(path)) == 5


def _at(stats, found):
  return list(stats.seeds).index(found.typical_seed)
