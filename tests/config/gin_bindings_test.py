"""Misspelled names, scopes and unused bindings must not pass in silence."""

import threading
import time

import gin
import pytest

from tfirl.config import gin_bindings
from tfirl.config.gin_bindings import UnusedBindingError
from tfirl.config.gin_files import BindingError


@gin.configurable('toy_table', module='gin_bindings_test')
def toy_table(rows=1, name='unnamed'):
  return rows, name


@gin.configurable('toy_loose', module='gin_bindings_test')
def toy_loose(known=1, **anything):
  return known, anything


@gin.configurable('ToyAgent', module='gin_bindings_test')
class ToyAgent:
  def __init__(self, rate=0.1, table=None):
    self.rate = rate
    self.table = table


@pytest.fixture
def gin_file(tmp_path):
  """Writes a gin file and returns its path."""

  def write(text, name='config.gin'):
    (tmp_path / name).write_text(text)
    return str(tmp_path / name)

  return write


def _parse(*bindings):
  gin_bindings.parse([], bindings)


def test_bindings_win_over_files_and_later_files_over_earlier(gin_file):
  first = gin_file('toy_table.rows = 1\ntoy_table.name = "a"', 'first.gin')
  second = gin_file('toy_table.rows = 2', 'second.gin')
  gin_bindings.parse([first, second])
  assert toy_table() == (2, 'a')
  gin_bindings.parse([first, second], ['toy_table.rows = 3'])
  assert toy_table() == (3, 'a')


def test_parse_replaces_the_earlier_config():
  _parse('toy_table.rows = 5')
  _parse('toy_table.name = "b"')
  assert toy_table() == (1, 'b')


def test_includes_are_found_in_the_search_path(gin_file, tmp_path, caplog):
  gin_file('toy_table.rows = 7', 'base.gin')
  top = gin_file("include 'base.gin'", 'top.gin')
  gin_bindings.parse([top], search_path=[tmp_path])
  assert toy_table()[0] == 7
  assert not caplog.records  # gin logs an error for each folder without it


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
  """A file of a folder, and what it includes, beside which is more."""
  files = {
    'own/top.gin': "include 'parts/one.gin'\ntoy_table.name = 'top'",
    'own/parts/one.gin': "include 'two.gin'\ninclude '../agents/three.gin'",
    'own/parts/two.gin': 'toy_table.rows = 2',
    'own/agents/three.gin': 'ToyAgent.rate = 0.3',
    'work/two.gin': 'toy_table.rows = 99',
  }
  for name, text in files.items():
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
  monkeypatch.chdir(tmp_path / 'work')
  return tmp_path / 'own'


def test_files_include_what_lies_beside_them(own_folder):
  for name in (str(own_folder / 'top.gin'), '../own/top.gin'):
    gin_bindings.parse([name])
    assert toy_table() == (2, 'top')
    # agents/ is of all methods there, too.
    assert gin_bindings.unconsumed() == []
    config = gin.config_str()
  gin_bindings.parse([name], ["include 'two.gin'"])
  assert toy_table() == (99, 'top')
  # What a run keeps includes nothing.
  assert 'include' not in config
  assert gin_bindings.diff(config) == ['toy_table.rows: was 2, is 99']


def test_value_of_replaces_macros():
  _parse("TASK = 'hopper'", 'toy_table.name = %TASK')
  assert gin_bindings.value_of('toy_table.name') == 'hopper'
  with pytest.raises(BindingError, match='toy_table.rows'):
    gin_bindings.value_of('toy_table.rows')


def test_value_of_what_is_not_bound_is_the_default():
  _parse('ToyAgent.table = None')
  assert gin_bindings.value_of('ToyAgent.table', 'b') is None
  assert gin_bindings.value_of('toy_table.rows', None) is None


def test_all_consumed_passes():
  _parse(
    'ROWS = 4',
    'toy_table.name = "all"',
    'policy/toy_table.rows = %ROWS',
    'ToyAgent.table = @expert/toy_table()',
    'expert/toy_table.rows = 2',
  )
  assert ToyAgent().table == (2, 'all')
  with gin.config_scope('policy'):
    assert toy_table() == (4, 'all')
  gin_bindings.check_all_consumed()


def test_misspelled_scope_is_named_with_file_line_and_close_match(gin_file):
  path = gin_file('# first line\npolcy/toy_table.rows = 3\n')
  gin_bindings.parse([path])
  with gin.config_scope('policy'):
    toy_table()
  with pytest.raises(UnusedBindingError) as info:
    gin_bindings.check_all_consumed()
  for part in ('polcy/toy_table.rows = 3', f'{path}:2', 'did you mean policy?'):
    assert part in str(info.value)


def test_scope_that_only_begins_alike_is_not_the_same_scope():
  _parse('pol/toy_table.rows = 3')
  with gin.config_scope('policy'):
    toy_table()
  assert len(gin_bindings.unconsumed()) == 1


