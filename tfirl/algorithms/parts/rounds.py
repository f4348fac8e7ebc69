"""A round of gradient steps as one call of one tf.function."""

from collections.abc import Callable, Mapping

import tensorflow as tf

from tfirl.machine import stderr_filter

StepFn = Callable[..., Mapping[str, tf.Tensor]]


class Rounds(tf.Module):
  """Runs `step_fn` on G batches in a graph loop; no Python per update.

  `step_fn(*batches)` takes one [B, ...] slice of each argument of `run` and
  returns named scalars.
  """

  def __init__(self, step_fn: StepFn, num_steps: int, jit_compile: bool):
    """Args: `num_steps` is G. `jit_compile` asks for XLA, which makes SAC
    slower on a CPU (half the speed on two threads, of which it uses one;
    docs/results/speed.md) and faster on a GPU.
    """
    super().__init__()
    # AutoGraph would take three quarters of a trace's time to rewrite all of
    # TF-Agents, where it finds no `if` of a tensor.
    self._step = tf.function(step_fn, autograph=False)
    self._num_steps = num_steps
    self._jit_compile = jit_compile
    self._graph = tf.function(self._run, jit_compile=jit_compile)

  def run(self, *batches) -> Mapping[str, tf.Tensor]:
    """Takes G steps. Args: nests of [G * B, ...]. Returns: means over G."""
    if self._jit_compile and not self.num_traces:
      with stderr_filter.without_notes():  # XLA tells of what it compiles
        return self._graph(*batches)
    return self._graph(*batches)

  @property
  def num_traces(self) -> int:
    """How often `run` was traced; more than 1 means shapes changed."""
    return self._graph.experimental_get_tracing_count()

  def _run(self, *batches) -> Mapping[str, tf.Tensor]:
    batches = tf.nest.map_structure(self._split, batches)
    totals = self._zeros(batches)

    def at(i):
      return tf.nest.map_structure(lambda x: x[i], batches)

    for i in tf.range(self._num_steps):
      losses = self._step(*at(i))
      totals = {name: totals[name] + losses[name] for name in totals}
    return {name: total / self._num_steps for name, total in totals.items()}

  def _zeros(self, batches) -> Mapping[str, tf.Tensor]:
    """A zero for each of `step_fn`'s results, which a trace of it tells."""
    specs = tf.nest.map_structure(
      lambda x: tf.TensorSpec(x.shape[1:], x.dtype), batches
    )
    traced = self._step.get_concrete_function(*specs)
    return {
      name: tf.zeros(spec.shape, spec.dtype)
      for name, spec in traced.structured_outputs.items()
    }

  def _split(self, rows):
    return tf.reshape(rows, [self._num_steps, -1, *rows.shape[1:]])
