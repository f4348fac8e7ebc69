"""The table of scores, as Markdown, CSV and cells, and that of single runs."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tfirl.report import texts
from tfirl.report.reading.runs import Run
from tfirl.report.statistics.aggregate import SOLVED, Curve
from tfirl.report.statistics.bootstrap import CONFIDENCE
from tfirl.report.statistics.comparisons import Overall


def _normalised(curve: Curve) -> float:
  if not curve.is_normalised:
    return np.nan
  return float(curve.normalise(curve.final.value[0]))


def _solved_s(curve: Curve) -> float:
  """The median, nan if half of the seeds never came there."""
  middle = float(np.median(curve.solved_s))
  return middle if np.isfinite(middle) else np.nan


def _last_policies(curve: Curve) -> float:
  """The mean of those that are known."""
  known = _known(curve.last_policies)
  return float(known.mean()) if len(known) else np.nan


def _known(scores: np.ndarray) -> np.ndarray:
  return scores[~np.isnan(scores)]


# Name -> value of a curve; nan, or '', for what is unknown.
_COLUMNS: Mapping[str, Callable[[Curve], object]] = {
  'task': lambda curve: curve.task,
  'algorithm': lambda curve: curve.algorithm,
  'seeds': lambda curve: len(curve.runs),
  'demos': lambda curve: curve.num_demos,  # demonstrated episodes of a run
  'real_steps': lambda curve: int(curve.real_steps[-1]),
  'is_cut': lambda curve: int(curve.is_cut),  # 1 if a budget was, else 0
  'env_steps': lambda curve: int(curve.env_steps[-1]),
  'rollout_steps': lambda curve: float(curve.rollout_steps[-1]),
  'score': lambda curve: 'success_percent' if curve.is_success else 'return',
  'last': lambda curve: curve.last,  # evaluations that iqm pools
  'iqm': lambda curve: float(curve.final.value[0]),
  'ci_low': lambda curve: float(curve.final.low[0]),
  'ci_high': lambda curve: float(curve.final.high[0]),
  # Scores of the expert and of random actions.
  'expert': lambda curve: np.nan if curve.expert is None else curve.expert,
  'random': lambda curve: np.nan if curve.random is None else curve.random,
  # The IQM, where random is 0 and the expert 1.
  'normalised': _normalised,
  # Seeds that came to 0.9 of it, and the seconds until then.
  'solved': lambda curve: (
    int(np.isfinite(curve.solved_s).sum()) if curve.is_normalised else np.nan
  ),
  'solved_s': _solved_s,
  'wall_s': lambda curve: float(curve.wall_s[-1]),
  'steps_per_s': lambda curve: curve.steps_per_s,
  # What the last ones score, and of how many seeds that is known.
  'last_policies': _last_policies,
  'last_policies_seeds': lambda curve: len(_known(curve.last_policies)),
}


def _rows(curves: Sequence[Curve]) -> list[dict[str, object]]:
  return [
    {name: value_of(curve) for name, value_of in _COLUMNS.items()}
    for curve in curves
  ]


def csv_table(curves: Sequence[Curve]) -> str:
  """The table with all digits; nan is blank."""
  text = io.StringIO()
  writer = csv.writer(text, lineterminator='\n')
  writer.writerow(_COLUMNS)
  for row in _rows(curves):
    writer.writerow('' if _is_nan(v) else v for v in row.values())
  return text.getvalue()


def markdown_table(curves: Sequence[Curve]) -> str:
  """The table for a README; the scores' columns are explained in its head."""
  return markdown(*cells(curves), num_left=2)


def markdown(
  header: Sequence[str], rows: Sequence[Sequence[str]], num_left: int
) -> str:
  """Any table; all columns but the first `num_left` stand right."""
  align = ['---'] * num_left + ['---:'] * (len(header) - num_left)
  cells = [[texts.for_markdown(cell) for cell in row] for row in rows]
  lines = [f'| {" | ".join(line)} |' for line in (header, align, *cells)]
  return '\n'.join(lines) + '\n'


