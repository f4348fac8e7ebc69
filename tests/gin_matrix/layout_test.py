"""What each kind of gin file may hold: one file is one recipe."""

import re
from collections import Counter

import gin
import pytest

from tfirl.config import gin_bindings, gin_files
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's names

_GAMES = ('mm', 'bc_reg', 'filter', 'hype', 'hype_filter')
_MUJOCO = ('hopper', 'walker2d', 'halfcheetah', 'ant', 'humanoid')
_ANT_MAZES = tuple(
  f'antmaze_large_{kind}{whose}'
  for kind in ('diverse', 'play')
  for whose in ('', '_d4rl')
)
_MAZES = ('pointmaze', *_ANT_MAZES, 'antmaze')  # the last is a short name
_ON_BOTH = ('bc', *_GAMES, 'hyper', 'expert')
_OF_SAC = ('hype_many_updates', 'iq_learn', 'lamps', 'sysid')
_ON_MUJOCO = (*_ON_BOTH, *_OF_SAC)
_ON_MAZES = (*_ON_BOTH, 'pretrain_dynamics')
_PAIRS = [
  *((method, task) for method in _ON_MUJOCO for task in _MUJOCO),
  *((method, task) for method in _ON_MAZES for task in _MAZES),
]
# Of Ren et al., where HalfCheetah is in no run, nor is any of these a method.
_NOT_THEIRS = ('expert', *_OF_SAC)
_PAPER_PAIRS = [
  (method, task)
  for method, task in _PAIRS
  if method not in _NOT_THEIRS and task != 'halfcheetah'
]
_NAMES = [
  *(f'{method}_{task}.gin' for method, task in _PAIRS),
  'expert_ant_steering.gin',
]
_PAPER_NAMES = [f'paper/{method}_{task}.gin' for method, task in _PAPER_PAIRS]

_HYPER_STEPS = {
  'hopper': 20_000,
  'walker2d': 60_000,
  'halfcheetah': 40_000,
  'ant': 40_000,
  'humanoid': 90_000,
  'pointmaze': 6000,
}
_EXPERT_STEPS = {'ant': 1_200_000, 'humanoid': 650_000}  # they come to rest


def _unit(name):
  """What the budget of a pair is counted in."""
  takes_no_steps = re.match('(bc_(?!reg_)|pretrain_dynamics_)', name)
  return 'updates' if takes_no_steps else 'real_steps'


def _steps(method, task):
  """The default budget of a pair."""
  is_maze = task in _MAZES
  if method == 'pretrain_dynamics':
    return 1
  if method == 'expert':
    return 500_000 if is_maze else _EXPERT_STEPS.get(task, 1_000_000)
  if method == 'bc':
    return 50_000 if is_maze else 100_000
  if method in ('hyper', 'hype_many_updates', 'lamps', 'sysid'):
    return _HYPER_STEPS.get(task, 30_000)
  if is_maze:
    return 15_000 if task == 'pointmaze' else 30_000
  return 150_000 if task == 'humanoid' else 100_000


@pytest.fixture(scope='module')
def folder():
  return gin_files.gin_folder()


def _read(folder, name):
  """(name, depth) of each file that a run of `name` reads, itself the first."""
  text = (folder / name).read_text()
  yield name, 1
  for included in re.findall(r"^include '(.+)'", text, re.MULTILINE):
    for path, depth in _read(folder, included):
      yield path, depth + 1


def _statements(folder, name):
  return gin_files.read_file(str(folder / name), [folder])


def test_one_file_a_pair(folder):
  found = {path.name for path in folder.glob('*.gin')}
  assert found == set(_NAMES)
  found = {f'paper/{path.name}' for path in (folder / 'paper').glob('*.gin')}
  assert found == set(_PAPER_NAMES)


@pytest.mark.parametrize('name', [*_NAMES, *_PAPER_NAMES])
def test_few_files_and_not_deep(folder, name):
  read = list(_read(folder, name))
  assert max(depth for _, depth in read) <= 3
  assert len(read) == len(set(read)) <= 5
  assert [path for path, _ in read if path.startswith('tasks/')]
  is_paper = [path.startswith(('paper/', 'tasks/')) for path, _ in read]
  assert all(is_paper) if name in _PAPER_NAMES else sum(is_paper) == 1


