"""One thing that is wrong with a run, in words."""

import dataclasses
import textwrap

_WIDTH = 79


@dataclasses.dataclass(frozen=True)
class Finding:
  """What was seen, and what to try.

  Attributes:
    name: of the fault: 'cost saturated'.
    seen: the figure, and at which step.
    threshold: beyond which it is a fault.
    remedy: what to try, by the names of gin's bindings.
    is_symptom: whether another fault may well be its cause; such are told last.
  """

  name: str
  seen: str
  threshold: str
  remedy: str
  is_symptom: bool = False

  def __str__(self) -> str:
    parts = (
      ('', self.seen),
      ('threshold: ', self.threshold),
      ('try: ', self.remedy),
    )
    lines = [self.name]
    for what, text in parts:
      lines += textwrap.wrap(
        what + text,
        _WIDTH,
        initial_indent='  ',
        subsequent_indent=' ' * (2 + len(what)),
        break_long_words=False,
        break_on_hyphens=False,
      )
    return '\n'.join(lines)
