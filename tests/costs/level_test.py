"""What level the reward takes, and from which ends."""

import numpy as np
import pytest
import tensorflow as tf

from tfirl.costs import episode_rows, level


def rows(number, num_ends=0, first=0):
  """`number` rows, `num_ends` of which are terminal."""
  nothing = np.zeros((number, 1), np.float32)
  discount = np.ones(number, np.float32)
  discount[:num_ends] = 0.0
  return episode_rows.EpisodeRows(
    nothing, nothing, discount, first + np.arange(number)
  )


# Each lies half a unit from the middle.
COSTS = np.ones(50, np.float32), np.zeros(30, np.float32)
SHARE = 0.5 * 100 / (1 + 0.5 * 100)


def test_pooled_std_by_hand():
  found = level.pooled_std(np.array([1.0, 3.0]), np.array([6.0]))
  # Variances 1 and 0, means 2 and 6.
  assert found == pytest.approx(np.sqrt(0.5 + 4.0))


def test_where_only_the_learner_falls_living_pays_ever_more():
  absorbing = level.AbsorbingLevel(rate=0.5, most=1.2)
  assert absorbing.above_expert() == 0.0
  expected = [0.5 * SHARE, SHARE, 1.2, 1.2]
  for wanted in expected:
    columns = absorbing.update(*COSTS, rows(100, 50), rows(100))
    assert columns['level'] == pytest.approx(wanted)
    assert columns['ended_learner'] == pytest.approx(SHARE)
    assert columns['ended_expert'] == 0.0
    assert absorbing.above_expert() == pytest.approx(0.5 * wanted)


def test_where_the_expert_reaches_its_goal_sooner_every_step_costs():
  absorbing = level.AbsorbingLevel(rate=0.5, least=-0.7)
  found = [
    absorbing.update(*COSTS, rows(100), rows(100, 50))['level']
    for _ in range(3)
  ]
  assert found == pytest.approx([-0.5 * SHARE, -0.7, -0.7])


@pytest.mark.parametrize('num_ends', [0, 50])
def test_where_both_end_alike_the_level_stays(num_ends):
  absorbing = level.AbsorbingLevel(initial=0.8)
  columns = absorbing.update(*COSTS, rows(100, num_ends), rows(100, num_ends))
  assert columns['level'] == pytest.approx(0.8)


def test_the_unit_is_averaged_and_rescaling_the_cost_rescales_the_level():
  one, ten = (level.AbsorbingLevel(smoothing=0.75) for _ in range(2))
  for factor in (1.0, 3.0):
    for scale, each in ((1, one), (10, ten)):
      costs = (scale * factor * c for c in COSTS)
      columns = each.update(*costs, rows(100, 50), rows(100))
      assert columns['level_unit'] == pytest.approx(
        scale * (0.5 if factor == 1 else 0.75 * 0.5 + 0.25 * 1.5)
      )
  assert ten.above_expert() == pytest.approx(10 * one.above_expert())


@pytest.mark.parametrize(
  ('most', 'factors'),
  [(None, [1.0, 1.0]), (0.5, [1.0, 0.5]), (0.25, [0.5, 0.25])],
)
def test_rewards_are_scaled_down_to_the_most_unit(most, factors):
  """The costs' unit is 0.5 at first, and 1 when they have doubled."""
  absorbing = level.AbsorbingLevel(smoothing=0.0, most_unit=most)
  assert absorbing.factor() == 1.0
  for scale, factor in zip((1, 2), factors, strict=True):
    costs = (scale * c for c in COSTS)
    absorbing.update(*costs, rows(100), rows(100))
    assert absorbing.factor() == pytest.approx(factor)


def test_goes_on_from_a_checkpoint(tmp_path):
  first = level.AbsorbingLevel()
  first.update(*COSTS, rows(100, 50), rows(100))
  path = tf.train.Checkpoint(level=first).write(str(tmp_path / 'c'))
  second = level.AbsorbingLevel()
  tf.train.Checkpoint(level=second).read(path).assert_consumed()
  assert second.above_expert() == first.above_expert() > 0
  found = [
    each.update(*COSTS, rows(100, 50), rows(100)) for each in (first, second)
  ]
  assert found[0] == found[1]


def test_a_fixed_level_is_what_it_is_told():
  fixed = level.FixedLevel(expert_reward=-0.2)
  assert fixed.update(*COSTS, rows(100, 50), rows(100)) == {}
  assert fixed.above_expert() == -0.2
  assert fixed.factor() == 1.0


@pytest.mark.parametrize(
  ('name', 'value'),
  [
    ('rate', 0.0),
    ('smoothing', 1.5),
    ('initial', -2.0),
    ('most', -0.5),
    ('most_unit', 0.0),
  ],
)
def test_parameters_out_of_range_are_named(name, value):
  with pytest.raises(ValueError, match=f'AbsorbingLevel.{name} is {value}'):
    level.AbsorbingLevel(**{name: value})
