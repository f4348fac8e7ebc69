"""Videos of a run; it goes on where nothing can be rendered."""

import logging
import traceback
from pathlib import Path

from tfirl import tasks
from tfirl.demos.experts import embedded
from tfirl.evaluation import evaluate as evaluation
from tfirl.evaluation import video


def film(
  policy,
  task: tasks.Task,
  seed: int,
  path: Path,
  stochastic: bool = False,
) -> None:
  """The episode that is reset with `seed`; without a renderer, a warning."""
  try:
    with task.make_env(seed, 'rgb_array') as env:
      evaluation.film(env, policy, seed, str(path), stochastic)
  except Exception as error:  # what a missing GL library raises is its own
    warn(error)


def film_expert(
  source: str | None, task: tasks.Task, seed: int, path: Path
) -> None:
  """Likewise the expert whose episodes a run learned from.

  Args:
    source: of the run's demonstrations; of others than 'embedded:NAME' nobody
      has the policy, and there is no video.
    task: the run's.
    seed: of the episode; that of `film` is reset alike.
    path: of the mp4, which stays if it is there.
  """
  prefix = 'embedded:'
  if source and source.startswith(prefix) and not path.exists():
    film(embedded.policy(source.removeprefix(prefix)), task, seed, path)


def is_of_video(error: Exception) -> bool:
  """Whether the making of a video raised it, and not what was filmed."""
  frames = traceback.extract_tb(error.__traceback__)
  return any(frame.filename == video.__file__ for frame in frames)


def warn(error: Exception) -> None:
  """Says that there is no video, why, and what to do."""
  advice = (
    '; one of MuJoCo: try MUJOCO_GL=osmesa and tfirl evaluate --video, any '
    "other has to take render_mode='rgb_array'"
  )
  if _is_of_renderer(error):
    error = error.__cause__
  if isinstance(error, ValueError):  # of ours, which says what to do
    advice = ''
  reason = f'{type(error).__name__}: {error}'.removesuffix(': ')
  logging.warning('no video (%s)%s', reason, advice)


def _is_of_renderer(error: Exception) -> bool:
  """Whether there is a `render()`, which met what it can't do by itself."""
  if not isinstance(error, video.PictureError) or error.__cause__ is None:
    return False
  return not isinstance(error.__cause__, (NotImplementedError, ValueError))
