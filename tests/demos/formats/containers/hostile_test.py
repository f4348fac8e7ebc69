"""Files that are made to do harm: refused before they can."""

import contextlib
import json
import os
import pickle
import signal
import sys
import time
import zipfile

import h5py
import numpy as np
import pytest

from tfirl.demos.checking import DemonstrationError
from tfirl.demos.formats import npz
from tfirl.demos.formats.containers import npz_archive, rehearsal
from tfirl.demos.formats.hdf5 import read_hdf5
from tfirl.demos.formats.minari import minari_folder
from tfirl.demos.load import read
from tfirl.machine import memory

_ROWS = 4
_COLUMNS = {
  'observations': np.arange(8.0).reshape(4, 2),
  'actions': np.zeros((4, 1)),
  'next_observations': np.arange(8.0).reshape(4, 2) + 2,
  'terminals': np.zeros(4, bool),
  'timeouts': np.arange(4) == 3,
  'rewards': np.zeros(4),
}


@pytest.mark.parametrize('suffix', ['npz', 'hdf5', 'csv'])
def test_a_pipe_is_refused_at_once(tmp_path, suffix):
  path = str(tmp_path / f'd.{suffix}')
  os.mkfifo(path)  # that nobody writes to: whoever opens it waits forever
  with pytest.raises(
    DemonstrationError, match='found a pipe; expected a regul'
  ):
    read(path)


def test_devices_and_folders_are_refused(tmp_path):
  (tmp_path / 'folder.npz').mkdir()
  (tmp_path / 'zero.npz').symlink_to('/dev/zero')
  for name, kind in (('folder', 'folder'), ('zero', 'device')):
    with pytest.raises(DemonstrationError, match=f'found a {kind}'):
      read(str(tmp_path / f'{name}.npz'))


def _write_claim(path, key, shape):
  """An .npz whose member claims that shape, and unpacks to that of zeros."""
  with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
    for name, values in _COLUMNS.items():
      with archive.open(f'{name}.npy', 'w') as file:
        np.save(file, values) if name != key else _zeros(file, shape)
    if key not in _COLUMNS:
      with archive.open(f'{key}.npy', 'w') as file:
        _zeros(file, shape)


def _zeros(file, shape):
  header = {'descr': '<f8', 'fortran_order': False, 'shape': shape}
  np.lib.format.write_array_header_1_0(file, header)
  for _ in range(shape[0]):
    file.write(bytes(8 * shape[1]))


def test_sizes_are_checked_before_they_are_allocated(tmp_path, monkeypatch):
  """Of 64 MB where 1 is allowed, as of 8 GB where 4 are."""
  monkeypatch.setattr(memory, 'MOST_OF_A_FILE', 2**20)
  monkeypatch.setattr(np.lib.format, 'read_array', lambda *_, **__: 1 / 0)
  path = tmp_path / 'd.npz'
  _write_claim(path, 'observations', (64, 2**17))
  assert path.stat().st_size < 2**17
  with pytest.raises(
    DemonstrationError, match='0.0625 GiB of memory; expected'
  ):
    read(str(path))


def test_keys_that_are_not_known_are_never_read(tmp_path, monkeypatch):
  monkeypatch.setattr(memory, 'MOST_OF_A_FILE', 2**20)
  path = tmp_path / 'd.npz'
  _write_claim(path, 'pictures', (64, 2**17))
  raw = read(str(path))
  np.testing.assert_array_equal(
    raw.columns['observations'], _COLUMNS['observations']
  )


def test_a_header_that_claims_more_than_there_is(tmp_path):
  path = tmp_path / 'd.npz'
  with zipfile.ZipFile(path, 'w') as archive:
    with archive.open('observations.npy', 'w') as file:
      header = {'descr': '<f8', 'fortran_order': False, 'shape': (2**40, 2)}
      np.lib.format.write_array_header_1_0(file, header)
  with pytest.raises(DemonstrationError, match='observations: found 128 bytes'):
    npz_archive.NpzArchive(str(path))


@pytest.mark.filterwarnings('ignore:Duplicate name')
def test_a_key_that_is_there_twice(tmp_path):
  path = tmp_path / 'd.npz'
  np.savez(path, **_COLUMNS)
  with zipfile.ZipFile(path, 'a') as archive:
    archive.writestr('actions.npy', archive.read('actions.npy'))
  with pytest.raises(
    DemonstrationError, match='actions: found twice; expected'
  ):
    npz.read_npz(str(path))


