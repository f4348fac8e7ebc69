"""The evaluations of one run: the same episodes each time."""

import functools
import time
from pathlib import Path

import numpy as np

from tfirl import tasks
from tfirl.evaluation import evaluate as evaluation
from tfirl.runs import filming

# A stream of the run's seed.
_STREAM = 1


class Evaluations:
  """Plays the policy as it then is, in an environment of its own.

  Two evaluations differ by their policies alone: each plays the episodes that
  one seed, made of the run's, gives.

  Attributes:
    task, seed: the run's.
    env: the environment.
    stochastic: whether actions are sampled.
    taken_s: seconds in all, those of earlier processes among them.
  """

  def __init__(
    self,
    task: tasks.Task,
    seed: int,
    videos: Path,
    *,
    episodes: int,
    stochastic: bool,
    film: bool,
  ):
    """Makes the environment.

    Args:
      task: the run's.
      seed: the run's.
      videos: folder of what is filmed.
      episodes, stochastic, film: `eval_episodes`, `eval_stochastic` and
        `eval_video` of `experiment.run`.
    """
    self.task, self.seed = task, seed
    self.stochastic = stochastic
    self.taken_s = 0.0
    self._latest = None
    self._videos, self._films = videos, film
    self.env = task.make_env(seed, 'rgb_array' if film else None)
    sequence = np.random.SeedSequence([seed, _STREAM])
    self._stream = int(sequence.generate_state(1)[0])
    self._play = functools.partial(
      evaluation.evaluate,
      num_episodes=episodes,
      seed=self._stream,
      stochastic=stochastic,
    )

  @property
  def typical_seed(self) -> int:
    """Of the latest evaluation's episode of median return, the lower of two; of
    the first one, if this process has played none.
    """
    if self._latest is None:
      return evaluation.episode_seed(self._stream, 0)
    order = np.argsort(self._latest.returns, kind='stable')
    return int(self._latest.seeds[order[(len(order) - 1) // 2]])

  def play(
    self, policy: evaluation.Policy, steps: int
  ) -> evaluation.EpisodeStats:
    """What the policy reaches; without a renderer, with a warning.

    Args:
      policy: acts in [-1, 1].
      steps: of the run so far; they name the video.

    Raises: what the environment raises.
    """
    start = time.monotonic()
    try:
      self._latest = self._play_and_film(policy, steps)
    finally:
      self.taken_s += time.monotonic() - start
    return self._latest

  def video(self, steps: int) -> Path | None:
    """What was filmed at `steps`."""
    path = self._path(steps)
    return path if self._films and path.is_file() else None

  def close(self) -> None:
    """Closes the environment."""
    self.env.close()

  def _play_and_film(self, policy, steps) -> evaluation.EpisodeStats:
    if self._films:
      path = str(self._path(steps))
      try:
        return self._play(self.env, policy, video_path=path)
      except Exception as error:  # what a missing GL library raises is its own
        if not filming.is_of_video(error):
          raise
        filming.warn(error)
        self._films = False
    return self._play(self.env, policy)

  def _path(self, steps: int) -> Path:
    return self._videos / f'eval_{steps}.mp4'
