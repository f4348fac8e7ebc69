"""Finding D4RL's data sets: names, cache folder, download."""

import functools
import http.server
import os
import threading

import pytest

from tfirl.demos.formats.d4rl import d4rl_files


def test_urls_equal_those_of_d4rl(monkeypatch, tmp_path):
  monkeypatch.setenv('D4RL_SUPPRESS_IMPORT_ERROR', '1')
  # Importing it makes this folder.
  monkeypatch.setenv('D4RL_DATASET_DIR', str(tmp_path))
  from d4rl import infos

  tasks = ('hopper', 'walker2d', 'halfcheetah', 'ant', 'antmaze', 'maze2d')
  compared = 0
  for name, url in infos.DATASET_URLS.items():
    known = name.split('-')[0] in tasks and '-open-' not in name
    if known and 'random-expert' not in name:
      assert d4rl_files.dataset_url(name) == url
      compared += 1
  assert compared == 92


@pytest.mark.parametrize(
  'name',
  ['hopper', 'hopper-expert', 'hopper-best-v2', 'antmaze-large-v2', '../x-v2'],
)
def test_unknown_name(name):
  with pytest.raises(ValueError, match='found no such D4RL data set'):
    d4rl_files.dataset_url(name)


def test_base_env_ids():
  assert d4rl_files.base_env_id('antmaze-large-play-v2') == 'AntMaze'
  assert d4rl_files.base_env_id('maze2d-large-v1') == 'PointMaze'


def test_cache_folder(monkeypatch, tmp_path):
  monkeypatch.setenv('D4RL_DATASET_DIR', str(tmp_path))
  assert d4rl_files.cache_folder() == str(tmp_path)
  monkeypatch.delenv('D4RL_DATASET_DIR')
  monkeypatch.setenv('HOME', '/home/me')
  assert d4rl_files.cache_folder() == '/home/me/.d4rl/datasets'


class _Handler(http.server.SimpleHTTPRequestHandler):
  cut = 0

  def log_message(self, *args):
    """Says nothing."""

  def copyfile(self, source, outputfile):
    data = source.read()
    outputfile.write(data[: len(data) - self.cut])


@pytest.fixture
def server(tmp_path, monkeypatch):
  """A server of hopper-expert-v2 (1000 bytes), in place of D4RL's."""
  monkeypatch.setenv('D4RL_DATASET_DIR', str(tmp_path / 'cache'))
  folder = tmp_path / 'served' / 'gym_mujoco_v2'
  folder.mkdir(parents=True)
  (folder / 'hopper_expert-v2.hdf5').write_bytes(bytes(1000))
  handler = type('Handler', (_Handler,), {})
  httpd = http.server.ThreadingHTTPServer(
    ('127.0.0.1', 0), functools.partial(handler, directory=folder.parent)
  )
  url = f'http://127.0.0.1:{httpd.server_address[1]}'
  monkeypatch.setattr(d4rl_files, '_SERVER', url)
  thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
  thread.start()
  yield handler
  httpd.shutdown()
  httpd.server_close()
  thread.join()


def test_downloads_once(server, tmp_path, monkeypatch):
  path = d4rl_files.find('hopper-expert-v2')
  assert path == str(tmp_path / 'cache' / 'hopper_expert-v2.hdf5')
  assert os.path.getsize(path) == 1000
  assert os.listdir(tmp_path / 'cache') == ['hopper_expert-v2.hdf5']
  monkeypatch.setattr(d4rl_files, '_download', None)  # would raise
  assert d4rl_files.find('hopper-expert-v2') == path


def test_a_cut_download_leaves_nothing(server, tmp_path):
  server.cut = 1
  with pytest.raises(FileNotFoundError, match='stopped at 999 of 1000 bytes'):
    d4rl_files.find('hopper-expert-v2')
  assert os.listdir(tmp_path / 'cache') == []


def test_failed_download_says_where_to_put_it(server, tmp_path):
  with pytest.raises(FileNotFoundError) as caught:
    d4rl_files.find('hopper-medium-v2')
  text = str(caught.value)
  assert f'put it at {tmp_path}/cache/hopper_medium-v2.hdf5' in text
  assert 'D4RL_DATASET_DIR' in text
  assert '404' in text
