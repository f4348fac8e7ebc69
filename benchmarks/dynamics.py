"""What both dynamics benchmarks measure on: rows, model, policy, table."""

import os
import pathlib
import tempfile

import numpy as np
import pairing
from absl import flags

ROWS = flags.DEFINE_string('rows', None, 'An .npz; made if not given.')
HIDDEN = flags.DEFINE_integer(
  'hidden', 200, "Width of the ensemble's layers.", 1
)
_NUM_ROWS = flags.DEFINE_integer('num_rows', 50_000, 'Rows of a fit.', 512)


def write_rows() -> str:
  """Rows of the embedded Hopper expert as a file for both peers."""
  from tfirl import tasks
  from tfirl.config import gin_bindings
  from tfirl.demos import load
  from tfirl.runs import experiment as _experiment  # noqa: F401 so that gin knows it

  gin_bindings.parse(['tasks/hopper.gin'], [])
  demos = load.of_task('embedded:hopper', tasks.make_task())
  path = pathlib.Path(tempfile.mkdtemp(prefix='tfirl_')) / 'rows.npz'
  picked = np.random.default_rng(0).permutation(len(demos))
  picked = picked[: _NUM_ROWS.value]
  names = ('observations', 'actions', 'next_observations')
  np.savez(path, **{name: getattr(demos, name)[picked] for name in names})
  return os.fspath(path)


def read_rows(path: str):
  """A `Transition` of the file."""
  from tfirl import types

  with np.load(path) as rows:
    return types.Transition(
      rows['observations'],
      rows['actions'],
      np.ones(len(rows['actions']), np.float32),
      rows['next_observations'],
    )


def make_model(rows):
  """The ensemble at the settings of mbrl-lib's MBPO."""
  import gin

  from tfirl.dynamics import model
  from tfirl.networks import gaussian_ensemble as _  # noqa: F401

  gin.bind_parameter('GaussianEnsemble.layers', 4 * (HIDDEN.value,))
  sizes = rows.observation.shape[1], rows.action.shape[1]
  return model.DynamicsModel(*sizes, seed=0)


def run(measure_tfirl, what: str, own_flag: str, key: str) -> None:
  """A benchmark of `what` (fit, imagine) against mbrl-lib on the same rows."""

  def make_peers():
    rows = ROWS.value or write_rows()
    sizes = [f'--rows={rows}', *pairing.same_flags(own_flag, 'hidden')]
    return {
      'tfirl': pairing.own_command(*sizes),
      'mbrl-lib': pairing.mbrl_command(f'--measure={what}', *sizes),
    }

  pairing.run(measure_tfirl, make_peers, key)
