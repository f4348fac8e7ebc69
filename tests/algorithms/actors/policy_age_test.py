"""How old the policy is of what actors did: as old as may be, never older."""

import time

import pytest

_UPDATES, _NUM_ROUNDS = 20, 10  # gradient steps of a round


def _wait_for_full_queue(source):
  """Of two rounds: 4 blocks."""
  deadline = time.monotonic() + 30
  while source._exchange.num_waiting < 4:
    assert time.monotonic() < deadline
    time.sleep(0.01)
  time.sleep(0.1)  # until each actor has a block more in hand


@pytest.mark.parametrize(('saves', 'num_rounds'), [(False, 3), (True, 5)])
def test_steps_are_not_too_old_because_they_wait(
  make_source, threaded, policy, saves, num_rounds
):
  """Two rounds in the queue and one in hand; as many as in the queue may be
  held by a checkpoint.
  """
  most = num_rounds * _UPDATES
  source = make_source(threaded, max_policy_age=5 * _UPDATES)
  source.check_age(_UPDATES)
  ages = []
  for number in range(_NUM_ROUNDS):
    steps = source.take(policy, None, number * _UPDATES)
    assert steps.num_stale == 0
    ages.append(steps.columns['policy_age_max'])
    _wait_for_full_queue(source)
    if saves:
      source.get_state()
      _wait_for_full_queue(source)
  assert max(ages) <= most
  assert max(ages) >= most - _UPDATES  # actors are ahead, indeed


@pytest.mark.parametrize(
  ('num_actors', 'updates', 'num_rounds'),
  [(2, 20, 5), (3, 20, 5), (5, 20, 5), (24, 16, 6)],
)
def test_a_limit_that_waiting_alone_would_exceed_is_refused(
  make_source, scripted, num_actors, updates, num_rounds
):
  least = num_rounds * updates
  made = make_source(scripted, num_actors=num_actors, max_policy_age=least)
  made.check_age(updates)
  words = (
    f'run.max_policy_age is {least}; expected at least {least + num_rounds}: '
    f'run.num_actors = {num_actors} may be {num_rounds} rounds ahead, of '
    f'{updates + 1} gradient steps each'
  )
  with pytest.raises(ValueError, match=words):
    made.check_age(updates + 1)
