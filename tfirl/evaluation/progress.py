"""The progress bar of a training run."""

import sys

import tqdm

# A log file is not a terminal: there each refresh is a line of its own.
_LOG_INTERVAL_S = 30.0
_FORMAT = (
  '{desc} {percentage:3.0f}%|{bar:20}| {n_fmt}/{total_fmt} '
  '[{elapsed}, {remaining} left, {rate_noinv_fmt}{postfix}]'
)


class ProgressBar:
  """Steps done, steps/s, time left, and the last evaluation's return.

  Steps/s and time left are those of the whole run, evaluations included,
  unlike `steps_per_s` of metrics.csv.
  """

  def __init__(
    self,
    total: int,
    initial: int = 0,
    description: str = '',
    unit: str = 'steps',
    file=None,
  ):
    """Shows the bar.

    Args:
      total: steps of the whole run.
      initial: steps already done when the run was resumed.
      description: what runs, e.g. 'hype hopper 0'.
      unit: what is counted; 'updates' for bc.
      file: a text stream; default stderr.
    """
    file = file or sys.stderr
    is_terminal = file.isatty()
    self._bar = tqdm.tqdm(
      total=total,
      initial=initial,
      desc=description,
      unit=f' {unit}',
      file=file,
      bar_format=_FORMAT,
      smoothing=0.05,
      dynamic_ncols=is_terminal,
      mininterval=0.5 if is_terminal else _LOG_INTERVAL_S,
      maxinterval=1.0 if is_terminal else _LOG_INTERVAL_S,
    )

  def update(self, steps: int, eval_return: float | None = None) -> None:
    """Moves the bar to `steps` done in all; a new return redraws it at once."""
    self._bar.update(steps - self._bar.n)
    if eval_return is not None:
      self._bar.set_postfix_str(f'return {eval_return:.1f}')

  def write(self, message: str) -> None:
    """Prints a line above the bar."""
    self._bar.write(message, file=self._bar.fp)

  def close(self) -> None:
    self._bar.close()
