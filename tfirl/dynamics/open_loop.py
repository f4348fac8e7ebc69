"""How far the model can see: open-loop rollouts against real trajectories."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfirl import types
from tfirl.dynamics.model import DynamicsModel
from tfirl.storage import npz_file

HORIZONS = (1, 2, 5, 10, 25)


class OpenLoopErrors(NamedTuple):
  """Errors after k steps, over starts: in standard deviations of the data."""

  horizons: tuple[int, ...]  # [H]
  q10: np.ndarray  # [H], nan where no trajectory is long enough
  median: np.ndarray  # [H]
  q90: np.ndarray  # [H]
  still: np.ndarray  # [H], the median if nothing is ever predicted to move

  def columns(self) -> dict[str, float]:
    """As columns of metrics.csv; those that are not finite are left out."""
    named = {
      f'open_loop_{k}_{name}': float(getattr(self, name)[i])
      for i, k in enumerate(self.horizons)
      for name in ('q10', 'median', 'q90', 'still')
    }
    return {name: value for name, value in named.items() if np.isfinite(value)}


class Comparison(NamedTuple):
  """Real trajectories, and what the model makes of their actions."""

  real: np.ndarray  # [K, T + 1, O], from the start state on
  imagined: np.ndarray  # [K, S, T + 1, O], S samples of each

  def save(self, path: str) -> None:
    """Writes an .npz, all of it or nothing."""
    npz_file.write(path, self._asdict(), compressed=True)


class OpenLoop(tf.Module):
  """Replays real actions in the model, which is never shown a real state."""

  def __init__(self, model: DynamicsModel):
    super().__init__('open_loop')
    self._model = model
    self._imagine = tf.function(
      self._imagine_steps,
      input_signature=[
        tf.TensorSpec([None, model.observation_size], tf.float32),
        tf.TensorSpec([None, None, model.action_size], tf.float32),
      ],
    )

  def errors(
    self,
    rows: types.Transition,
    rng: np.random.Generator,
    horizons: tuple[int, ...] = HORIZONS,
    num_starts: int = 200,
  ) -> OpenLoopErrors:
    """Error growth with the horizon.

    An error is the root mean square over the O dimensions, each in its
    standard deviations over `rows`; infinite where the model's is not finite.

    Args:
      rows: real steps [N, ...], each episode's in order.
      rng: draws the starts.
      horizons: the ks.
      num_starts: trajectories for each k; with repeats if there are fewer.
    """
    std = np.maximum(rows.observation.std(0), 1e-6)
    left = _steps_left(rows)
    quantiles = np.full((len(horizons), 4), np.nan)
    for i, k in enumerate(horizons):
      possible = np.flatnonzero(left >= k)
      if not len(possible):
        continue
      starts = rng.choice(possible, num_starts)
      first = rows.observation[starts]
      real = rows.next_observation[starts + k - 1]
      imagined = self._rollouts(rows, starts, k)[:, -1]
      error = _scaled_rms(imagined - real, std)
      # Not interpolated: between infinite errors that gives no number.
      quantiles[i, :3] = np.quantile(error, (0.1, 0.5, 0.9), method='nearest')
      quantiles[i, 3] = np.median(_scaled_rms(first - real, std))
    return OpenLoopErrors(tuple(horizons), *quantiles.T)

  def compare(
    self,
    rows: types.Transition,
    rng: np.random.Generator,
    num_episodes: int = 4,
    length: int = 50,
    num_samples: int = 8,
  ) -> Comparison | None:
    """Trajectories for a picture; None if no episode is `length` long."""
    possible = np.flatnonzero(_steps_left(rows) >= length)
    if not len(possible):
      return None
    starts = rng.choice(possible, num_episodes)
    samples = self._rollouts(rows, np.repeat(starts, num_samples), length)
    samples = samples.reshape(num_episodes, num_samples, length, -1)
    first = rows.observation[starts]
    real = rows.next_observation[starts[:, None] + np.arange(length)]
    return Comparison(
      np.concatenate([first[:, None], real], 1),
      np.concatenate(
        [np.repeat(first[:, None, None], num_samples, 1), samples], 2
      ),
    )

  def _rollouts(self, rows, starts, length) -> np.ndarray:
    """Imagined states after 1 ... length steps, [S, length, O]."""
    actions = rows.action[starts[:, None] + np.arange(length)]
    states = self._imagine(rows.observation[starts], actions)
    return np.swapaxes(states.numpy(), 0, 1)

  def _imagine_steps(self, observation, actions):
    """Args: [S, O], [S, T, A]. Returns: [T, S, O]."""
    length = tf.shape(actions)[1]
    states = tf.TensorArray(tf.float32, length)
    for t in tf.range(length):
      observation = self._model.sample_next(observation, actions[:, t])
      states = states.write(t, observation)
    return states.stack()


def _steps_left(rows: types.Transition) -> np.ndarray:
  """How many steps of its episode follow from each row on, [N], at least 1."""
  goes_on = (rows.next_observation[:-1] == rows.observation[1:]).all(-1)
  ends = np.flatnonzero(np.append(~goes_on, True))
  positions = np.arange(len(rows.observation))
  return ends[np.searchsorted(ends, positions)] - positions + 1


def _scaled_rms(difference, std) -> np.ndarray:
  """[S] of [S, O]; infinite where it is not a number."""
  rms = np.sqrt(np.mean((difference.astype(np.float64) / std) ** 2, -1))
  return np.where(np.isfinite(rms), rms, np.inf)
