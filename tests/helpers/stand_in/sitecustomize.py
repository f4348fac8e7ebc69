"""A run's place, for tests of who starts runs: no TensorFlow, no training.

Python imports this file at its start where its folder is in PYTHONPATH. A
process that would be `python -m tfirl.launch` then does what a sweep sees of
one: ten checkpoints and rows of metrics.csv, a bar in its log; it goes on from
its latest checkpoint, ends well by SIGTERM, and says by complete.json that its
budget is spent. Each call is noted in calls.jsonl of its folder.

Where its working folder has a file `real` it leaves the process alone. As long
as that has a file `hold`, it waits at its second checkpoint, if its seed is at
least the number in the file. A learning rate of 3e38 makes one fail, as it does
of real runs.
"""

import contextlib
import json
import os
import pathlib
import signal
import sys
import time

_STEPS, _EVERY = 1600, 160
_HELD_AT, _HOLD = 2 * _EVERY, pathlib.Path('hold')
_HEADER = 'updates,env_steps,real_steps,wall_s,eval_return_mean,steps_per_s\n'


def _folder(words):
  """Of the unit whose command this is."""
  (root,) = (w.partition('=')[2] for w in words if w.startswith('--root_dir='))
  (found,) = (
    path.parent
    for path in pathlib.Path(root).glob('*/*/*/command.json')
    if json.loads(path.read_text())['argv'][1:] == words
  )
  return found


def _note_call(folder, words):
  call = {'argv': ['python', *words], 'cwd': os.getcwd()}
  with open(folder / 'calls.jsonl', 'a') as file:
    print(json.dumps(call), file=file)


def _wait(folder, step):
  with contextlib.suppress(FileNotFoundError):
    while step == _HELD_AT and int(folder.name) >= int(_HOLD.read_text()):
      time.sleep(0.02)


def _run(words):
  signal.signal(signal.SIGTERM, lambda *unused: sys.exit(0))
  folder = _folder(words)
  _note_call(folder, words)
  if any(word.endswith('learning_rate = 3e38') for word in words):
    sys.exit('error: found inf; expected finite numbers')
  kept = folder / 'checkpoints'
  kept.mkdir(exist_ok=True)
  begun = max((int(path.name) for path in kept.iterdir()), default=0)
  metrics = folder / 'metrics.csv'
  rows = metrics.read_text().splitlines(keepends=True)[1:] if begun else []
  rows = rows[: begun // _EVERY + 1]  # not those after the checkpoint
  for step in range(begun, _STEPS + 1, _EVERY):
    if step > begun or not rows:
      rows.append(f'{step},0,0,1.0,0.0,1.0\n')
    metrics.write_text(_HEADER + ''.join(rows))
    if step:
      (kept / str(step)).mkdir(exist_ok=True)
    print(f'{100 * step // _STEPS}%|| {step}/{_STEPS} [', flush=True)
    _wait(folder, step)
  (folder / 'complete.json').write_text('{}')


def _exit_code(words):
  try:
    _run(words)
  except SystemExit as error:
    if isinstance(error.code, str):
      print(error.code, flush=True)
      return 1
    return error.code
  return 0


_is_run = sys.orig_argv[1:3] == ['-m', 'tfirl.launch']
if _is_run and not pathlib.Path('real').exists():
  # Python can't be left in any other way while it begins.
  os._exit(_exit_code(sys.orig_argv[1:]))
