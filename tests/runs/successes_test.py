"""A run in an environment that tells of a success only when there is one."""

import gymnasium
import numpy as np
import pytest

_ENV_ID = 'TfirlEcho-v0'  # conftest's


@pytest.fixture(autouse=True)
def told(monkeypatch):
  """What the environment's next steps tell, {} at first."""
  info = {}

  def step(unused_env, action):
    return np.zeros(1), float(action[0]), False, False, info

  monkeypatch.setattr(gymnasium.registry[_ENV_ID].entry_point, 'step', step)
  return info


def _script(run, told, first, last):
  """Successes from the round `first` up to `last`."""

  def after_round(algorithm):
    told.clear()
    if first <= algorithm.clock.updates // 10 <= last:
      told['is_success'] = True

  run.script.after_round = after_round


def _successes(run):
  return [row['eval_success'] for row in run._read_rows()]


def test_evaluations_before_and_after_a_success_had_none(run, told):
  _script(run, told, 3, 4)
  seen = []
  run(on_evaluation=lambda found: seen.append(found.success))
  assert _successes(run) == ['0', '0', '1', '0']
  assert seen == [None, None, 1.0, 0.0]


def test_it_is_known_where_a_run_goes_on(run, told):
  _script(run, told, 1, 2)
  seen = []
  run(stop_after=3)
  run(on_evaluation=lambda found: seen.append(found.success))
  assert _successes(run) == ['0', '1', '0', '0']
  assert seen == [0.0, 0.0]


def test_without_any_success_nothing_is_said(run):
  run(env_steps=20)
  assert _successes(run) == ['', '']
