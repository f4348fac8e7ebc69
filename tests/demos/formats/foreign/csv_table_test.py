"""Tables of comma-separated values, of our names and of others'."""

import time

import numpy as np
import pytest
import two_episodes

from tfirl.demos.checking import DemonstrationError
from tfirl.demos.load import read


def _csv(tmp_path, text):
  (tmp_path / 'd.csv').write_text(text)
  return str(tmp_path / 'd.csv')


def test_a_table_of_our_names(tmp_path):
  header = 'observations_0,actions_0,next_observations_0,timeouts,seed'
  rows = [
    f'{o},{a},{n},{bool(i in (2, 4))},{i // 3}'
    for i, (o, a, n) in enumerate(
      zip(
        two_episodes.OBS[:, 0],
        two_episodes.ACTS[:, 0],
        two_episodes.NEXT[:, 0],
        strict=True,
      )
    )
  ]
  raw = read(_csv(tmp_path, '\n'.join([header, *rows]) + '\n'))
  two_episodes.is_whole(raw)
  assert raw.columns['seed'].dtype == np.int64


def test_a_table_of_other_names(tmp_path):
  rows = [
    f'{o},{a},9,{i // 3}'
    for i, (o, a) in enumerate(
      zip(two_episodes.OBS[:, 0], two_episodes.ACTS[:, 0], strict=True)
    )
  ]
  path = _csv(tmp_path, '\n'.join(['x,u,t,run', *rows]) + '\n')
  keys = {'observations': 'x', 'actions': 'u', 'episodes': 'run'}
  two_episodes.is_without_last_rows(read(path, keys=keys))
  with pytest.raises(DemonstrationError, match=r'--keys observations=\?'):
    read(path)


@pytest.mark.parametrize(
  ('text', 'message'),
  [
    ('', 'a last line without an end'),
    ('a_0,b\n', 'no rows'),
    ('a_0,b\n1,2', 'a last line without an end'),
    ('a_0,b\n1,2\n3\n', r'columns: found 1; expected 2, as .* \(line 3\)'),
    ('a_0,b\n1,x\n', "b: found a cell that is no number .*'x'"),
    ('a_0,b\n1_0,2\n', "a: found a cell that is no number .*'1_0'"),
    ('a_0,b\n1,2\n1,\n', 'b: found 1 empty cells'),
    ('a,b,c\n1,2\n', 'columns: found 2; expected 3'),
    ('a,a\n1,2\n', "'a': found 2 columns"),
    ('a_0,a_2,b\n1,2,3\n', r'a: found columns \[0, 2\]'),
    ('a_0,a.0,b\n1,2,3\n', 'a: found a number twice in a_0, a.0'),
    ('a_1,a_01,b\n1,2,3\n', 'a: found a number twice in a_1, a_01'),
    ('a,a_0,b\n1,2,3\n', 'a: found twice'),
    ('a,\n1,2\n', 'a column without a name'),
    ('a,b\n0.5,\ntrue,1\n', 'b: found 1 empty cells'),
  ],
)
def test_tables_that_are_damaged(tmp_path, text, message):
  with pytest.raises(DemonstrationError, match=message):
    read(
      _csv(tmp_path, text),
      keys={'observations': 'a', 'actions': 'b', 'dones': 'b'},
    )


_TRIALS = {'observations': 'x', 'actions': 'u', 'episodes': 'run'}


def _table(tmp_path, header, *columns):
  """Two episodes: x and u, with other columns before and after."""
  before, after = columns
  rows = [
    f'{before[i]}{x},{u},{after[i]}'
    for i, (x, u) in enumerate(
      zip(two_episodes.OBS[:, 0], two_episodes.ACTS[:, 0], strict=True)
    )
  ]
  return _csv(tmp_path, '\n'.join([header, *rows]) + '\n')


@pytest.mark.parametrize('name', ['', '""'])
def test_the_index_that_pandas_writes_is_passed_over(tmp_path, name):
  index = [f'{i},' for i in range(5)]
  path = _table(tmp_path, f'{name},x,u,run', index, '00011')
  two_episodes.is_without_last_rows(read(path, keys=_TRIALS))
  keys = {**_TRIALS, 'observations': ''}
  with pytest.raises(DemonstrationError, match='found , which the file has'):
    read(path, keys=keys)


@pytest.mark.parametrize(
  ('header', 'index', 'runs'),
  [
    (',x,u,run', '01235', '00011'),
    (',x,u,run', 'abcde', '00011'),
    ('t,x,u,', '01234', '01234'),
    (',x,u,', '01234', '01234'),
  ],
)
def test_other_columns_without_a_name_are_refused(
  tmp_path, header, index, runs
):
  path = _table(tmp_path, header, [f'{i},' for i in index], runs)
  with pytest.raises(DemonstrationError, match=r"without a name|'': found 2"):
    read(path, keys={'observations': 'x', 'actions': 'u', 'dones': 'u'})


