"""Each fault from the figures that show it, just beyond and just within."""

import fcntl

import numpy as np
import pytest

from tfirl.diagnosis import diagnose

_NAN = float('nan')
_GOOD = {'eval_return_mean': 100.0 + np.arange(11)}
_LONG = {'mean_length': 50.0, 'terminated': 0.0}
# Names, columns that show it, columns that do not, other arguments of a run.
_FAULTS = {
  'cost blind': ({'cost_auc': 0.59}, {'cost_auc': 0.61}, {}),
  'cost saturated': ({'cost_auc': 0.98}, {'cost_auc': 0.96}, {}),
  'cost exploding': ({'cost_penalty': 1.1}, {'cost_penalty': 0.9}, {}),
  'policy random': ({'entropy': 0.55}, {'entropy': 0.45}, {}),
  'episodes end early': (
    {'training_length': 24.0, 'training_terminated': 1.0},
    {'training_length': 26.0, 'training_terminated': 1.0},
    {'demos': _LONG},
  ),
  'evaluation below training': (
    {'training_return': 53.0},
    {'training_return': 50.0},
    {},
  ),
  'samples below their mean': (
    {'training_return': -10.0},
    {'training_return': -8.0},
    {'bindings': {'ModelBased.stochastic': 'True'}},
  ),
  'mix starved': ({'expert_fraction': 0.04}, {'expert_fraction': 0.06}, {}),
  'model error': (
    {'dynamics_r2_median': 0.49},
    {'dynamics_r2_median': 0.51},
    {},
  ),
}


def _names(folder, **arguments):
  return [f.name for f in diagnose.diagnose(folder, **arguments).findings]


@pytest.mark.parametrize('name', _FAULTS)
def test_beyond_its_threshold_and_not_within(write_run, name):
  beyond, within, others = _FAULTS[name]
  assert _names(write_run(**others, **beyond)) == [name]
  # Of a low return of no known cause that is all there is to say.
  assert _names(write_run(**others, **within)) == ['return low']


@pytest.mark.parametrize('name', _FAULTS)
def test_of_a_good_return_no_figure_is_a_fault(write_run, name):
  beyond, _, others = _FAULTS[name]
  good = {**_GOOD, **beyond}
  if name == 'evaluation below training':
    good['training_return'] = 200.0
  found = diagnose.diagnose(write_run(**others, **good))
  assert found.findings == ()
  assert str(found).endswith('normalised return 0.99\nnothing found')


def test_words_have_the_figure_the_step_the_threshold_and_the_binding(
  write_run,
):
  bindings = {'CostLearner.learning_rate': '1e-09'}
  penalty = [_NAN, *range(1, 11)]
  columns = {'cost_auc': 0.5, 'cost_penalty': penalty}
  found = diagnose.diagnose(write_run(bindings, **columns))
  (wild, blind), text = found.findings, str(found)
  # From half of 1000 steps on there are 5 to 10, whose median is 7.5.
  assert 'cost_penalty 7.5 (median since step 500)' in wild.seen
  assert blind.threshold.startswith('below 0.6')
  assert 'CostLearner.learning_rate (it is 1e-09; 3e-4' in blind.remedy
  assert blind.seen.endswith('not by a good policy')
  assert blind.threshold.endswith('normalised return is below 0.7')
  assert 'finished, 1,000 of 1,000 real steps; normalised return 0.11' in text
  assert max(map(len, text.splitlines()[1:])) <= 79


def test_runs_that_recorded_no_chance_are_told_by_their_gap(write_run):
  closed = {'cost_gap': -0.009, 'cost_level_unit': 0.1}
  assert _names(write_run(**closed)) == ['cost blind']
  nothing_else = {'cost_gap': -0.19, 'cost_level_unit': 0.1}
  assert _names(write_run(**nothing_else)) == ['cost saturated']


def test_values_beyond_what_rewards_add_up_to(write_run):
  """At a discount of .9, ten of the largest: 3 here, and 2 x 10 x 3 at most."""
  columns = {'largest_reward': 3.0, 'critic_loss': 1.0, **_GOOD}
  assert _names(write_run(q_mean=-59.0, **columns)) == []
  folder = write_run(q_mean=[0.0] * 9 + [-61.0, 0.0], **columns)
  (found,) = diagnose.diagnose(folder).findings
  assert found.name == 'Q exploding'
  assert 'q_mean -61 at step 900' in found.seen
  assert 'can add up to 30' in found.seen


