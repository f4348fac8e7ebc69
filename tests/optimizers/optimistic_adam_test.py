"""OptimisticAdam against its formula in NumPy, double precision."""

import numpy as np
import pytest
import tensorflow as tf

from tfirl.optimizers.optimistic_adam import OptimisticAdam

GRADIENTS = np.random.default_rng(0).normal(size=(5, 4, 3))
START = np.random.default_rng(1).normal(size=(4, 3))


def reference(
  theta,
  gradients,
  learning_rates,
  beta_1=0.9,
  beta_2=0.999,
  epsilon=1e-8,
  decay=0,
):
  """Theta after each step, as the class's docstring defines it."""
  m, v, u_tm1 = np.zeros_like(theta), np.zeros_like(theta), np.zeros_like(theta)
  path = []
  for t, (gradient, learning_rate) in enumerate(
    zip(gradients, learning_rates, strict=True), start=1
  ):
    gradient = gradient + decay * theta
    m = beta_1 * m + (1 - beta_1) * gradient
    v = beta_2 * v + (1 - beta_2) * gradient**2
    u_t = m / (np.sqrt(v) + epsilon)
    step = learning_rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    theta = theta + step * u_tm1 - 2 * step * u_t
    u_tm1 = u_t
    path.append(theta)
  return path


def run(optimizer, gradients=GRADIENTS, start=START):
  variable = tf.Variable(start, dtype=tf.float32)
  path = []
  for gradient in gradients:
    optimizer.apply_gradients([(tf.constant(gradient, tf.float32), variable)])
    path.append(variable.numpy())
  return path


def test_first_step_by_hand():
  # t = 1: m = 0.1 g, v = 0.001 g^2, u = m / sqrt(v), a u = lr * sign(g).
  path = run(OptimisticAdam(0.1), [[4.0, -0.5]], [1.0, 1.0])
  np.testing.assert_allclose(path[0], [0.8, 1.2], rtol=1e-6)


@pytest.mark.parametrize(
  'settings',
  [
    {},
    {'weight_decay': 0.3},
    {'beta_1': 0.5, 'beta_2': 0.9, 'epsilon': 1e-2},
  ],
)
def test_five_steps_follow_the_formula(settings):
  found = run(OptimisticAdam(0.05, **settings))
  settings = dict(settings)
  decay = settings.pop('weight_decay', 0)
  expected = reference(START, GRADIENTS, [0.05] * 5, decay=decay, **settings)
  np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('jit_compile', [False, True])
