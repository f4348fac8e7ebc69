"""What was done to a run's config.gin, and what may change from run to run."""

import json
import logging
import os
import shutil

import gin
import pytest

from tfirl import checks
from tfirl.config import gin_bindings, lasting
from tfirl.storage import checkpoint_folders, kept_config
from tfirl.storage.run_folder import RunFolder, RunFolderError


# Another `run` would make the real one's name ambiguous to all other tests.
@gin.configurable('toy_long_run', module='kept_config_test')
def toy_long_run(
  real_steps: checks.Count = 1,
  most_steps: checks.Count | None = None,
  eval_every: checks.Count = 1,
  num_threads: checks.CountOrZero = 0,
  rate: float = 0.1,
):
  return real_steps, most_steps, eval_every, num_threads, rate


_NAME = 'toy_long_run'
_BINDINGS = (f'{_NAME}.real_steps = 30', f'{_NAME}.rate = 0.5')


@pytest.fixture(autouse=True)
def config():
  gin_bindings.parse([], _BINDINGS)


def _open(root, demos=None, allow_changes=False):
  return RunFolder(root, 'hopper', 'hype', 7, demos, allow_changes)


def _begin(root, step=20, demos=None):
  """A run with one checkpoint. Returns: its folder."""
  with _open(root, demos) as folder:
    checkpoint = folder.checkpoints / str(step)
    checkpoint.mkdir(parents=True)
    folder.keep_config(checkpoint)
    checkpoint_folders.write_manifest(checkpoint)
    folder.note_checkpoint()
    return folder.path


def test_an_edited_config_is_noticed_and_its_binding_named(tmp_path):
  """Even by who binds what it was edited to."""
  path = _begin(tmp_path)
  config = path / 'config.gin'
  config.write_text(config.read_text().replace('rate = 0.5', 'rate = 0.7'))
  gin_bindings.parse([], [*_BINDINGS, f'{_NAME}.rate = 0.7'])
  with pytest.raises(RunFolderError) as info:
    _open(tmp_path)
  message = str(info.value)
  assert f'{config} was edited since {path / "checkpoints" / "20"}' in message
  assert 'rate: was 0.5, is 0.7' in message
  shutil.copy(path / 'checkpoints' / '20' / 'config.gin', config)  # its advice
  gin_bindings.parse([], _BINDINGS)
  _open(tmp_path).close()


def test_a_comment_is_no_edit(tmp_path):
  config = _begin(tmp_path) / 'config.gin'
  config.write_text(f'# mine\n{config.read_text()}')
  assert _open(tmp_path).resumed


def test_a_removed_config_comes_back_from_the_checkpoint(tmp_path, caplog):
  path = _begin(tmp_path)
  before = (path / 'config.gin').read_text()
  (path / 'config.gin').unlink()
  with caplog.at_level(logging.WARNING), _open(tmp_path) as folder:
    assert folder.resumed
  assert f'{path / "config.gin"} was missing' in caplog.text
  assert (path / 'config.gin').read_text() == before


def test_another_config_does_not_take_a_removed_ones_place(tmp_path):
  path = _begin(tmp_path)
  (path / 'config.gin').unlink()
  gin_bindings.parse([], [*_BINDINGS, f'{_NAME}.rate = 0.7'])
  with pytest.raises(RunFolderError, match='rate: was 0.5, is 0.7'):
    _open(tmp_path)


def test_a_config_that_nothing_has_a_copy_of_is_missed(tmp_path):
  path = _begin(tmp_path)
  (path / 'config.gin').unlink()
  shutil.rmtree(path / 'checkpoints')
  with pytest.raises(RunFolderError, match='is missing, and no checkpoint'):
    _open(tmp_path)


def test_a_damaged_copy_is_no_witness(tmp_path):
  path = _begin(tmp_path)
  (path / 'checkpoints' / '20' / 'config.gin').write_text('x = 1\n')
  assert _open(tmp_path).resumed


