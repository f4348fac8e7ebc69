"""Short runs that are made to fail, each in a way of its own, and good ones.

  python benchmarks/failing_runs.py first second --out runs/doctor --jobs 2

`tfirl doctor` was made on those of `first`: its thresholds were fixed before
there were any of `second`. What it says of either is in docs/results/doctor.md.
All are of one task, small enough for a minute each: a point that drifts out of
a disc unless it is pushed back (`DiscEnv`).
"""

import argparse
import dataclasses
import multiprocessing
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

ENV_ID = 'TfirlDisc-v0'
_STEPS = 60
_PLACE = np.array([0.7, 0.0])
_KEPT = (
  'metrics.csv',
  'config.gin',
  'operative_config.gin',
  'metadata.json',
  'error.txt',
  'complete.json',
)


class DiscEnv(gymnasium.Env):
  """A point that drifts outward, and is paid for resting at a place.

  It starts 1 from the centre, drifts away from it by 3 % a step, and ends where
  it leaves the disc. A step pays exp(-(distance from the place / 0.5)^2): to
  live on elsewhere pays nothing.

  Args:
    edge: radius of the disc.
    needs_noise: a push only tells if it is unlike the one before: the mean of
      a policy that is right on average then does nothing.
  """

  observation_space = spaces.Box(-3.0, 3.0, (2,))
  action_space = spaces.Box(-1.0, 1.0, (2,))

  def __init__(self, edge: float = 2.0, needs_noise: bool = False):
    self._edge, self._needs_noise = edge, needs_noise
    self.reset()

  def reset(self, *, seed=None, options=None):
    super().reset(seed=seed)
    angle = self.np_random.uniform(0, 2 * np.pi)
    self._position = np.array([np.cos(angle), np.sin(angle)])
    self._last = np.zeros(2)
    return self._position.astype(np.float32), {}

  def step(self, action):
    push = np.asarray(action, np.float64)
    if self._needs_noise and np.abs(push - self._last).max() < 0.15:
      push = np.zeros(2)
    self._last = np.asarray(action, np.float64)
    noise = self.np_random.normal(0.0, 0.02, 2)
    moved = 1.03 * self._position + 0.15 * push + noise
    self._position = np.clip(moved, -3.0, 3.0)
    distance = np.linalg.norm(self._position - _PLACE)
    reward = float(np.exp(-((distance / 0.5) ** 2)))
    has_left = bool(np.linalg.norm(self._position) > self._edge)
    return self._position.astype(np.float32), reward, has_left, False, {}


def _expert(observation, rng, place=_PLACE):
  """To the place, with some noise."""
  push = -3.0 * (observation - place) - 0.2 * place
  return np.clip(push + rng.normal(0.0, 0.2, 2), -1.0, 1.0).astype(np.float32)


@dataclasses.dataclass(frozen=True)
class Case:
  """A run, and what is wrong with it.

  Attributes:
    method: of a METHOD_hopper.gin.
    changes: what is bound beside what all runs of the method bind.
    how: it is made to fail; '' of a good run.
    cause: name of the finding that tells it; None of a good run, and of one
      that learned all the same.
    env: arguments of `DiscEnv`.
    max_steps: the time limit of the run, not of the demonstrations.
    spoils: what is done to the demonstrations.
    seed: of the run.
  """

  method: str
  changes: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  how: str = ''
  cause: str | None = None
  env: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  max_steps: int | None = None
  spoils: str | None = None
  seed: int = 0


