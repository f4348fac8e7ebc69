"""What becomes of gin files, values and seeds."""

import pytest

from tfirl.config import gin_files
from tfirl.sweeps import definition

_NO_POINT = [()]


@pytest.fixture(autouse=True)
def own_folder(monkeypatch, tmp_path):
  """With a gin file of the user's."""
  monkeypatch.chdir(tmp_path)
  (tmp_path / 'mine.gin').write_text(_budget(7))
  return tmp_path


def _budget(steps):
  """Whichever the file before it binds."""
  return f'run.real_steps = None\nrun.env_steps = {steps}\n'


def _units(
  files,
  seeds=(0,),
  points=_NO_POINT,
  bindings=(),
  num_demos=None,
  **more,
):
  configs = definition.make_configs(files, points, bindings, num_demos)
  values = {'root_dir': 'runs', 'demos': None, 'env': {}} | more
  return definition.make_units(configs, seeds, **values)


@pytest.mark.parametrize(
  ('text', 'seeds'),
  [('0:3', [0, 1, 2]), (':2', [0, 1]), ('7', [7]), ('3,1', [3, 1])],
)
def test_seeds(text, seeds):
  assert definition.parse_seeds(text) == seeds


@pytest.mark.parametrize('text', ['', 'a', '3:', '2:2', '0:1:2', '-1,2', '1.5'])
def test_bad_seeds(text):
  with pytest.raises(ValueError, match=f'--seeds={text}'):
    definition.parse_seeds(text)


def test_points_are_all_combinations():
  points = definition.parse_points(
    [
      'CostLearner.learning_rate=[8e-4, 1e-3]',
      'CostNetwork.layers=[(8,), (9,)]',
    ]
  )
  assert [[binding.text for binding in point] for point in points] == [
    ['CostLearner.learning_rate = 0.0008', 'CostNetwork.layers = (8,)'],
    ['CostLearner.learning_rate = 0.0008', 'CostNetwork.layers = (9,)'],
    ['CostLearner.learning_rate = 0.001', 'CostNetwork.layers = (8,)'],
    ['CostLearner.learning_rate = 0.001', 'CostNetwork.layers = (9,)'],
  ]
  assert definition.parse_points([]) == _NO_POINT


def test_ablations_change_one_line_each():
  lines = ['CostLearner.match_time = False', 'CostNetwork.layers = (9,)']
  points = definition.parse_points(['run.num_actors=[0, 4]'], lines)
  assert [[binding.text for binding in point] for point in points] == [
    ['run.num_actors = 0'],
    ['run.num_actors = 0', lines[0]],
    ['run.num_actors = 0', lines[1]],
    ['run.num_actors = 4'],
    ['run.num_actors = 4', lines[0]],
    ['run.num_actors = 4', lines[1]],
  ]


def test_what_is_ablated_is_a_method_of_its_own():
  points = definition.parse_points([], ['CostLearner.match_time = False'])
  units = _units([['mm_hopper.gin']], points=points)
  assert [unit.label for unit in units] == ['', 'CostLearner.match_time=False']
  assert units[1].run_dir.endswith(
    'runs/CostLearner.match_time=False/hopper/mm/0'
  )


def test_an_ablation_that_changes_nothing_is_an_error():
  points = definition.parse_points([], ['CostLearner.match_time = True'])
  with pytest.raises(ValueError, match='duplicate units'):
    _units([['mm_hopper.gin']], points=points)


@pytest.mark.parametrize(
  ('line', 'message'),
  [
    ('CostLearner.match_time', '--ablate=CostLearner.match_time'),
    ('CostLearner.match_tim = False', 'did you mean match_time'),
    ('CostLearner.match_time = 3', 'expected bool'),
  ],
)
def test_bad_ablations(line, message):
  with pytest.raises(gin_files.BindingError) as error:
    definition.parse_points([], [line])
  assert message in str(error.value)


