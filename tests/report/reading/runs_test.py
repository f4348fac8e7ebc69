import numpy as np
import pytest

from tfirl.report.reading import runs


def test_reads_names_and_columns_from_any_ancestor(write_run, tmp_path):
  folder = write_run('hopper', 'mm', 0, [0, 100], [1.5, 2.5])
  for given in (folder, folder.parent, folder.parent.parent, tmp_path):
    (run,), notes = runs.read_runs([str(given)])
    assert (run.task, run.algorithm, run.seed) == ('hopper', 'mm', '0')
    np.testing.assert_array_equal(run.columns['eval_return_mean'], [1.5, 2.5])
    np.testing.assert_array_equal(run.clock, [0, 100])
    assert np.isnan(run.columns['eval_success']).all() and not run.has_success
    assert notes == []


def test_sorts_seeds_as_numbers_and_takes_a_folder_given_twice_once(
  write_run, tmp_path
):
  for seed in (10, 9, 2):
    folder = write_run('hopper', 'mm', seed, [0], [1.0])
  found, _ = runs.read_runs([str(tmp_path), str(folder)])
  assert [run.seed for run in found] == ['2', '9', '10']


def test_a_run_without_env_steps_is_ordered_by_updates(write_run):
  folder = write_run('hopper', 'bc', 0, [0, 0], [1.0, 2.0], updates=[0, 500])
  run = runs.read_run(str(folder))
  assert run.is_offline
  np.testing.assert_array_equal(run.clock, [0, 500])
  np.testing.assert_array_equal(run.steps, [0, 500])


@pytest.mark.parametrize('is_old', [False, True])
def test_real_steps_are_those_of_rollouts_too(write_run, is_old):
  folder = write_run(
    'hopper', 'mm', 0, [0, 100], [1, 2], rollouts=[0, 360], is_old=is_old
  )
  run = runs.read_run(str(folder))
  np.testing.assert_array_equal(run.columns['real_steps'], [0, 460])
  np.testing.assert_array_equal(run.steps, [0, 460])
  np.testing.assert_array_equal(run.clock, [0, 100])
  np.testing.assert_array_equal(run.columns['cost_gap'], [0.5, 0.5])


def test_an_old_run_without_rollouts_has_its_env_steps(write_run):
  folder = write_run('hopper', 'bc', 0, [0, 64], [1, 2], is_old=True)
  path = folder / 'metrics.csv'
  path.write_text(path.read_text().replace('rollout_steps', 'unknown'))
  run = runs.read_run(str(folder))
  np.testing.assert_array_equal(run.columns['real_steps'], [0, 64])


def test_a_cut_run_says_so(write_run):
  full = write_run('hopper', 'mm', 0, [0, 64], [1, 2], num_demos=4)
  cut = write_run(
    'hopper', 'mm', 1, [0, 64], [1, 2], budget=('env_steps', 64, 1_000_000)
  )
  whole = write_run(
    'hopper', 'mm', 2, [0, 64], [1, 2], budget=('env_steps', 64, None)
  )
  assert [runs.read_run(str(path)).cut for path in (full, cut, whole)] == [
    None,
    'cut to 64 of 1,000,000 env steps',
    None,
  ]


def test_a_run_evaluated_only_at_its_start_is_not_taken_for_offline(write_run):
  assert not runs.read_run(str(write_run('a', 'mm', 0, [0], [1.0]))).is_offline


def test_success_counts_only_if_every_evaluation_has_it(write_run):
  whole = write_run('maze', 'mm', 0, [0, 9], [0, 0], success=[0.0, 0.5])
  holes = write_run('maze', 'mm', 1, [0, 9], [0, 0], success=[0.0, ''])
  assert runs.read_run(str(whole)).has_success
  assert not runs.read_run(str(holes)).has_success


def test_notes_runs_that_have_no_evaluation_yet(write_run, tmp_path):
  write_run('hopper', 'mm', 0, [0], [1.0])
  write_run('hopper', 'mm', 1, [], [])
  new = tmp_path / 'runs' / 'hopper' / 'mm' / '2'
  new.mkdir()
  (new / 'config.gin').touch()
  found, notes = runs.read_runs([str(tmp_path)])
  assert [run.seed for run in found] == ['0']
  assert len(notes) == 2
  assert str(new) in ''.join(notes)


