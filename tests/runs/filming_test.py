"""The expert is filmed beside the final policy where its policy is at hand."""

import imageio
import pytest

from tfirl import tasks
from tfirl.config import gin_bindings
from tfirl.runs import filming


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
