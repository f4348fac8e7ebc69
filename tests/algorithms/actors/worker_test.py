"""An actor by itself: what it refuses, and what becomes of an orphan."""

import os
import re
import signal
import sys
import time

import pytest

from tfirl.algorithms.actors import worker

_START_S, _END_S = 120, 30
_PATIENCE_S = 6.0  # of these actors: of real ones it is longer
# A learner that takes one block, and then what comes; it prints its port.
_LEARNER = """
import time
import numpy as np
from tfirl import acting
from tfirl.replay import exchange
from tfirl.storage import policy_file

layer = np.zeros((3, 2), np.float32), np.zeros(2, np.float32)
data = policy_file.to_bytes(acting.MlpPolicy([layer], 1))
made = exchange.Exchange(2, 3 + 1 + 1 + 3 + 1, 2)
made.tell(
  exchange.Orders(
    np.frombuffer(data, np.uint8), np.int64(0), np.bool_(True), np.bool_(False)
  )
)
print('port', made.port, flush=True)
while made.take(1000) is None:
  pass
print('taken', flush=True)
time.sleep(600)
"""
_ACTOR = """
import sys
import gin
from tfirl import tasks
from tfirl.algorithms.actors import worker
from tfirl.envs import wrappers
from tfirl.machine import installed

def make_env(seed):
  print('bound', gin.query_parameter('ExpertReset.reset_prob'), flush=True)
  return tasks.Task('pendulum', env_id='Pendulum-v1').make_env(seed)

worker._PATIENCE_S = float(sys.argv[2])
config = 'ExpertReset.reset_prob = 0.25\\nOf_the_learner_alone.x = 3'
address = f'127.0.0.1:{sys.argv[1]}'
job = worker.Job(
  address, 0, 0, (1,), 2, 2, 600.0, config, installed.code_version()
)
worker.act(make_env, job)
"""


def test_another_version_of_tfirl_is_refused(
  make_source, scripted, policy, make_seeded
):
  make_source(scripted)._tell(policy, True, 0)
  job = scripted.jobs[0]._replace(code_version='other')
  with pytest.raises(RuntimeError, match="expected other, the learner's"):
    worker.act(make_seeded, job)


@pytest.fixture
def start(start_warm, tmp_path):
  """`start(name, text, *args)`: a process of a script, and where it writes."""
  environment = os.environ | {
    'PYTHONPATH': os.pathsep.join(map(os.path.abspath, sys.path)),
    'TF_CPP_MIN_LOG_LEVEL': '3',
  }
  started = []

  def make(name, text, *args):
    script, output = tmp_path / f'{name}.py', tmp_path / name
    script.write_text(text)
    started.append(
      start_warm(
        [script, *args],
        cwd=tmp_path,
        env=environment,
        stdout=output,
        stderr=output,
      )
    )
    return started[-1], output

  yield make
  for process in started:
    process.kill()


def _wait_for(output, pattern):
  deadline = time.monotonic() + _START_S
  while not output.exists() or not re.search(pattern, output.read_text()):
    assert time.monotonic() < deadline, output.read_text()
    time.sleep(0.05)
  return re.search(pattern, output.read_text())


def test_orphans_end_within_half_a_minute(start):
  """Also of a learner that is there, and stands still. Until then it acts as
  the learner's bindings say: an environment may be configured by gin.
  """
  numbers = (signal.SIGKILL, signal.SIGSTOP)
  learners = [start(f'learner{n}', _LEARNER) for n in numbers]
  ports = [_wait_for(said, r'port (\d+)\n')[1] for _, said in learners]
  actors = [start(f'actor{port}', _ACTOR, port, _PATIENCE_S) for port in ports]
  for _, learned in learners:
    _wait_for(learned, 'taken')
  start_s = time.monotonic()
  for (learner, _), number in zip(learners, numbers, strict=True):
    learner.send_signal(number)
  for actor, said in actors:
    assert actor.wait(_END_S) == worker._EXIT_ORPHANED, said.read_text()
    assert 'bound 0.25' in said.read_text()
    assert 'the learner is gone for 6 s: ends' in said.read_text()
  # What is left of half a minute after a real one's patience is enough.
  rest_s = _END_S - worker._PATIENCE_S
  assert time.monotonic() - start_s < _PATIENCE_S + rest_s
  assert rest_s > worker._ANSWER_S + worker._ASK_EVERY_S
