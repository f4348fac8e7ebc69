"""Small games from demonstrations that a clone learns in some hundred steps."""

import numpy as np
import pytest
import small_games

from tfirl import tasks
from tfirl.algorithms import model_free
from tfirl.config import gin_bindings
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's `run`
from tfirl.types import Demonstrations


@pytest.fixture(scope='module')
def demos():
  """Random Hopper observations with an action that depends on them."""
  rng = np.random.default_rng(0)
  observations = rng.normal(0, 0.3, (640, 11)).astype(np.float32)
  return Demonstrations(
    observations=observations,
    actions=np.tanh(observations[:, :3] - observations[:, 3:6]),
    next_observations=observations,
    terminals=np.zeros(640, bool),
    timeouts=np.arange(640) == 639,
    source='made up',
  )


@pytest.fixture
def make(demos, closed_later):
  """Makes games of the bindings."""

  def make(bindings, restore_from=None, demos=demos):
    files = ['hype_hopper.gin', 'agents/from_nothing.gin']
    gin_bindings.parse(files, [*small_games.BINDINGS, *bindings])
    return closed_later(
      model_free.ModelFree(tasks.make_task(), demos, 0, restore_from)
    )

  return make
