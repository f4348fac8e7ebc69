"""An expert's file, as `embed_expert` writes it."""

import numpy as np

from tfirl.storage import policy_file


def write(path, policy, metadata):
  """Of actions in [-1, 1]. Returns the path, a string."""
  bounds = np.ones(policy.num_actions, np.float32)
  found = policy_file.make(policy.deterministic(), -bounds, bounds, metadata)
  policy_file.save(found, path)
  return str(path)