@pytest.mark.parametrize(
  ('text', 'message'),
  [
    ('CostLearner.learning_rate', 'no list of values'),
    ('CostLearner.learning_rate=1e-3', 'no list of values'),
    ('CostLearner.learning_rate=[]', 'no list of values'),
    ('CostLearner.learning_rate=[1e-3, "x"]', "'x'; expected float"),
    ('CostLearner.learnin_rate=[1e-3]', 'did you mean learning_rate'),
    ('CostLearner.learning_rate=[1e-3', '--sweep='),
  ],
)
def test_bad_points(text, message):
  with pytest.raises(gin_files.BindingError) as error:
    definition.parse_points([text])
  assert '--sweep=' in str(error.value) and message in str(error.value)


def test_a_unit(tmp_path):
  point = definition.parse_points(['CostLearner.learning_rate=[1e-3]'])[0]
  (unit,) = _units(
    [['mm_hopper.gin', 'mine.gin']],
    seeds=[4],
    points=[point],
    bindings=['run.eval_every = 3'],
    env={'A': '1'},
  )
  root = f'{tmp_path}/runs/CostLearner.learning_rate=0.001'
  assert unit.run_dir == f'{root}/hopper/mm/4'
  assert unit.argv == (
    *('python', '-m', 'tfirl.launch'),
    '--gin_file=mm_hopper.gin',  # ours: each machine has its own
    f'--gin_file={tmp_path}/mine.gin',
    '--gin_bindings=run.eval_every = 3',
    '--gin_bindings=CostLearner.learning_rate = 0.001',
    *('--seed=4', f'--root_dir={root}'),
  )
  assert (unit.steps, unit.budget_unit) == (7, 'env_steps')
  assert (unit.env, unit.cwd) == ({'A': '1'}, str(tmp_path))
  assert unit.label == 'CostLearner.learning_rate=0.001'


def test_the_id_is_of_what_is_run_not_of_where():
  files = [['mm_hopper.gin']]
  (unit,) = _units(files)
  assert [unit.id] == [u.id for u in _units(files, root_dir='b')]
  assert [unit.id] == [u.id for u in _units(files, env={'A': '1'})]
  same = _units(files, bindings=['Task.name = "hopper"'])
  assert [unit.id] == [other.id for other in same]
  others = [
    *_units(files, seeds=[1]),
    *_units(files, bindings=['run.eval_every = 3']),
    *_units([['hype_hopper.gin']]),
    *_units(files, demos='d4rl:hopper-expert-v2'),
  ]
  assert len({unit.id, *(other.id for other in others)}) == 5


def test_few_demonstrations_are_handed_on(tmp_path):
  files = [['mm_hopper.gin']]
  (all_of_them,) = _units(files)
  (unit,) = _units(files, num_demos=4)
  assert unit.run_dir == f'{tmp_path}/runs/hopper/mm-n4/0'
  assert unit.argv[3:] == (
    '--gin_file=mm_hopper.gin',
    '--gin_bindings=load_demonstrations.num_episodes = 4',
    *('--seed=0', f'--root_dir={tmp_path}/runs'),
  )
  assert unit.id != all_of_them.id
  binding = 'load_demonstrations.num_episodes = 4'
  assert [unit] == _units(files, bindings=[binding])
  assert [unit] == _units(files, bindings=[binding], num_demos=4)
  with pytest.raises(ValueError, match='--num_demos is 5, and gin binds'):
    _units(files, bindings=[binding], num_demos=5)
  with pytest.raises(ValueError, match='--num_demos is 0; expected'):
    _units(files, num_demos=0)


def test_a_sweep_over_them_is_in_the_methods_names(tmp_path):
  points = definition.parse_points(
    [
      'load_demonstrations.num_episodes=[1, None]',
      'load_demonstrations.episode_seed=[7]',
    ]
  )
  units = _units([['mm_hopper.gin']], points=points)
  root = f'{tmp_path}/runs/load_demonstrations.episode_seed=7'
  assert [unit.run_dir for unit in units] == [
    f'{root}/hopper/mm-n1/0',
    f'{root}/hopper/mm/0',
  ]
  assert {u.label for u in units} == {'load_demonstrations.episode_seed=7'}
  assert len({unit.id for unit in units}) == 2
  with pytest.raises(ValueError, match='num_episodes is 0; expected'):
    _units(
      [['mm_hopper.gin']],
      points=definition.parse_points(['load_demonstrations.num_episodes=[0]']),
    )


