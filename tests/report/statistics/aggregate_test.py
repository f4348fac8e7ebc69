import itertools

import numpy as np
import pytest
import scipy.stats

from tfirl.report.reading import runs
from tfirl.report.statistics import aggregate


def _aggregate(tmp_path, **kwargs):
  return aggregate.aggregate(runs.read_runs([str(tmp_path)])[0], **kwargs)


def _exact_bootstrap(scores, percentiles):
  """Percentiles of the IQM of one evaluation over ALL N^N resamples."""
  count = len(scores)
  rows = np.array(list(itertools.product(range(count), repeat=count)))
  cut = count // 4
  iqms = np.sort(scores[rows], axis=1)[:, cut : count - cut].mean(axis=1)
  return np.percentile(iqms, percentiles)


def test_iqm_and_interval_equal_an_independent_computation(write_run, tmp_path):
  returns = np.random.default_rng(0).normal(1000.0, 300.0, [6, 3]).round(2)
  for seed, row in enumerate(returns):
    write_run('hopper', 'mm', seed, [0, 50, 100], row)
  (curve,), notes = _aggregate(tmp_path, reps=4000)
  np.testing.assert_array_equal(curve.scores, returns)
  np.testing.assert_allclose(
    curve.iqm.value, scipy.stats.trim_mean(returns, 0.25, axis=0)
  )
  for t in range(3):
    # 4000 random resamples meet 2.5 % to within 0.75 % (three sigma).
    bounds = _exact_bootstrap(returns[:, t], [1.75, 3.25, 96.75, 98.25])
    assert bounds[0] <= curve.iqm.low[t] <= bounds[1]
    assert bounds[2] <= curve.iqm.high[t] <= bounds[3]
  pooled = np.sort(returns[:, -2:].ravel())[3:-3].mean()
  np.testing.assert_allclose(curve.final.value, [pooled])
  assert curve.final.low < pooled < curve.final.high
  assert notes == []


def test_three_seeds_hand_worked(write_run, tmp_path):
  # Nothing is trimmed of 3, and the extreme resamples have 1 chance in 27,
  # more than 2.5 %: the interval is the range.
  for seed, score in enumerate([10.0, 20.0, 60.0]):
    write_run('hopper', 'mm', seed, [100], [score])
  (curve,), _ = _aggregate(tmp_path, last=1)
  np.testing.assert_allclose(curve.iqm.value, [30.0])
  np.testing.assert_allclose(curve.iqm.low, [10.0])
  np.testing.assert_allclose(curve.iqm.high, [60.0])


def test_how_far_a_task_is_solved(write_run, tmp_path):
  """Random actions return 10, the expert 110: 90 % of the way is 100."""
  ends = {'expert_return': 110, 'random_return': 10}
  write_run('hopper', 'mm', 0, [0, 9, 20], [0, 99, 100], **ends)
  write_run('hopper', 'mm', 1, [0, 9, 20], [0, 120, 60])
  write_run('hopper', 'bc', 0, [0, 0], [0, 20], updates=[0, 9])
  bc, mm = _aggregate(tmp_path, last=1)[0]
  assert mm.is_normalised and bc.is_normalised  # by what the task's runs tell
  np.testing.assert_allclose(mm.normalise(mm.final_scores), [0.9, 0.5])
  np.testing.assert_array_equal(mm.solved_s, [120.0, 60.0])
  np.testing.assert_array_equal(bc.solved_s, [np.inf])


def test_demonstrations_stand_in_for_an_expert_that_nothing_tells_of(
  write_run, tmp_path
):
  write_run('hopper', 'mm', 0, [0, 9], [0, 1], demos_return=50.0)
  (curve,), _ = _aggregate(tmp_path)
  assert (curve.expert, curve.random) == (50.0, None)
  assert not curve.is_normalised and np.isnan(curve.solved_s).all()


def test_of_few_and_many_demonstrations_the_many_tell_of_the_expert(
  write_run, tmp_path
):
  for method, num, mean in (('bc-n1', 1, 30.0), ('bc-n64', 64, 50.0)):
    demos = {'num_demos': num, 'demos_return': mean}
    write_run('hopper', method, 0, [0, 9], [0, 1], **demos)
  curves, notes = _aggregate(tmp_path)
  assert [curve.expert for curve in curves] == [50.0, 50.0]
  assert notes == [
    'hopper: runs tell demos_return as 50, 30; the first is taken'
  ]


def test_returns_that_differ_in_no_digit_that_is_shown_are_one(
  write_run, tmp_path
):
  for seed in range(2):
    told = {'demos_return': 50.0 + 1e-6 * seed}
    write_run('hopper', 'mm', seed, [0, 9], [0, 1], **told)
  assert _aggregate(tmp_path)[1] == []


def test_returns_that_contradict_each_other_are_told(write_run, tmp_path):
  write_run('hopper', 'mm', 0, [0, 9], [0, 1], expert_return=50)
  write_run('hopper', 'mm', 1, [0, 9], [0, 1], expert_return=60)
  (curve,), notes = _aggregate(tmp_path)
  assert curve.expert == 50.0
  assert notes == [
    'hopper: runs tell expert_return as 50, 60; the first is taken'
  ]


@pytest.mark.parametrize(('told', 'expert'), [(0.9, 90.0), (300.0, None)])
def test_an_experts_return_is_a_share_of_successes_if_it_can_be(
  write_run, tmp_path, told, expert
):
  at = {'success': [0.0, 0.25], 'expert_return': told}
  write_run('maze', 'mm', 0, [0, 9], [7.0, 7.0], **at)
  (curve,), _ = _aggregate(tmp_path)
  assert curve.expert == expert


