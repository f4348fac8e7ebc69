"""All that is looked for in a run, and what is found."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

from tfirl.diagnosis import cost, data, evidence, files, model, player
from tfirl.diagnosis.finding import Finding
from tfirl.storage import file_lock, run_files

# Faults whatever the return, and however short the run.
_ALWAYS = (player.never_trained, data.inconsistent, data.poor)
# Faults whatever the return.
_OF_ANY = (player.q_exploding,)
# Of a policy that is what it should be, none of these is a fault.
_OF_LOW_RETURNS = (
  data.starved,
  player.policy_frozen,
  player.policy_random,
  cost.exploding,
  cost.blind,
  model.error,
  player.below_training,
  player.samples_below_mean,
  player.ends_early,
  player.fell,
  cost.saturated,
)
# Evaluations after the first update, below which nothing can be told.
_LEAST_EVALUATIONS = 3


@dataclasses.dataclass(frozen=True)
class Diagnosis:
  """What was found.

  Attributes:
    path: the run's folder.
    state: one line: how far it is, how good.
    findings: causes first, then what may follow from them.
  """

  path: Path
  state: str
  findings: Sequence[Finding]

  def __str__(self) -> str:
    path = os.path.relpath(self.path)
    shown = self.path if path.startswith('..') else path
    lines = [f'{shown}: {self.state}']
    lines += [str(finding) for finding in self.findings]
    if not self.findings:
      lines.append('nothing found')
    return '\n'.join(lines)


def diagnose(
  path: str | os.PathLike, expert_return: float | None = None
) -> Diagnosis:
  """Reads a run and says what is wrong with it.

  Args:
    path: the run's folder.
    expert_return: what the expert returns, where neither the task's gin file
      nor the demonstrations say it: next to nothing can be told of a run that
      nobody knows to be good or bad.

  Raises:
    ValueError: metrics.csv or metadata.json is damaged.
  """
  found = evidence.read(path, expert_return)
  findings = [*_crash(found), *files.findings(found)]
  if found.run is not None:
    findings += _look(_ALWAYS, found)
    if found.num_trained >= _LEAST_EVALUATIONS:
      findings += _look(_OF_ANY, found)
      findings += _of_low_return(found)
    findings.sort(key=lambda finding: finding.is_symptom)
    findings += _unexplained(found, findings)
  return Diagnosis(found.path, _state(found), tuple(findings))


def _look(finders, found: evidence.Evidence) -> list[Finding]:
  return [f for f in (find(found) for find in finders) if f is not None]


def _of_low_return(found: evidence.Evidence) -> list[Finding]:
  if not found.is_low:
    return []
  return [
    dataclasses.replace(
      finding,
      threshold=f'{finding.threshold}, where the {found.score_name} is below '
      f'{evidence.LOW_SCORE:g}',
    )
    for finding in _look(_OF_LOW_RETURNS, found)
  ]


def _crash(found: evidence.Evidence) -> list[Finding]:
  if found.error is None:
    return []
  at = 'before its first evaluation'
  if found.run is not None:
    at = f'after step {found.run.steps[-1]:,.0f}'
  then = (
    'The same command goes on from the last checkpoint; --allow_changes lets '
    'it do so with other bindings'
  )
  if not (found.path / run_files.CONFIG).is_file():  # it is forgotten
    then = 'There was no checkpoint yet: it begins anew, with any bindings'
  return [
    Finding(
      'ended by an error',
      f'{at}: {found.error}',
      'any',
      f'what it names; {found.path / run_files.ERROR} has the calls. {then}',
    )
  ]


def _unexplained(
  found: evidence.Evidence, findings: Sequence[Finding]
) -> list[Finding]:
  """A finished run that is not good, of which nothing else can be said."""
  is_judged = found.num_trained >= _LEAST_EVALUATIONS
  if findings or not found.is_low or not found.is_complete or not is_judged:
    return []
  return [
    Finding(
      'return low',
      f'the {found.score_name} is {found.score:.2f} (median of the last 3 '
      'evaluations), and nothing else that is looked for shows',
      f'below {evidence.LOW_SCORE:g}',
      'more of the budget (run.real_steps, run.updates), other seeds, the '
      'recipe of a like task (tfirl list)',
    )
  ]


def _state(found: evidence.Evidence) -> str:
  """'unfinished, 2,000 of 20,000 real steps, ...'."""
  if found.run is None:
    state = 'no evaluation yet'
  else:
    state = _progress(found)
  if found.run is not None and found.score is None:
    state += '; how good the return is is not known (--expert_return)'
  elif found.run is not None:
    state += f'; {found.score_name} {found.score:.2f}'
  if found.run is not None and found.num_trained < _LEAST_EVALUATIONS:
    state += '; too few evaluations to judge its training'
  return state


def _progress(found: evidence.Evidence) -> str:
  bound = evidence.budget(found.bindings, found.metadata)
  if bound is None:
    return f'{found.run.steps[-1]:,.0f} steps'
  unit, total = bound
  done = f'{evidence.spent(found.run, unit):,} of {total:,} '
  done += unit.replace('_', ' ')
  if found.is_complete:
    return f'finished, {done}'
  return f'{"running" if _is_open(found.path) else "unfinished"}, {done}'


def _is_open(path: Path) -> bool:
  """Whether a process holds the folder's lock."""
  try:
    return file_lock.is_held(path / run_files.LOCK)
  except OSError:  # a file system without locks, say
    return False
