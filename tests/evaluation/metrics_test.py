import csv
import os

import pytest
import tensorflow as tf
from tensorboard.backend.event_processing import event_accumulator

from tfirl.evaluation import metrics


def _row(real_steps, updates=None, **others):
  values = dict.fromkeys(metrics.COLUMNS)
  values.update(
    real_steps=real_steps,
    updates=real_steps if updates is None else updates,
    wall_s=real_steps / 8,
    eval_return_mean=10.0 * real_steps,
  )
  return {**values, **others}


def _read(folder):
  with open(folder / 'metrics.csv', newline='') as file:
    return list(csv.DictReader(file))


def test_columns_stand_in_the_documented_order(tmp_path):
  logger = metrics.MetricsLogger(str(tmp_path))
  logger.write({'cost_gap': 0.125, **_row(64)})
  text = (tmp_path / 'metrics.csv').read_bytes().decode()
  assert text == (
    'real_steps,env_steps,rollout_steps,updates,wall_s,steps_per_s,'
    'eval_return_mean,eval_return_std,eval_episodes,eval_success,cost_gap\n'
    '64,,,64,8,,640,,,,0.125\n'
  )


def test_numbers_survive_and_none_and_nan_are_blank(tmp_path):
  logger = metrics.MetricsLogger(str(tmp_path))
  loss = 1234.5678
  logger.write(_row(10_000_000, eval_success=float('nan'), loss=loss))
  (row,) = _read(tmp_path)
  assert row['real_steps'] == '10000000'
  assert float(row['loss']) == pytest.approx(loss, rel=1e-7)
  assert row['eval_success'] == row['steps_per_s'] == ''
  assert logger.last_row == {
    'real_steps': 1e7,
    'updates': 1e7,
    'wall_s': 1_250_000.0,
    'eval_return_mean': 1e8,
    'loss': pytest.approx(loss),
  }


def test_a_column_that_comes_late_is_blank_above(tmp_path):
  logger = metrics.MetricsLogger(str(tmp_path))
  assert logger.last_row is None
  logger.write(_row(0))
  logger.write(_row(64, critic_loss=2.0))
  logger.write(_row(128))
  assert [row['critic_loss'] for row in _read(tmp_path)] == ['', '2', '']


def test_from_the_first_success_on_others_are_none(tmp_path):
  """Also above, but for where there was no policy; and in another process."""
  logger = metrics.MetricsLogger(str(tmp_path))
  logger.write(_row(0, eval_episodes=0))
  logger.write(_row(64, eval_episodes=5))
  assert not logger.tells_success and not metrics.tells_success(tmp_path)
  logger = metrics.MetricsLogger(str(tmp_path), 64)
  logger.write(_row(128, eval_episodes=5, eval_success=0.4))
  logger.write(_row(192, eval_episodes=5))
  found = [row['eval_success'] for row in _read(tmp_path)]
  assert found == ['', '0', '0.4', '0']
  assert logger.tells_success and metrics.tells_success(tmp_path)


def test_of_no_table_no_success_is_told(tmp_path):
  assert not metrics.tells_success(tmp_path)
  (tmp_path / 'metrics.csv').write_bytes(b'\0\xff,\n1,2,3\n')
  assert not metrics.tells_success(tmp_path)


def test_the_same_clock_again_replaces_the_row(tmp_path):
  logger = metrics.MetricsLogger(str(tmp_path))
  logger.write(_row(0))
  logger.write(_row(64))
  logger.write(_row(64, eval_return_mean=-1.0))
  rows = _read(tmp_path)
  assert [row['real_steps'] for row in rows] == ['0', '64']
  assert rows[-1]['eval_return_mean'] == '-1'


def test_resuming_drops_later_rows_and_keeps_earlier_ones_as_they_were(
  tmp_path,
):
  logger = metrics.MetricsLogger(str(tmp_path))
  for step in (0, 64, 128, 192):
    logger.write(_row(step, loss=0.1))
  before = (tmp_path / 'metrics.csv').read_text().splitlines()
  logger = metrics.MetricsLogger(str(tmp_path), restored_real_steps=100)
  assert (tmp_path / 'metrics.csv').read_text().splitlines() == before[:3]
  assert logger.last_row['real_steps'] == 64
  logger.write(_row(160, loss=0.2))
  assert [row['real_steps'] for row in _read(tmp_path)] == ['0', '64', '160']


