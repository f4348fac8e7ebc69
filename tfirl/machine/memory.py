"""Refuses to start or to read what would not fit into memory."""

import pathlib

# Left for everything else.
_USABLE_SHARE = 0.9
# Of what is read of one file, as it will lie in memory: far more than any
# needs, and what few bytes may claim to unpack to.
MOST_OF_A_FILE = 4 * 2**30
# Of the memory that is there: a copy of another type, too, has to fit.
_SHARE_OF_A_FILE = 0.3
# A policy or a cost is read however little is said to be there.
_LEAST_OF_A_FILE = 64 * 2**20


def available_bytes() -> int | None:
  """What this machine can still give, or its cgroup; None if unknown."""
  available = _meminfo_available(pathlib.Path('/proc/meminfo'))
  cgroup = _cgroup_available(pathlib.Path('/sys/fs/cgroup'))
  known = [number for number in (available, cgroup) if number is not None]
  return min(known, default=None)


def check(num_bytes: int, what: str) -> None:
  """Raises if `num_bytes` are not there for `what`.

  Args:
    num_bytes: how many it needs.
    what: names it and the bindings that make it smaller, for the error's text.

  Raises:
    ValueError: it needs more than 90 % of the available memory.
  """
  available = available_bytes()
  if available is not None and num_bytes > _USABLE_SHARE * available:
    raise ValueError(
      f'{what} needs {num_bytes / 2**30:.2f} GiB; expected at most '
      f'{_USABLE_SHARE:.0%} of the {available / 2**30:.2f} GiB available'
    )


def fits_one_file(num_bytes: int) -> tuple[bool, str, str]:
  """Whether one file's arrays may take so much, once they are unpacked; what
  was found and what is expected, in the words of an error.
  """
  most, gib = most_of_a_file(), 2**30
  found = f'arrays that take {num_bytes / gib:.3g} GiB of memory'
  return num_bytes <= most, found, f'at most {most / gib:.3g} GiB'


def most_of_a_file() -> int:
  """Bytes that one file's arrays may take, once they are unpacked."""
  available = available_bytes()
  if available is None:
    return MOST_OF_A_FILE
  share = int(_SHARE_OF_A_FILE * available)
  return min(MOST_OF_A_FILE, max(_LEAST_OF_A_FILE, share))


def _meminfo_available(path: pathlib.Path) -> int | None:
  try:
    lines = path.read_text().splitlines()
  except OSError:
    return None
  for line in lines:
    name, _, value = line.partition(':')
    if name == 'MemAvailable':
      return int(value.split()[0]) * 1024  # it counts in kB
  return None


def _cgroup_available(folder: pathlib.Path) -> int | None:
  """The limit of cgroup v2 less what is used; None without a limit.

  Of files that were read or written some stays in memory until others need it:
  it counts as used there, not here.
  """
  try:
    limit = (folder / 'memory.max').read_text().strip()
    used = int((folder / 'memory.current').read_text())
    stat = (folder / 'memory.stat').read_text().split()
  except OSError:
    return None
  if limit == 'max':
    return None
  kept = dict(zip(stat[::2], map(int, stat[1::2]), strict=True))
  return max(int(limit) - used + kept.get('inactive_file', 0), 0)