def test_the_id_changes_with_what_is_in_a_gin_file(tmp_path):
  files = [['mm_hopper.gin', 'mine.gin']]
  (before,) = _units(files)
  (tmp_path / 'mine.gin').write_text(_budget(8))
  (after,) = _units(files)
  assert before.id != after.id and before.argv == after.argv


def test_seeds_are_outermost():
  units = _units([['mm_hopper.gin'], ['hype_ant.gin']], seeds=[0, 1])
  assert [unit.name for unit in units] == [
    'hopper/mm/0',
    'ant/hype/0',
    'hopper/mm/1',
    'ant/hype/1',
  ]


def test_duplicate_units():
  with pytest.raises(ValueError, match='duplicate units: .* same config'):
    _units([['mm_hopper.gin'], ['mm_hopper.gin']])
  with pytest.raises(ValueError, match='duplicate units: .* same config'):
    _units([['mm_hopper.gin']], seeds=[1, 1])
  with pytest.raises(ValueError, match='duplicate units: .* would both write'):
    _units([['mm_hopper.gin'], ['mm_hopper.gin', 'mine.gin']])


@pytest.mark.parametrize(
  ('binding', 'message'),
  [
    ('run.env_step = 1', 'did you mean env_steps'),
    ('polcy/table.capacity = 1', "unknown scope 'polcy'; did you mean policy"),
    ('run.env_steps = "many"', "'many'; expected int"),
    ('Nobody.knows = 1', "unknown configurable 'Nobody'"),
    ('run.env_steps = %steps', "macro '%steps' is defined nowhere"),
  ],
)
def test_bad_bindings(binding, message):
  with pytest.raises(gin_files.BindingError) as error:
    _units([['mm_hopper.gin']], bindings=[binding])
  assert message in str(error.value)


def test_the_budget_is_of_the_methods_unit():
  steps = ['run.env_steps = None', 'run.real_steps = 9']
  (unit,) = _units([['mm_hopper.gin']], bindings=steps)
  assert (unit.steps, unit.budget_unit) == (9, 'real_steps')
  updates = ['run.updates = 9']
  (unit,) = _units([['bc_hopper.gin']], bindings=updates)
  assert (unit.steps, unit.budget_unit) == (9, 'updates')


@pytest.mark.parametrize(
  ('file', 'bindings', 'message'),
  [
    (
      'mm_hopper.gin',
      ['run.real_steps = 9', 'run.env_steps = 8'],
      'mm_hopper.gin: found run.real_steps = 9 and run.env_steps = 8; expected '
      'exactly one budget: to use run.real_steps, bind run.env_steps = None',
    ),
    (
      'mm_hopper.gin',
      ['run.real_steps = None', 'run.env_steps = None'],
      'mm_hopper.gin: found no budget; expected run.real_steps or run.env',
    ),
    (
      'bc_hopper.gin',
      ['run.updates = None', 'run.env_steps = 8'],
      'bc_hopper.gin: found run.env_steps = 8; expected run.updates, for bc',
    ),
  ],
)
def test_another_budget_is_refused(file, bindings, message):
  with pytest.raises(gin_files.BindingError) as error:
    _units([[file]], bindings=bindings)
  assert message in str(error.value)


def test_a_gin_file_that_is_not_there():
  with pytest.raises(FileNotFoundError, match='did you mean mm_hopper.gin'):
    _units([['mm_hoper.gin']])


def test_a_long_label_makes_a_short_folder():
  points = definition.parse_points(
    [f'CostNetwork.layers=[{tuple(range(1, 61))}, {tuple(range(1, 62))}]']
  )
  units = _units([['mm_hopper.gin']], points=points)
  folders = {unit.path.parents[2].name for unit in units}
  assert len(folders) == 2 and max(map(len, folders)) < 100


def test_a_unit_says_how_many_actors_it_has():
  point = definition.parse_points(['run.num_actors=[0, 4]'])
  assert [
    unit.num_actors for unit in _units([['hype_hopper.gin']], points=point)
  ] == [0, 4]
  (unit,) = _units([['hype_hopper.gin']])
  assert unit.num_actors == 0