def test_graph_loop_over_two_variables_matches_eager(jit_compile):
  variables = [tf.Variable(START, dtype=tf.float32), tf.Variable([1.0])]
  optimizer = OptimisticAdam(0.05)
  optimizer.build(variables)

  @tf.function(jit_compile=jit_compile)
  def loop(gradients):
    for i in tf.range(5):
      optimizer.apply_gradients(
        zip([gradients[i], gradients[i, 0, :1]], variables, strict=True)
      )

  loop(tf.constant(GRADIENTS, tf.float32))
  assert optimizer.iterations.numpy() == 5
  expected = [
    reference(START, GRADIENTS, [0.05] * 5)[-1],
    reference(np.ones(1), GRADIENTS[:, 0, :1], [0.05] * 5)[-1],
  ]
  for variable, value in zip(variables, expected, strict=True):
    np.testing.assert_allclose(variable, value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('is_callable', [False, True])
def test_learning_rate_is_read_at_every_step_without_retracing(is_callable):
  rates = [0.1, 0.05, 0.0, 0.2, 0.01]
  rate = tf.Variable(0.0)
  optimizer = OptimisticAdam((lambda: rate) if is_callable else rate)
  variable = tf.Variable(START, dtype=tf.float32)
  optimizer.build([variable])

  @tf.function
  def step(gradient):
    optimizer.apply_gradients([(gradient, variable)])

  for value, gradient in zip(rates, GRADIENTS, strict=True):
    rate.assign(value)
    step(tf.constant(gradient, tf.float32))
  assert step.experimental_get_tracing_count() == 1
  expected = reference(START, GRADIENTS, rates)[-1]
  np.testing.assert_allclose(variable, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('in_graph', [False, True])
def test_reset_makes_the_optimizer_new(in_graph):
  optimizer = OptimisticAdam(0.05)
  variable = tf.Variable(START, dtype=tf.float32)
  gradients = tf.constant(GRADIENTS, tf.float32)
  optimizer.apply_gradients([(gradients[0], variable)])
  optimizer.apply_gradients([(gradients[1], variable)])
  (tf.function(optimizer.reset) if in_graph else optimizer.reset)()
  assert not any(np.any(weight) for weight in optimizer.get_weights())
  variable.assign(START)
  for gradient in gradients:
    optimizer.apply_gradients([(gradient, variable)])
  expected = reference(START, GRADIENTS, [0.05] * 5)[-1]
  np.testing.assert_allclose(variable, expected, rtol=1e-5, atol=1e-6)


def test_reset_before_the_first_step_is_allowed():
  optimizer = OptimisticAdam(0.05)
  optimizer.reset()
  assert optimizer.iterations.numpy() == 0


def test_checkpoint_continues_where_it_stopped(tmp_path):
  def make():
    rate = tf.Variable(0.0)
    variable = tf.Variable(tf.zeros([4, 3]))
    optimizer = OptimisticAdam(rate)
    return rate, variable, optimizer

  rate, variable, optimizer = make()
  rate.assign(0.05)
  variable.assign(START)
  for gradient in GRADIENTS[:3]:
    optimizer.apply_gradients([(tf.constant(gradient, tf.float32), variable)])
  checkpoint = tf.train.Checkpoint(optimizer=optimizer, variable=variable)
  path = checkpoint.write(str(tmp_path / 'c'))

  rate, variable, optimizer = make()
  optimizer.build([variable])
  checkpoint = tf.train.Checkpoint(optimizer=optimizer, variable=variable)
  checkpoint.read(path).assert_consumed()
  assert rate.numpy() == np.float32(0.05)
  for gradient in GRADIENTS[3:]:
    optimizer.apply_gradients([(tf.constant(gradient, tf.float32), variable)])
  expected = reference(START, GRADIENTS, [0.05] * 5)[-1]
  np.testing.assert_allclose(variable, expected, rtol=1e-5, atol=1e-6)


def test_sparse_gradient_equals_its_dense_form():
  table = tf.Variable(START, dtype=tf.float32)
  optimizer = OptimisticAdam(0.05)
  rows = tf.constant(GRADIENTS[:, :2], tf.float32)
  dense = np.zeros_like(GRADIENTS)
  for i in range(5):
    # Row 3 twice: its gradients add up.
    slices = tf.IndexedSlices(
      tf.concat([rows[i], rows[i, :1]], 0), tf.constant([3, 1, 3]), [4, 3]
    )
    optimizer.apply_gradients([(slices, table)])
    dense[i, 3] = 2 * GRADIENTS[i, 0]
    dense[i, 1] = GRADIENTS[i, 1]
  expected = reference(START, dense, [0.05] * 5)[-1]
  np.testing.assert_allclose(table, expected, rtol=1e-5, atol=1e-6)


def test_bilinear_game_converges_where_adam_does_not():
  """min_x max_y x * y: gradient play circles (0, 0), optimism spirals in."""

  def distance(optimizer):
    x, y = tf.Variable([1.0]), tf.Variable([1.0])

    @tf.function
    def play():
      for _ in tf.range(1000):
        optimizer.apply_gradients([(y + 0.0, x), (-x, y)])

    play()
    return float(tf.norm(tf.concat([x, y], 0)))

  settings = {'beta_1': 0.0, 'beta_2': 0.999, 'epsilon': 1.0}
  adam = tf.keras.optimizers.legacy.Adam(0.2, **settings)
  assert distance(OptimisticAdam(0.2, **settings)) < 0.1
  assert distance(adam) > 0.5


@pytest.mark.parametrize(
  ('name', 'value'),
  [('beta_1', 1.0), ('beta_2', -0.1), ('epsilon', 0.0), ('weight_decay', -1)],
)
def test_parameters_out_of_range_are_named(name, value):
  with pytest.raises(ValueError, match=f'OptimisticAdam.{name} is {value}; '):
    OptimisticAdam(0.1, **{name: value})


def test_config_makes_the_same_optimizer():
  settings = {'beta_1': 0.5, 'beta_2': 0.9, 'epsilon': 0.1, 'weight_decay': 2.0}
  first = OptimisticAdam(0.05, **settings)
  second = OptimisticAdam.from_config(first.get_config())
  np.testing.assert_array_equal(run(first), run(second))
