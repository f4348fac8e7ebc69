"""What refers to itself is refused, by its name."""

import pytest

from tfirl.config import explaining, gin_bindings, gin_files

# Registers what the bindings name.
from tfirl.runs import experiment as _experiment  # noqa: F401


@pytest.mark.parametrize(
  ('bindings', 'told'),
  [
    (
      ['A = %A', 'run.eval_every = %A'],
      '--gin_bindings=A = %A: A refers to itself (A = %A); expected',
    ),
    (
      ['A = [%B]', 'B = {"x": %A}'],
      "--gin_bindings=A = [%B]: A refers to itself (A = [%B], B = {'x': %A})",
    ),
    (
      ['run.real_steps = @run()'],
      'run.real_steps refers to itself (run.real_steps = @run())',
    ),
    (
      ['run.real_steps = @x/run()', 'x/run.real_steps = %A', 'A = @x/run()'],
      'x/run.real_steps refers to itself (x/run.real_steps = %A, A = @x/run())',
    ),
    (
      [f'A{i} = %A{i + 1}' for i in range(3000)] + ['A3000 = 1'],
      '--gin_bindings=A0 = %A1: A0 refers to more than 50 in a row',
    ),
    (
      [f'A = {"[" * 3000}{"]" * 3000}'],
      'found lists nested over 50 deep',
    ),
    ([f'A = {"[" * 60}{"]" * 60}'], 'found lists nested over 50 deep'),
    (['Task.env_kwargs = {[1]: 2}'], "kwargs = {[1]: 2}: unhashable type: 'l"),
  ],
)
def test_a_binding(bindings, told):
  with pytest.raises(gin_files.BindingError) as error:
    gin_bindings.parse([], bindings)
  message = str(error.value)
  assert told in message and '\n' not in message


def test_what_only_looks_like_it_passes():
  """A call in another scope takes another value."""
  gin_bindings.parse(
    [],
    [
      'A = %B',
      'B = [%C, %C]',
      'C = 1',
      'run.algorithm = @x/run()',
      'x/run.algorithm = "x"',
      'run.make_algorithm = @ModelFree',
    ],
  )


def test_a_file_that_includes_itself(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  (tmp_path / 'x.gin').write_text("\ninclude 'x.gin'\n")
  (tmp_path / 'y.gin').write_text("include 'z.gin'\n")
  (tmp_path / 'z.gin').write_text("include './y.gin'\n")
  for parse in (
    lambda name: gin_bindings.parse([name]),
    lambda name: gin_bindings.parse([], [f"include '{name}'"]),
    explaining.explain,
  ):
    with pytest.raises(gin_files.BindingError) as error:
      parse('x.gin')
    assert str(error.value).startswith('x.gin:2: x.gin includes itself (')
    with pytest.raises(gin_files.BindingError) as error:
      parse('y.gin')
    assert str(error.value).startswith('z.gin:1: y.gin includes itself (')
    assert 'y.gin -> z.gin -> y.gin); expected' in str(error.value)


def test_a_file_that_is_included_twice_is_none(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  (tmp_path / 'x.gin').write_text("include 'y.gin'\ninclude 'y.gin'\n")
  (tmp_path / 'y.gin').write_text('run.eval_every = 7\n')
  gin_bindings.parse(['x.gin'])
  assert gin_bindings.value_of('run.eval_every') == 7


@pytest.mark.parametrize(
  'bindings',
  [
    ['A = "x"', 'C = %A', 'tfirl.SacAgent.critic_layer_norm = %C'],
    ['A = "x"', 'C = %A', 'CostNetwork.layers = [8, %C]'],
  ],
)
def test_macros_of_macros_are_held_against_their_types(bindings):
  with pytest.raises(gin_files.BindingError, match="'x'.*; expected "):
    gin_bindings.parse([], bindings)