@pytest.mark.parametrize('suffix', ['pkl', 'npy'])
def test_pickles_are_answered_with_the_lines_that_convert_them(
  tmp_path, suffix
):
  path = tmp_path / f'd.{suffix}'
  path.write_bytes(pickle.dumps([]))
  with pytest.raises(DemonstrationError, match='a pickle') as caught:
    read(str(path))
  lines = str(caught.value).split('\n')[1:]
  assert 5 <= len(lines) <= 6 and 'allow_pickle=True' in lines[1]
  compile('\n'.join(line[2:] for line in lines), 'lines', 'exec')


def test_an_array_of_objects_is_answered_with_the_lines_that_mend_it(tmp_path):
  path = tmp_path / 'd.npz'
  np.savez(path, **_COLUMNS, e=np.array(['a', 'a', 'b', 'b'], object))
  keys = {'observations': 'observations', 'actions': 'actions', 'episodes': 'e'}
  with pytest.raises(DemonstrationError, match='found e, a pickle') as caught:
    read(str(path), keys=keys)
  lines = str(caught.value).split('\n')[1:]
  exec('\n'.join(line[2:] for line in lines))
  assert read(str(path), keys=keys).episode_ends.tolist() == [1, 2]


def _hdf5(path, **changes):
  with h5py.File(path, 'w') as file:
    for key, values in _COLUMNS.items():
      if key not in changes:
        file[key] = values
    for key, change in changes.items():
      change(file, key)
  return str(path)


def _external_storage(file, key):
  data = np.zeros((4, 2))
  secret = [('/etc/hostname', 0, data.nbytes)]
  file.create_dataset(key, data.shape, data.dtype, external=secret)


def _virtual(file, key):
  layout = h5py.VirtualLayout((4, 2), 'f8')
  layout[:] = h5py.VirtualSource('/tmp/other.hdf5', 'x', (4, 2))
  file.create_virtual_dataset(key, layout)


def _external_link(file, key):
  file[key] = h5py.ExternalLink('/tmp/other.hdf5', 'x')


def _soft_link(file, key):
  file['elsewhere'] = np.zeros((4, 2))
  file[key] = h5py.SoftLink('/elsewhere')


def _never_written(file, key):
  file.create_dataset(key, (4, 2), 'f8')


def _partly_written(file, key):
  file.create_dataset(key, (4, 2), 'f8', chunks=(1, 2))[0] = 1.0


def _too_large(file, key):
  file.create_dataset(key, (2**40, 2), 'f8', chunks=(1, 2))


@pytest.mark.parametrize(
  ('change', 'message'),
  [
    (_external_storage, 'observations: found those of other files'),
    (_virtual, 'observations: found those of other files'),
    (_external_link, 'observations'),
    (_soft_link, 'observations'),
    (_never_written, 'observations: found gaps'),
    (_partly_written, 'observations: found gaps'),
    (_too_large, 'observations: found gaps'),
  ],
)
def test_hdf5_holds_its_own_numbers(tmp_path, change, message):
  path = _hdf5(tmp_path / 'd.hdf5', observations=change)
  with pytest.raises(DemonstrationError, match=message):
    read_hdf5(path, 'Hopper-v5')


def test_a_chunk_is_unpacked_whole_so_its_size_counts(tmp_path, monkeypatch):
  monkeypatch.setattr(memory, 'MOST_OF_A_FILE', 2**20)

  def change(file, key):
    file.create_dataset(
      key,
      (4, 2),
      'f8',
      data=np.zeros((4, 2)),
      chunks=(2**18, 2),
      maxshape=(None, 2),
      compression='gzip',
    )

  path = _hdf5(tmp_path / 'd.hdf5', observations=change)
  with pytest.raises(
    DemonstrationError, match='observations: found arrays that'
  ):
    read_hdf5(path, 'Hopper-v5')


def test_groups_that_contain_themselves(tmp_path):
  def change(file, key):
    file[key] = np.zeros((4, 2))
    file['round'] = file['/']

  path = _hdf5(tmp_path / 'd.hdf5', observations=change)
  with pytest.raises(
    DemonstrationError, match='deeper groups; expected at most'
  ):
    read_hdf5(path, 'Hopper-v5')