def test_binding_of_an_outer_scope_is_consumed_in_an_inner_one():
  _parse('outer/toy_table.rows = 3')
  with gin.config_scope('outer'), gin.config_scope('inner'):
    assert toy_table()[0] == 3
  assert gin_bindings.unconsumed() == []


def test_binding_overridden_in_every_call_is_unused():
  _parse('toy_table.rows = 3', 'policy/toy_table.rows = 4')
  with gin.config_scope('policy'):
    toy_table()
  (line,) = gin_bindings.unconsumed()
  assert line.startswith('toy_table.rows = 3')
  assert 'overridden in every call by policy/toy_table.rows' in line
  toy_table()  # a call outside the scope takes it
  assert gin_bindings.unconsumed() == []


@pytest.mark.parametrize('folder', ['agents', 'budgets', 'tasks'])
def test_files_of_all_methods_may_bind_what_one_never_calls(tmp_path, folder):
  (tmp_path / folder).mkdir()
  path = tmp_path / folder / 'common.gin'
  path.write_text('ToyAgent.rate = 0.5\ntoy_table.rows = 3\n')
  top = tmp_path / 'top.gin'
  top.write_text(f"include '{folder}/common.gin'\ntoy_table.name = 'a'\n")
  gin_bindings.parse([str(top)], search_path=[tmp_path])
  assert toy_table() == (3, 'a')
  gin_bindings.check_all_consumed()
  # Elsewhere, or called with a value of its own, it is as wrong as ever.
  gin_bindings.parse([str(top)], ['ToyAgent.rate = 0.6'], [tmp_path])
  toy_table()
  (line,) = gin_bindings.unconsumed()
  assert line.startswith('ToyAgent.rate = 0.6')
  gin_bindings.parse([str(top)], search_path=[tmp_path])
  toy_table(rows=5)
  (line,) = gin_bindings.unconsumed()
  assert f'{path}:2' in line and 'passes this parameter itself' in line
  # A folder of that name that is not searched is like any other.
  gin_bindings.parse([str(path)], search_path=[])
  toy_table()
  (line,) = gin_bindings.unconsumed()
  assert line.startswith('ToyAgent.rate = 0.5')


def test_unused_macro():
  _parse('USED = 1', 'UNUSED = 2', 'toy_table.rows = %USED')
  toy_table()
  (line,) = gin_bindings.unconsumed()
  assert line.startswith('UNUSED = 2') and 'macro' in line


def test_configurable_never_called():
  _parse('ToyAgent.rate = 0.5')
  (line,) = gin_bindings.unconsumed()
  assert 'ToyAgent.rate = 0.5' in line and 'never called' in line


def test_parameter_the_caller_always_passes():
  _parse('toy_table.rows = 3')
  toy_table(rows=8)
  (line,) = gin_bindings.unconsumed()
  assert 'every call passes this parameter itself' in line


@pytest.mark.parametrize(
  ('binding', 'expected'),
  [
    ('toy_table.row = 3', "no parameter 'row'; did you mean rows?"),
    ('toy_tabel.rows = 3', "'toy_tabel'; did you mean toy_table"),
    ('ToyAgent.table = @toy_tabl()', 'did you mean toy_table'),
    ('toy_table.rows = %ROWS', "macro '%ROWS' is defined nowhere"),
    ('toy_table.name = hopper', "'hopper' (a string needs quotes"),
    ('toy_table.rows = [1, 2', 'multi-line statement'),
    ('toy_loose.unheard_of = 1', "no parameter 'unheard_of'"),
    ('import no_such_module_of_mine', "can't import no_such_module_of_mine"),
  ],
)
def test_wrong_binding_names_itself(binding, expected):
  with pytest.raises(BindingError) as info:
    _parse(binding)
  assert f'--gin_bindings={binding}' in str(info.value)
  assert expected in str(info.value)


@pytest.mark.parametrize(
  ('old', 'new'),
  [
    ('cosine_epochs', 'DynamicsTrainer.cosine_half_period, in gradient steps'),
    ('cosine_end', 'DynamicsTrainer.cosine_floor, a rate'),
  ],
)
def test_a_renamed_parameter_is_answered_with_its_new_name(old, new):
  with pytest.raises(BindingError) as info:
    _parse(f'DynamicsTrainer.{old} = 1000')
  assert f'DynamicsTrainer.{old} is called {new}' in str(info.value)


def test_wrong_line_of_an_included_file_is_named(gin_file, tmp_path):
  base = gin_file('\n\ntoy_table.rwos = 7', 'base.gin')
  top = gin_file("include 'base.gin'", 'top.gin')
  with pytest.raises(BindingError) as info:
    gin_bindings.parse([top], search_path=[tmp_path])
  assert f'{base}:3' in str(info.value) and 'rows' in str(info.value)


