r"""A sweep run by XManager's local executor; no Docker, no Bazel.

  tfirl sweep --write_xm_script
  xmanager launch xm_sweep.py -- --gin_file=mm_hopper.gin --seeds=0:5 \
    --root_dir=runs/mm --max_parallel=2

XManager's pins and tfirl's exclude each other: this file runs in an environment
of XManager's own (xm_requirements.txt), and every unit under --interpreter,
where tfirl is installed. Flags are those of `tfirl sweep`; another batch is
named by --script, with its own flags after a second `--`.
"""

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from absl import app, flags
from xmanager import xm, xm_local

# Of the tfirl that wrote this file: `xm_script.write` fills both in.
_FLAGS_FILE = str(Path(__file__).resolve().with_name('flags.py'))
_DEFAULT_INTERPRETER = '.venv/bin/python'


def _load_flags(path: str):
  """sweeps/flags.py by its path, for tfirl is not installed here."""
  spec = importlib.util.spec_from_file_location('sweep_flags', path)
  module = importlib.util.module_from_spec(spec)
  sys.modules[spec.name] = module  # absl looks there for a flag's module
  spec.loader.exec_module(module)
  return module


# At import, for `xmanager launch` imports this file before it parses flags.
sweep_flags = _load_flags(_FLAGS_FILE)
sweep_flags.define_flags()
sweep_flags.define_gin_file()
_INTERPRETER = flags.DEFINE_string(
  'interpreter', _DEFAULT_INTERPRETER, "the Python of tfirl's environment"
)
_SCRIPT = flags.DEFINE_string(
  'script', None, 'what makes the units in place of `python -m tfirl.sweeps`'
)
_TITLE = flags.DEFINE_string('title', 'tfirl sweep', "the experiment's name")
_QUEUE_TIMEOUT_S = 600


def queue(extra_flags: Sequence[str]) -> list[dict]:
  """Has our interpreter check and queue the units. Returns: those to run.

  Raises RuntimeError with its message if it refuses.
  """
  interpreter = _INTERPRETER.value
  if not os.access(interpreter, os.X_OK):
    raise RuntimeError(
      f'--interpreter={interpreter}: found no program there; expected the '
      'Python of an environment in which tfirl is installed'
    )
  program = [_SCRIPT.value] if _SCRIPT.value else ['-m', 'tfirl.sweeps']
  command = [interpreter, *program, *_given_flags(), *extra_flags]
  done = subprocess.run(
    [*command, '--executor=none'],
    capture_output=True,
    text=True,
    timeout=_QUEUE_TIMEOUT_S,
  )
  if done.returncode:
    code = (
      f'{interpreter} ended with exit code {done.returncode}'  # killed, say
    )
    raise RuntimeError([code, *done.stderr.strip().splitlines()][-1])
  return [json.loads(line) for line in done.stdout.splitlines()]


async def run(units: Sequence[dict]) -> None:
  """Runs all units, --max_parallel at a time.

  XManager's local executor starts whatever it is given at once, so each unit
  waits for its turn before it is added.
  """
  semaphore = asyncio.Semaphore(flags.FLAGS.max_parallel)
  stopped = asyncio.Event()
  try:
    async with xm_local.create_experiment(_TITLE.value) as experiment:
      (executable,) = experiment.package(
        [
          xm.Packageable(
            xm.Binary(path=os.path.abspath(_INTERPRETER.value)),
            executor_spec=xm_local.Local.Spec(),
          )
        ]
      )

      async def run_one(unit: dict) -> None:
        async with semaphore:
          if stopped.is_set():
            return
          work_unit = await experiment.add(_job(unit, executable))
          try:
            await work_unit.wait_until_complete()
          except xm.ExperimentUnitFailedError:  # its status.json says why
            if flags.FLAGS.fail_fast:
              stopped.set()

      await asyncio.gather(*(run_one(unit) for unit in units))
  except RuntimeError as error:
    # Raised once more for each failed process, at the experiment's exit.
    if 'returned non-zero code' not in str(error):
      raise


def _given_flags() -> list[str]:
  """The sweep's flags as they were given."""
  lines = []
  for flag in flags.FLAGS.get_flags_for_module('sweep_flags'):
    # A batch with a list of its own has no --gin_file.
    if flag.present:
      lines += flag.serialize().splitlines()
  return lines


def _job(unit: dict, executable: xm.Executable) -> xm.Job:
  name = '_'.join([*Path(unit['run_dir']).parts[-3:], unit['id']])
  return xm.Job(
    executable,
    # Units write their own logs; this leaves nobody's pipe to break.
    xm_local.Local(experimental_stream_output=False),
    name=name,
    # A shell may stand between us and the unit: it is told whom to end with.
    args=['-m', 'tfirl.work_units', unit['run_dir'], f'--parent={os.getpid()}'],
  )


def _state(unit: dict) -> str:
  return json.loads(Path(unit['run_dir'], 'status.json').read_text())['state']


def main(argv: Sequence[str]) -> None:
  """Exits with 1 and one message after a user's error, or if units failed."""
  try:
    units = queue(argv[1:])
    print(f'{len(units)} units to run', flush=True)
    asyncio.run(run(units))
  except (OSError, RuntimeError, subprocess.SubprocessError) as error:
    sys.exit(f'error: {str(error).removeprefix("error: ")}')
  undone = [unit for unit in units if _state(unit) != 'done']
  for unit in undone:
    print(f'{unit["run_dir"]}: {_state(unit)}', file=sys.stderr)
  if undone:
    sys.exit(f'{len(undone)} of {len(units)} units are not done')
  print(f'{len(units)} units done')


if __name__ == '__main__':
  app.run(main)
