"""What docs/results keeps of runs, and the pages made of it."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from tfirl import acting
from tfirl.storage import last_policy, policy_file
from tfirl.sweeps import results_pages

_DOCS = Path(__file__).parents[2] / 'docs' / 'results'
_TASKS = _DOCS / 'runs' / 'tasks'
_BC, _HYPE = 'hopper/bc/100', 'hopper/hype/100'
_SMALL = {
  *('complete.json', 'config.gin', 'metadata.json', 'metrics.csv'),
  'operative_config.gin',
}


@pytest.fixture
def runs(tmp_path):
  """Two runs as they leave a sweep, with what is large."""
  for name in (_BC, _HYPE):
    shutil.copytree(_TASKS / name, tmp_path / 'runs' / name)
    (tmp_path / 'runs' / name / 'checkpoints').mkdir()
    (tmp_path / 'runs' / name / 'log.txt').write_text('epochs\n')
  return tmp_path / 'runs'


def _keep(runs):
  return results_pages.keep([str(runs)], runs.parent / 'kept')


def test_what_is_small_is_kept_once(runs):
  assert _keep(runs) == ([_BC, _HYPE], [])
  for name in (_BC, _HYPE):
    kept = runs.parent / 'kept' / name
    assert {file.name for file in kept.iterdir()} == _SMALL
    for file in kept.iterdir():
      assert file.read_bytes() == (_TASKS / name / file.name).read_bytes()
  assert _keep(runs) == ([], [])


def test_the_last_policy_plays_and_is_kept(runs):
  """Once, and of the run that has left one."""
  policy = acting.MlpPolicy(
    [(np.zeros([11, 3], np.float32), np.zeros(3, np.float32))], 3
  )
  bounds = -np.ones(3, np.float32), np.ones(3, np.float32)
  path = runs / _BC / policy_file.FILE
  policy_file.save(policy_file.make(policy, *bounds, {}), path)
  results_pages.keep([str(runs)], runs.parent / 'kept', episodes=2)
  found = last_policy.read(runs.parent / 'kept' / _BC)
  assert found == last_policy.read(runs / _BC)
  assert found.episodes == 2 and found.return_mean < 500  # it falls
  assert last_policy.read(runs.parent / 'kept' / _HYPE) is None
  results_pages.keep([str(runs)], runs.parent / 'again', episodes=3)
  assert last_policy.read(runs.parent / 'again' / _BC) == found


def test_a_run_that_goes_on_is_not_kept_and_one_that_failed_is(runs):
  (runs / _BC / 'complete.json').unlink()
  (runs / _HYPE / 'complete.json').unlink()
  (runs / _HYPE / 'error.txt').write_text('ValueError: nan\n')
  assert _keep(runs) == ([_HYPE], [_BC])
  kept = runs.parent / 'kept'
  assert (kept / _HYPE / 'error.txt').read_text() == 'ValueError: nan\n'
  assert not (kept / _BC).exists()


def test_a_seed_is_not_run_until_it_pleases(runs):
  _keep(runs)
  with open(runs / _HYPE / 'metrics.csv', 'a') as file:
    file.write('\n')
  shutil.copytree(_TASKS / 'ant/bc/100', runs / 'ant/bc/100')
  with pytest.raises(FileExistsError, match='hopper/hype/100: found another'):
    _keep(runs)
  assert not (runs.parent / 'kept/ant').exists()


def test_values_of_a_sweep_stay_apart(runs):
  line = 'CostLearner.match_time=False'
  shutil.copytree(runs / _HYPE, runs / line / _HYPE)
  assert _keep(runs) == ([f'{line}/{_HYPE}', _BC, _HYPE], [])
  one = [str(runs / _BC), str(runs / 'hopper')]  # however they are named
  assert results_pages.keep(one, runs.parent / 'other')[0] == [_BC, _HYPE]


def test_two_runs_of_a_seed_are_an_error(runs):
  again = runs.parent / 'again'
  shutil.copytree(runs / _BC, again / _BC)
  with pytest.raises(FileExistsError, match='are both hopper/bc/100'):
    results_pages.keep([str(runs), str(again)], runs.parent / 'kept')


@pytest.mark.slow
def test_pages_are_of_what_is_kept(tmp_path):
  """Nobody edited them, or forgot to make them anew."""
  results_pages.write(_TASKS, _DOCS, tmp_path)
  tasks = [path.name for path in _TASKS.iterdir() if path.is_dir()]
  pages = {path.name for path in tmp_path.glob('*.md')}
  assert pages == {'README.md', *(f'{task}.md' for task in tasks)}
  for name in pages:
    assert (tmp_path / name).read_text() == (_DOCS / name).read_text()
  for picture in tmp_path.glob('*.svg'):
    assert (_DOCS / picture.name).exists()


def test_what_a_page_begins_with_must_be_there(runs):
  _keep(runs)
  with pytest.raises(FileNotFoundError, match='intro.txt: .*the Markdown'):
    results_pages.write(runs.parent / 'kept', _DOCS, runs.parent / 'pages')