@pytest.mark.parametrize(
  'runs',
  [
    ['t0'] * 3 + ['t1'] * 2,
    ['7'] * 3 + ['7b'] * 2,
    ['"a, 1"'] * 3 + ['"a, 2"'] * 2,
    ['"1,1"'] * 3 + ['"1,2"'] * 2,
  ],
)
def test_episodes_of_a_table_may_have_names(tmp_path, runs):
  path = _table(tmp_path, 'x,u,run', [''] * 5, runs)
  two_episodes.is_without_last_rows(read(path, keys=_TRIALS))


def test_names_are_for_episodes_alone(tmp_path):
  path = _table(tmp_path, 'x,u,run', [''] * 5, ['t0'] * 3 + [''] * 2)
  with pytest.raises(DemonstrationError, match='run: found 2 empty cells'):
    read(path, keys=_TRIALS)
  path = _table(tmp_path, 'x,u,run', [''] * 5, ['t0'] * 5)
  for key in ('seed', 'rewards', 'dones'):
    with pytest.raises(DemonstrationError, match="no number .*'t0'"):
      read(path, keys={**_TRIALS, key: 'run'})
  path = _table(tmp_path, 'x,u,run', [''] * 5, ['"1,5"'] * 5)
  keys = {'observations': 'x', 'actions': 'run', 'dones': 'u'}
  with pytest.raises(DemonstrationError, match='no number .a comma in it'):
    read(path, keys=keys)


def test_our_own_columns_are_not_guessed_either(tmp_path):
  path = _csv(tmp_path, 'observations_0,observations.0,actions\n1,2,3\n')
  with pytest.raises(DemonstrationError, match='observations: found a number'):
    read(path)


def test_columns_that_nobody_asks_for_may_hold_anything(tmp_path):
  """And each may be asked for by its own name."""
  header = 'x_1,v_1,date,empty,"b, c",sensor_7,u,end'
  rows = [
    f'{i},{10 + i},2026-01-0{i + 1}T10:00,,"1, 2",x,0.{i},{i == 2}'
    for i in range(4)
  ]
  path = _csv(tmp_path, '\n'.join([header, *rows]) + '\n')
  keys = {'observations': 'v_1+x_1', 'actions': 'u', 'dones': 'end'}
  columns = read(path, keys=keys).columns
  assert columns['observations'].tolist() == [[10, 0], [11, 1]]
  assert columns['actions'].ravel().tolist() == [0, 0.1]


@pytest.mark.parametrize(
  ('header', 'keys', 'expected'),
  [
    ('x0,x1,u,end', {'observations': 'x', 'actions': 'u'}, [0, 10]),
    ('x2,x1,u,end', {'observations': 'x', 'actions': 'u'}, [10, 0]),
    # x and its square; none missing; each by its own name.
    ('x,x2,u,end', {'observations': 'x', 'actions': 'u'}, [0]),
    ('x1,x3,u,end', {'observations': 'x3+x1', 'actions': 'u'}, [10, 0]),
    ('x0,x1,u,end', {'observations': 'x1+x0', 'actions': 'u'}, [10, 0]),
    ('x1,x,u,end', {'observations': 'x+x1', 'actions': 'u'}, [10, 0]),
    # Beside x_0, which is x already.
    ('x_0,x1,u,end', {'observations': 'x', 'actions': 'u'}, [0]),
    ('observations0,observations1,actions,dones', None, [0, 10]),
  ],
)
def test_numbers_may_follow_a_name_at_once(tmp_path, header, keys, expected):
  rows = [f'{i},{10 + i},0.{i},{i == 2}' for i in range(3)]
  path = _csv(tmp_path, '\n'.join([header, *rows]) + '\n')
  columns = read(path, keys=keys and {**keys, 'dones': 'end'}).columns
  assert columns['observations'][0].tolist() == expected


def test_parts_that_are_missing_are_no_array(tmp_path):
  path = _csv(tmp_path, 'x1,x3,u,end\n1,2,3,1\n')
  keys = {'observations': 'x', 'actions': 'u', 'dones': 'end'}
  with pytest.raises(DemonstrationError, match=r'found x, .* x1 .* x3 '):
    read(path, keys=keys)


def test_blank_lines_take_no_time(tmp_path):
  rows = '\n' * 200_000 + '0,1,false\n\n1,2,TRUE\n2,3,true\n'
  path = _csv(tmp_path, 'x,u,d\n' + rows)
  keys = {'observations': 'x', 'actions': 'u', 'terminals': 'd'}
  before = time.process_time()
  raw = read(path, keys={**keys, 'next_observations': 'u'})
  assert time.process_time() - before < 5  # it took minutes
  assert raw.columns['terminals'].tolist() == [False, True, True]