@pytest.mark.parametrize(
  ('changes', 'refused'),
  [
    ({'run.real_steps': ('30', '40')}, []),
    ({'run.env_steps': ('9', '10'), 'run.updates': ('9', '100')}, []),
    ({'run.real_steps': ('30', '20')}, ['run.real_steps']),
    ({'run.real_steps': ('30', 'None')}, ['run.real_steps']),
    ({'run.real_steps': ('30', 'not bound')}, ['run.real_steps']),
    ({'run.most_steps': ('128', 'None')}, []),
    ({'run.most_steps': ('None', '128')}, ['run.most_steps']),
    ({'run.num_threads': ('0', '2'), 'run.eval_every': ('5', '7')}, []),
    (
      {
        'run.record_video': ('True', 'False'),
        'run.eval_video': ('not bound', 'True'),
        'run.log_every': ('1000', '100'),
      },
      [],
    ),
    ({'run.eval_episodes': ('1', '2')}, ['run.eval_episodes']),
    (
      {'run.num_threads': ('0', '2'), 'Agent.gamma': ('0.9', '0.99')},
      ['Agent.gamma'],
    ),
  ],
)
def test_what_is_learned_may_not_change_but_for_longer_it_may(changes, refused):
  assert kept_config.refused(changes) == refused


def test_a_longer_run_keeps_its_new_config(tmp_path, monkeypatch):
  monkeypatch.setattr(lasting, 'LENGTHS', (f'{_NAME}.real_steps',))
  path = _begin(tmp_path)
  gin_bindings.parse([], [_BINDINGS[1], f'{_NAME}.real_steps = 90'])
  with _open(tmp_path) as folder:
    assert folder.resumed
    folder.go_on()
  assert 'real_steps = 90' in (path / 'config.gin').read_text()
  assert _open(tmp_path).resumed  # killed before a checkpoint has it
  metadata = json.loads((path / 'metadata.json').read_text())
  changes = [launch.get('changes', []) for launch in metadata['launches']]
  assert [len(change) for change in changes] == [0, 1, 0]
  assert 'real_steps: was 30, is 90' in changes[1][0]


def test_any_change_may_be_allowed_and_is_noted(tmp_path):
  path = _begin(tmp_path, demos='a.npz')
  gin_bindings.parse([], [*_BINDINGS, f'{_NAME}.rate = 0.05'])
  with pytest.raises(RunFolderError, match='--allow_changes:\n'):
    _open(tmp_path, 'b.npz')
  with _open(tmp_path, 'b.npz', allow_changes=True) as folder:
    assert folder.resumed
    folder.go_on()
  *_, last = json.loads((path / 'metadata.json').read_text())['launches']
  assert 'rate: was 0.5, is 0.05' in last['changes'][0]
  assert last['changes'][1] == '--demos: was a.npz, is b.npz'
  assert _open(tmp_path, 'b.npz').resumed


def test_a_launch_that_does_not_go_on_changes_nothing(tmp_path):
  path = _begin(tmp_path, demos='a.npz')
  config = (path / 'config.gin').read_bytes()
  gin_bindings.parse([], [*_BINDINGS, f'{_NAME}.rate = 0.05'])
  with _open(tmp_path, 'b.npz', allow_changes=True):
    pass  # its demonstrations are of no use, say
  assert (path / 'config.gin').read_bytes() == config
  gin_bindings.parse([], _BINDINGS)
  assert _open(tmp_path, 'a.npz').resumed
  assert json.loads((path / 'metadata.json').read_text())['demos'] == 'a.npz'


def test_demonstrations_may_be_spelled_otherwise(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  (tmp_path / 'd.npz').touch()
  (tmp_path / 'e.npz').touch()
  os.symlink('d.npz', 'link.npz')
  _begin(tmp_path, demos='d.npz')
  for same in ('./d.npz', str(tmp_path / 'd.npz'), 'link.npz'):
    assert _open(tmp_path, same).resumed
  (tmp_path / 'deep').mkdir()
  monkeypatch.chdir(tmp_path / 'deep')
  assert _open(tmp_path, '../d.npz').resumed
  for other in ('../e.npz', None, 'd4rl:hopper'):
    with pytest.raises(RunFolderError, match='--demos: was'):
      _open(tmp_path, other)


def test_a_folder_may_be_moved(tmp_path):
  _begin(tmp_path / 'old')
  shutil.move(tmp_path / 'old', tmp_path / 'elsewhere')
  with _open(tmp_path / 'elsewhere') as folder:
    assert folder.resumed
    found = folder.checkpoint_to_go_on_from()
  assert found == folder.checkpoints / '20'