_COMMON = {
  'run.eval_episodes': 4,
  'run.record_video': False,
  'run.num_threads': 1,
  'Task.name': 'disc',
  'Task.env_id': ENV_ID,
  'Task.tremble_probability': 0.0,
  'Task.is_healthy': None,
  'Task.expert_return': 54.8,
  'Task.random_return': 0.25,
}
_AGENT = {
  'tfirl.SacAgent.hidden': (32, 32),
  'tfirl.SacAgent.learning_rate': 3e-3,
  'tfirl.SacAgent.gamma': 0.9,
  'tfirl.SacAgent.initial_alpha': 0.1,
}
_COST = {
  'CostNetwork.layers': (32, 32),
  'CostLearner.batch_size': 256,
  'CostLearner.learning_rate': 1e-3,
}
_MODEL_FREE = {
  **_COMMON,
  **_AGENT,
  'run.real_steps': 1600,
  'run.eval_every': 150,
  'run.checkpoint_every': 1600,
  'ModelFree.steps_per_round': 50,
  'ModelFree.batch_size': 64,
  'ModelFree.initial_steps': 200,
  'policy/table.rows_per_item': 1,
  'expert/table.rows_per_item': 50,
}
_GAME = {
  **_MODEL_FREE,
  **_COST,
  'CostTurns.cost_update_period': 50,
  'CostTurns.window': 250,
}
_HYPE = {
  **_GAME,
  'expert_fraction/piecewise_linear.segments': [(0.5, 0.25, 1000)],
}
_HYPER = {
  **_COMMON,
  **_AGENT,
  **_COST,
  'run.real_steps': 1000,
  'run.eval_every': 100,
  'run.checkpoint_every': 1000,
  'ModelBased.initial_steps': 200,
  'ModelBased.dynamics_update_period': 80,
  'ModelBased.steps_per_round': 20,
  'ModelBased.policy_updates_per_step': 5,
  'ModelBased.batch_size': 64,
  'ModelBased.jit_compile': False,
  'ModelBased.learning_rate_horizon': None,
  'DynamicsTrainer.max_epochs': 20,
  'DynamicsTrainer.learning_rate': 3e-3,
  'DynamicsTrainer.batch_size': 64,
  'GaussianEnsemble.layers': (32, 32),
  'GaussianEnsemble.num_members': 3,
  'DynamicsModel.num_elites': 2,
  'Imagination.rollouts_per_step': 20,
  'Imagination.epoch_length': 400,
  'CostTurns.cost_update_period': 200,
  'CostTurns.window': 250,
  'expert/table.rows_per_item': 20,
  'hybrid/table.rows_per_item': 20,
  'learner/table.rows_per_item': 20,
}
_BC = {
  **_COMMON,
  'run.updates': 1024,
  'run.eval_every': 128,
  'run.checkpoint_every': 1024,
  'BehaviorCloning.batch_size': 64,
  'BcAgent.hidden': (32, 32),
  'BcAgent.learning_rate': 3e-3,
  'expert/table.rows_per_item': 50,
}
_IQ_LEARN = {
  **_MODEL_FREE,
  'tfirl.SacAgent.actor_learning_rate': None,
}
_OF_METHOD = {
  'hype': _HYPE,
  'mm': _GAME,
  'hyper': _HYPER,
  'bc': _BC,
  'iq_learn': _IQ_LEARN,
}
FIRST = {
  'good_hype': Case('hype'),
  'good_hyper': Case('hyper'),
  'good_bc': Case('bc'),
  'cost_still': Case(
    'hype',
    {'CostLearner.learning_rate': 1e-9},
    "the cost's rate is 1e-9",
    'cost blind',
  ),
  'cost_wild': Case(
    'hype',
    {'CostLearner.gp_weight': 0.0, 'CostLearner.learning_rate': 0.03},
    'no gradient penalty, 30 times the rate',
    'cost exploding',
  ),
  'q_explodes': Case(
    'hype',
    {
      'tfirl.SacAgent.gamma': 0.9999,
      'tfirl.SacAgent.tau': 1.0,
      'tfirl.SacAgent.critic_layer_norm': False,
    },
    'a discount of .9999, targets that follow at once, no layer norm',
    'Q exploding',
  ),
  'too_hot': Case(
    'hype',
    {'tfirl.SacAgent.fixed_alpha': 100.0},
    'the temperature is fixed at 100',
    'policy random',
  ),
  'one_episode_alone': Case(
    'hype',
    {
      'expert_fraction/piecewise_linear.segments': [(1.0, 1.0, 1000)],
      'load_demonstrations.num_episodes': 1,
    },
    "all rows of all batches are the expert's, of one episode",
    None,
  ),
  'shuffled_actions': Case(
    'bc',
    how="the demonstrations' actions are shuffled",
    cause='demonstrations inconsistent',
    spoils='shuffled',
  ),
  'model_wild': Case(
    'hyper',
    {
      'DynamicsTrainer.learning_rate': 1.0,
      'DynamicsTrainer.max_epochs': 1,
    },
    "the ensemble's rate is 1, for one epoch a fit",
    'model error',
  ),
  'living_costs': Case(
    'hype',
    {
      'CostLearner.make_level': '@FixedLevel',
      'FixedLevel.expert_reward': -2.0,
    },
    'each step costs 2, however good, and an end is free',
    'episodes end early',
  ),
  'mean_is_nothing': Case(
    'hype',
    how='only pushes that differ from the last one count',
    cause='evaluation below training',
    env={'needs_noise': True},
  ),
}
SECOND = {
  'good_mm': Case('mm'),
  'good_iq_learn': Case('iq_learn'),
  'good_hype_again': Case('hype', seed=1),
  'cost_flattened': Case(
    'hype',
    {'CostLearner.gp_weight': 1e5, 'CostLearner.gp_target': 0.0},
    'a gradient penalty of 100,000 to a slope of 0',
    'cost blind',
  ),
  'cost_steep': Case(
    'mm',
    {'CostLearner.gp_target': 30.0, 'CostLearner.learning_rate': 0.03},
    'a gradient penalty to a slope of 30, 30 times the rate',
    'cost exploding',
  ),
  'q_of_a_long_view': Case(
    'hype',
    {
      'tfirl.SacAgent.gamma': 0.999,
      'tfirl.SacAgent.tau': 0.5,
      'tfirl.SacAgent.learning_rate': 0.03,
      'tfirl.SacAgent.critic_layer_norm': False,
    },
    'a discount of .999, fast targets, 10 times the rate, no layer norm',
    'Q exploding',
  ),
  'slow_to_cool': Case(
    'mm',
    {'tfirl.SacAgent.initial_alpha': 1000.0},
    'the temperature is learned from 1000 on',
    'policy random',
  ),
  'offline': Case(
    'hype',
    {'expert_fraction/piecewise_linear.segments': [(0.98, 0.98, 1000)]},
    "63 of 64 rows of a batch are the expert's",
    None,
  ),
  'shuffled_for_a_model': Case(
    'hyper',
    how="the demonstrations' actions are shuffled",
    cause='demonstrations inconsistent',
    spoils='shuffled',
  ),
  'flipped_actions': Case(
    'bc',
    how="the demonstrations' actions have the wrong sign",
    cause='demonstrations inconsistent',
    spoils='flipped',
  ),
  'lost_expert': Case(
    'bc',
    how='the demonstrations rest at another place',
    cause='demonstrations poor',
    spoils='elsewhere',
  ),
  'model_decayed': Case(
    'hyper',
    {'DynamicsTrainer.weight_decay': 100.0},
    "the ensemble's weight decay is 100",
    'model error',
  ),
  'short_clock': Case(
    'hype',
    how='episodes of 12 steps, where the demonstrations have 60',
    cause='episodes end early',
    max_steps=12,
  ),
  'no_rate': Case(
    'bc',
    {'BcAgent.learning_rate': 1e-12},
    "the policy's rate is 1e-12",
    'policy frozen',
  ),
  'all_initial': Case(
    'mm',
    {'ModelFree.initial_steps': 4000},
    'training is to begin after 4000 steps, of 1600',
    'never trained',
  ),
  'too_fast': Case(
    'hype',
    {'tfirl.SacAgent.learning_rate': 1e12},
    "the policy's rate is 1e12",
    'ended by an error',
  ),
}
_SETS = {'first': FIRST, 'second': SECOND}


