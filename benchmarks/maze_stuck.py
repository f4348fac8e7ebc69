"""Where a maze's policy gets stuck, and what its cost and its model say there.

  python benchmarks/maze_stuck.py runs/antmaze_large_diverse/hyper/0

Plays episodes of the run's last policy and tells, as Markdown, how they end;
in which cells those that fail stand still; and of the rows there, beside those
of the way to a goal and the expert's: the reward, the error of the model's next
step in deviations of the expert's steps, and how far its members disagree.
"""

import collections
import pathlib

import numpy as np
import program
from absl import flags

import tfirl
from tfirl.costs import export as cost_export
from tfirl.demos import load
from tfirl.envs import goals
from tfirl.evaluation import evaluate
from tfirl.runs import restoring
from tfirl.storage import policy_file

flags.DEFINE_integer('episodes', 100, 'How many are played.', lower_bound=1)
flags.DEFINE_string('demos', None, "The run's, if not the task's own.")

_STILL = 200  # steps within half a cell of each other: stuck
_MOST_ROWS = 5000  # of a group, that are judged
_LEAST_MOVE = 1e-5  # of an observation in a step: it is no constant
_LAID_OVER = 20  # observations of an ant are longer, a point's are not


def play(env, policy, num_episodes: int) -> list[tuple[np.ndarray, bool]]:
  """Observations [T + 1, O] of each episode, and whether it got to its goal."""
  episodes = []
  for i in range(num_episodes):
    env.seed(evaluate.episode_seed(0, i))
    step = env.reset()
    seen, is_there = [step.observation], False
    while not step.is_last():
      step = env.step(policy(step.observation))
      seen.append(step.observation)
      is_there |= bool(goals.is_reached(env.get_info()))
    episodes.append((np.stack(seen), is_there))
  return episodes


def is_stuck(observations: np.ndarray, cell_size: float) -> bool:
  """Whether the last steps of [T + 1, O] stay within half a cell."""
  tail = observations[-_STILL:, :2]
  return len(tail) == _STILL and np.ptp(tail, axis=0).max() < cell_size / 2


def is_laid_over(observation: np.ndarray) -> bool:
  """Whether an ant's torso, whose quaternion w x y z follows x, y and height,
  points more down than up.
  """
  x, y = observation[4:6]
  return len(observation) > _LAID_OVER and 1 - 2 * (x**2 + y**2) < 0


class Judge:
  """What a run's cost and model say of rows."""

  def __init__(self, run: pathlib.Path, task, demos):
    """Args: the run's folder, task and demonstrations."""
    path = run / cost_export.FILE
    self._reward = cost_export.RewardModule(path) if path.exists() else None
    self._model = restoring.learned_model(run, task, demos.sizes).model
    moved = demos.next_observations - demos.observations
    spread = moved.std(axis=0)
    self._moves = spread > _LEAST_MOVE  # all but the goal
    self._unit = spread[self._moves]

  def say(self, observations, actions, successors) -> list[str]:
    """Cells: rows, mean reward, the model's error, its members' spread."""
    chosen = np.random.default_rng(0).permutation(len(observations))
    chosen = chosen[:_MOST_ROWS]
    rows = (observations[chosen], actions[chosen], successors[chosen])
    o, a, s = (part.astype(np.float32) for part in rows)
    reward = '–'
    if self._reward is not None:
      reward = f'{self._reward.unit_reward(o, a).numpy().mean():.2f}'
    mean, _ = self._model.predict(o, a, self._model.elites)
    mean = mean.numpy()[..., : o.shape[1]][..., self._moves]
    error = (mean.mean(axis=0) - s[:, self._moves]) / self._unit
    spread = mean.std(axis=0) / self._unit
    return [
      f'{len(observations):,}',
      reward,
      f'{np.sqrt((error**2).mean()):.2f}',
      f'{np.sqrt((spread**2).mean()):.2f}',
    ]


def sort_out(episodes, grid):
  """Rows of episodes by how they ended.

  Args:
    episodes: observations [T + 1, O], and whether the goal was reached, each.
    grid: the maze's cells.

  Returns: lists of rows by their group; in how many episodes each cell is where
    it was stuck; how many ended in which way.
  """
  groups, cells = collections.defaultdict(list), collections.Counter()
  ends = collections.Counter()
  for seen, is_there in episodes:
    group, rows = 'on the way to a goal', seen
    if is_there:
      ends['there'] += 1
    elif is_stuck(seen, grid.cell_size):
      group, rows = 'stuck', seen[-_STILL:]
      cells[tuple(grid.cell(seen[-1, :2]))] += 1
      ends['stuck, on its back' if is_laid_over(seen[-1]) else 'stuck'] += 1
    else:
      group = 'under way at the end'
      ends[group] += 1
    groups[group].append(rows)
  return groups, cells, ends


def print_rows(judge, policy, demos, is_there, groups) -> None:
  """The table of what is said of the expert's rows and of each group's.

  Args:
    judge: says it.
    policy: which acted, for the groups' actions.
    demos: the expert's rows.
    is_there: [N] bool, of these, where others are stuck.
    groups: as of `sort_out`.
  """
  print('\n| rows | number | reward | error of the model | its spread |')
  print('|---|---:|---:|---:|---:|')

  def line(name, observations, actions, successors):
    said = judge.say(observations, actions, successors)
    print(f'| {name} | {" | ".join(said)} |')

  parts = (demos.observations, demos.actions, demos.next_observations)
  line('the expert', *parts)
  if is_there.any():
    line('the expert, where others are stuck', *(p[is_there] for p in parts))
  for name, episodes in groups.items():
    seen = np.concatenate([rows[:-1] for rows in episodes])
    then = np.concatenate([rows[1:] for rows in episodes])
    line(name, seen, policy(seen), then)


def main(argv: list[str]) -> None:
  """Prints it."""
  run = pathlib.Path(argv[1])
  task = tfirl.load_run(run).task
  demos = load.of_task(flags.FLAGS.demos or task.demos, task)
  policy = policy_file.load(run / policy_file.FILE).unit_policy
  with task.make_env(0) as env:
    if env.maze is None:
      raise ValueError(f'{run}: found the task {task.name}; expected a maze')
    episodes = play(env, policy, flags.FLAGS.episodes)
    grid = env.maze.map
  groups, cells, ends = sort_out(episodes, grid)
  print(
    f'{len(episodes)} episodes: '
    + ', '.join(f'{count} {name}' for name, count in ends.most_common())
  )
  demo_cells = grid.cell(demos.observations[:, :2])
  in_cell = {cell: np.all(demo_cells == cell, axis=1) for cell in cells}
  is_there = np.zeros(len(demos), bool)
  for rows in in_cell.values():
    is_there |= rows
  print_rows(Judge(run, task, demos), policy, demos, is_there, groups)
  print('\n| cell (row, column) | episodes stuck | rows of the expert |')
  print('|---|---:|---:|')
  for cell, count in cells.most_common():
    known = int(in_cell[cell].sum())
    print(f'| {cell[0]}, {cell[1]} | {count} | {known:,} |')


if __name__ == '__main__':
  program.run(main, 'RUN', least=1)
