"""A policy of tfirl without tfirl: on a robot, or here on a simulated one.

Takes along this file and one of the policy:

  python robot.py policy.npz       # NumPy alone
  python robot.py policy/          # TensorFlow alone
  python robot.py policy.tflite    # the interpreter of TensorFlow Lite alone

The robot is a simulated one, of the environment that the policy's own metadata
name: to `pip install gymnasium[mujoco]`, too. Prints what ten episodes return.
"""

import argparse
import json
import pathlib
import sys
from collections.abc import Callable

import gymnasium
import numpy as np


class NpzPolicy:
  """The mean action [A], within its bounds, of an observation [O]."""

  def __init__(self, path: pathlib.Path):
    """Reads the file; no pickle is opened."""
    self.arrays = dict(np.load(path))

  def __call__(self, observation: np.ndarray) -> np.ndarray:
    """In the environment's own units."""
    a, x = self.arrays, np.asarray(observation, np.float32)
    seen = np.clip((x - a['shift']) * a['scale'], -a['clip'], a['clip'])
    waves = x @ a['angles'] + a['phases']
    x = np.concatenate([seen, np.sin(waves), np.cos(waves)], -1)
    for i in range(a['num_layers']):
      x = np.maximum(x, 0) if i else x
      x = x @ a[f'kernel_{i}'] + a[f'bias_{i}']
    low, high = a['action_low'], a['action_high']
    return np.clip((high + low + (high - low) * np.tanh(x)) / 2, low, high)


def load(path: pathlib.Path) -> Callable[[np.ndarray], np.ndarray]:
  """A policy by the kind of its file."""
  if path.suffix == '.npz':
    return NpzPolicy(path)
  import tensorflow as tf

  if path.suffix == '.tflite':
    interpreter = tf.lite.Interpreter(str(path))
    serve = interpreter.get_signature_runner('serving_default')
    return lambda observation: serve(observation=observation[None])['action'][0]
  model = tf.saved_model.load(str(path))
  return lambda observation: model.action(observation[None])[0].numpy()


def read_metadata(path: pathlib.Path) -> dict:
  """Of the file itself; of a .tflite, from the policy.npz beside it."""
  if path.is_dir():
    return json.loads((path / 'metadata.json').read_text())
  with np.load(path.with_suffix('.npz')) as arrays:
    return json.loads(str(arrays['metadata']))


def make_robot(task: dict) -> gymnasium.Env:
  """A simulated one, by a policy's metadata.

  Raises:
    ValueError: they do not say which.
  """
  if not task['env_id']:
    raise ValueError('gymnasium does not know it by name')
  try:
    env = gymnasium.make(
      task['env_id'],
      max_episode_steps=task.get('max_episode_steps'),
      **task['env_kwargs'],
    )
  except gymnasium.error.Error as error:
    raise ValueError(str(error)) from error
  if env.spec.max_episode_steps is None:
    raise ValueError('nothing says after how many steps its episodes end')
  found, shape = (
    env.observation_space.shape,
    tuple(task['observation']['shape']),
  )
  if found != shape:
    raise ValueError(f'it is seen in {found}, and was wrapped to {shape}')
  return env


def main(argv: list[str] | None = None) -> None:
  """Rolls it out."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('policy', type=pathlib.Path, help='what a run left')
  parser.add_argument('--episodes', type=int, default=10, help='(10)')
  args = parser.parse_args(argv)
  task = read_metadata(args.policy)
  act = load(args.policy)
  try:
    env = make_robot(task)
  except ValueError as error:
    parser.error(
      f'{task["task"]} can not be simulated here: {error}; put your robot in '
      'the place of make_robot, in this file'
    )
  returns = []
  for seed in range(args.episodes):
    observation, _ = env.reset(seed=seed)
    returns.append(0.0)
    is_over = False
    while not is_over:
      # A sensor that fails: what is not finite would come out as it went in.
      if not np.isfinite(observation).all():
        sys.exit(f'stopped: observed {observation}; expected finite numbers')
      action = act(np.asarray(observation, np.float32))
      observation, reward, terminated, truncated, _ = env.step(action)
      returns[-1] += float(reward)
      is_over = terminated or truncated
  print(
    f'{args.policy.name}: {task["task"]} returns {np.mean(returns):.1f} +- '
    f'{np.std(returns):.1f} over {args.episodes} episodes'
  )


if __name__ == '__main__':
  main()
