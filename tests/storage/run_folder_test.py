"""A run folder resumes its own run and refuses any other."""

import json
import subprocess
import sys

import gin
import pytest

from tfirl import checks
from tfirl.config import gin_bindings
from tfirl.storage.run_folder import RunFolder, RunFolderError


@gin.configurable('toy_run', module='run_folder_test')
def toy_run(steps=1, rate=0.1):
  return steps, rate


@gin.configurable('checked_run', module='run_folder_test')
@checks.checked
def checked_run(steps: checks.Count = 4, rate: checks.Positive = 0.1):
  return steps, rate


@pytest.fixture(autouse=True)
def config():
  gin_bindings.parse([], ['toy_run.steps = 3'])


def _open(root, demos=None):
  return RunFolder(root, 'hopper', 'hype', 7, demos)


def test_new_folder_holds_config_and_metadata(tmp_path):
  with _open(tmp_path, 'x.npz') as folder:
    assert folder.path == tmp_path / 'hopper/hype/7'
    assert not folder.resumed
    assert 'toy_run.steps = 3' in (folder.path / 'config.gin').read_text()
    metadata = json.loads((folder.path / 'metadata.json').read_text())
  assert metadata['seed'] == 7 and metadata['demos'] == 'x.npz'
  (launch,) = metadata['launches']
  assert launch['command'] == sys.argv
  assert launch['versions']['tensorflow'].startswith('2.15')
  assert {'host', 'python', 'git_commit', 'time'} <= launch.keys()


def test_same_config_resumes_and_records_the_launch(tmp_path):
  _open(tmp_path).close()
  with _open(tmp_path) as folder:
    assert folder.resumed
    metadata = json.loads((folder.path / 'metadata.json').read_text())
  assert len(metadata['launches']) == 2


def test_what_is_recorded_stays_in_the_metadata(tmp_path):
  with _open(tmp_path) as folder:
    folder.record(demonstrations={'num_episodes': 3})
    folder.record(other=1)
  with _open(tmp_path) as folder:
    metadata = json.loads((folder.path / 'metadata.json').read_text())
  assert metadata['demonstrations'] == {'num_episodes': 3}
  assert (metadata['other'], metadata['seed']) == (1, 7)
  assert len(metadata['launches']) == 2


def test_another_config_is_refused_by_binding_and_nothing_changes(tmp_path):
  _open(tmp_path).close()
  config = tmp_path / 'hopper/hype/7/config.gin'
  before = config.read_text()
  gin_bindings.parse([], ['toy_run.steps = 4', 'toy_run.rate = 0.2'])
  with pytest.raises(RunFolderError) as info:
    _open(tmp_path)
  for part in (
    str(config.parent),
    'toy_run.steps: was 3, is 4',
    'toy_run.rate: was not bound, is 0.2',
  ):
    assert part in str(info.value)
  assert config.read_text() == before
  gin_bindings.parse([], ['toy_run.steps = 3'])
  _open(tmp_path).close()  # the refusal gave the lock back


def test_other_demonstrations_are_refused(tmp_path):
  _open(tmp_path, 'a.npz').close()
  with pytest.raises(RunFolderError, match='--demos: was a.npz, is b.npz'):
    _open(tmp_path, 'b.npz')


def test_folder_in_use_is_refused_and_names_the_process(tmp_path):
  with (
    _open(tmp_path),
    pytest.raises(RunFolderError, match=r'in use by another process \(pid \d+'),
  ):
    _open(tmp_path)
  _open(tmp_path).close()


def test_killed_process_leaves_no_lock(tmp_path):
  script = (
    'import os, signal, sys\n'
    'from tfirl.storage.run_folder import RunFolder\n'
    'folder = RunFolder(sys.argv[1], "hopper", "hype", 7)\n'
    'os.kill(os.getpid(), signal.SIGKILL)\n'
  )
  gin_bindings.parse([])  # the script's config is empty too
  done = subprocess.run([sys.executable, '-c', script, tmp_path])
  assert done.returncode == -9
  with _open(tmp_path) as folder:
    assert folder.resumed


def test_damaged_metadata_is_named(tmp_path):
  with _open(tmp_path) as folder:
    path = folder.path / 'metadata.json'
  whole = path.read_text()
  for text, told in (
    ('{"seed": 7', 'Expecting'),
    ('[]', r'it is \[\]; expected dict'),
    ('{"launches": 3}', 'launches is 3; expected a list of'),
    ('{"launches": [3]}', r'launches is \[3\]; expected a list of'),
    ('{"budget": "x"}', "budget is 'x'; expected dict"),
    ('{"budget": {"unit": "real_steps"}}', 'budget has no total'),
    (
      '{"budget": {"unit": "x", "total": 3}}',
      "budget.unit is 'x'; expected one of 'real_steps',",
    ),
    ('{"demonstrations": {"digest": 3}}', 'demonstrations.digest is 3; expect'),
    ('[' * 100_000, 'maximum recursion depth exceeded'),
  ):
    path.write_text(text)
    with pytest.raises(
      RunFolderError, match=rf'{path} is damaged \({told}.*\); expected the JS'
    ):
      _open(tmp_path)
  path.write_text(whole)
  _open(tmp_path).close()


def test_operative_config_holds_defaults_that_were_used(tmp_path):
  with _open(tmp_path) as folder:
    toy_run()
    checked_run(rate=0.5)
    folder.write_operative_config()
    text = (folder.path / 'operative_config.gin').read_text()
    assert sorted(p.name for p in folder.path.glob('.*')) == ['.lock']
  assert 'toy_run.rate = 0.1' in text and 'toy_run.steps = 3' in text
  assert 'checked_run.steps = 4' in text and 'checked_run.rate' not in text


def test_a_config_that_is_no_text_is_named(tmp_path):
  with _open(tmp_path) as folder:
    path = folder.path / 'config.gin'
  path.write_bytes('# é'.encode('latin-1'))
  with pytest.raises(RunFolderError, match=f'{path}: found byte 0xe9 at'):
    _open(tmp_path)
