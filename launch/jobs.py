"""Runs `python -m tfirl.launch` processes, some of them at a time."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from absl import flags

_POLL_S = 0.2
# What TensorFlow takes for run.num_threads = 0.
_THREADS = ('TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS')


@dataclasses.dataclass(frozen=True)
class Job:
  """One process: what to call it and its command."""

  name: str
  command: tuple[str, ...]


def define_flags() -> None:
  """Flags that all batch launches have."""
  flags.DEFINE_multi_integer('seed', [0, 1, 2], 'a run each; repeatable')
  flags.DEFINE_multi_string(
    'scale_file', [], 'a gin file that every run gets after its own'
  )
  flags.DEFINE_multi_string('gin_bindings', [], 'handed to each run')
  flags.DEFINE_string('root_dir', 'runs', 'handed to each run')
  flags.DEFINE_string('demos', None, 'handed to each run')
  flags.DEFINE_integer('jobs', 1, 'processes at a time', lower_bound=1)


def make_job(gin_file: str, seed: int) -> Job:
  """The job of one gin file and seed, with the flags all runs share."""
  given = flags.FLAGS
  command = [sys.executable, '-m', 'tfirl.launch']
  command += [f'--gin_file={gin_file}', f'--seed={seed}']
  command += [f'--gin_file={scale_file}' for scale_file in given.scale_file]
  command += [f'--root_dir={given.root_dir}']
  command += [f'--gin_bindings={binding}' for binding in given.gin_bindings]
  if given.demos is not None:
    command.append(f'--demos={given.demos}')
  return Job(f'{Path(gin_file).stem}-{seed}', tuple(command))


def run_from_flags(jobs: Sequence[Job]) -> None:
  """Runs `jobs`, --jobs at a time; exits with 1 if one failed."""
  given = flags.FLAGS
  failed = run(jobs, given.jobs, Path(given.root_dir) / 'launch_logs')
  if failed:
    sys.exit(f'failed: {", ".join(failed)}')


def run(jobs: Sequence[Job], num_parallel: int, log_folder: Path) -> list[str]:
  """Runs all jobs, `num_parallel` at a time.

  SIGTERM and Ctrl-C reach the running jobs, which checkpoint and end; those
  not begun are left. The same batch again resumes.

  Args:
    jobs: Processes, begun in this order.
    num_parallel: How many run at a time.
    log_folder: Output of job NAME goes to NAME.log here, appended.

  Returns: names of the jobs that failed or were not begun.
  """
  log_folder.mkdir(parents=True, exist_ok=True)
  # Runs that share cores slow each other down by more than their share.
  threads = max(1, (os.cpu_count() or 1) // num_parallel)
  waiting, running, failed = list(jobs), {}, []
  stop = _ForwardedSignals()
  try:
    while running or (waiting and not stop.number):
      while waiting and len(running) < num_parallel and not stop.number:
        job = waiting.pop(0)
        running[_start(job, threads, log_folder)] = job
      time.sleep(_POLL_S)
      stop.forward(running)
      for process in [p for p in running if p.poll() is not None]:
        job = running.pop(process)
        print(f'{job.name}: exit code {process.returncode}', flush=True)
        if process.returncode:
          failed.append(job.name)
  finally:
    stop.restore()
  return failed + [job.name for job in waiting]


def _start(job: Job, threads: int, log_folder: Path) -> subprocess.Popen:
  log = log_folder / f'{job.name}.log'
  print(f'{job.name}: started, output in {log}', flush=True)
  with open(log, 'a') as file:
    # A session of its own: Ctrl-C reaches it once, through us.
    return subprocess.Popen(
      job.command,
      stdout=file,
      stderr=subprocess.STDOUT,
      start_new_session=True,
      env=os.environ | dict.fromkeys(_THREADS, str(threads)),
    )


class _ForwardedSignals:
  """Hands SIGTERM or Ctrl-C on to the running processes, each once.

  Attributes:
    number: The signal received, None without one.
  """

  def __init__(self):
    self.number = None
    self._told = set()
    self._old = {
      number: signal.signal(number, self._receive)
      for number in (signal.SIGTERM, signal.SIGINT)
    }

  def _receive(self, number: int, unused_frame) -> None:
    self.number = number

  def forward(self, processes) -> None:
    """Tells those not told yet to stop."""
    if self.number:
      for process in set(processes) - self._told:
        process.terminate()
        self._told.add(process)

  def restore(self) -> None:
    """Puts the earlier handlers back."""
    for number, handler in self._old.items():
      signal.signal(number, handler)