def demonstrations(folder: Path, spoils: str | None) -> str:
  """Path of 40 episodes of the expert in the whole disc, or what is left."""
  from tfirl.demos import rollouts
  from tfirl.demos.formats import npz
  from tfirl.envs.gymnasium_env import GymnasiumEnvironment

  env = GymnasiumEnvironment(gymnasium.make(ENV_ID), 0)
  rng = np.random.default_rng(0)
  place = -_PLACE if spoils == 'elsewhere' else _PLACE
  raw = rollouts.record(env, lambda o, _: _expert(o, rng, place), 40, seed=0)
  columns = dict(raw.columns)
  if spoils == 'shuffled':
    columns['actions'] = rng.permutation(columns['actions'])
  elif spoils == 'flipped':
    columns['actions'] = -columns['actions']
  path = folder / 'demos.npz'
  npz.save_npz(dataclasses.replace(raw, columns=columns), str(path))
  return str(path)


def _literal(value) -> str:
  is_reference = isinstance(value, str) and value.startswith('@')
  return value if is_reference else repr(value)


def train(case: Case, demos: str, root: Path) -> Path:
  """Returns: the run's folder."""
  from tfirl.runs import launch

  bindings = {**_OF_METHOD[case.method], **case.changes}
  bindings['Task.env_kwargs'] = dict(case.env)
  if case.max_steps is not None:
    bindings['Task.max_episode_steps'] = case.max_steps
  lines = [f'{name} = {_literal(value)}' for name, value in bindings.items()]
  lines.append('load_demonstrations.accept_demos = True')
  try:
    launch.launch(
      [f'{case.method}_hopper.gin'],
      lines,
      str(root),
      case.seed,
      demos,
      stop=lambda: False,
    )
  except (FloatingPointError, ValueError) as error:
    print(f'  ended by {type(error).__name__}', file=sys.stderr)
  (metadata,) = root.glob('disc/*/*/metadata.json')
  return metadata.parent