def test_bc_resumes_by_updates(tmp_path):
  logger = metrics.MetricsLogger(str(tmp_path))
  for updates in (0, 10, 20):
    logger.write(_row(0, updates))
  metrics.MetricsLogger(str(tmp_path), 0, restored_updates=10)
  assert [row['updates'] for row in _read(tmp_path)] == ['0', '10']


def _write_old(folder, rows):
  """metrics.csv as it was before it had real_steps."""
  names = ','.join(metrics.COLUMNS[1:])
  (folder / 'metrics.csv').write_text(names + ',loss\n' + rows)


def test_a_file_without_real_steps_gets_them_on_resuming(tmp_path):
  _write_old(
    tmp_path,
    '0,0,0,1,,5,1,2,,\n64,26,48,2,9,6,1,2,,.5\n128,60,112,3,9,7,1,2,,.5\n',
  )
  logger = metrics.MetricsLogger(str(tmp_path), 90, 48)
  logger.write(_row(188, 112, env_steps=128, rollout_steps=60))
  rows = _read(tmp_path)
  assert [row['real_steps'] for row in rows] == ['0', '90', '188']
  assert [row['env_steps'] for row in rows] == ['0', '64', '128']
  assert list(rows[0])[:4] == list(metrics.COLUMNS[:4])
  assert rows[1]['loss'] == '.5'


def test_names_what_is_damaged_in_a_file_without_real_steps(tmp_path):
  _write_old(tmp_path, '0,0,0,1,,5,1,2,,\n64,,48,2,9,6,1,2,,.5\n')
  with pytest.raises(ValueError, match="line 3: rollout_steps is ''"):
    metrics.MetricsLogger(str(tmp_path), 90, 48)


def test_a_new_run_starts_an_empty_file(tmp_path):
  metrics.MetricsLogger(str(tmp_path)).write(_row(64))
  logger = metrics.MetricsLogger(str(tmp_path))
  assert logger.last_row is None and _read(tmp_path) == []


def test_a_failed_write_leaves_the_old_file_whole(tmp_path, monkeypatch):
  logger = metrics.MetricsLogger(str(tmp_path))
  logger.write(_row(0))
  before = (tmp_path / 'metrics.csv').read_bytes()

  def full_disk(*_):
    raise OSError(28, 'No space left on device')

  monkeypatch.setattr(os, 'fsync', full_disk)
  with pytest.raises(OSError, match='No space'):
    logger.write(_row(64))
  assert (tmp_path / 'metrics.csv').read_bytes() == before


def test_a_full_disk_under_tensorboard_names_the_folder(tmp_path, monkeypatch):
  logger = metrics.MetricsLogger(str(tmp_path))

  def full_disk(*_, **__):
    raise tf.errors.ResourceExhaustedError(None, None, 'No space left')

  monkeypatch.setattr(tf.summary, 'scalar', full_disk)
  with pytest.raises(OSError, match=f'{tmp_path}: .*TensorB.*No space left'):
    logger.write(_row(64))
  assert [row['real_steps'] for row in _read(tmp_path)] == ['64']


def test_tensorboard_gets_the_same_numbers(tmp_path):
  logger = metrics.MetricsLogger(str(tmp_path))
  logger.write(_row(0))
  logger.write(_row(64, critic_loss=0.5))
  logger.close()
  events = event_accumulator.EventAccumulator(
    str(tmp_path), size_guidance={event_accumulator.TENSORS: 0}
  ).Reload()
  returns = events.Tensors('eval/return_mean')
  assert [event.step for event in returns] == [0, 64]
  assert [tf.make_ndarray(e.tensor_proto) for e in returns] == [0.0, 640.0]
  assert events.Tensors('train/critic_loss')[0].step == 64
  assert 'eval/success' not in events.Tags()['tensors']


def test_tensorboard_counts_updates_where_no_env_is_stepped(tmp_path):
  logger = metrics.MetricsLogger(str(tmp_path))
  logger.write(_row(0, updates=500))
  logger.close()
  events = event_accumulator.EventAccumulator(str(tmp_path)).Reload()
  assert events.Tensors('eval/return_mean')[0].step == 500


