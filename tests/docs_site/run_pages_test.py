"""The page of recorded runs: numbers of a folder that is made here."""

import pytest

_HEAD = 'real_steps,env_steps,updates,wall_s,eval_return_mean,eval_success'


def _write(folder, rows, *others):
  folder.mkdir(parents=True)
  lines = [_HEAD, *rows]
  (folder / 'metrics.csv').write_text('\n'.join(lines) + '\n')
  for name in others:
    (folder / name).write_text('')


@pytest.fixture
def page(tmp_path, hook):
  _write(
    tmp_path / 'new/hopper/hype/0',
    [
      '0,0,0,1,-5,',
      '10,10,10,2,100,',
      '20000,20000,20,3,200,',
      '30000,30000,30,4,306,',
    ],
    'config.gin',
  )
  _write(
    tmp_path / 'old/maze/bc/1',
    ['0,0,5,1,1,0.25', '0,0,700000,2,2,0.75'],
    'config.gin',
  )
  return hook('run_pages').page(tmp_path)


def test_a_run_is_a_row_of_its_last_three_evaluations(page):
  row = next(line for line in page.splitlines() if 'hopper/hype/0' in line)
  assert '`hopper/hype/0` | 30,000 | 202 | - |' in row
  assert '[metrics.csv](runs/new/hopper/hype/0/metrics.csv)' in row
  assert 'metadata.json' not in row  # it has none


def test_one_without_steps_has_its_updates_and_its_success(page):
  assert '`maze/bc/1` | 700,000 updates | 1.5 | 0.5 |' in page


def test_every_folder_can_be_linked_to_once(page):
  for place in ('new/hopper', 'new/hopper/hype', 'new/hopper/hype/0', 'old'):
    ids = page.count(f'id="{place}"') + page.count(f'{{ #{place} }}')
    assert ids == 1, place