def make(name: str, case: Case, out: Path) -> None:
  """Trains it, and keeps what `tfirl doctor` reads in OUT/NAME."""
  gymnasium.register(ENV_ID, DiscEnv, max_episode_steps=_STEPS)
  with tempfile.TemporaryDirectory() as scratch:
    demos = demonstrations(Path(scratch), case.spoils)
    folder = train(case, demos, Path(scratch))
    kept = out / name / folder.relative_to(scratch)
    kept.mkdir(parents=True)
    for file in _KEPT:
      if (folder / file).exists():
        shutil.copy(folder / file, kept / file)


def table(name: str, case: Case, out: Path) -> str:
  """A row of Markdown: the run, how it was made to fail, what is found."""
  from tfirl.diagnosis import diagnose

  (metadata,) = (out / name).rglob('metadata.json')
  found = diagnose.diagnose(metadata.parent)
  names = [finding.name for finding in found.findings]
  score = found.state.rpartition('normalised return ')[2]
  told = ', '.join(f'**{n}**' if n == case.cause else n for n in names)
  how = case.how or 'good'
  return f'| `{name}` | {case.method} | {how} | {score} | {told or "nothing"} |'


def main(argv: list[str] | None = None) -> None:
  """Those of the sets that are not there yet, a process each."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('sets', nargs='+', choices=_SETS)
  parser.add_argument('--out', type=Path, required=True)
  parser.add_argument('--only', nargs='*', help='names of some')
  parser.add_argument('--jobs', type=int, default=1, help='at a time')
  parser.add_argument(
    '--table', action='store_true', help='print what is found of them'
  )
  args = parser.parse_args(argv)
  from tfirl.runs import launch  # once, before processes are forked

  del launch
  cases = [
    (name, case, args.out)
    for chosen in args.sets
    for name, case in _SETS[chosen].items()
    if not (args.out / name).exists() and (not args.only or name in args.only)
  ]
  context = multiprocessing.get_context('fork')
  with context.Pool(args.jobs, maxtasksperchild=1) as pool:
    pool.starmap(make, cases, chunksize=1)
  if args.table:
    for chosen in args.sets:
      for name, case in _SETS[chosen].items():
        if (args.out / name).exists():
          print(table(name, case, args.out))


if __name__ == '__main__':
  main()
