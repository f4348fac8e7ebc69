"""What leaves a run's folder: its policy and its cost, for other programs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfirl import acting
from tfirl.agents import export as policy_export
from tfirl.costs import export as cost_export
from tfirl.costs import learner as cost_learner
from tfirl.demos import recorder
from tfirl.envs import mujoco_state
from tfirl.evaluation import metrics
from tfirl.storage import atomic_file, policy_file, run_folder

# How each leaves, and under which name if none is given.
_POLICY_FORMATS = {
  'saved_model': ('policy', policy_export.save_policy),
  'npz': (policy_file.FILE, policy_file.save),
  'tflite': ('policy.tflite', policy_export.save_tflite),
  'onnx': ('policy.onnx', policy_export.save_onnx),
}
_COST_FORMATS = {
  'saved_model': ('cost', cost_export.save_model),
  'npz': (cost_export.FILE, None),  # it is that file
}


class Leaver:
  """Writes what leaves a run, with each checkpoint of it."""

  def __init__(self, folder: Path, task_name: str, env):
    """Args: `folder` of the run, and `env` as its task makes it."""
    self._folder = folder
    self._env = env
    self._facts = {
      'task': task_name,
      'env_id': env.env_id,
      # Of an environment of the user's these may be anything.
      'env_kwargs': json.loads(recorder.kwargs_text(env.env_kwargs)),
      'max_episode_steps': env.max_episode_steps,
      'method': folder.parent.name,
      'seed': int(folder.name),
      'versions': run_folder.versions(),
    }

  def write_policy(
    self,
    policy: acting.MlpPolicy,
    name: str,
    last_row: Mapping[str, float] | None,
  ) -> None:
    """NAME/, a SavedModel, and NAME.npz.

    Args:
      policy: acts in [-1, 1]; what is written acts in the environment's units.
      name: 'policy' or 'best_policy'.
      last_row: of metrics.csv: the latest evaluation; None before there is any.
    """
    leaving = policy_file.make(
      policy,
      *self._bounds,
      self._metadata(last_row),
      mujoco_state.joint_names(self._env.gym),
    )
    policy_export.save_policy(leaving, self._folder / name)
    policy_file.save(leaving, self._folder / f'{name}.npz')

  def write_cost(
    self,
    cost: cost_learner.CostLearner | None,
    last_row: Mapping[str, float] | None,
  ) -> None:
    """cost.npz; nothing of a method that learns none. Args: as above."""
    if cost is not None:
      path = self._folder / cost_export.FILE
      metadata = self._metadata(last_row)
      cost_export.save_npz(cost, *self._bounds, metadata, path)

  @property
  def _bounds(self):
    return self._env.action_low, self._env.action_high

  def _metadata(self, last_row: Mapping[str, float] | None) -> dict[str, Any]:
    row = last_row or {}
    evaluation = {k: row[k] for k in metrics.COLUMNS if k in row}
    return {**self._facts, 'latest_evaluation': evaluation}


def export(
  run: Path, what: str = 'policy', kind: str = 'saved_model', out: str = ''
) -> Path:
  """Writes a finished run's policy or cost in another form.

  Args:
    run: its folder.
    what: 'policy' or 'cost'.
    kind: 'saved_model' or 'npz'; of a policy also 'tflite' or 'onnx'.
    out: where to; in the run's folder if not given.

  Returns: what was written.

  Raises:
    FileNotFoundError: the run has left none.
    FileExistsError: something that is no SavedModel is where one is to be, or
      anything where a file is to be that is not the run's own.
    ValueError: there is no such form, or what it needs is missing.
  """
  formats = _POLICY_FORMATS if what == 'policy' else _COST_FORMATS
  if kind not in formats:
    raise ValueError(
      f'--format is {kind!r}; expected, of a {what}, one of '
      f'{", ".join(formats)}'
    )
  name, write = formats[kind]
  source = run / (policy_file.FILE if what == 'policy' else cost_export.FILE)
  if not source.is_file():
    raise FileNotFoundError(_missing(run, what, source))
  path = Path(out) if out else run / name
  if kind != 'saved_model' and path.exists() and not _same(path, run / name):
    raise FileExistsError(
      f'--out is {out!r}, which is there; expected a new name'
    )
  path.parent.mkdir(parents=True, exist_ok=True)
  if write is None:
    if not _same(path, source):
      atomic_file.write_bytes(path, source.read_bytes())
    return path
  load = policy_file.load if what == 'policy' else cost_export.RewardModule
  write(load(source), path)
  return path


def _same(path: Path, other: Path) -> bool:
  return path.exists() and other.exists() and path.samefile(other)


def _missing(run: Path, what: str, source: Path) -> str:
  if what == 'cost' and (run / policy_file.FILE).is_file():
    return (
      f'{source} not found; expected a run of the game, whose methods learn a '
      f'cost; {run.resolve().parent.name} learns none'
    )
  return (
    f'{source} not found; expected the folder ROOT/TASK/METHOD/SEED of a run '
    'that has reached a checkpoint. One that an earlier tfirl finished: the '
    'command that made it writes it'
  )
