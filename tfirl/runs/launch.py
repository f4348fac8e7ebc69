r"""Trains: flags -> gin -> seeds -> run folder -> `experiment.run`.

Flags say where, gin says how much. The same command again resumes.

  python -m tfirl.launch --gin_file=hype_hopper.gin --seed=1 \
    --gin_bindings='run.eval_every = 2000'
"""

import logging as std_logging
import os
import random
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import tensorflow as tf
from absl import flags, logging

from tfirl import checks, tasks, types
from tfirl.config import demo_bindings, flag_help, gin_messages, required
from tfirl.demos import flags as demo_flags
from tfirl.demos import load
from tfirl.evaluation import record
from tfirl.machine import generated_code, ray_connection, signals
from tfirl.replay import interface
from tfirl.runs import experiment
from tfirl.storage import checkpoints, run_files
from tfirl.storage.run_folder import RunFolder, RunFolderError

# What a user can bring about: bad names, files and values, a full disk, a
# starved table, a loss that isn't finite. Anything else is our own mistake and
# ends in Python's traceback.
_USER_ERRORS = (
  ArithmeticError,
  checkpoints.CheckpointError,
  OSError,
  RuntimeError,
  RunFolderError,
  ValueError,
)

_LOG_FORMAT = '%(levelname)s: %(message)s'
ALLOW_CHANGES_HELP = (
  'go on from the checkpoint though bindings have changed, and note which'
)
_USAGE = """python -m tfirl.launch: trains what a gin file says, or resumes it.
  --gin_file=hype_hopper.gin --seed=1 --gin_bindings='run.eval_every = 2000'
"""


def define_flags() -> None:
  """Not at import: other programs of tfirl have a --seed of their own."""
  flags.DEFINE_multi_string(
    'gin_file',
    [],
    'gin file, looked up in the working folder, then among those that come '
    'with tfirl; repeat it to add more, later ones win',
  )
  flags.DEFINE_multi_string(
    'gin_bindings',
    [],
    "a line of gin such as 'run.eval_every = 1000'; repeatable",
  )
  flags.DEFINE_string(
    'root_dir', 'runs', 'results go to ROOT_DIR/TASK/METHOD[-nK]/SEED'
  )
  flags.DEFINE_integer('seed', 0, 'seeds everything', lower_bound=0)
  flags.DEFINE_string(
    'demos',
    None,
    f'demonstrations in place of the embedded ones: {demo_flags.SOURCES}',
  )
  flags.DEFINE_bool('accept_demos', False, demo_bindings.ACCEPT_HELP)
  flags.DEFINE_integer('num_demos', None, demo_bindings.FLAG_HELP)
  flags.DEFINE_boolean('allow_changes', False, ALLOW_CHANGES_HELP)
  flags.DEFINE_string('ray_address', None, ray_connection.FLAG_HELP)
  flags.DEFINE_string(
    'reverb_interface', interface.LOOPBACK, interface.FLAG_HELP
  )


class StopSignal:
  """Becomes true at SIGTERM, SIGHUP or the first Ctrl-C; a second one kills,
  but for SIGHUP: a terminal that is closed may send two.

  Until it is asked for the first time there is no round to wait for and nothing
  to save, and a clone may take minutes: then the first signal ends the run, as
  KeyboardInterrupt, or SystemExit with 128 + the signal's number.

  A context manager: leaving it gives the signals back to who had them. Outside
  of the main thread Python takes no signals, and it stays false.
  """

  def __init__(self):
    self._stopped, self._is_asked = False, False
    self._handlers = {}
    if threading.current_thread() is threading.main_thread():
      self._handlers = signals.catch(self._stop)

  def __call__(self) -> bool:
    """Whether the run should end its round, checkpoint and return."""
    self._is_asked = True
    return self._stopped

  def __enter__(self) -> 'StopSignal':
    return self

  def __exit__(self, *unused_exception) -> None:
    signals.give_back(self._handlers)

  def _stop(self, number: int, unused_frame) -> None:
    self._stopped = True
    name, second = signal.Signals(number).name, '; a second one kills'
    if number == signal.SIGHUP:
      second = ''
    signal.signal(number, signal.SIG_DFL if second else signal.SIG_IGN)
    if self._is_asked:
      signals.say(f'{name}: stopping after this round{second}')
      return
    # Which may go on from what earlier ones have trained.
    signals.say(f'{name}: stopping; nothing was trained yet by this launch')
    if number == signal.SIGINT:
      raise KeyboardInterrupt
    raise SystemExit(128 + number)


def seed_everything(seed: int) -> None:
  """Seeds Python's, NumPy's, TensorFlow's and Keras' global generators.

  Keras draws first weights from a generator of its own once anyone has called
  `tf.keras.utils.set_random_seed`. Reverb's sampling has no seed.
  """
  tf.keras.utils.set_random_seed(seed % 2**32)  # all that NumPy takes
  random.seed(seed)
  tf.random.set_seed(seed)