def _endless():
  while True:
    time.sleep(1)


def test_what_never_ends_or_crashes_is_a_childs(monkeypatch):
  """As HDF5 does on some damaged files."""
  monkeypatch.setattr(rehearsal, 'LEAST_S', 0.2)
  with pytest.raises(DemonstrationError, match='did not finish in 0 s'):
    rehearsal.rehearse('d.hdf5', 0, _endless)
  monkeypatch.setattr(rehearsal, 'LEAST_S', 60.0)
  with pytest.raises(
    DemonstrationError, match='ends the HDF5 library by SIGAB'
  ):
    rehearsal.rehearse('d.hdf5', 0, os.abort)
  rehearsal.rehearse('d.hdf5', 0, lambda: 1 / 0)  # the caller will see it


@pytest.mark.parametrize('fate', [os.abort, _endless])
def test_a_child_that_fails_once_is_not_the_files_fault(
  tmp_path, monkeypatch, fate
):
  monkeypatch.setattr(rehearsal, 'LEAST_S', 2.0)
  has_begun = tmp_path / 'has_begun'

  def fails_once():
    if not has_begun.exists():
      has_begun.touch()
      fate()

  rehearsal.rehearse('d.hdf5', 0, fails_once)
  assert has_begun.exists()


def _writes_its_number(path):
  path.write_text(str(os.getpid()))
  _endless()


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGTERM])
def test_a_reading_ends_with_its_reader(tmp_path, number):
  """Be that killed, or told to end: no orphan spins on, or has its locks."""
  path, reader = tmp_path / 'pid', os.fork()
  if not reader:
    with contextlib.suppress(BaseException):
      signal.signal(signal.SIGTERM, lambda *_: sys.exit())
      rehearsal.rehearse('d.hdf5', 0, lambda: _writes_its_number(path))
    os._exit(0)
  child = int(_soon(lambda: path.exists() and path.read_text()))
  os.kill(reader, number)
  os.waitpid(reader, 0)
  has_ended = _soon(lambda: not os.path.exists(f'/proc/{child}'))
  with contextlib.suppress(ProcessLookupError):
    os.kill(child, signal.SIGKILL)  # so that a failure leaves none, either
  assert has_ended


def _soon(is_so):
  deadline = time.monotonic() + 20
  while not is_so() and time.monotonic() < deadline:
    time.sleep(0.01)
  return is_so()


def test_minari_makes_no_environment_of_a_file(tmp_path, monkeypatch):
  """Without spaces it would: of `entry_point`, whatever that is."""
  monkeypatch.setenv('MINARI_DATASETS_PATH', str(tmp_path))
  folder = tmp_path / 'zoo' / 'bad-v0' / 'data'
  folder.mkdir(parents=True)
  _hdf5(folder / 'main_data.hdf5')
  spec = {
    'id': 'Bad-v0',
    'entry_point': 'os:system',
    'kwargs': {'command': f'touch {tmp_path}/made'},
  }
  metadata = {'data_format': 'hdf5', 'env_spec': json.dumps(spec)}
  (folder / 'metadata.json').write_text(json.dumps(metadata))
  with pytest.raises(
    DemonstrationError, match='observation_space: found NoneTy'
  ):
    read('minari:zoo/bad-v0')
  assert not (tmp_path / 'made').exists()


@pytest.mark.parametrize('change', [_external_link, _external_storage])
def test_minari_reads_no_other_file(tmp_path, change):
  folder = tmp_path / 'data'
  folder.mkdir()
  _hdf5(folder / 'main_data.hdf5', observations=change)
  with pytest.raises(DemonstrationError, match='numbers that lie in the file'):
    minari_folder.check_numbers(str(tmp_path))


@pytest.mark.parametrize('key', ['observations', 'actions', 'terminals'])
def test_an_empty_dataset_is_named(tmp_path, key):
  with h5py.File(tmp_path / 'd.hdf5', 'w') as file:
    for name, values in _COLUMNS.items():
      file[name] = h5py.Empty('f8') if name == key else values
  with pytest.raises(DemonstrationError, match=f'{key}: found an empty datas'):
    read(str(tmp_path / 'd.hdf5'))
