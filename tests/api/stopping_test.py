"""What stops a run, from inside it and from its environment."""

import functools

import mass
import pytest

import tfirl


@pytest.fixture
def go(task, demos, tmp_path):
  """`go(on_evaluation=...)`: 64 steps of a game that trains nobody."""
  return functools.partial(
    mass.imitate,
    task,
    demos,
    tmp_path,
    real_steps=64,
    bindings=mass.UNTRAINED,
  )


def test_returning_true_stops_and_the_same_call_goes_on(go, capsys):
  run = go(on_evaluation=lambda row: row.real_steps >= 48)
  assert run.metrics.real_steps.iloc[-1] == 48
  said = 'stopped at 48 of 64 real steps, with a checkpoint; the same command'
  assert said in capsys.readouterr().err
  assert (run.path / 'checkpoints' / '48').exists()
  assert go().metrics.real_steps.iloc[-1] == 64


def test_raising_stops_after_a_checkpoint(go, tmp_path):
  def fail(row):
    if row.real_steps >= 48:
      raise KeyError('mine')

  with pytest.raises(KeyError, match='mine'):
    go(on_evaluation=fail)
  assert (tmp_path / 'runs/mass/hype/0/checkpoints/48').exists()
  assert go().metrics.real_steps.iloc[-1] == 64


class _Fails(mass.Mass):
  """Raises `error` at its steps from the one `number` on, if that is set."""

  error, number = None, 0

  def __init__(self, render_mode=None):
    super().__init__(render_mode)
    self._steps = 0

  def step(self, action):
    self._steps += 1
    if self.error is not None and self._steps >= self.number:
      raise self.error
    return super().step(action)


@pytest.fixture
def failing(monkeypatch):
  """A task whose environment can be made to fail."""
  task = tfirl.Task('mass', env_fn=lambda: _Fails(), max_episode_steps=30)

  def fail(error, number=0):
    monkeypatch.setattr(_Fails, 'error', error)
    monkeypatch.setattr(_Fails, 'number', number)

  return task, fail


@pytest.mark.parametrize(
  'error', [KeyError('the arm'), ValueError('the arm'), ArithmeticError('the')]
)
def test_what_an_environment_raises_ends_the_run(
  failing, error, demos, tmp_path
):
  task, fail = failing
  fail(error, 100)
  go = functools.partial(
    mass.imitate, task, demos, tmp_path, bindings=(*mass.UNTRAINED, *mass.RARE)
  )
  with pytest.raises(type(error), match=str(error)[:4]):
    go()
  assert (tmp_path / 'runs/mass/hype/0/checkpoints/64').exists()
  fail(None)
  assert go().metrics.real_steps.iloc[-1] == 160


def test_its_own_non_finite_numbers_are_no_matter_of_rates(
  failing, demos, tmp_path
):
  task, fail = failing
  fail(FloatingPointError('overflow in the arm'), 100)
  with pytest.raises(FloatingPointError, match='^overflow in the arm'):
    mass.imitate(task, demos, tmp_path, bindings=(*mass.UNTRAINED, *mass.RARE))


def test_an_evaluation_that_fails_leaves_a_checkpoint(failing, demos, tmp_path):
  task, fail = failing

  def go(**kwargs):
    bindings = ['BcAgent.hidden = (8,)', 'run.record_video = False']
    where = {
      'root_dir': tmp_path,
      'bindings': [*bindings, 'run.eval_every = 64'],
    }
    return tfirl.imitate('bc', task, demos, updates=192, **where, **kwargs)

  with pytest.raises(OSError, match='unplugged'):
    go(on_evaluation=lambda row: row.updates and fail(OSError('unplugged')))
  path = tmp_path / 'mass' / 'bc' / '0' / 'checkpoints'
  assert (path / '128').exists() and not (path / '192').exists()
  fail(None)
  assert go().metrics.updates.iloc[-1] == 192


def test_interrupted_before_it_trained_another_config_is_as_good(
  failing, demos, tmp_path
):
  task, fail = failing
  fail(KeyboardInterrupt())
  with pytest.raises(KeyboardInterrupt):
    mass.imitate(task, demos, tmp_path, bindings=mass.UNTRAINED)
  fail(None)
  other = ['ModelFree.batch_size = 8', *mass.UNTRAINED]
  run = mass.imitate(task, demos, tmp_path, real_steps=16, bindings=other)
  assert run.metrics.real_steps.iloc[-1] == 16


def test_one_run_at_a_time(task, demos, tmp_path):
  def go(**kwargs):
    bindings = ['BcAgent.hidden = (8,)', 'run.record_video = False']
    where = {'root_dir': tmp_path, 'bindings': bindings}
    return tfirl.imitate('bc', task, demos, updates=4, **where, **kwargs)

  inner = {
    'imitate': lambda: go(seed=1),
    'the task of tasks/hopper.gin': lambda: tfirl.load_demonstrations(
      'embedded:hopper', 'hopper'
    ),
  }
  refused = []

  def call(row):
    for name, start in inner.items():
      with pytest.raises(RuntimeError, match=f'^{name}: found a run under way'):
        start()
      refused.append(name)

  run = go(on_evaluation=call)
  assert set(refused) == set(inner)
  assert (
    'BcAgent.hidden = (8,)' in (run.path / 'operative_config.gin').read_text()
  )
  assert go(seed=1).path.name == '1'
