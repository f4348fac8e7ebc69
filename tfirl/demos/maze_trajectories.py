"""Demonstrations of a maze: in its frame, and each to its goal and no farther.

Data sets of mazes run on after the goal was reached, or go on to another one;
our tasks end there.
"""

import dataclasses
import logging

import numpy as np

from tfirl.demos.border import RawDemonstrations
from tfirl.demos.checking import check
from tfirl.demos.formats.d4rl import d4rl_antmaze
from tfirl.envs.mazes.goal_maze import GoalMaze

# D4RL's radius of success (m). Gymnasium-Robotics' is less, and the wider one
# counts there if the file says so itself by a reward of 1 or a terminal.
_WIDE_RADIUS = 0.5
# Of the rows; a robot that clips a wall is no sign of another frame.
_MOST_IN_WALLS = 1e-3
# Ratio of displacement and velocity against the time step of the task.
_TIME_STEP_TOLERANCE = 0.25
# Sum of squared speeds (m2/s2) from which that ratio is trusted.
_LEAST_MOTION = 1.0


def select(
  raw: RawDemonstrations, maze: GoalMaze, successful_only: bool
) -> RawDemonstrations:
  """The trajectories of `raw`, each cut after the step that reaches its goal.

  A trajectory ends at a time-out, where a successor is not the next row's
  observation, and where the goal changes; at a terminal row only what is
  useful of it does, since robots stay at the goal they reached. One that
  starts at its goal is dropped.

  Args:
    raw: with checked columns, `goal` among them; `success` if known: whether
      the step after a row, which is not there, reached the goal.
    maze: of the task.
    successful_only: drop the trajectories that never reach their goal.

  Returns: rows in their order, successors with the goal of their row;
    `terminals` marks the steps that reach a goal, `timeouts` the last rows of
    other trajectories. Returns are summed anew.

  Raises: ValueError if goals are missing, the frame is not the maze's, or no
    trajectory is left.
  """
  columns, source = raw.columns, raw.source
  expected = "the goal's x-y at each row (infos/goal, desired_goal)"
  check('goal' in columns, source, 'goal', 'none', expected)
  check_frame(raw, maze)
  radius = maze.success_radius
  starts, stops, successes = _trajectories(columns, radius)
  is_kept = successes if successful_only else stops > starts
  found = f'{int(successes.sum())} of {len(starts)} trajectories that reach it'
  expected = 'one or more, or load_demonstrations.successful_only = False'
  check(is_kept.any(), source, 'goal', found, expected)
  starts, stops = starts[is_kept], stops[is_kept]
  rows = np.concatenate(list(map(np.arange, starts, stops)))
  num_rows = len(columns['goal'])
  if len(rows) < num_rows:
    kept = f'{len(rows)} of {num_rows} rows'
    logging.warning('%s: goal: found %s; kept %s.', source, found, kept)
  marked = _marked(columns, stops - 1, radius)
  return dataclasses.replace(
    raw,
    columns={key: values[rows] for key, values in marked.items()},
    episode_returns=_returns_if_all(raw, rows),
  )


def _marked(
  columns: dict[str, np.ndarray], last_rows: np.ndarray, radius: float
) -> dict[str, np.ndarray]:
  """All rows, with the flags that `select` promises at `last_rows`."""
  is_last = np.zeros(len(columns['goal']), bool)
  is_last[last_rows] = True
  terminals = is_last & _is_at_goal(columns, 'next_observations', radius)
  # A successor may show the goal that came next.
  successors = columns['next_observations'].copy()
  successors[:, -2:] = columns['goal']
  marked = {
    **columns,
    'next_observations': successors,
    'terminals': terminals,
    'timeouts': is_last & ~terminals,
  }
  marked.pop('success', None)
  return marked


def _returns_if_all(
  raw: RawDemonstrations, rows: np.ndarray
) -> np.ndarray | None:
  """Recorded returns, where they can't be summed and are those of `rows`."""
  is_all = len(rows) == len(raw.columns['goal'])
  return (
    raw.episode_returns if is_all and 'rewards' not in raw.columns else None
  )