def test_entropy_that_is_paid_counts_as_reward(write_run):
  """2 dimensions of 0.5 at a temperature of 3: 3 more, so 60 is too little."""
  columns = {'largest_reward': 3.0, 'q_mean': 119.0, 'critic_loss': 1.0}
  paid = {'alpha': 3.0, 'entropy': -0.5}
  demos = {'action_size': 2}
  assert _names(write_run(demos=demos, **columns, **paid, **_GOOD)) == []
  assert _names(write_run(demos=demos, **columns, **_GOOD)) == ['Q exploding']


def test_values_that_run_from_their_targets(write_run):
  columns = {'largest_reward': 3.0, 'q_mean': 1.0, **_GOOD}
  assert _names(write_run(critic_loss=29.0**2, **columns)) == []
  assert _names(write_run(critic_loss=31.0**2, **columns)) == ['Q exploding']


def test_demonstrations_of_neither_kind_of_sense(write_run):
  """Also of a run that is good, or too short to be judged otherwise."""
  wrong = {'action_r2': 0.05, 'step_r2': 0.01, 'source': 'mine.npz'}
  folder = write_run(demos=wrong, **_GOOD)
  assert _names(folder) == ['demonstrations inconsistent']
  assert 'mine.npz' in diagnose.diagnose(folder).findings[0].seen
  assert _names(write_run(demos={**wrong, 'step_r2': 0.05}, **_GOOD)) == []
  assert _names(write_run(demos={**wrong, 'action_r2': 0.5}, **_GOOD)) == []


def test_demonstrations_that_return_little(write_run):
  low = ['demonstrations poor']
  assert _names(write_run(demos={'mean_return': 59.0}, **_GOOD)) == low
  assert _names(write_run(demos={'mean_return': 61.0}, **_GOOD)) == []


def test_batches_of_the_experts_rows_alone(write_run):
  bindings = {'run.algorithm': "'mm'"}
  assert _names(write_run(bindings, expert_fraction=0.96)) == ['mix starved']
  # Of mm that is what it is: none.
  assert _names(write_run(bindings, expert_fraction=0.0)) == ['return low']


def test_rollouts_that_never_begin_at_the_expert(write_run):
  hyper = {'run.algorithm': "'hyper'"}
  assert _names(write_run(hyper, expert_reset_fraction=0.0)) == ['mix starved']
  mixed = {**hyper, 'PolicyBatches.expert_fraction': '0.5'}
  assert _names(write_run(mixed, expert_reset_fraction=0.0)) == ['return low']


def test_a_clock_is_not_a_fall(write_run):
  columns = {'training_length': 20.0, 'training_terminated': 0.0}
  (found,) = diagnose.diagnose(write_run(demos=_LONG, **columns)).findings
  assert 'Task.max_episode_steps' in found.remedy
  assert not found.is_symptom


def test_where_the_expert_ends_early_it_is_no_fault(write_run):
  goal = {**_LONG, 'terminated': 1.0}
  columns = {'training_length': 20.0, 'training_terminated': 1.0}
  assert _names(write_run(demos=goal, **columns)) == ['return low']


@pytest.mark.parametrize(
  ('success', 'names'),
  [(0.4, ['episodes end early']), (0.6, ['return low'])],
)
def test_early_ends_are_no_fault_only_where_most_succeed(
  write_run, success, names
):
  """As the expert's do; what fell, or the clock stopped, did not succeed."""
  columns = {'training_length': 20.0, 'eval_success': success}
  goal = {**_LONG, 'terminated': 1.0}
  for terminated in (0.0, 1.0):
    folder = write_run(demos=goal, training_terminated=terminated, **columns)
    assert _names(folder) == names


def test_failures_that_pay_alike_are_no_policy_that_never_changes(write_run):
  never = {'eval_return_mean': 20.0, 'eval_success': 0.0}
  assert _names(write_run(**never)) == ['return low']
  now_and_then = {**never, 'eval_success': 0.2}
  assert _names(write_run(**now_and_then)) == ['policy frozen']


def test_a_model_no_better_than_standing_still(write_run):
  r2 = {'dynamics_r2_median': 0.9, 'open_loop_1_still': 1.0}
  assert _names(write_run(open_loop_1_median=0.81, **r2)) == ['model error']
  assert _names(write_run(open_loop_1_median=0.79, **r2)) == ['return low']