def test_diff_names_what_changed_came_and_went(tmp_path):
  _parse('toy_table.rows = 3', 'ToyAgent.rate = 0.1', 'p/toy_table.rows = 1')
  saved = tmp_path / 'config.gin'
  saved.write_text(gin.config_str())
  assert gin_bindings.diff(saved) == []
  _parse('toy_table.rows = 4', 'ToyAgent.rate = 0.1', 'q/toy_table.rows = 1')
  assert gin_bindings.diff(saved) == [
    'toy_table.rows: was 3, is 4',
    'p/toy_table.rows: was 1, is not bound',
    'q/toy_table.rows: was not bound, is 1',
  ]


def test_diff_survives_long_values_references_and_macros():
  segments = [(i * 1000, 0.5 / (i + 1)) for i in range(40)]
  _parse(
    f'ToyAgent.table = {segments}',
    f'toy_table.name = "{"word " * 40}"',
    'RATE = 1e-4',
    'ToyAgent.rate = %RATE',
    'p/ToyAgent.table = @p/toy_table()',
  )
  saved = gin.config_str()
  assert gin_bindings.diff(saved) == []
  (line,) = gin_bindings.diff(saved.replace('0.0001', '0.001'))
  assert line == 'ToyAgent.rate: was 0.001, is 0.0001'


def test_what_is_told_of_a_macro_is_its_value():
  """Whoever formats it as a number would fail where he tells of a failure."""
  function = 'ToyAgent.table = @toy_loose'
  _parse('N = 5', 'M = %N', 'toy_table.rows = %M', function)
  assert gin_bindings.settings() == {
    'N': 5,
    'M': 5,
    'toy_table.rows': 5,
    'ToyAgent.table': '@toy_loose',
  }
  toy_table()
  assert gin_bindings.in_use('toy_table.rows') == [5]


def test_diff_looks_through_macros():
  _parse('N = 5', 'M = %N', 'toy_table.rows = %M', 'ToyAgent.table = [%N]')
  saved = gin.config_str()
  _parse('toy_table.rows = 5', 'ToyAgent.table = [5]')
  assert gin_bindings.diff(saved) == []
  _parse('N = 7', 'M = 5', 'toy_table.rows = %M', 'ToyAgent.table = [%N]')
  assert gin_bindings.changed(saved) == {'ToyAgent.table': ('[5]', '[7]')}
  # Whoever edits a config may write anything.
  assert gin_bindings.diff('A = %B\nB = %A\ntoy_table.rows = %A', saved)


def test_all_that_is_wrong_is_told_at_once(tmp_path):
  path = tmp_path / 'mine.gin'
  path.write_text('toy_table.row = 3\ntoy_table.rows = 4\nToyAgent.rat = 1\n')
  lines = ['ToyAgnt.rate = 2', 'toy_table.rows = 5', 'toy_tabl.rows = 6']
  with pytest.raises(gin_bindings.BindingError) as error:
    gin_bindings.parse([str(path)], lines)
  told = str(error.value).splitlines()
  starts = [
    *(f"{path}:1: 'toy_table' has no", f"{path}:3: 'ToyAgent' has no"),
    *(f'--gin_bindings={lines[i]}: ' for i in (0, 2)),
  ]
  assert len(told) == len(starts)
  for line, start in zip(told, starts, strict=True):
    assert line.startswith(start)


def test_a_long_value_is_told_by_its_ends():
  value = (*range(1, 200), -1)
  with pytest.raises(gin_bindings.BindingError) as error:
    gin_bindings.parse([], [f'toy_table.rows = {value}'])
  assert len(str(error.value)) < 500
  assert '(1, 2, 3, ' in str(error.value) and '199, -1)' in str(error.value)


def test_one_config_at_a_time(monkeypatch):
  """Around itself it is refused; a short one elsewhere is waited for."""
  monkeypatch.setattr(gin_bindings, '_WAIT_S', 60.0)
  entered, seen = threading.Event(), []

  def read_elsewhere():
    with gin_bindings.alone('the other'):
      entered.set()
      time.sleep(0.2)
      seen.append('read')

  thread = threading.Thread(target=read_elsewhere)
  thread.start()
  entered.wait()
  with gin_bindings.alone('this'):
    assert seen == ['read']
    start_s = time.monotonic()
    with (
      pytest.raises(RuntimeError, match='^inside: found a run under way'),
      gin_bindings.alone('inside'),
    ):
      pass
    assert time.monotonic() - start_s < 30
  thread.join()


def test_a_config_that_is_taken_for_long_is_not_waited_for(monkeypatch):
  monkeypatch.setattr(gin_bindings, '_WAIT_S', 0.1)
  with gin_bindings.alone('a run'):
    errors = []

    def load():
      try:
        with gin_bindings.alone('load_run'):
          pass
      except RuntimeError as error:
        errors.append(str(error))

    thread = threading.Thread(target=load)
    thread.start()
    thread.join()
  (error,) = errors
  assert error.startswith('load_run: found a run under way')
