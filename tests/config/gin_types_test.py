"""Values that gin would take and the parameter would not."""

import pytest

from tfirl.config import gin_bindings, gin_files, gin_types

# Registers what the bindings name.
from tfirl.runs import experiment as _experiment  # noqa: F401


@pytest.mark.parametrize(
  'text',
  [
    'CostLearner.learning_rate = 1',  # an int is a float
    'CostLearner.learning_rate = 8e-4',
    'CostLearner.learning_rate = %rate',  # what it stands for is not known
    'CostNetwork.clip = None',
    'CostNetwork.layers = [8, 8]',
    'tfirl.SacAgent.hidden = (8,)',
    'tfirl.SacAgent.make_optimizer = @OptimisticAdam',
    'expert_fraction/piecewise_linear.segments = [(0.2, 0.1, 300)]',
    'run.record_video = False',
    'Task.env_kwargs = {"a": 1}',
    'rate = "a macro"',
  ],
)
def test_takes_what_fits(text):
  name, value = text.split(' = ')
  binding = gin_types.read_binding(text, 'sweep')
  assert binding.name == name
  assert repr(binding.value).replace("'", '"') == str(
    value if value[0] in '%@"({' else eval(value)
  ).replace("'", '"')


@pytest.mark.parametrize(
  ('text', 'found', 'expected'),
  [
    ('CostLearner.learning_rate = "fast"', "'fast'", 'expected float'),
    ('CostLearner.learning_rate = [1e-3]', '[0.001]', 'expected float'),
    ('CostLearner.learning_rate = True', 'True', 'expected float'),
    (
      'run.env_steps = ' + '9' * 30,
      '99999',
      'int, at least 1 or None, at most 9',
    ),
    (
      'CostLearner.learning_rate = ' + '9' * 400,
      '99999',
      'float, more than 0, at most 1.8e+308',
    ),
    ('run.env_steps = 1.5', '1.5', 'expected int'),
    ('run.record_video = 1', '1', 'expected bool'),
    ('run.make_algorithm = "mm"', "'mm'", 'expected a function'),
    ('CostNetwork.layers = 8', '8', 'a list of (int, at least 1)'),
    (
      'CostNetwork.layers = (8, "8")',
      "(8, '8')",
      'a list of (int, at least 1)',
    ),
    (
      'CostNetwork.clip = "no"',
      "'no'",
      'float, more than 0 or None',
    ),
    (
      'expert_fraction/piecewise_linear.segments = [(0.2, 0.1)]',
      '[(0.2, 0.1)]',
      'a list of (a list of (float, float, float))',
    ),
  ],
)
def test_refuses_another_type(text, found, expected):
  with pytest.raises(gin_files.BindingError) as error:
    gin_types.read_binding(text, 'sweep')
  message = str(error.value)
  assert message.startswith(f'--sweep={gin_files.shorten(text)}: ')
  assert found in message and expected in message


@pytest.mark.parametrize(
  'text', ['', 'a.b', 'run.env_steps = 1\nrun.eval_every = 2']
)
def test_refuses_what_is_not_one_binding(text):
  with pytest.raises(gin_files.BindingError, match='--gin_bindings='):
    gin_types.read_binding(text, 'gin_bindings')


def test_scopes_of_the_code_and_of_the_gin_files_are_known():
  bindings = [
    gin_types.Binding('policy/table.capacity', 1),
    gin_types.Binding('pretrain/DynamicsTrainer.max_epochs', 5),
    gin_types.Binding('expert_fraction/piecewise_linear.segments', []),
    gin_types.Binding('run.env_steps', 1),
  ]
  gin_types.check_scopes(bindings, [])


def test_a_misspelled_scope_is_refused_unless_a_gin_file_has_it():
  binding = gin_types.Binding('polcy/table.capacity', 1)
  with pytest.raises(gin_files.BindingError) as error:
    gin_types.check_scopes([binding], [])
  assert "unknown scope 'polcy'; did you mean policy?" in str(error.value)
  text = 'run.make_algorithm = @polcy/ModelFree'
  statements = gin_files.read_text(text, 'my.gin', [])
  gin_types.check_scopes([binding], statements)


@pytest.mark.parametrize(
  ('binding', 'problem', 'expected'),
  [
    ('run.make_algorithm = @tfirl.SacAgent', 'has no budget_units', 'a class'),
    ('run.make_algorithm = @run', 'has no budget_units', 'a class called with'),
    ('ModelFree.make_agent = @run', 'needs demos', 'such as @tfirl.SacAgent'),
    ('ModelFree.make_agent = @BcAgent', 'has no clone', 'that learns from rew'),
    ('ModelBased.make_agent = @NoCost', 'has no clone', 'that learns from rew'),
    ('Expert.make_agent = @BcAgent', 'has no clone', 'such as @tfirl.SacAg'),
    ('BehaviorCloning.make_agent = @run', 'needs demos', 'such as @BcAgent'),
    ('ModelFree.make_cost = @run', 'needs stop', 'such as @CostTurns'),
    ('ModelFree.make_cost = @tfirl.SacAgent', 'has no rows_have_reward', 'pla'),
    ('ModelFree.learning_rate_scale = @run', 'needs task', 'a step count'),
    ('ModelFree.expert_fraction = @run', 'needs task', 'a step count'),
    ('WarmStart.bc_scale = @truncated_linear', 'needs first', 'a step count'),
    ('Imagination.rollout_length = @run', 'needs task', 'a step count'),
    ('Imagination.make_starts = @run', 'needs task', 'such as @BackwardStarts'),
    ('CostLearner.make_level = @run', 'needs run_folder', '@AbsorbingLevel'),
    ('ModelBased.pretrained_model = @run', 'needs demos', '@cached_pretraini'),
    (
      'tfirl.SacAgent.make_optimizer = @run',
      'takes no learning_rate',
      'called with learning_rate=... for an optimizer, such as @OptimisticAdam',
    ),
    ('Task.is_healthy = @run', 'needs task', '@termination.never'),
    (
      'Imagination.expert_reset_fraction = @cached_pretraining',
      'needs demos',
      'a step count',
    ),
  ],
)
def test_refuses_a_function_of_another_kind(binding, problem, expected):
  with pytest.raises(gin_files.BindingError) as error:
    gin_bindings.parse([], [binding])
  name, _, value = binding.partition(' = ')
  message = str(error.value)
  told = f'--gin_bindings={binding}: {name} is {value}, which {problem}'
  assert message.startswith(f'{told}; expected ') and expected in message


@pytest.mark.parametrize(
  'bindings',
  [
    [
      'ModelFree.learning_rate_scale = @x/piecewise_linear',
      'x/piecewise_linear.segments = [(1, 0, 10)]',
    ],
    ['run.make_algorithm = @ModelBased', 'ModelBased.make_cost = @TaskReward'],
    ['tfirl.SacAgent.make_optimizer = @tf.keras.optimizers.legacy.Adam'],
    [
      'ModelBased.make_agent = @Td3BcAgent',
      'ModelFree.make_agent = @tfirl.IqLearnAgent',
      'Expert.make_agent = @tfirl.SacAgent',
    ],
    ['CostLearner.learning_rate_scale = @schedules.constant'],
  ],
)
def test_takes_functions_of_its_kind(bindings):
  gin_bindings.parse([], bindings)
