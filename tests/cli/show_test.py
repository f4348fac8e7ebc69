import gin
import pytest

from tfirl.cli import main as cli
from tfirl.config import explaining, gin_files
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's names


def _parameters(name):
  return {
    parameter.name: parameter
    for part in explaining.explain(name)
    for parameter in part.parameters
  }


@pytest.fixture(scope='module')
def of_hyper():
  return _parameters('hyper_hopper.gin')


def test_value_place_and_doc(of_hyper):
  found = of_hyper['run.real_steps']
  assert (found.value, found.where) == ('20000', 'hyper_hopper.gin:3')
  assert found.doc.startswith('budget of all steps taken')
  found = of_hyper['run.eval_episodes']
  assert (found.value, found.where) == ('10', 'default')
  found = of_hyper['ModelBased.make_agent']
  assert found.value == '@tfirl.SacAgent'
  assert found.where.startswith('methods/hyper.gin:')


def test_every_binding_is_there(of_hyper):
  folder = gin_files.gin_folder()
  path = str(folder / 'hyper_hopper.gin')
  bound = {
    gin_files.key_text(key) for key, _, _ in gin_files.read_file(path, [folder])
  }
  assert bound <= of_hyper.keys()
  assert 'learning_rate/piecewise_linear.segments' in bound


@pytest.mark.parametrize(
  ('name', 'has', 'has_not'),
  [
    (
      'hyper_hopper.gin',
      # None of them is named by a gin file.
      ['CostNetwork.layers', 'ModelEnv.', 'DynamicsModel.', 'table.capacity'],
      ['Td3BcAgent.', 'ModelFree.', 'BcAgent.', 'Expert.', 'ExpertReset.'],
    ),
    (
      'hype_pointmaze.gin',
      ['Td3BcAgent.alpha', 'ModelFree.', 'ExpertReset.', 'CostTurns.'],
      ['tfirl.SacAgent.', 'ModelBased.', 'GaussianEnsemble.'],
    ),
    (
      'iq_learn_hopper.gin',
      ['IqLearnAgent.chi2_alpha', 'tfirl.SacAgent.tau', 'ModelFree.'],
      ['CostLearner.', 'CostNetwork.', 'CostTurns.', 'AbsorbingLevel.'],
    ),
    (
      'lamps_hopper.gin',
      ['ModelBased.expert_in_hybrid', 'GaussianEnsemble.', 'tfirl.SacAgent.'],
      ['CostLearner.', 'CostNetwork.', 'CostTurns.', 'IqLearnAgent.'],
    ),
    (
      'bc_hopper.gin',
      ['BcAgent.hidden', 'make_encoding.clip'],
      ['CostLearner.', 'CostNetwork.', 'tfirl.SacAgent.'],
    ),
  ],
)
def test_parts_are_those_that_its_algorithm_makes(name, has, has_not):
  found = list(_parameters(name))
  for prefix in has:
    assert any(n.startswith(prefix) for n in found), prefix
  for prefix in has_not:
    assert not any(n.startswith(prefix) for n in found), prefix


@pytest.mark.parametrize(
  'name',
  [
    'hyper_antmaze.gin',
    'hype_filter_hopper.gin',
    'expert_ant.gin',
    'iq_learn_ant.gin',
  ],
)
def test_every_parameter_has_a_doc_line(name):
  found = _parameters(name)
  assert [name for name, p in found.items() if not p.doc] == []


def test_the_last_binding_wins_and_macros_are_shown(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  (tmp_path / 'mine.gin').write_text(
    "include 'hype_hopper.gin'\n\nrate = 0.1\nCostLearner.gp_weight = %rate\n"
    'run.real_steps = 7\n'
  )
  found = _parameters('mine.gin')
  where = str(tmp_path / 'mine.gin')
  assert found['run.real_steps'].value == '7'
  assert found['run.real_steps'].where in (f'{where}:5', 'mine.gin:5')
  assert found['CostLearner.gp_weight'].value == '%rate'
  assert found['rate'].value == '0.1'


def _shown(capsys, *arguments):
  assert not cli.main(['show', *arguments])
  return capsys.readouterr().out


def test_prints_blocks(capsys):
  text = _shown(capsys, 'hyper_hopper', '--grep', 'GP_TARGET')
  assert text == (
    'CostLearner: Learns the cost f(s, a) against the policy, whose reward it '
    'makes.\n'
    '  CostLearner.gp_target = 0.4  (default)\n'
    '      gradient norm that the penalty pulls to, by observations in their '
    'own\n      units: the larger these are, the larger are the rewards.\n\n'
  )


@pytest.mark.parametrize(
  ('text', 'names', 'other'),
  [
    ('Discriminator', ['CostLearner.gp_weight', 'CostNetwork.layers'], 'Sac'),
    ('generator', ['tfirl.SacAgent.gamma'], 'Cost'),
    ('policy', ['tfirl.SacAgent.gamma'], None),
    ('OptimisticAdam', ['tfirl.SacAgent.make_optimizer'], 'CostNetwork'),
  ],
)
def test_grep_finds_parts_by_what_they_are(capsys, text, names, other):
  found = _shown(capsys, 'hyper_hopper.gin', '--grep', text)
  assert all(f'  {name} = ' in found for name in names)
  assert other is None or f'  {other}' not in found


def test_grep_that_finds_nothing_says_so(capsys):
  assert cli.main(['show', 'bc_hopper', '--grep', 'xyzzy']) == 1
  assert "--grep is 'xyzzy'" in capsys.readouterr().err


def test_gin_is_left_as_it_was():
  gin.bind_parameter('CostNetwork.num_members', 3)
  bound = gin.config_str()
  explaining.explain('hype_hopper.gin')
  assert gin.config_str() == bound