def test_nothing_is_bound_twice_but_by_the_pair_itself(folder):
  """Each of a recipe's files can be read alone: none undoes another."""
  found = []
  for name in _NAMES:
    where = {key: place for key, _, place in _statements(folder, name)}
    counts = Counter(key for key, _, _ in _statements(folder, name))
    found += [
      (name, key, where[key])
      for key, number in counts.items()
      if number > 1 and not where[key].startswith(f'{folder / name}:')
    ]
  assert found == []


def test_a_pair_gives_the_reason_for_what_it_alone_binds(folder):
  for name in _NAMES:
    unit = _unit(name)
    budget = {('run', p) for p in (unit, 'eval_every', 'checkpoint_every')}
    path = str(folder / name)
    text = (folder / name).read_text()
    own = {
      (key[1].rpartition('.')[2], key[2])
      for key, _, where in _statements(folder, name)
      if where.rpartition(':')[0] == path
    }
    assert budget <= own, name
    assert own == budget or '# ' in text, name


@pytest.mark.parametrize('task', [*_MUJOCO, *_MAZES[:-1], 'ant_steering'])
def test_a_task_binds_facts_alone(folder, task):
  bound = {
    '.'.join(key[1:]).removeprefix('tfirl.'): value
    for key, value, _ in _statements(folder, f'tasks/{task}.gin')
  }
  assert bound.pop('Task.name') == task
  assert set(bound) <= {
    'Task.env_id',
    'Task.env_kwargs',
    'Task.tremble_probability',
    'Task.is_healthy',
    'Task.expert_return',
    'Task.random_return',
    'runs.experiment.run.eval_episodes',
    'demos.load.load_demonstrations.max_transitions',
  }
  # Where its episodes end; the ant that steers is no method's task.
  assert ('Task.is_healthy' in bound) == (task != 'ant_steering')


@pytest.mark.parametrize(('method', 'task'), _PAIRS)
def test_a_pair_says_what_it_is(method, task):
  gin_bindings.parse([f'{method}_{task}.gin'])
  bound = gin_bindings.value_of
  assert bound('run.algorithm') == method
  assert bound('Task.name') == (
    'antmaze_large_diverse' if task == 'antmaze' else task
  )
  unit = _unit(f'{method}_{task}.gin')
  assert bound(f'run.{unit}') == _steps(method, task)
  gin_bindings.parse([f'{method}_{task}.gin', 'budgets/smoke.gin'])
  assert bound('run.algorithm') == method
  assert bound('run.most_steps') == 128


@pytest.mark.parametrize(('method', 'task'), _PAPER_PAIRS)
def test_the_published_settings_are_of_the_same_pair(method, task):
  gin_bindings.parse([f'paper/{method}_{task}.gin'])
  assert gin_bindings.value_of('run.algorithm') == method
  assert gin_bindings.value_of('Task.name') == (
    'antmaze_large_diverse' if task == 'antmaze' else task
  )


@pytest.mark.parametrize(
  'name', [n for n in [*_NAMES, *_PAPER_NAMES] if n.endswith('_antmaze.gin')]
)
def test_antmaze_is_short_for_diverse(name):
  texts = []
  for task in ('antmaze', 'antmaze_large_diverse'):
    gin_bindings.parse([name.replace('antmaze', task)])
    texts.append(gin.config_str())
  assert texts[0] == texts[1]


_FRACTION = {
  'ModelFree.expert_fraction',
  'expert_fraction/piecewise_linear.segments',
}
_HOLD = {'SacAgent.bc_weight', 'SacAgent.clone_weight'}
_RESETS = {'ExpertReset.reset_prob'}
_TURNED_ON = {
  'hopper': {
    'bc_reg': _HOLD,
    'filter': _RESETS,
    'hype': _FRACTION | _HOLD,
    'hype_filter': _FRACTION | _RESETS | _HOLD,
  },
  'antmaze': {
    'bc_reg': {'Td3BcAgent.bc_weight'},
    'filter': _RESETS,
    'hype': _FRACTION | {'Td3BcAgent.bc_weight'},
    'hype_filter': _FRACTION | _RESETS | {'Td3BcAgent.bc_weight'},
  },
}


