"""Writes the run folders that the report's tests read."""

import csv
import json

import pytest

from tfirl.report.drawing import figures

COLUMNS = (
  'real_steps',
  'env_steps',
  'rollout_steps',
  'updates',
  'wall_s',
  'steps_per_s',
  'eval_return_mean',
  'eval_return_std',
  'eval_episodes',
  'eval_success',
  'cost_gap',
)


@pytest.fixture
def write_run(tmp_path):
  """write_run(task, algorithm, seed, env_steps, returns, ...) -> folder.

  `demos_return` is that of the demonstrations, `told` what the config says of
  the task: `expert_return`, `random_return`.
  `budget` is (unit, total, what it was cut from). `is_old` is of before there
  was a column real_steps; without `rollouts` a fifth as many steps as
  `env_steps` are rollouts.
  """

  def write(
    task,
    algorithm,
    seed,
    env_steps,
    returns,
    updates=None,
    wall_s=None,
    success=None,
    root='runs',
    num_demos=None,
    budget=None,
    rollouts=None,
    is_old=False,
    demos_return=None,
    **told,
  ):
    folder = tmp_path / root / task / algorithm / str(seed)
    folder.mkdir(parents=True)
    metadata = {}
    demos = {'num_episodes': num_demos, 'mean_return': demos_return}
    demos = {k: v for k, v in demos.items() if v is not None}
    if demos:
      metadata['demonstrations'] = demos
    if budget is not None:
      names = ('unit', 'total', 'cut_from')
      metadata['budget'] = dict(zip(names, budget, strict=True))
    if told:
      lines = [f'Task.{name} = {value}\n' for name, value in told.items()]
      (folder / 'config.gin').write_text(''.join(lines))
    if metadata:
      (folder / 'metadata.json').write_text(json.dumps(metadata))
    with open(folder / 'metrics.csv', 'w', newline='') as file:
      writer = csv.writer(file)
      writer.writerow(COLUMNS[is_old:])
      for i, (step, value) in enumerate(zip(env_steps, returns, strict=True)):
        rollout = rollouts[i] if rollouts else step // 5
        writer.writerow(
          [
            *([] if is_old else [step + rollout]),
            step,
            rollout,
            updates[i] if updates else step,
            wall_s[i] if wall_s else 60.0 * i,
            150.0,
            value,
            1.0,
            10,
            success[i] if success else '',
            0.5,
          ]
        )
    return folder

  return write


@pytest.fixture
def drawn(monkeypatch):
  """The figures that were saved."""
  found = []
  save = figures.save

  def note_and_save(figure, path):
    found.append(figure)
    save(figure, path)

  monkeypatch.setattr(figures, 'save', note_and_save)
  return found
