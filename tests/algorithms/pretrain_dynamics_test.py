"""A fit region by region: what it learns where rows are few, and leaves."""

import numpy as np
import pytest

from tfirl import tasks, types
from tfirl.algorithms import pretrain_dynamics
from tfirl.config import gin_bindings
from tfirl.dynamics import model as dynamics_model
from tfirl.dynamics import saving
from tfirl.dynamics import trainer as dynamics_trainer
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's `run`
from tfirl.storage import checkpoints
from tfirl.types import Demonstrations

_BINDINGS = [
  'DynamicsTrainer.batch_size = 64',
  'DynamicsTrainer.max_epochs = 12',
  'DynamicsTrainer.learning_rate = 3e-3',
  'DynamicsModel.num_elites = 2',
  'GaussianEnsemble.num_members = 3',
  'GaussianEnsemble.layers = (24, 24)',
]
_MANY, _FEW = 3000, 60


@pytest.fixture(scope='module')
def demos():
  """Many rows about (-4.5, 3), and few about (4.5, -3), where forces push the
  other way: what is right on average is wrong there.
  """
  rng = np.random.default_rng(0)
  is_rare = np.arange(_MANY + _FEW) >= _MANY
  number = len(is_rare)
  centers = np.where(is_rare[:, None], [4.5, -3.0], [-4.5, 3.0])
  goal = np.tile([4.5, 3.0], (number, 1))
  observation = np.concatenate(
    [
      centers + rng.uniform(-0.2, 0.2, (number, 2)),
      np.zeros((number, 2)),
      goal,
    ],
    axis=1,
  )
  action = rng.uniform(-1, 1, (number, 2))
  successor = observation.copy()
  successor[:, :2] += np.where(is_rare[:, None], -0.1, 0.1) * action
  return Demonstrations(
    observations=observation.astype(np.float32),
    actions=action.astype(np.float32),
    next_observations=successor.astype(np.float32),
    terminals=np.zeros(number, bool),
    timeouts=np.arange(number) == number - 1,
    goal=goal,
    source='made up',
  )


def make(demos, *bindings, seed=0):
  gin_bindings.parse(
    ['pretrain_dynamics_pointmaze.gin'], [*_BINDINGS, *bindings]
  )
  return pretrain_dynamics.PretrainDynamics(tasks.make_task(), demos, seed)


def fitted(demos, mode, num_bins=10):
  game = make(
    demos,
    f"PretrainDynamics.bin_sampling = '{mode}'",
    f'PretrainDynamics.num_bins = {num_bins}',
  )
  game.run_round()
  return game


