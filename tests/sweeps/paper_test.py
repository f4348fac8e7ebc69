"""The ready-made batches: every method on every task, ten seeds."""

import json

import pytest

_METHODS = ('bc', 'mm', 'bc_reg', 'filter', 'hype', 'hype_filter', 'hyper')


@pytest.fixture(scope='module')
def call(root, make_sweep):
  """call(script, *flags) -> the done process."""

  def run(script, *flags):
    sweep = make_sweep(script=script)
    sweep.flags = ()  # these name no gin file
    return sweep.call('--dry_run', *flags)

  return run


def _units(done):
  assert done.returncode == 0, done.stderr
  return [json.loads(line) for line in done.stdout.splitlines()]


def _cells(units):
  return {tuple(unit['run_dir'].split('/')[-3:-1]) for unit in units}


def _root(unit):
  return unit['run_dir'].rpartition('/ant/')[0]


def test_mujoco_as_published(call):
  units = _units(call('paper_mujoco.py'))
  tasks = ('hopper', 'walker2d', 'ant', 'humanoid')
  assert len(units) == 7 * 4 * 10
  assert _cells(units) == {(t, m) for t in tasks for m in _METHODS}
  for unit in units:
    hyper = '/hyper/' in unit['run_dir']
    assert unit['steps'] == (150_000 if hyper else 1_000_000)
    assert '--gin_file=paper/' in ' '.join(unit['argv'])


def test_mujoco_by_our_recipes(call):
  done = call(
    *('paper_mujoco.py', '--settings=recipe'),
    *('--tasks=hopper', '--seeds=0:1'),
  )
  units = _units(done)
  assert _cells(units) == {('hopper', method) for method in _METHODS}
  for unit in units:
    hyper = '/hyper/' in unit['run_dir']
    assert unit['steps'] == (20_000 if hyper else 100_000)
    assert 'paper/' not in ' '.join(unit['argv'])


def test_mazes(call):
  tasks = ('antmaze_large_diverse', 'antmaze_large_play')
  units = _units(call('paper_mazes.py', '--seeds=0:2', '--settings=recipe'))
  assert _cells(units) == {(t, m) for t in tasks for m in _METHODS}
  assert len(units) == 7 * 2 * 2
  for unit in units:
    is_bc = '/bc/' in unit['run_dir']
    assert unit['steps'] == (50_000 if is_bc else 30_000)
  units = _units(call('paper_mazes.py', '--methods=bc,hyper', '--seeds=3'))
  assert {
    (unit['run_dir'].split('/')[-2], unit['steps']) for unit in units
  } == {
    ('bc', 500_000),
    ('hyper', 150_000),
  }


def test_a_budget_cuts_published_runs_and_nothing_else(call):
  chosen = ('paper_mujoco.py', '--tasks=ant', '--seeds=0')
  full = _units(call(*chosen))
  cut = _units(call(*chosen, '--budget=20000'))
  assert [unit['steps'] for unit in cut] == 7 * [20_000]
  binding = '--gin_bindings=run.most_steps = 20000'
  roots = {f'--root_dir={_root(units[0])}' for units in (full, cut)}
  for whole, part in zip(full, cut, strict=True):
    assert set(part['argv']) ^ set(whole['argv']) == {binding, *roots}
    assert whole['steps'] >= 150_000
  done = call('paper_mujoco.py', '--budget=0')
  assert done.returncode == 1 and 'budget' in done.stderr


def test_unknown_names(call):
  done = call('paper_mujoco.py', '--methods=mm,gail')
  assert done.returncode == 1
  assert 'error: --methods: found gail; expected some of bc, mm' in done.stderr
