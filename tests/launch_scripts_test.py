"""Batch launches: which commands they run, how many at a time, and failures."""

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time

import pytest


@pytest.fixture
def jobs(root):
  """The module launch/jobs.py, which no package holds."""
  path = root / 'launch/jobs.py'
  spec = importlib.util.spec_from_file_location('launch_jobs', path)
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module


@pytest.fixture
def fake_tfirl(tmp_path, monkeypatch):
  """A tfirl.launch that prints its flags; put before the real one."""
  package = tmp_path / 'fake' / 'tfirl'
  package.mkdir(parents=True)
  (package / '__init__.py').touch()
  (package / 'launch.py').write_text('import sys\nprint(sys.argv[1:])\n')
  monkeypatch.setenv('PYTHONPATH', str(package.parent))
  monkeypatch.chdir(tmp_path)
  return tmp_path


def _job(jobs, name, code):
  return jobs.Job(name, (sys.executable, '-c', code))


def test_failed_jobs_are_named_and_the_others_run(jobs, tmp_path):
  batch = [
    _job(jobs, 'good-0', 'print("out of good")'),
    _job(jobs, 'bad-0', 'import sys; sys.exit("went wrong")'),
    _job(jobs, 'good-1', 'pass'),
  ]
  assert jobs.run(batch, 1, tmp_path / 'logs') == ['bad-0']
  assert 'out of good' in (tmp_path / 'logs/good-0.log').read_text()
  assert 'went wrong' in (tmp_path / 'logs/bad-0.log').read_text()
  assert (tmp_path / 'logs/good-1.log').exists()


def test_no_more_than_asked_at_a_time(jobs, tmp_path):
  code = (
    'import os, pathlib, time\n'
    f'here = pathlib.Path({str(tmp_path)!r})\n'
    'mine = here / f"{os.getpid()}.running"\n'
    'mine.touch()\n'
    'time.sleep(0.2)\n'
    'print("at once", len(list(here.glob("*.running"))))\n'
    'print("threads", os.environ["TF_NUM_INTRAOP_THREADS"])\n'
    'mine.unlink()\n'
  )
  batch = [_job(jobs, f'job-{i}', code) for i in range(4)]
  assert jobs.run(batch, 2, tmp_path) == []
  logs = [path.read_text() for path in tmp_path.glob('*.log')]
  assert len(logs) == 4
  assert max(int(log.split()[2]) for log in logs) == 2
  threads = max(1, os.cpu_count() // 2)
  assert all(f'threads {threads}\n' in log for log in logs)


def test_signal_reaches_the_running_job_and_stops_the_batch(jobs, tmp_path):
  code = (
    'import signal, sys, time\n'
    'signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n'
    'print("ready", flush=True)\n'
    'time.sleep(60)\n'
  )
  batch = [_job(jobs, 'first', code), _job(jobs, 'second', code)]
  log = tmp_path / 'first.log'

  def stop_when_ready():
    while not (log.exists() and 'ready' in log.read_text()):
      time.sleep(0.02)
    os.kill(os.getpid(), signal.SIGTERM)

  before = signal.getsignal(signal.SIGTERM)
  threading.Thread(target=stop_when_ready, daemon=True).start()
  assert jobs.run(batch, 1, tmp_path) == ['second']
  assert signal.getsignal(signal.SIGTERM) == before


def test_seeds_runs_each_seed_of_the_file(root, fake_tfirl):
  done = subprocess.run(
    [
      sys.executable,
      root / 'launch/seeds.py',
      '--gin_file=mm_hopper.gin',
      '--seed=4',
      '--seed=5',
      '--root_dir=out',
      '--gin_bindings=run.env_steps = 7',
      '--demos=x.npz',
    ],
    capture_output=True,
    text=True,
  )
  assert done.returncode == 0, done.stderr
  logs = fake_tfirl / 'out/launch_logs'
  assert sorted(os.listdir(logs)) == ['mm_hopper-4.log', 'mm_hopper-5.log']
  assert (logs / 'mm_hopper-5.log').read_text() == (
    "['--gin_file=mm_hopper.gin', '--seed=5', '--root_dir=out', "
    "'--gin_bindings=run.env_steps = 7', '--demos=x.npz']\n"
  )


def test_matrix_runs_every_file_with_every_seed_seeds_outermost(
  root, fake_tfirl
):
  done = subprocess.run(
    [
      sys.executable,
      root / 'launch/matrix.py',
      '--gin_file=mm_hopper.gin',
      '--gin_file=hype_ant.gin',
      '--seed=0',
      '--seed=1',
    ],
    capture_output=True,
    text=True,
  )
  assert done.returncode == 0, done.stderr
  started = [line for line in done.stdout.splitlines() if 'started' in line]
  assert [line.split(':')[0] for line in started] == [
    'mm_hopper-0',
    'hype_ant-0',
    'mm_hopper-1',
    'hype_ant-1',
  ]
  assert len(os.listdir(fake_tfirl / 'runs/launch_logs')) == 4
