"""Measures peers side by side: alternating processes, medians, a ratio.

Timings on a machine wander by tens of per cent from one minute to the next, so
the peers take turns (A B A B ...), each turn a process of its own, and both
get the same cores.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from absl import flags

_MEASURE = flags.DEFINE_bool(
  'measure', False, "Measure tfirl in this process: what tfirl's turn runs."
)
flags.DEFINE_integer('repeats', 3, 'Turns of each peer.', lower_bound=1)
flags.DEFINE_integer(
  'cores', None, 'Cores that every peer may use; all by default.', 1
)
flags.DEFINE_integer(
  'threads',
  None,
  'Threads of every peer; all cores, the default of both, if not given.',
  1,
)
flags.DEFINE_string(
  'sb3_python',
  None,
  'Python of an environment with Stable-Baselines3, made by: '
  'python3.11 -m venv SB3 && SB3/bin/pip install torch==2.13.0 '
  'stable-baselines3==2.9.0 "gymnasium[mujoco]==1.2.3" mujoco==3.2.3; '
  'then --sb3_python=SB3/bin/python.',
)
flags.DEFINE_string(
  'sbx_python',
  None,
  'Python of an environment with SBX (JAX), made by: python3.11 -m venv SBX && '
  'SBX/bin/pip install torch==2.13.0 && SBX/bin/pip install sbx-rl==0.28.0 '
  '"gymnasium[mujoco]"; then --sbx_python=SBX/bin/python. Not compared with if '
  'not given.',
)
flags.DEFINE_string(
  'mbrl_python',
  None,
  'Python of an environment with mbrl-lib, whose own pins do not resolve, made '
  'by: python3.11 -m venv MBRL && MBRL/bin/pip install "setuptools<82" && '
  'MBRL/bin/pip install --no-deps mbrl==0.2.0 && MBRL/bin/pip install '
  'hydra-core==1.3.2 omegaconf==2.3.0 gymnasium==1.2.3 numpy==1.26.4 '
  'torch==2.13.0 matplotlib termcolor tqdm imageio scipy; then '
  '--mbrl_python=MBRL/bin/python.',
)

# What limits the threads of OpenMP, MKL, PyTorch (by OpenMP) and TensorFlow.
_THREAD_VARIABLES = (
  'OMP_NUM_THREADS',
  'MKL_NUM_THREADS',
  'OPENBLAS_NUM_THREADS',
  'TF_NUM_INTRAOP_THREADS',
  'TF_NUM_INTEROP_THREADS',
)
_FOLDER = os.path.dirname(__file__)


def own_command(*arguments: str) -> list[str]:
  """The command by which this script measures tfirl."""
  return [sys.executable, sys.argv[0], '--measure', *arguments]


def same_flags(*names: str) -> list[str]:
  """These flags of this process, for another's command."""
  return [f'--{name}={flags.FLAGS[name].value}' for name in names]


def sb3_peers(*arguments: str) -> dict[str, list[str]]:
  """The commands of Stable-Baselines3 and, if its flag is given, of SBX.

  Exits if the flag of the first is missing.
  """
  script = 'sb3_sac.py', ['--library=stable_baselines3', *arguments]
  peers = {'Stable-Baselines3': _peer_command('sb3_python', *script)}
  if flags.FLAGS.sbx_python:
    script = 'sb3_sac.py', ['--library=sbx', *arguments]
    peers['SBX'] = _peer_command('sbx_python', *script)
  return peers


def script_command(script: str, *arguments: str) -> list[str]:
  """The command that runs another script of this folder, in tfirl's Python."""
  return [sys.executable, os.path.join(_FOLDER, script), *arguments]


def mbrl_command(*arguments: str) -> list[str]:
  """The command that runs that peer's script. Exits if its flag is missing."""
  return _peer_command('mbrl_python', 'mbrl_peer.py', arguments)


def _peer_command(flag, script, arguments) -> list[str]:
  python = flags.FLAGS[flag].value
  if not python:
    sys.exit(f'--{flag} is missing. {flags.FLAGS[flag].help}')
  return [python, os.path.join(_FOLDER, script), *arguments]


def use_cores() -> tuple[int, int | None]:
  """Limits this process and its children to --cores and --threads.

  Returns:
    Both numbers.
  """
  available = sorted(os.sched_getaffinity(0))
  cores = available[: flags.FLAGS.cores or len(available)]
  os.sched_setaffinity(0, cores)
  threads = flags.FLAGS.threads
  if threads:
    for name in _THREAD_VARIABLES:
      os.environ[name] = str(threads)
  os.environ['CUDA_VISIBLE_DEVICES'] = ''
  os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
  return len(cores), threads


def measure(command: Sequence[str]) -> dict[str, float]:
  """Runs `command`. Returns the JSON object on the last line that it prints.

  Raises:
    RuntimeError: it failed or printed no such line; has the end of its output.
  """
  done = subprocess.run(command, capture_output=True, text=True)
  try:
    if done.returncode:
      raise ValueError(f'exit code {done.returncode}')
    return json.loads(done.stdout.splitlines()[-1])
  except (IndexError, ValueError) as error:
    raise RuntimeError(
      f'{" ".join(command)}: expected JSON on the last line of its output; '
      f'found {error!r}\n{done.stdout[-1000:]}\n{done.stderr[-3000:]}'
    ) from error


def alternate(
  peers: Mapping[str, Sequence[str]], key: str, repeats: int
) -> dict[str, list[float]]:
  """Runs the peers in turns. Returns each one's figures `key`, in order."""
  figures = {name: [] for name in peers}
  for turn in range(repeats):
    for name, command in peers.items():
      figure = measure(command)[key]
      figures[name].append(figure)
      print(f'turn {turn + 1}  {name:<20} {figure:10.1f} {key}', flush=True)
  return figures


def compare(peers: Mapping[str, Sequence[str]], key: str) -> float:
  """Prints turns, medians and the ratios of the first peer to the others.

  Args:
    peers: name -> command that prints a JSON object; at least two.
    key: the figure to compare, in the objects of all.

  Returns:
    The ratio of the medians, first to second.
  """
  cores, threads = use_cores()
  load = os.getloadavg()[0]
  told = f'{threads} threads' if threads else "each peer's default threads"
  print(f'{cores} cores, {told}, load before the turns {load:.1f}')
  if load > 0.5:
    # Threads that wait for each other lose most: PyTorch has been seen at a
    # tenth of its speed, which flatters the ratio.
    print('WARNING: the machine is busy; these figures mean nothing')
  figures = alternate(peers, key, flags.FLAGS.repeats)
  medians = {name: statistics.median(f) for name, f in figures.items()}
  for name, median in medians.items():
    print(f'median  {name:<20} {median:10.1f} {key}')
  first, *others = peers
  for other in others:
    of_turns = [
      a / b for a, b in zip(figures[first], figures[other], strict=True)
    ]
    print(
      f'ratio   {medians[first] / medians[other]:.2f} to {other}; '
      f'of a turn {min(of_turns):.2f} to {max(of_turns):.2f}'
    )
  return medians[first] / medians[others[0]]


def run(
  measure_tfirl: Callable[[], Mapping[str, float]],
  make_peers: Callable[[], Mapping[str, Sequence[str]]],
  key: str,
) -> None:
  """A benchmark: `compare`, or with --measure the figures of tfirl's turn."""
  if _MEASURE.value:
    print(json.dumps(measure_tfirl()))
  else:
    compare(make_peers(), key)