def test_what_an_error_ended_before_its_first_checkpoint_is_left_out(
  write_run, tmp_path
):
  """Its config is forgotten; it was evaluated before its first round."""
  early = write_run('hopper', 'mm', 0, [0], [1.0])
  (early / 'error.txt').write_text('ValueError: why')
  why = f'{early}: an error ended it before its first checkpoint'
  with pytest.raises(FileNotFoundError, match=f'none with.*; {why}$'):
    runs.read_runs([str(tmp_path)])
  late = write_run('hopper', 'mm', 1, [0, 9], [1.0, 2.0])
  (late / 'error.txt').write_text('ValueError: why')
  (late / 'config.gin').touch()
  found, notes = runs.read_runs([str(tmp_path)])
  assert [run.seed for run in found] == ['1']
  assert notes == [why.replace(':', ': left out,')]


def test_names_a_folder_that_is_absent_or_holds_no_run(tmp_path):
  with pytest.raises(FileNotFoundError, match='absent: not a folder'):
    runs.read_runs([str(tmp_path / 'absent')])
  with pytest.raises(FileNotFoundError, match='TASK/METHOD/SEED/metrics'):
    runs.read_runs([str(tmp_path)])


def test_names_a_run_given_by_itself_that_lacks_metrics(write_run):
  folder = write_run('hopper', 'mm', 0, [0], [1.0])
  (folder / 'metrics.csv').rename(folder / 'config.gin')
  with pytest.raises(FileNotFoundError, match='1 run folder.s., none with'):
    runs.read_runs([str(folder)])


@pytest.mark.parametrize(
  ('old', 'new', 'message'),
  [
    (',env_steps,', ',steps,', "no column 'env_steps'"),
    ('\n120,', '\n,', "line 3: real_steps is ''; expected a finite"),
    ('2.5,', 'oops,', "line 3: eval_return_mean is 'oops'"),
    ('2.5,', ',', "line 3: eval_return_mean is ''; expected a finite"),
    ('2.5,', 'nan,', 'line 3: eval_return_mean'),
    ('2.5,', '-1.7e308,', "eval_return_mean is '-1.7e308'; expected a finite"),
    ('2.5,1.0,10,,0.5', '2.5', 'line 3: 7 cells; expected 11'),
    ('\n120,100,', '\n120,0,', 'line 3: the clock goes from 0 to 0'),
    (',env_steps', ',\x00\x01', "no column 'env_steps'"),
    ('\n120,', f'\n"{"0" * 140_000},', 'line 3: found a cell without an end'),
  ],
)
def test_names_what_is_damaged(write_run, old, new, message):
  folder = write_run('hopper', 'mm', 0, [0, 100, 200], [1.5, 2.5, 4])
  path = folder / 'metrics.csv'
  text = path.read_text()
  assert old in text
  path.write_text(text.replace(old, new))
  with pytest.raises(ValueError, match=message) as error:
    runs.read_runs([str(folder)])
  assert str(path) in str(error.value)


def test_demonstrations_are_counted_where_a_run_says(write_run):
  known = write_run('hopper', 'mm-n4', 0, [0], [1.0], num_demos=4)
  run = runs.read_run(str(known))
  assert (run.algorithm, run.num_demos) == ('mm-n4', 4)
  other = write_run('hopper', 'mm', 0, [0], [1.0])
  assert runs.read_run(str(other)).num_demos is None
  # Of before they were recorded; and damaged ones.
  (other / 'metadata.json').write_text('{"seed": 0, "demos": null}')
  assert runs.read_run(str(other)).num_demos is None
  damaged = ('{"seed": 0', '[]', '{"demonstrations": 3}', '[' * 100_000)
  for text in (*damaged, '{"launches": [{"git_commit": 5}]}'):
    (other / 'metadata.json').write_text(text)
    with pytest.raises(ValueError, match='mm/0/metadata.json is damaged'):
      runs.read_run(str(other))


def test_a_config_is_known_where_there_is_one(write_run):
  told = write_run('hopper', 'mm', 0, [0], [1.0], expert_return=3e3)
  run = runs.read_run(str(told))
  assert run.config == {'Task.expert_return': '3000.0'}
  assert (run.expert_return, run.random_return) == (3000.0, None)
  other = runs.read_run(str(write_run('hopper', 'mm', 1, [0], [1.0])))
  assert other.config is None and other.expert_return is None


def test_refuses_the_same_seed_from_two_roots(write_run):
  first = write_run('hopper', 'mm', 0, [0], [1.0])
  second = write_run('hopper', 'mm', 0, [0], [1.0], root='other')
  with pytest.raises(
    ValueError, match='same task, algorithm and seed'
  ) as error:
    runs.check_distinct(runs.read_runs([str(first), str(second)])[0])
  assert str(first) in str(error.value) and str(second) in str(error.value)