def launch(
  gin_files: Sequence[str],
  bindings: Sequence[str],
  root_dir: str | os.PathLike,
  seed: int,
  demos: str | os.PathLike | types.Demonstrations | None,
  stop: Callable[[], bool],
  num_demos: int | None = None,
  *,
  allow_changes: bool = False,
  task: tasks.Task | None = None,
  on_evaluation: Callable[[record.Evaluation], bool | None] | None = None,
) -> Path:
  """Runs what the gin files name, or resumes it.

  Args:
    gin_files: Names or paths, see `gin_files.find_file`.
    bindings: gin lines that win over the files.
    root_dir: Folder of all runs.
    seed: Seeds everything but Reverb, and names the run folder.
    demos: The demonstrations or their source, None for the task's own.
    stop: Asked once a round.
    num_demos: How many demonstrated episodes to use: short for gin's
      `load_demonstrations.num_episodes`. None leaves it to gin.
    allow_changes: As of `RunFolder`.
    task: What is to be learned, in place of the one that gin binds.
    on_evaluation: As of `experiment.run`.

  Returns:
    The run's folder.

  Raises:
    FileNotFoundError, gin_files.BindingError: see `gin_bindings.parse`; and
      `required.check` of `run`.
    ValueError: no gin file; seed is no number from 0 on; num_demos is below 1,
      or gin binds another number.
    RunFolderError: see `RunFolder`.
    Exception: what ended the run; also written to error.txt in the run folder.
  """
  if not gin_files:
    raise ValueError('--gin_file is missing; expected hype_hopper.gin, say')
  for flag, value in (('--demos', demos), ('--root_dir', root_dir)):
    checks.require(flag, value, 'something, or no such flag', value != '')
  root_dir = checks.path('--root_dir', root_dir)
  checks.integer('--seed', seed, 0)
  seed = int(seed)  # Keras takes none of NumPy's
  demos = None if demos is None else load.given(demos)
  facts = [] if task is None else task.bindings
  demo_bindings.parse(gin_files, bindings, num_demos, facts)
  seed_everything(seed)
  generated_code.keep_in_memory()
  task = task or tasks.make_task()
  required.check('run')
  if isinstance(demos, str):
    demos = os.path.expanduser(demos)  # the same file on resume, ~ or not
  source = demos.source if isinstance(demos, types.Demonstrations) else demos
  folder = root_dir, task.name, demo_bindings.method(), seed, source
  with RunFolder(*folder, allow_changes) as run_folder:
    error_txt = run_folder.path / run_files.ERROR
    error_txt.unlink(missing_ok=True)
    try:
      with required.worded():
        experiment.run(run_folder, task, seed, demos, stop, on_evaluation)
      run_folder.write_operative_config()
    except BaseException as error:
      if isinstance(error, Exception):  # no signal
        _write_traceback(error_txt)
      run_folder.forget_config()  # it may be what has to be mended
      raise
    return run_folder.path


def _write_traceback(path: Path) -> None:
  try:
    path.write_text(traceback.format_exc())
    signals.say(f'the traceback is in {path}')
  except OSError as error:  # the full disk, perhaps, that ended the run
    signals.say(f'{path} could not be written: {error}')


def run(
  gin_files: Sequence[str],
  bindings: Sequence[str],
  root_dir: str,
  seed: int,
  demos: str | None,
  num_demos: int | None,
  allow_changes: bool,
  reverb_interface: str,
  ray_address: str | None,
) -> None:
  """`launch` as a program has it: quiet libraries, and signals that stop it.

  Args: as of `launch`, the interface by which Reverb may be reached, and the
    Ray that has the actors.

  Raises:
    SystemExit: with 1 and one message when a user's error ends the run; as of
      `StopSignal`.
  """
  # Whoever warns, by Python's logging or absl's, is shown alike.
  std_logging.basicConfig(format=_LOG_FORMAT)
  logging.get_absl_handler().setFormatter(std_logging.Formatter(_LOG_FORMAT))
  logging.set_verbosity(logging.WARNING)  # TensorFlow tells of every file
  tf.get_logger().setLevel('WARNING')
  # Of the code that AutoGraph writes, not of ours.
  warnings.simplefilter('ignore', SyntaxWarning)
  try:
    interface.choose(reverb_interface)
    ray_connection.choose(ray_address)
    with StopSignal() as stop:
      where = root_dir, seed, demos, stop, num_demos
      launch(gin_files, bindings, *where, allow_changes=allow_changes)
  except _USER_ERRORS as error:
    sys.exit(f'error: {gin_messages.without_calls(error)}')
  except KeyboardInterrupt:
    sys.exit(128 + signal.SIGINT)


def main(argv: list[str]) -> None:
  """`run` on the flags of the command line."""
  if len(argv) > 1:
    sys.exit(f'error: unexpected arguments {argv[1:]}; expected only flags')
  given = flags.FLAGS
  run(
    given.gin_file,
    demo_bindings.accepting(given.gin_bindings, given.accept_demos),
    given.root_dir,
    given.seed,
    given.demos,
    given.num_demos,
    given.allow_changes,
    given.reverb_interface,
    given.ray_address,
  )


def run_program() -> None:
  """The program of one run, on the flags of the command line."""
  define_flags()
  flag_help.run(main, _USAGE)