def test_a_single_seed_has_no_interval(write_run, tmp_path):
  write_run('hopper', 'mm', 0, [0, 100], [5.0, 7.0])
  (curve,), _ = _aggregate(tmp_path)
  np.testing.assert_array_equal(curve.iqm.value, [5.0, 7.0])
  np.testing.assert_array_equal(curve.final.value, [6.0])
  assert np.isnan([*curve.iqm.low, *curve.iqm.high, *curve.final.low]).all()


def test_unequal_points_are_interpolated_cut_and_noted(write_run, tmp_path):
  write_run('hopper', 'mm', 0, [0, 100, 200], [0.0, 10.0, 20.0])
  write_run('hopper', 'mm', 1, [0, 50, 150], [0.0, 100.0, 300.0])
  (curve,), notes = _aggregate(tmp_path)
  np.testing.assert_array_equal(curve.env_steps, [0, 50, 100, 150])
  np.testing.assert_array_equal(curve.real_steps, [0, 60, 120, 180])
  np.testing.assert_allclose(curve.scores, [[0, 5, 10, 15], [0, 100, 200, 300]])
  np.testing.assert_allclose(curve.wall_s, [0, 45, 75, 105])
  text = '\n'.join(notes)
  assert 'hopper/mm: all seeds cut at 150 env steps, where seed 1 ends' in text
  assert 'seeds 0, 1 are interpolated linearly' in text


def test_seeds_are_aligned_by_env_steps_and_shown_over_real_ones(
  write_run, tmp_path
):
  """Evaluated together, whatever the cost's rollouts have taken."""
  for seed, rollouts in enumerate([(0, 10), (0, 30), (20, 90)]):
    write_run('hopper', 'mm', seed, [0, 100], [0.0, seed], rollouts=rollouts)
  (curve,), notes = _aggregate(tmp_path, last=1)
  assert notes == []
  np.testing.assert_array_equal(curve.scores, [[0, 0], [0, 1], [0, 2]])
  np.testing.assert_array_equal(curve.real_steps, [0, 130])
  np.testing.assert_array_equal(curve.rollout_steps, [0, 30])


def test_seeds_without_a_common_range_are_an_error(write_run, tmp_path):
  write_run('hopper', 'mm', 0, [0, 100], [0.0, 1.0])
  write_run('hopper', 'mm', 1, [200, 300], [0.0, 1.0])
  with pytest.raises(ValueError, match='share no range') as error:
    _aggregate(tmp_path)
  assert '200 to 300' in str(error.value)


def test_bc_is_a_level_over_its_last_evaluations(write_run, tmp_path):
  for seed in range(2):
    scores = [0.0, 100.0, 200.0 + seed]
    write_run('hopper', 'bc', seed, [0] * 3, scores, updates=[0, 10, 20])
  (curve,), _ = _aggregate(tmp_path)
  assert curve.is_offline
  np.testing.assert_array_equal(curve.env_steps, [0, 0, 0])
  # [100, 100, 200, 201] without its lowest and its highest.
  np.testing.assert_allclose(curve.final.value, [150.0])


def test_scores_are_percent_if_any_run_of_a_task_tells_of_success(
  write_run, tmp_path
):
  write_run('maze', 'mm', 0, [0, 9], [7.0, 7.0], success=[0.0, 0.25])
  write_run('maze', 'hype', 0, [0, 9], [7.0, 7.0], success=[0.5, 1.0])
  hype, mm = _aggregate(tmp_path)[0]
  assert hype.is_success and mm.is_success
  np.testing.assert_allclose(mm.scores, [[0.0, 25.0]])
  # An environment may tell of it in the step of a success alone.
  write_run('maze', 'bc', 0, [0, 0], [7.0, 7.0], updates=[0, 1])
  write_run('hopper', 'bc', 0, [0, 0], [7.0, 7.0], updates=[0, 1])
  (hopper, bc, *others), notes = _aggregate(tmp_path)
  assert bc.is_success and all(curve.is_success for curve in others)
  np.testing.assert_array_equal(bc.scores, [[0.0, 0.0]])
  assert not hopper.is_success
  (note,) = notes
  assert note.startswith('maze/bc, seed 0: evaluations that tell of no success')


def test_too_few_evaluations_for_last_are_noted(write_run, tmp_path):
  write_run('hopper', 'mm', 0, [0, 100], [1.0, 3.0])
  (curve,), notes = _aggregate(tmp_path, last=5)
  assert curve.last == 2
  np.testing.assert_allclose(curve.final.value, [2.0])
  assert 'over the 2 evaluation(s) there are, not 5' in notes[0]
  with pytest.raises(ValueError, match='last is 0'):
    _aggregate(tmp_path, last=0)


@pytest.mark.parametrize(
  ('numbers', 'text'),
  [((4, 4), '4'), ((64, 4), '4–64'), ((4, None), '4'), ((None, None), '')],
)
def test_demonstrations_of_a_curve(write_run, tmp_path, numbers, text):
  for seed, number in enumerate(numbers):
    write_run('hopper', 'mm', seed, [0, 9], [0.0, 1.0], num_demos=number)
  found, _ = runs.read_runs([str(tmp_path)])
  (curve,), _ = aggregate.aggregate(found, last=1, reps=50)
  assert curve.num_demos == text


@pytest.mark.parametrize(
  ('name', 'is_clone'),
  [('bc', True), ('bc-n4', True), ('bc [a = 1]', True), ('bc_reg', False)],
)
def test_which_methods_are_the_clone(write_run, tmp_path, name, is_clone):
  write_run('hopper', name, 0, [0, 0], [0.0, 1.0], updates=[0, 9])
  (curve,), _ = _aggregate(tmp_path)
  assert curve.is_clone == is_clone
