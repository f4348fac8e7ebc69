import sys
from pathlib import Path

import gin
import pytest

from tfirl import checks
from tfirl.config import gin_bindings
from tfirl.runs import not_finite

_KEPT = Path('runs/hopper/hype/0/checkpoints/64')
_GRAPH = (
  'Graph execution error:\n\nDetected at node while/critic/CheckNumerics '
  'defined at (most recent call last):\n<stack traces unavailable>\n'
  'Critic loss is inf or nan. : Tensor had NaN values\n'
  '\t [[{{node while/critic/CheckNumerics}}]] [Op:__inference__run_12]'
)
_EAGER = (
  '{{function_node __wrapped__CheckNumerics_device_/job:localhost}} '
  'Critic loss is inf or nan. : Tensor had Inf values'
)


# Of other names than the real ones, which would be ambiguous to other tests.
@gin.configurable('HastyAgent', module='not_finite_test')
class Agent:
  def __init__(self, learning_rate: checks.NonNegative = 0.5):
    self.learning_rate = learning_rate


@gin.configurable('ToyCost', module='not_finite_test')
class Cost:
  def __init__(self, learning_rate: checks.Positive = 0.008):
    self.learning_rate = learning_rate


@pytest.fixture(autouse=True)
def in_use(monkeypatch):
  """Two players, one of which has a rate that was bound."""
  toys = {
    'tfirl.SacAgent.learning_rate': 'HastyAgent.learning_rate',
    'CostLearner.learning_rate': 'ToyCost.learning_rate',
  }
  in_use = gin_bindings.in_use
  monkeypatch.setattr(
    gin_bindings,
    'in_use',
    lambda name: in_use(toys[name]) if name in toys else [],
  )
  gin_bindings.parse([], ['RATE = 30.0', 'HastyAgent.learning_rate = %RATE'])
  Agent()
  Cost()


def _describe(what, demos='d.npz', checkpoint=_KEPT):
  return not_finite.describe(what, 'step 96, round 6', demos, checkpoint)


@pytest.mark.parametrize(
  ('message', 'expected'),
  [
    (
      _GRAPH,
      'Critic loss is inf or nan: Tensor had NaN values '
      '(tensor while/critic/CheckNumerics)',
    ),
    (_EAGER, 'Critic loss is inf or nan: Tensor had Inf values'),
    ('Incompatible shapes: [1] vs. [2]', ''),
  ],
)
def test_finds_the_loss_and_the_tensor_in_tensorflows_message(
  message, expected
):
  assert not_finite.text_of_check(message) == expected


def test_names_round_demonstrations_binding_and_checkpoint():
  message = _describe(not_finite.text_of_check(_GRAPH))
  for part in (
    'step 96, round 6: Critic loss is inf or nan: Tensor had NaN values',
    'Demonstrations: d.npz',
    'Perhaps too high: tfirl.SacAgent.learning_rate = 30',
    f'The last good checkpoint is {_KEPT}',
  ):
    assert part in message
  assert 'CostLearner' not in message
  assert '; expected finite numbers. Demonstrations' in message
  assert 'loss; found 3. Dem' in _describe('expected a finite loss; found 3.')
  assert 'Demonstrations' not in _describe('x', demos=None)
  assert 'checkpoint is none yet: it begins anew' in _describe('x', 'd', None)


@pytest.mark.parametrize(
  ('what', 'name'),
  [
    ('actor_loss is nan', 'tfirl.SacAgent.learning_rate = 3'),
    ("the sum of the policy's layer 0 is inf", 'SacAgent.learning_rate = 3'),
    ('Cost round 3: found nan; expected', 'CostLearner.learning_rate = 0.0'),
    ('Hopper-v5: non-finite observation at step 3', None),
    ('Mine: non-finite reward at step 3 of its episode: nan', None),
    ('DynamicsTrainer.fit, epoch 1', None),  # none is in use here
  ],
)
def test_the_rate_is_that_of_the_player(what, name):
  message = _describe(what)
  if name:
    assert f'{name}' in message.split('lower rate: ')[1]
  else:
    assert 'lower rate' not in message


@pytest.mark.parametrize(
  ('argv', 'expected'),
  [
    (
      ['/x/tfirl/launch.py', '--gin_file=hype_hopper.gin', '--seed=3'],
      'python -m tfirl.launch --gin_file=hype_hopper.gin --seed=3 '
      "'--gin_bindings=tfirl.SacAgent.learning_rate = 3' --allow_changes",
    ),
    (
      ['/usr/bin/tfirl', 'train', 'hype_hopper', '--allow_changes'],
      'tfirl train hype_hopper --allow_changes -b '
      "'tfirl.SacAgent.learning_rate = 3'",
    ),
    (
      ['/work/mine.py'],
      "the same call with bindings=['tfirl.SacAgent.learning_rate = 3'] and "
      'allow_changes=True',
    ),
  ],
)
def test_the_command_goes_on_with_a_tenth_of_the_rate(
  monkeypatch, argv, expected
):
  monkeypatch.setattr(sys, 'argv', argv)
  message = _describe('critic_loss is nan')
  assert message.endswith(f'On from there, with a lower rate: {expected}')