def cells(curves: Sequence[Curve]) -> tuple[list[str], list[list[str]]]:
  """Header and rows of the table for people."""
  header = [
    'task',
    'algorithm',
    'seeds',
    'demos',
    'real steps',
    'for the cost',
    f'IQM of {_pooled(curves)}',
    f'{CONFIDENCE:.0%} interval',
    'of the expert',
    f'minutes to {SOLVED:.0%}',
    'wall time, min',
    'steps/s',
  ]
  found = [run.last_policy for curve in curves for run in curve.runs]
  episodes = sorted({each.episodes for each in found if each is not None})
  if episodes:
    header.append(f'last policies, {"/".join(map(str, episodes))} episodes')
  rows = []
  for row in _rows(curves):
    unit = ' %' if row['score'] == 'success_percent' else ''
    digits = 1 if unit else 0
    ends = (texts.number(row[end], digits) for end in ('ci_low', 'ci_high'))
    interval = f'[{", ".join(ends)}]{unit}'
    rows.append(
      [
        str(row['task']),
        str(row['algorithm']),
        str(row['seeds']),
        str(row['demos'] or '–'),
        texts.number(row['real_steps']) + (' (cut)' if row['is_cut'] else ''),
        texts.number(row['rollout_steps']),
        texts.number(row['iqm'], digits) + unit,
        '–' if _is_nan(row['ci_low']) else interval,
        '–' if _is_nan(row['normalised']) else f'{row["normalised"]:.0%}',
        _solved(row),
        texts.number(row['wall_s'] / 60, 1),
        texts.number(row['steps_per_s']),
        *([_last(row, digits, unit)] if episodes else []),
      ]
    )
  return header, rows


def _pooled(curves: Sequence[Curve]) -> str:
  """What a score is the mean of: 'last 3 evaluations'."""
  lasts = sorted({curve.last for curve in curves})
  many = '' if lasts == [1] else 's'
  return f'last {"/".join(map(str, lasts))} evaluation{many}'


def _last(row: dict[str, object], digits: int, unit: str) -> str:
  """'4,124', or '4,124 (2 of 3)' where not every seed's is known."""
  if not row['last_policies_seeds']:
    return '–'
  score = texts.number(row['last_policies'], digits) + unit
  if row['last_policies_seeds'] == row['seeds']:
    return score
  return f'{score} ({row["last_policies_seeds"]} of {row["seeds"]})'


def _solved(row: dict[str, object]) -> str:
  """'12.3', or '12.3 (4 of 5)' where not every seed came there."""
  if _is_nan(row['solved']):
    return '–'
  minutes = texts.number(row['solved_s'] / 60, 1)
  if row['solved'] == row['seeds']:
    return minutes
  return f'{minutes} ({row["solved"]} of {row["seeds"]})'


def overall_cells(
  found: Sequence[Overall],
) -> tuple[list[str], list[list[str]]]:
  """Header and rows of what algorithms come to over all tasks."""
  header = [
    'algorithm',
    'tasks',
    'runs',
    'IQM, of the expert',
    f'{CONFIDENCE:.0%} interval',
    f'runs at {SOLVED:.0%}',
    f'real steps to {SOLVED:.0%}',
    f'minutes to {SOLVED:.0%}',
    'real steps',
    'wall time, min',
  ]
  rows = []
  for one in found:
    low, high = float(one.scores.low[0]), float(one.scores.high[0])
    rows.append(
      [
        one.algorithm,
        str(one.num_tasks),
        str(len(one.wall_s)),
        f'{float(one.scores.value[0]):.0%}',
        '–' if np.isnan(low) else f'[{low:.0%}, {high:.0%}]',
        f'{np.isfinite(one.solved_s).mean():.0%}',
        _middle(one.solved_steps),
        _middle(one.solved_s / 60, 1),
        _middle(one.real_steps),
        _middle(one.wall_s / 60, 1),
      ]
    )
  return header, rows


def _middle(values: np.ndarray, digits: int = 0) -> str:
  """The median, where it is a number."""
  middle = float(np.median(values))
  return texts.number(middle, digits) if np.isfinite(middle) else '–'


def run_cells(curves: Sequence[Curve]) -> tuple[list[str], list[list[str]]]:
  """Header and rows of the list of single runs: task first, folder last."""
  header = ['task', 'algorithm', 'seed', 'evaluations', 'real steps']
  header += ['first score', 'best score', _pooled(curves), 'last policy']
  header += ['commit', 'folder']
  rows = []
  for curve in curves:
    name = 'eval_success' if curve.is_success else 'eval_return_mean'
    for run, of_last in zip(curve.runs, curve.last_policies, strict=True):
      scores = run.columns[name] * (100 if curve.is_success else 1)
      final = scores[-curve.last :].mean()
      rows.append(
        [run.task, run.algorithm, run.seed, str(len(scores))]
        + [texts.number(run.columns['real_steps'][-1])]
        + [texts.number(s) for s in (scores[0], scores.max(), final)]
        + [_of_last(run, of_last, curve.is_success)]
        + [', '.join(run.versions) or '–', run.path]
      )
  return header, rows


def _of_last(run: Run, score: float, is_success: bool) -> str:
  """'2,863 ± 492', what the run's last policy scores, with its deviation over
  episodes, which of successes the share itself tells.
  """
  if is_success or run.last_policy is None:
    return texts.number(score, 1)
  return f'{texts.number(score)} ± {texts.number(run.last_policy.return_std)}'


def _is_nan(value: object) -> bool:
  return isinstance(value, float) and bool(np.isnan(value))
