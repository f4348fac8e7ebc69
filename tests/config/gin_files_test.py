"""Where gin files are looked up."""

import pytest

from tfirl.config import gin_files


@pytest.fixture
def folders(tmp_path, monkeypatch):
  """A working folder and a library of gin files."""
  work, library = tmp_path / 'work', tmp_path / 'library'
  for path in (work / 'both.gin', library / 'both.gin', library / 'only.gin'):
    path.parent.mkdir(exist_ok=True)
    path.touch()
  (library / 'tasks').mkdir()
  (library / 'tasks/hopper.gin').touch()
  monkeypatch.chdir(work)
  return work, library


def test_working_folder_comes_before_the_library(folders):
  work, library = folders
  find = gin_files.find_file
  assert find('both.gin', [library]).resolve() == work / 'both.gin'
  assert find('only.gin', [library]) == library / 'only.gin'
  assert find('tasks/hopper.gin', [library]) == library / 'tasks/hopper.gin'
  assert find(str(library / 'both.gin'), []) == library / 'both.gin'


def test_what_lies_beside_the_file_that_includes_it_comes_first(folders):
  work, library = folders
  own = work / 'configs/own.gin'
  own.parent.mkdir()
  for name in ('both.gin', 'own.gin', 'deep.gin'):
    (work / 'configs' / name).touch()
  (library / 'own.gin').touch()

  def find(name, by):
    return gin_files.find_file(name, [library], str(by)).resolve()

  assert find('both.gin', own) == own.with_name('both.gin')
  assert find('../both.gin', own) == work / 'both.gin'
  assert find('only.gin', own) == library / 'only.gin'
  assert find('own.gin', own) == library / 'own.gin'  # it means another
  # tfirl's name theirs from its folder on, and the working folder's go before.
  assert find('both.gin', library / 'only.gin') == work / 'both.gin'
  assert find('both.gin', '--gin_bindings=configs/x') == work / 'both.gin'
  with pytest.raises(FileNotFoundError) as info:
    find('dep.gin', own)
  for part in (str(own.parent), str(work), 'did you mean deep.gin'):
    assert part in str(info.value)


def test_unknown_file_names_folders_and_close_matches(folders):
  work, library = folders
  with pytest.raises(FileNotFoundError) as info:
    gin_files.find_file('tasks/hoper.gin', [library])
  for part in (
    "'tasks/hoper.gin'",
    str(work),
    str(library),
    'did you mean tasks/hopper.gin',
  ):
    assert part in str(info.value)


@pytest.mark.parametrize(
  ('name', 'successor'),
  [
    ('scale/cpu_hype.gin', 'METHOD_TASK.gin alone: it is the recipe'),
    ('scale/paper_hyper.gin', 'paper/METHOD_TASK.gin, the published settings'),
    ('gin_configs/algorithms/hype.gin', 'methods/hype.gin'),
    ('algorithms/td3_bc.gin', 'agents/td3_bc.gin'),
    ('games/mm.gin', 'methods/mm.gin, or on a maze methods/METHOD_maze.gin'),
  ],
)
def test_an_earlier_file_says_what_replaced_it(name, successor):
  with pytest.raises(FileNotFoundError) as info:
    gin_files.find_file(name)
  assert f"gin file '{name}' not found" in str(info.value)
  assert str(info.value).endswith(f'; it was replaced by {successor}')
  for part in successor.split():
    if part.startswith(('methods/', 'agents/')) and 'METHOD' not in part:
      assert gin_files.find_file(part.rstrip(',')).is_file()


def test_missing_include_names_the_line_that_includes_it(folders):
  _, library = folders
  with pytest.raises(FileNotFoundError, match='x.gin:2: included .*bth.gin'):
    gin_files.read_text("\ninclude 'bth.gin'", 'x.gin', [library])


def test_own_gin_files_are_found():
  assert gin_files.find_file('tasks/hopper.gin').is_file()
