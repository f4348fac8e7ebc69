"""Demonstrations of arrays and of files, and what else is handed in."""

import mass
import numpy as np
import pytest

import tfirl


def test_arrays_become_transitions(demos, episodes):
  observations, actions = episodes[1]
  rows = slice(30, 60)
  np.testing.assert_array_equal(demos.observations[rows], observations[:-1])
  np.testing.assert_array_equal(demos.next_observations[rows], observations[1:])
  # From 0 ... 10 to -1 ... 1.
  np.testing.assert_allclose(demos.actions[rows], actions / 5 - 1, atol=1e-6)
  assert demos.episode_ends.tolist() == [30, 60, 90, 120]
  assert not demos.terminals.any() and demos.timeouts.sum() == 4


def test_terminals_end_their_episodes(episodes, task):
  demos = tfirl.Demonstrations.from_episodes(
    episodes, task, terminals=[False, True, False, False], returns=range(4)
  )
  assert np.flatnonzero(demos.terminals).tolist() == [59]
  assert demos.transitions.discount[59] == 0
  assert demos.episode_returns.tolist() == [0, 1, 2, 3]


def test_as_many_observations_as_actions_lose_the_last(episodes, task, caplog):
  (observations, actions), *others = episodes
  demos = tfirl.Demonstrations.from_episodes(
    [(observations[:-1], actions), *others], task
  )
  assert len(demos) == 119
  assert '1 of 4 episodes have as many actions as observ' in caplog.text
  assert '1 of 4 episodes are shorter than the 30 steps' in caplog.text


@pytest.mark.parametrize(
  ('change', 'message'),
  [
    (lambda o, a: (o, a[:-2]), 'episode 0: lengths: found 31 observations and'),
    (lambda o, a: (o[0], a), 'episode 0: ranks: found'),
    (lambda o, a: (o, a + 20), 'actions: found .*the range'),
    (lambda o, a: (o * np.nan, a), 'observations: found .*NaN'),
    (lambda o, a: (o[:, :1], a), 'found .*expected'),
  ],
)
def test_bad_arrays_are_named(episodes, task, change, message):
  with pytest.raises(ValueError, match=message):
    tfirl.Demonstrations.from_episodes([change(*episodes[0])], task)


def test_few_demonstrations_of_arrays(task, demos, tmp_path):
  run = mass.imitate(task, demos, tmp_path, num_demos=2, real_steps=16)
  assert run.path.parent.name == 'hype-n2'
  assert run.metadata['demonstrations']['num_episodes'] == 2


def test_an_unknown_method_and_task_are_answered(task, demos, tmp_path):
  with pytest.raises(FileNotFoundError, match='did you mean methods/hype.gin'):
    tfirl.imitate('hipe', task, demos, root_dir=tmp_path)
  with pytest.raises(FileNotFoundError, match='did you mean hype_hopper.gin'):
    tfirl.imitate('hype', 'hoper', root_dir=tmp_path)


def test_demonstrations_of_a_file(tmp_path, hopper_demos):
  demos = tfirl.load_demonstrations(str(hopper_demos), 'hopper')
  assert demos.observations.shape[1] == 11


@pytest.mark.parametrize('value', [3, ['a.npz'], {'observations': []}])
def test_what_is_no_demonstrations_is_named(value, task, tmp_path):
  message = '^demonstrations: found .*; expected FILE.npz'
  with pytest.raises(ValueError, match=message):
    tfirl.imitate('bc', task, value, root_dir=tmp_path)
  with pytest.raises(ValueError, match=message):
    tfirl.load_demonstrations(value, task)


def _hopper_episode(seed=0):
  with tfirl.Task('hopper', env_id='Hopper-v5').make_env() as env:
    env.seed(seed)
    step = env.reset()
    observations, actions = [step.observation], []
    while not step.is_last():
      actions.append(np.zeros(3))
      step = env.step(np.zeros(3, np.float32))
      observations.append(step.observation)
  return np.array(observations), np.array(actions)


def test_a_task_is_given_by_its_name(tmp_path):
  episode = _hopper_episode()
  demos = tfirl.Demonstrations.from_episodes([episode], 'hopper')
  assert len(demos) == len(episode[1])
  (tmp_path / 'config.gin').write_text('')
  assert tfirl.load_run(tmp_path, 'hopper').task.name == 'hopper'
  for call in (
    lambda: tfirl.Demonstrations.from_episodes([episode], 'hoper'),
    lambda: tfirl.load_demonstrations('demos.npz', 'hoper'),
    lambda: tfirl.load_run(tmp_path, 'hoper'),
  ):
    with pytest.raises(FileNotFoundError, match='mean tasks/hopper.gin'):
      call()


def test_options_of_arrays_and_of_what_is_loaded(episodes, task, tmp_path):
  beyond = [(o, a + 20) for o, a in episodes]
  demos = tfirl.Demonstrations.from_episodes(beyond, task, clip_actions=True)
  assert (demos.actions > 0.999).all()
  with pytest.raises(ValueError, match='clip_actions: found True; expected'):
    tfirl.load_demonstrations(demos, task, clip_actions=True)
  binding = 'load_demonstrations.successful_only = False'
  with pytest.raises(ValueError, match='successful_only: found False; exp'):
    tfirl.imitate('bc', task, demos, bindings=[binding], root_dir=tmp_path)