def _is_at_goal(
  columns: dict[str, np.ndarray], key: str, radius: float
) -> np.ndarray:
  """Whether x-y of `observations` or `next_observations` is, [N] bool."""
  offset = columns[key][:, :2].astype(np.float64) - columns['goal']
  distance = np.hypot(*offset.T)
  is_said = columns['terminals'].copy()
  if 'rewards' in columns:
    is_said |= columns['rewards'] >= 1.0
  return (distance <= radius) | (is_said & (distance <= _WIDE_RADIUS))


def _trajectories(
  columns: dict[str, np.ndarray], radius: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """Where trajectories start, where they stop being useful, and whether with
  success; each [K]. One that starts at its goal stops where it starts.
  """
  num_rows = len(columns['goal'])
  xy, next_xy = (
    columns[key][:, :2] for key in ('observations', 'next_observations')
  )
  ends = columns['timeouts'].copy()
  ends[:-1] |= ~np.isclose(next_xy[:-1], xy[1:], rtol=0, atol=1e-4).all(axis=1)
  ends[:-1] |= (columns['goal'][:-1] != columns['goal'][1:]).any(axis=1)
  ends[-1] = True
  stops = np.flatnonzero(ends) + 1
  starts = np.concatenate([[0], stops[:-1]])
  reached = _is_at_goal(columns, 'next_observations', radius)
  reached |= columns.get('success', np.zeros(num_rows, bool))
  # Row of the first success, and of the first end of either kind, from each.
  first_success = _next_true(reached)[starts]
  first_end = _next_true(reached | columns['terminals'])[starts]
  successes = (first_success < stops) & (first_success == first_end)
  stops = np.minimum(stops, first_end + 1)
  at_goal = _is_at_goal(columns, 'observations', radius)[starts]
  return starts, np.where(at_goal, starts, stops), successes & ~at_goal


def _next_true(flags: np.ndarray) -> np.ndarray:
  """Index of the first True at or after each place, N if none; [N]."""
  indices = np.where(flags, np.arange(len(flags)), len(flags))
  return np.minimum.accumulate(indices[::-1])[::-1]


def check_frame(raw: RawDemonstrations, maze: GoalMaze) -> None:
  """Raises ValueError if positions, goals or time step aren't the maze's.

  Otherwise demonstrations of another maze (D4RL's has y mirrored, its origin
  at the start, and steps of twice the time) would be learned from in silence.
  """
  columns = raw.columns
  for key, values, most in (
    ('observations', columns['observations'][:, :2], _MOST_IN_WALLS),
    ('goal', columns['goal'], 0.0),
  ):
    is_free = maze.map.is_free(values)
    if np.mean(~is_free) > most:
      row = int(np.flatnonzero(~is_free)[0])
      found = (
        f'x-y in walls or off the map in {int((~is_free).sum())} of '
        f'{len(values)} rows, in row {row} {values[row].tolist()}'
      )
      expected = (
        f'free cells of the maze, whose walls end at x, y = {maze.map.extent}: '
        'is it recorded in another frame, as D4RL files are?'
        + d4rl_antmaze.advice(maze.name)
      )
      check(False, raw.source, key, found, expected)
  off = np.abs(columns['observations'][:, -2:] - columns['goal']).max()
  found = f'a last x-y that is up to {off:.3g} m off the goal'
  check(off < 1e-3, raw.source, 'observations', found, 'the goal')
  _check_time_step(raw, maze)


def _check_time_step(raw: RawDemonstrations, maze: GoalMaze) -> None:
  """Positions must move by velocity times the time step."""
  observations, successors = (
    raw.columns[key].astype(np.float64)
    for key in ('observations', 'next_observations')
  )
  speeds = maze.speed_columns
  velocity = (observations[:, speeds] + successors[:, speeds]) / 2
  motion = (velocity**2).sum()
  if motion < _LEAST_MOTION:
    return
  step = (successors[:, :2] - observations[:, :2]) * velocity
  found = step.sum() / motion
  ok = abs(found / maze.step_s - 1) <= _TIME_STEP_TOLERANCE
  check(
    ok,
    raw.source,
    'observations',
    f'x-y that moves by {found:.3g} s times its velocity in a step',
    f'about {maze.step_s:.3g} s, the time step of the task: is it recorded in '
    'another environment, as D4RL files are?' + d4rl_antmaze.advice(maze.name),
  )
