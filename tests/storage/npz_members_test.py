"""Archives that claim more than there is: refused before memory is taken."""

import re
import tracemalloc
import zipfile

import numpy as np
import pytest

from tfirl.costs import export as cost_export
from tfirl.demos.experts import policies
from tfirl.dynamics import saving
from tfirl.machine import memory
from tfirl.report.drawing import run_pictures
from tfirl.storage import npz_file, npz_members, policy_file

_READERS = {
  'a policy': policy_file.load,
  'a policy that is sent': lambda path: policy_file.from_bytes(
    path.read_bytes()
  ),
  'the weights of a policy': lambda path: policies.load_policy(
    str(path), 'hopper', None
  ),
  'a cost': cost_export.RewardModule,
  'a dynamics model': lambda path: saving.load_model(None, str(path)),
  'a picture': lambda path: run_pictures.read_arrays(str(path), ()),
}
_HEADER = {'descr': '<f8', 'fortran_order': False}


def _write(path, shape, num_bytes):
  """An archive with a member of that shape, and zeros of another size."""
  with (
    zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive,
    archive.open('kernel_0.npy', 'w') as file,
  ):
    header = {**_HEADER, 'shape': shape}
    np.lib.format.write_array_header_1_0(file, header)
    file.write(bytes(num_bytes))
  return path


@pytest.mark.parametrize('reader', _READERS)
def test_terabytes_in_a_few_bytes_are_refused_by_all(tmp_path, reader):
  path = _write(tmp_path / 'x.npz', (10**6, 10**6), 16)
  with pytest.raises(ValueError) as caught:
    _READERS[reader](path)
  name = 'the policy that was sent' if 'sent' in reader else str(path)
  assert str(caught.value).startswith(
    f'{name}: kernel_0: found 144 bytes for shape (1000000, 1000000) of '
    'float64; expected as many as the shape has, of '
  )


@pytest.mark.parametrize(
  ('shape', 'num_bytes'), [((3,), 23), ((3,), 25), ((-1, -3), 24), ((), 0)]
)
def test_a_size_that_is_not_the_headers_is_refused(tmp_path, shape, num_bytes):
  path = _write(tmp_path / 'x.npz', shape, num_bytes)
  found = f'x.npz: kernel_0: found {128 + num_bytes} bytes for shape {shape} of'
  with pytest.raises(ValueError, match=re.escape(found)):
    npz_file.read(path, 'a test')


def test_what_unpacks_to_too_much_is_not_unpacked(tmp_path, monkeypatch):
  """Of 64 MB where 1 is allowed, as of 8 GB where 4 are."""
  monkeypatch.setattr(memory, 'MOST_OF_A_FILE', 2**20)
  monkeypatch.setattr(np.lib.format, 'read_array', lambda *_, **__: 1 / 0)
  path = _write(tmp_path / 'x.npz', (2**23,), 2**26)
  assert path.stat().st_size < 2**17
  message = 'kernel_0: found arrays that take 0.0625 GiB of memory; expected at'
  with pytest.raises(ValueError, match=f'{message} most .*, of a test'):
    npz_file.read(path, 'a test')


def test_a_header_is_read_no_further_than_one_may_go(tmp_path):
  path, length = tmp_path / 'x.npz', 2**25
  start = np.lib.format.magic(2, 0) + length.to_bytes(4, 'little')
  with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
    archive.writestr('a.npy', start + bytes(length))
  tracemalloc.start()
  with pytest.raises(ValueError, match='EOF: reading array header.*a test'):
    npz_file.read(path, 'a test')
  _, most = tracemalloc.get_traced_memory()
  tracemalloc.stop()
  assert most < length / 8


def test_some_arrays_are_read_and_others_left(tmp_path):
  path = tmp_path / 'x.npz'
  np.savez(path, a=np.asfortranarray(np.eye(2, 3)), b=np.ones(2), c='text')
  with zipfile.ZipFile(path, 'a') as archive:
    archive.writestr('README', 'no array')
    members = npz_members.read_headers(archive, path)
    assert {k: v.shape for k, v in members.items()} == {
      'a': (2, 3),
      'b': (2,),
      'c': (),
    }
    del members['b']
    found = npz_members.read(archive, path, members)
  assert list(found) == ['a', 'c'] and found['c'] == 'text'
  np.testing.assert_array_equal(found['a'], np.eye(2, 3))
