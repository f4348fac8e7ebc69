"""Pickles aren't read: to open one is to run what is in it."""

from tfirl.demos.checking import DemonstrationError

SUFFIXES = ('.pkl', '.pickle', '.npy')

_ADVICE = """{path}: found {what}, which runs whatever it holds when it is \
opened; expected numbers alone. If you trust who made it:
  import numpy as np
  paths = np.load({path!r}, allow_pickle=True)  # a list of episodes
  demos = tfirl.Demonstrations.from_episodes(
    [(np.vstack([p['obs'], p['next_obs'][-1:]]), p['acts']) for p in paths],
    task)  # task = tfirl.Task(...); the keys are your file's"""

_MEMBER = """{path}: found {key}, a pickle, which runs whatever it holds when \
it is opened; expected numbers, or names as text. If you trust who made it:
  import numpy as np
  arrays = dict(np.load({path!r}, allow_pickle=True))
  # names: .astype(str); an array an episode: np.concatenate(arrays[{key!r}])
  arrays[{key!r}] = arrays[{key!r}].astype(str)
  np.savez({path!r}, **arrays)"""


def refuse(path: str, what: str) -> None:
  """Raises DemonstrationError with the lines that convert it.

  Args:
    path: of the file.
    what: 'a pickle', say.
  """
  raise DemonstrationError(_ADVICE.format(path=path, what=what))


def refuse_member(path: str, key: str) -> None:
  """As `refuse`, of one array of an .npz."""
  raise DemonstrationError(_MEMBER.format(path=path, key=key))


_DATASETS = """{path}: found a folder of Hugging Face's datasets, as \
`imitation` saves; expected a file. Where that library is:
  import numpy as np, datasets
  all_t = datasets.load_from_disk({path!r}).with_format('numpy')
  np.savez('demos.npz', obs=np.concatenate([t['obs'] for t in all_t]),
    acts=np.concatenate([t['acts'] for t in all_t]),
    terminal=np.array([t['terminal'] for t in all_t]),
    indices=np.cumsum([len(t['acts']) for t in all_t])[:-1])"""


def refuse_datasets(path: str) -> None:
  """Raises DemonstrationError with the lines that convert such a folder."""
  raise DemonstrationError(_DATASETS.format(path=path))