def test_a_model_whose_successors_mislead_the_critics(write_run):
  """By .5 a step, at gamma .98: 24.5 of 97 or 99 that come true."""
  values = {'value_imagined': 2.5, 'value_successor': 3.0}
  bindings = {'run.algorithm': "'hyper'", 'tfirl.SacAgent.gamma': '0.98'}
  (found,) = diagnose.diagnose(
    write_run(bindings, value_came_true=97.0, **values)
  ).findings
  assert found.name == 'model error'
  assert '-0.5 ' in found.seen
  assert '-24.5' in found.seen
  assert 'DynamicsModel.noise_scale' in found.remedy
  folder = write_run(bindings, value_came_true=99.0, **values)
  assert _names(folder) == ['return low']


def test_a_model_that_gets_worse(write_run):
  """From a tenth unexplained to three and more, where 0.2 is little."""
  r2 = [_NAN, _NAN, 0.9, *[0.69] * 8]
  folder = write_run(dynamics_r2_median=r2)
  (found,) = diagnose.diagnose(folder).findings
  assert 'has fallen from 0.9 at step 200 to 0.69' in found.seen
  r2 = [_NAN, _NAN, 0.9, *[0.71] * 8]
  assert _names(write_run(dynamics_r2_median=r2)) == ['return low']


def test_a_model_that_is_told_of_early_alone(write_run):
  r2 = [_NAN, 0.9, 0.6, *[_NAN] * 8]
  assert _names(write_run(dynamics_r2_median=r2)) == ['return low']


def test_batches_are_told_of_once_there_are_any(write_run):
  fraction = [*[_NAN] * 7, 0.0, 0.0, 0.0, 0.5]
  assert _names(write_run(expert_fraction=fraction)) == ['mix starved']


def test_demonstrations_of_which_little_is_known(write_run):
  unknown = dict.fromkeys(['terminated', 'action_size', 'mean_length'])
  paid = {'alpha': 3.0, 'entropy': -0.5, 'largest_reward': 3.0, 'q_mean': 1.0}
  folder = write_run(demos=unknown, critic_loss=1.0, **paid)
  assert _names(folder) == ['return low']


def test_a_policy_that_never_changes(write_run):
  folder = write_run(eval_return_mean=20.0)
  assert _names(folder) == ['policy frozen']
  assert _names(write_run(entropy=-4.1)) == ['policy frozen']


def test_what_was_good_once(write_run):
  returns = [20.0, 20.0, 80.0, 80.0, 80.0, *[20.0] * 6]
  (found,) = diagnose.diagnose(write_run(eval_return_mean=returns)).findings
  assert found.name == 'return fell'
  assert '0.70 at step 300' in found.seen and 'is 0.10' in found.seen
  assert 'clone' not in found.remedy


@pytest.mark.parametrize(('weight', 'is_told'), [(0.0, True), (4.0, False)])
def test_a_clone_that_was_let_go_could_be_held(write_run, weight, is_told):
  columns = {'eval_return_mean': [90.0] * 4 + [20.0] * 7}
  folder = write_run(clone_weight=weight, **columns)
  (found,) = diagnose.diagnose(folder).findings
  assert found.name == 'return fell'
  assert ('WarmStart.clone_is_rest = False' in found.remedy) == is_told


def test_samples_are_below_their_mean_before_both_fail(write_run):
  returns = [90.0] * 4 + [85.0, 60.0] + [20.0] * 5
  samples = [_NAN, _NAN, 90.0, 40.0, 15.0, 20.0] + [20.0] * 5
  columns = {'eval_return_mean': returns, 'training_return': samples}
  stochastic = {'ModelBased.stochastic': 'True'}
  found = diagnose.diagnose(write_run(stochastic, **columns)).findings
  assert [f.name for f in found] == ['samples below their mean', 'return fell']
  assert 'training_return 20, of samples, at step 500' in found[0].seen
  assert 'ModelBased.stochastic = False' in found[0].remedy
  by_mean = {'ModelBased.stochastic': 'False'}
  assert _names(write_run(by_mean, **columns)) == ['return fell']


def test_causes_come_before_what_may_follow_from_them(write_run):
  columns = {'cost_auc': 0.99, 'entropy': 0.69}
  assert _names(write_run(**columns)) == ['policy random', 'cost saturated']


def test_no_gradient_step_at_all(write_run):
  folder = write_run({'ModelFree.initial_steps': '2000'}, updates=0)
  (found,) = diagnose.diagnose(folder).findings
  assert found.name == 'never trained'
  assert 'ModelFree.initial_steps = 2000' in found.seen


