"""What is missing from a run's folder, or damaged, is found."""

import json
import shutil

import numpy as np
import pytest

from tfirl import acting
from tfirl.diagnosis import diagnose
from tfirl.storage import checkpoint_folders, kept_config, policy_file


@pytest.fixture
def run(write_run):
  """A whole folder of a finished run that is good."""
  folder = write_run(eval_return_mean=100.0 + np.arange(11))
  metadata = {
    'has_checkpoint': True,
    'config_sha256': kept_config.digest((folder / 'config.gin').read_text()),
    'budget': {'unit': 'real_steps', 'total': 1000, 'cut_from': None},
  }
  (folder / 'metadata.json').write_text(json.dumps(metadata))
  for step in (500, 1000):
    checkpoint = folder / 'checkpoints' / str(step)
    checkpoint.mkdir(parents=True)
    (checkpoint / 'weights').write_text('1')
    checkpoint_folders.write_manifest(checkpoint)
  layers = [(np.ones((2, 1), np.float32), np.zeros(1, np.float32))]
  ones = np.ones(1, np.float32)
  policy = policy_file.make(acting.MlpPolicy(layers, 1), -ones, ones, {})
  policy_file.save(policy, folder / 'policy.npz')
  (folder / 'complete.json').write_text('{"steps": 1000}')
  (folder / '.lock').touch()
  return folder


def _remove(*names):
  def change(run):
    for name in names:
      path = run / name
      shutil.rmtree(path) if path.is_dir() else path.unlink()

  return change


def _write(name, text):
  return lambda run: (run / name).write_text(text)


def test_of_a_whole_folder_nothing_is_found(run):
  assert diagnose.diagnose(run).findings == ()


@pytest.mark.parametrize(
  ('change', 'name', 'seen'),
  [
    (_remove('checkpoints'), 'checkpoints missing', 'the run has had one'),
    (
      _remove('checkpoints/500', 'checkpoints/1000/weights'),
      *(
        'checkpoint damaged',
        'checkpoints/1000: weights is missing: no other is sound',
      ),
    ),
    (
      _write('checkpoints/1000/weights', '2'),
      *(
        'checkpoint damaged',
        '1000: weights is not as it was written',
      ),
    ),
    (_remove('policy.npz'), 'policy missing', 'policy.npz: no such file; exp'),
    (
      _write('policy.npz', 'junk'),
      'policy damaged',
      'policy.npz: found a file',
    ),
    (_remove('config.gin'), 'config missing', 'there is no '),
    (_write('config.gin', ''), 'config damaged', 'is not as the run wrote it'),
    (_write('config.gin', 'junk'), 'config damaged', 'is not as the run wrote'),
    (_remove('metadata.json'), 'metadata missing', 'there is no '),
  ],
)
def test_what_is_missing_or_damaged(run, change, name, seen):
  change(run)
  (found,) = diagnose.diagnose(run).findings
  assert found.name == name and seen in found.seen
  (run / '.lock').unlink()  # a record
  assert diagnose.diagnose(run).findings == ()


def test_an_empty_config_of_an_earlier_tfirl(run):
  (run / 'metadata.json').write_text('{"has_checkpoint": true}')
  (run / 'config.gin').write_text('# nothing\n')
  (found,) = diagnose.diagnose(run).findings
  assert found.seen.endswith('config.gin binds nothing of the run')


def test_a_new_run_lacks_nothing(run):
  _remove('checkpoints', 'policy.npz', 'complete.json', 'metrics.csv')(run)
  metadata = json.loads((run / 'metadata.json').read_text())
  del metadata['has_checkpoint']
  (run / 'metadata.json').write_text(json.dumps(metadata))
  assert diagnose.diagnose(run).findings == ()


def test_what_a_run_forgets_that_failed_at_once_is_not_missing(run):
  _remove('checkpoints', 'policy.npz', 'complete.json', 'config.gin')(run)
  (run / 'metadata.json').write_text('{}')
  (run / 'error.txt').write_text('ValueError: why\n')
  (found,) = diagnose.diagnose(run).findings
  assert found.name == 'ended by an error' and 'begins anew' in found.remedy
  (run / 'metadata.json').write_text('{"has_checkpoint": true}')
  names = [found.name for found in diagnose.diagnose(run).findings]
  assert 'config missing' in names