def test_a_round_is_one_fit(demos):
  game = fitted(demos, 'none')
  losses = game.losses
  # A fifth is held out, and at least one row of two in a region.
  assert losses['dynamics_rows'] + losses['dynamics_holdout_rows'] == 3060
  assert abs(losses['dynamics_holdout_rows'] - 612) < 70
  assert losses['dynamics_holdout_demos'] == losses['dynamics_holdout_rows']
  batches = -(-losses['dynamics_rows'] // 64)
  assert game.clock.updates == losses['dynamics_epochs'] * batches > 0
  assert game.clock.env_steps == 0 and game.policy is None
  assert game.num_traces == 1 and game.table_sizes() == {}
  assert np.isfinite(list(losses.values())).all()


def test_a_fit_that_was_stopped_is_not_the_end(demos, tmp_path):
  """Whatever it has spent; also where the process is another."""
  game = make(demos, "PretrainDynamics.bin_sampling = 'none'")
  game.tell = lambda doing: True
  game.run_round()
  assert game.losses['dynamics_epochs'] == 1
  assert game.is_unfinished and game.clock.updates > 0
  made = checkpoints.Checkpoints(tmp_path, game.trackables())
  path = made.save(1)
  second = make(demos, "PretrainDynamics.bin_sampling = 'none'", seed=0)
  checkpoints.Checkpoints(tmp_path, second.trackables()).restore(path)
  assert second.is_unfinished
  second.run_round()
  assert second.losses['dynamics_epochs'] > 1 and not second.is_unfinished
  assert second.clock.updates > game.clock.updates


def test_tells_of_each_epoch_of_its_fit(demos):
  game, told = make(demos), []
  game.tell = told.append
  game.run_round()
  epochs = int(game.losses['dynamics_epochs'])
  assert told == [f'model epoch {i + 1}' for i in range(epochs)] != []


def test_a_game_holds_out_none_that_pretraining_fitted(demos):
  """When it has all demonstrations and more, and no more may be held out."""
  game = make(demos, 'DynamicsTrainer.holdout_most_rows = 100')
  fitted = {row.tobytes() for row in game._fitted.action}
  assert 100 <= len(demos) - len(fitted) < 110
  trainer = dynamics_trainer.DynamicsTrainer(
    dynamics_model.DynamicsModel(6, 2, 0), 0
  )
  rows = demos.transitions
  more = np.random.default_rng(1).normal(size=(2000, 6)).astype(np.float32)
  mixed = types.Transition(
    np.concatenate([rows.observation, more]),
    np.concatenate([rows.action, more[:, :2]]),
    *rows[2:],
  )
  is_out = trainer.hold_out(mixed)
  assert is_out.sum() == 100 and is_out[: len(demos)].sum() > 40
  held_out = {row.tobytes() for row in mixed.action[is_out]}
  assert not held_out & fitted


def test_even_sampling_mends_the_worst_region(demos):
  none, even = fitted(demos, 'none').losses, fitted(demos, 'uniform').losses
  assert even['region_error_worst'] < 0.5 * none['region_error_worst']
  assert none['region_error_worst'] > 5 * none['region_error_mean']
  assert none['num_regions'] == even['num_regions'] >= 2


def test_errors_are_those_of_the_model(demos):
  """In one region: all rows alike."""
  game = fitted(demos, 'none', num_bins=1)
  held, model = game._held_out, game._model
  mean, _ = model.predict(held.observation, held.action, model.elites)
  change = held.next_observation - held.observation
  squared = (mean.numpy() - held.next_observation) ** 2
  # Of six outputs x and y alone ever change.
  expected = (squared / np.maximum(change.var(0), 1e-10))[..., :2].mean((0, 2))
  np.testing.assert_allclose(game.row_errors(), expected, rtol=1e-4)
  losses = game.losses
  for key in ('mean', 'median', 'worst'):
    np.testing.assert_allclose(
      losses[f'region_error_{key}'], expected.mean(), rtol=1e-4
    )


def test_what_it_leaves(demos, tmp_path):
  game = fitted(demos, 'uniform')
  game.finish(tmp_path)
  model = dynamics_model.DynamicsModel(6, 2, 77)
  saving.load_model(model, str(tmp_path / 'dynamics.npz'))
  rows = demos.observations[:50], demos.actions[:50]
  np.testing.assert_array_equal(
    model.predict(*rows)[0], game._model.predict(*rows)[0]
  )
  with np.load(tmp_path / 'regions.npz') as arrays:
    assert arrays['is_wall'].shape == (9, 12)
    np.testing.assert_array_equal(arrays['extent'], [-6, 6, -4.5, 4.5])
    errors, rows = arrays['errors'], arrays['fitted_rows']
  assert rows.sum() == game.losses['dynamics_rows']
  assert np.nanmax(errors) == game.losses['region_error_worst']
  # Bins of 1.2 by 0.9 m, the first at the lower left.
  assert np.argwhere(rows).tolist() == [[1, 8], [8, 1]]
  # A fifth of 60 and of 3,000 is held out, by the rows' content.
  assert 40 <= rows[1, 8] < 60 and abs(rows[8, 1] - 2400) < 100


def test_a_checkpoint_brings_the_fit_back(demos, tmp_path):
  game = fitted(demos, 'uniform')
  saved = checkpoints.Checkpoints(tmp_path, game.trackables())
  path = saved.save(1)
  other = make(demos, 'PretrainDynamics.num_bins = 10', seed=5)
  checkpoints.Checkpoints(tmp_path, other.trackables()).restore(path)
  assert other.clock == game.clock
  for ours, theirs in zip(
    game._model.variables, other._model.variables, strict=True
  ):
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize(
  'binding, message',
  [
    (
      "PretrainDynamics.bin_sampling = 'even'",
      "bin_sampling is 'even'; expected one of 'none'",
    ),
    (
      'PretrainDynamics.num_bins = 0',
      'num_bins is 0; expected int, at',
    ),
    ("Task.env_id = 'Hopper-v5'", 'task pointmaze; expected a maze'),
  ],
)
def test_what_it_refuses(demos, binding, message):
  bindings = [binding]
  if 'Hopper' in binding:
    bindings.append('Task.env_kwargs = {}')
  with pytest.raises(ValueError, match=message):
    make(demos, *bindings)