def test_names_what_a_row_lacks(tmp_path):
  logger = metrics.MetricsLogger(str(tmp_path))
  row = _row(0)
  del row['wall_s']
  with pytest.raises(ValueError, match=r"metrics.csv: the row lacks \['wall_s"):
    logger.write(row)
  with pytest.raises(ValueError, match='updates None; expected numbers'):
    logger.write({**_row(0), 'updates': None})
  with pytest.raises(ValueError, match='real_steps None, updates 0; expected'):
    logger.write({**_row(0), 'real_steps': None})


def test_refuses_a_clock_that_runs_backwards(tmp_path):
  logger = metrics.MetricsLogger(str(tmp_path))
  logger.write(_row(64))
  with pytest.raises(ValueError, match='real_steps 0 after one at 64'):
    logger.write(_row(0))
  assert len(_read(tmp_path)) == 1


def test_names_a_damaged_file_on_resuming(tmp_path):
  path = tmp_path / 'metrics.csv'
  path.write_text('a,b\n1,2\n')
  with pytest.raises(ValueError, match='metrics.csv: first columns are'):
    metrics.MetricsLogger(str(tmp_path), 0)
  path.write_text(','.join(metrics.COLUMNS) + '\n64,64,0,oops,,,,,,\n')
  with pytest.raises(ValueError, match="line 2: updates is 'oops'"):
    metrics.MetricsLogger(str(tmp_path), 0)


def _logged(folder, *steps):
  """metrics.csv of these steps, as text."""
  logger = metrics.MetricsLogger(str(folder))
  for step in steps:
    logger.write(_row(step, loss=0.5))
  logger.close()
  return (folder / 'metrics.csv').read_text()


@pytest.mark.parametrize('content', ['', '\n', '\0' * 64])
def test_an_empty_file_is_begun_again_and_it_is_said(tmp_path, content, caplog):
  path = tmp_path / 'metrics.csv'
  path.write_text(content)
  logger = metrics.MetricsLogger(str(tmp_path), 64)
  assert logger.last_row is None
  assert f'{path} is empty: its evaluations are lost' in caplog.text
  logger.write(_row(128))
  assert [row['real_steps'] for row in _read(tmp_path)] == ['128']


def test_a_missing_file_is_said_of_a_resumed_run_alone(tmp_path, caplog):
  metrics.MetricsLogger(str(tmp_path / 'new'))
  assert not caplog.text
  metrics.MetricsLogger(str(tmp_path / 'old'), 64)
  path = tmp_path / 'old' / 'metrics.csv'
  assert f'{path} is missing: its evaluations are lost' in caplog.text


@pytest.mark.parametrize('lost', [1, 3, 12, 25])
def test_a_last_row_that_breaks_off_is_left_out(tmp_path, lost, caplog):
  """Even where what is left of it would be a number: 128 could be of 1280."""
  text = _logged(tmp_path, 0, 64, 128)
  (tmp_path / 'metrics.csv').write_text(text[:-lost])
  logger = metrics.MetricsLogger(str(tmp_path), 999)
  assert logger.last_row['real_steps'] == 64
  assert [row['real_steps'] for row in _read(tmp_path)] == ['0', '64']
  assert 'metrics.csv, line 4 breaks off: the row is left out' in caplog.text


@pytest.mark.parametrize(
  ('old', 'new', 'words'),
  [
    ('\n64,', '\n64,5,', 'line 3: more or fewer cells than columns'),
    ('\n64,,', '\n64,', 'line 3: more or fewer cells than columns'),
    ('\n64,', '\nnan,', "line 3: real_steps is 'nan'; expected a number"),
    ('640,', '6\ufffd0,', "line 3: eval_return_mean is '6\ufffd0'"),
    ('real_steps,', 'steps,', 'first columns are'),
    ('\n64,', '\n"64,', 'line 3: found a quote; expected numbers'),
    ('real_steps,', '"' + 'r' * 140_000, 'line 1: found a cell without an end'),
  ],
)
def test_other_damage_is_refused_by_file_and_line(tmp_path, old, new, words):
  text = _logged(tmp_path, 0, 64, 128)
  path = tmp_path / 'metrics.csv'
  assert old in text
  path.write_text(text.replace(old, new))
  before = path.read_bytes()
  with pytest.raises(ValueError, match=words) as error:
    metrics.MetricsLogger(str(tmp_path), 999)
  assert str(error.value).startswith(str(path))
  assert path.read_bytes() == before