@pytest.mark.parametrize('task', _TURNED_ON)
@pytest.mark.parametrize('method', _GAMES[1:])
def test_a_method_turns_on_what_mm_has_not(folder, task, method):
  """The variants of the game differ by these bindings and no others."""
  of_mm, of_it = (
    {
      f'{scope}{"/" if scope else ""}{name.rpartition(".")[2]}.{parameter}': (
        repr(value)
      )
      for (scope, name, parameter), value, _ in _statements(folder, file)
    }
    for file in (f'mm_{task}.gin', f'{method}_{task}.gin')
  )
  assert of_mm.keys() <= of_it.keys()
  changed = {name for name in of_it if of_it[name] != of_mm.get(name)}
  assert changed == {'run.algorithm', *_TURNED_ON[task][method]}


@pytest.mark.parametrize(
  'method', ['bc_reg', 'hype', 'hype_filter', 'hyper', 'hype_many_updates']
)
def test_a_start_from_nothing_undoes_all_of_the_start_from_a_clone(
  folder, method
):
  """What is left of it is agents/sac.gin, and what counts for nothing then."""
  nothing = 'agents/from_nothing.gin'
  undone = {key for key, *_ in _statements(folder, nothing)}
  pair = {key for key, *_ in _statements(folder, f'{method}_ant.gin')}
  assert undone <= pair
  clone = {key for key, *_ in _statements(folder, 'agents/sac_from_clone.gin')}
  base = {key for key, *_ in _statements(folder, 'agents/sac.gin')}
  left = {
    (name.rpartition('.')[2], parameter)
    for _, name, parameter in clone - undone - base
  }
  assert left == {
    ('SacAgent', 'clone_std'),
    ('WarmStart', 'bc_anneal'),
    ('WarmStart', 'bc_rows'),
    ('WarmStart', 'clone_differences'),
  }
  gin_bindings.parse([f'{method}_ant.gin', nothing])
  for held_by in ('bc_weight', 'clone_weight'):
    assert gin_bindings.value_of(f'tfirl.SacAgent.{held_by}') == 0.0
  assert gin_bindings.value_of('run.algorithm') == method


@pytest.mark.parametrize(('nothing', 'updates'), [(None, 4), ('hyper_', 16)])
def test_hyper_takes_turns_as_often_from_nothing(nothing, updates):
  """Every 500 steps; the rate has fallen to 0 by then."""
  more = [] if nothing is None else [f'agents/{nothing}from_nothing.gin']
  gin_bindings.parse(['hyper_ant.gin', *more])
  names = 'policy_updates_per_step', 'learning_rate_horizon'
  found = [gin_bindings.value_of(f'ModelBased.{name}') for name in names]
  turn = gin_bindings.value_of('CostTurns.cost_update_period')
  assert [*found, turn] == [updates, 500 * updates, 500 * updates]


def test_both_kinds_of_sac_are_of_the_same_settings(folder):
  """They are written down twice, for one of them is read in a run."""
  values = []
  for name in ('agents/sac.gin', 'agents/sac_from_clone.gin'):
    gin.clear_config()
    gin_bindings.parse([name])
    values.append(gin_bindings.settings())
  assert values[0].items() <= values[1].items()


@pytest.mark.parametrize('name', ['tasks', 'methods', 'agents', 'paper'])
def test_a_folder_of_the_users_hides_no_file_of_ours(
  name, tmp_path, monkeypatch
):
  (tmp_path / name).mkdir()
  monkeypatch.chdir(tmp_path)
  monkeypatch.syspath_prepend(tmp_path)
  gin_bindings.parse(['paper/hype_hopper.gin'])
  assert gin_bindings.value_of('Task.name') == 'hopper'
