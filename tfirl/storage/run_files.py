"""What a run's folder holds, for those that only look at it.

Files that have a module of their own are named there: `metadata_file.NAME`,
`last_policy.NAME`, `policy_file.FILE`. Nothing here imports gin or TensorFlow.
"""

from pathlib import Path

CONFIG, OPERATIVE_CONFIG = 'config.gin', 'operative_config.gin'
METRICS = 'metrics.csv'
# What shows that a run is over: that it has all its steps, or an error.
COMPLETE, ERROR = 'complete.json', 'error.txt'
LOCK = '.lock'  # a process that writes to the folder holds it
CHECKPOINTS, VIDEOS = 'checkpoints', 'videos'  # folders
# What a report shows pictures of, and the videos of the last policy and of the
# expert that it shows.
MAZE, REGIONS, ROLLOUTS = 'maze.npz', 'regions.npz', 'rollouts.npz'
FINAL_VIDEO, EXPERT_VIDEO = f'{VIDEOS}/final.mp4', f'{VIDEOS}/expert.mp4'


def last_error(folder: Path) -> str | None:
  """What ended the run, of its traceback: 'ValueError: ...', in a line.

  Returns:
    The last line of the error's own message; None if no error ended the run.
  """
  path = folder / ERROR
  if not path.is_file():
    return None
  lines = path.read_text(encoding='utf-8', errors='replace').splitlines()
  # What gin adds is indented, and so are the calls.
  said = [line.rstrip() for line in lines if line[:1].strip()]
  return said[-1] if said else 'an error that left no message'
