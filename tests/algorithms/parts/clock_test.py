"""When a period is due."""

import pytest

from tfirl.algorithms.parts.clock import Clock, crosses


@pytest.mark.parametrize(
  ('period', 'before', 'now', 'expected'),
  [
    (1000, 960, 1024, True),
    (1000, 936, 1000, True),  # the end counts
    (1000, 1000, 1064, False),  # the beginning does not
    (1000, 0, 64, False),
    (64, 0, 64, True),
    (10, 5, 95, True),  # several multiples are one crossing
    (1, 3, 3, False),
  ],
)
def test_crosses_by_hand(period, before, now, expected):
  assert crosses(period, before, now) is expected


def test_steps_that_do_not_divide_the_period_miss_no_multiple():
  due = [now for now in range(64, 5000, 64) if crosses(1000, now - 64, now)]
  assert due == [1024, 2048, 3008, 4032]


def test_clock_starts_at_nothing_spent():
  clock = Clock()
  clock.env_steps += 64
  nothing = {'rollout_steps': 0, 'updates': 0, 'stale_steps': 0}
  assert vars(clock) == {'env_steps': 64, **nothing}
  assert Clock(**vars(clock)) == clock


def test_every_step_but_those_of_evaluations_is_a_real_one():
  clock = Clock(env_steps=64, rollout_steps=26, updates=48)
  assert clock.real_steps == 90
  assert Clock(env_steps=64, stale_steps=8).real_steps == 72
  assert list(clock.counts().items()) == [
    ('real_steps', 90),
    ('env_steps', 64),
    ('rollout_steps', 26),
    ('updates', 48),
  ]