def test_a_crash_is_told_with_its_error(write_run):
  traceback = (
    'Traceback (most recent call last):\n  File "x.py", line 1\n'
    'ValueError: the table is empty\n  In call to configurable "run"\n'
  )
  folder = write_run({'run.real_steps': '9000'}, files={'error.txt': traceback})
  (found,) = diagnose.diagnose(folder).findings
  assert found.name == 'ended by an error'
  assert found.seen == 'after step 1,000: ValueError: the table is empty'


def test_a_crash_before_the_first_evaluation(write_run):
  folder = write_run(files={'error.txt': 'OSError: no such file\n'})
  (folder / 'metrics.csv').unlink()
  found = diagnose.diagnose(folder)
  assert found.state == 'no evaluation yet'
  assert 'before its first evaluation: OSError' in found.findings[0].seen


def test_unfinished_and_running_runs_are_told_as_such(write_run):
  """Neither is a fault, nor is it one that their return is low."""
  folder = write_run({'run.real_steps': '9000'}, files={'.lock': ''})
  found = diagnose.diagnose(folder)
  assert found.state.startswith('unfinished, 1,000 of 9,000 real steps')
  assert found.findings == ()
  with open(folder / '.lock', 'a') as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    assert diagnose.diagnose(folder).state.startswith('running, 1,000 of')


def _state(folder, **arguments):
  return diagnose.diagnose(folder, **arguments).state


def test_in_a_maze_successes_are_what_counts(write_run):
  """Whatever a step in it pays; unless what the expert returns is said."""
  unsaid = {'Task.expert_return': 'None', 'Task.random_return': 'None'}
  demos = {'mean_return': 300.0}
  rare = {'eval_success': 0.1, 'eval_return_mean': 250.0 + np.arange(11)}
  folder = write_run(unsaid, demos, cost_auc=0.5, **rare)
  assert _state(folder).endswith('; success rate 0.10')
  assert _names(folder) == ['cost blind']
  assert 'normalised return' not in str(diagnose.diagnose(folder))
  assert _state(folder, expert_return=259.0).endswith('normalised return 1.00')
  mostly = {**rare, 'eval_success': 0.9}
  assert _names(write_run(unsaid, demos, cost_auc=0.5, **mostly)) == []


@pytest.mark.parametrize('success', [0.0, 1.0, [_NAN] * 10 + [1.0]])
def test_of_a_return_whose_scale_is_known_successes_are_no_measure(
  write_run, success
):
  folder = write_run(cost_auc=0.5, eval_success=success)
  assert _state(folder).endswith('normalised return 0.11')
  assert _names(folder) == ['cost blind']


def test_successes_now_and_then_are_no_measure(write_run):
  unsaid = {'Task.expert_return': 'None'}
  now_and_then = {'eval_success': [_NAN] * 10 + [1.0]}
  folder = write_run(unsaid, {'mean_return': 110.0}, **now_and_then)
  assert _state(folder).endswith('normalised return 0.11')


def test_what_the_expert_returns_may_be_said(write_run):
  bindings = {'Task.expert_return': 'None', 'Task.random_return': 'None'}
  folder = write_run(bindings, cost_auc=0.5)
  found = diagnose.diagnose(folder)
  assert found.findings == () and '--expert_return' in found.state
  assert _names(folder, expert_return=110.0) == ['cost blind']
  demos = {'mean_return': 110.0}
  assert _names(write_run(bindings, demos, cost_auc=0.5)) == ['cost blind']


def test_few_evaluations_are_not_judged(write_run):
  updates = [0] * 9 + [10, 20]
  found = diagnose.diagnose(write_run(updates=updates, cost_auc=0.5))
  assert found.findings == ()
  assert found.state.endswith('too few evaluations to judge its training')


def test_defaults_in_use_are_read_from_the_operative_config(write_run):
  files = {'operative_config.gin': 'CostLearner.gp_weight = 0.25\n'}
  folder = write_run(files=files, cost_penalty=5.0)
  assert (
    'gp_weight (it is 0.25; 10' in diagnose.diagnose(folder).findings[0].remedy
  )


@pytest.mark.parametrize(
  ('bindings', 'known'),
  [({}, False), ({'Td3BcAgent.tau': '0.005'}, True)],
)
def test_remedies_name_what_the_runs_agent_has(write_run, bindings, known):
  """A binding of an agent that is not there would be an error."""
  columns = {
    'training_return': 90.0,
    'eval_return_mean': 20.0 + np.arange(11) % 3,
  }
  (found,) = diagnose.diagnose(write_run(bindings, **columns)).findings
  assert ('Td3BcAgent.' in found.remedy) == known
  assert ('tfirl.SacAgent' in found.remedy) != known
