"""What a run says before and while it trains."""

import pathlib
import types

import gin
import numpy as np
import pytest

from tfirl import tasks
from tfirl.config import budget, gin_bindings
from tfirl.demos import load
from tfirl.demos.border import RawDemonstrations
from tfirl.demos.formats import npz
from tfirl.machine import progress
from tfirl.networks import encoding
from tfirl.runs import evaluations, experiment, opening, session

_ENV_ID = 'TfirlEcho-v0'  # conftest's


@pytest.fixture
def demos(tmp_path):
  """Two episodes of three steps, of return 1 and 2."""
  zeros, rewards = np.zeros((6, 1)), np.repeat([1 / 3, 2 / 3], 3)
  columns = {
    'observations': zeros,
    'actions': zeros,
    'next_observations': zeros,
    'terminals': np.zeros(6),
    'timeouts': np.tile([0, 0, 1], 2),
    'rewards': rewards,
  }
  path = str(tmp_path / 'echo.npz')
  npz.save_npz(RawDemonstrations('made here', columns, _ENV_ID), path)
  return path


def _lines(capsys):
  text = capsys.readouterr().err.replace('\r', '\n')
  return [line.rstrip() for line in text.splitlines() if line.strip()]


def test_three_lines_then_the_bar(run, demos, capsys):
  run.script.learns_from_demos = True
  run(demos=demos, real_steps=1200, eval_every=600, checkpoint_every=600)
  lines = _lines(capsys)
  assert lines[:3] == [
    'counting on toy, seed 7: 1,200 real steps',
    f'demonstrations: {demos}, 2 episodes (6 transitions), mean return 1.5',
    f'writes to {run.path}',
  ]
  assert lines[3].startswith('counting toy 7   0%|')
  assert lines[-1].startswith('counting toy 7 100%|')


def test_says_that_it_goes_on_and_that_it_takes_no_demonstrations(run, capsys):
  run(stop_after=3)
  capsys.readouterr()
  run()
  assert _lines(capsys)[1:3] == [
    'demonstrations: none, it learns from the reward',
    f'writes to {run.path}, goes on from step 30',
  ]


def test_names_the_method_as_the_folder_does(capsys):
  """`hype-n4`, which `run.algorithm` does not say."""
  folder = types.SimpleNamespace(path=pathlib.Path('runs/toy/hype-n4/0'))
  opening.say_what(folder, tasks.make_task(), 0, budget.Budget('updates', 5))
  assert _lines(capsys) == ['hype-n4 on toy, seed 0: 5 updates']


@pytest.mark.parametrize('value', ['5000', '%START'])
@pytest.mark.parametrize(('total', 'is_told'), [(4999, True), (5000, False)])
def test_says_that_the_policy_will_not_move(total, is_told, value, capsys):
  with gin.unlock_config():
    gin.parse_config(f'START = 5000\nWarmStart.actor_starts_at = {value}')
  folder = types.SimpleNamespace(path=pathlib.Path('runs/toy/hype/0'))
  steps = budget.Budget('real_steps', total)
  opening.say_what(folder, tasks.make_task(), 0, steps)
  told = 'the policy stays as it begins: it moves from step 5,000 on'
  assert [line.startswith(told) for line in _lines(capsys)[1:]] == (
    [True] if is_told else []
  )


def test_the_bar_is_told_what_takes_long_in_a_round(run, monkeypatch):
  told = []
  monkeypatch.setattr(
    progress.ProgressBar, 'tell', lambda self, x: told.append(x)
  )
  run.script.after_round = lambda algorithm: algorithm.tell('model epoch 1')
  run(env_steps=20)
  assert told == ['model epoch 1'] * 2


def test_what_takes_long_in_a_round_is_told_to_stop(run):
  """As soon as the run is: here in its second round, after which it ends."""
  answers = []
  run.script.after_round = lambda algorithm: answers.append(
    algorithm.tell('model epoch 1')
  )
  run(stop_after=2)
  assert answers == [False, True]


def test_the_bar_is_told_seconds_of_training_alone(run, monkeypatch):
  """A round takes 2 s, whatever else takes 100."""

  class Clock:
    now = 0.0

    def monotonic(self):
      return self.now

  clock, told = Clock(), []

  class Bar(progress.ProgressBar):
    def update(self, steps, train_s, eval_return=None):
      told.append((steps, train_s))

  def after_round(algorithm):
    clock.now += 2.0

  evaluate = evaluations.evaluation.evaluate

  def slow_evaluate(*args, **kwargs):
    clock.now += 100.0
    return evaluate(*args, **kwargs)

  run.script.after_round = after_round
  monkeypatch.setattr(session, 'time', clock)
  monkeypatch.setattr(evaluations.evaluation, 'evaluate', slow_evaluate)
  monkeypatch.setattr(experiment.progress, 'ProgressBar', Bar)
  run(env_steps=40)
  assert told == [(10, 2.0), (20, 4.0), (30, 6.0), (40, 8.0)]
  told.clear()
  run(env_steps=40)  # nothing is left to train
  assert told == []


def test_says_which_bindings_change_nothing(run, capsys):
  flag = 'run.actor_timeout_s = 5.0'
  facts = ["Task.name = 'toy'", f"Task.env_id = '{_ENV_ID}'"]
  gin_bindings.parse([], [*facts, flag])
  run(env_steps=10)
  assert (
    f'run.actor_timeout_s (--gin_bindings={flag}) changes nothing: '
    'run.num_actors is 0; expected processes that act'
  ) in _lines(capsys)


def _encoded(run, is_encoded):
  """Has the runs learn by a file's demonstrations, encoded or not."""
  facts = ["Task.name = 'toy'", f"Task.env_id = '{_ENV_ID}'"]
  gin_bindings.parse([], [*facts, f'make_encoding.standardize = {is_encoded}'])
  run.script.learns_from_demos = True
  run.script.while_made = lambda: encoding.make_encoding(np.zeros((2, 1)))


def _change(path):
  with np.load(path) as found:
    np.savez(path, **{**found, 'actions': np.ones((6, 1), np.float32)})


@pytest.mark.parametrize('is_encoded', [True, False])
def test_says_that_networks_see_by_other_demonstrations(
  run, demos, capsys, is_encoded
):
  _encoded(run, is_encoded)
  run(demos=demos, stop_after=1)
  run(demos=demos, stop_after=1)
  _change(demos)
  words = f'observations are encoded by {demos} from now on'
  assert words not in capsys.readouterr().err
  run(demos=demos, stop_after=1, allow_changes=True)
  assert (words in capsys.readouterr().err) == is_encoded
  run(demos=demos)
  assert words not in capsys.readouterr().err  # once


def test_embedded_ones_are_the_same_to_the_last_digits(
  run, demos, capsys, monkeypatch
):
  """On another machine they are rolled out anew: nothing is said of it."""
  of_task = load.of_task
  monkeypatch.setattr(load, 'of_task', lambda _, task: of_task(demos, task))
  _encoded(run, True)
  run(demos='embedded:toy', stop_after=1)
  _change(demos)
  run(demos='embedded:toy', stop_after=1)
  assert 'are encoded by' not in capsys.readouterr().err
