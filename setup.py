"""Installs tfirl. Every pin stands beside the reason for it."""

import platform
import sys
from pathlib import Path

import setuptools

# pip's own words for what follows are 'no matching distribution found'.
_FOUND = (
  f'Python {platform.python_version()} on {platform.system()} '
  f'{platform.machine()}'
)
if sys.version_info[:2] != (3, 11) or (
  (platform.system(), platform.machine()) != ('Linux', 'x86_64')
):
  sys.exit(
    f'tfirl: found {_FOUND}; expected Python 3.11 on Linux x86_64: Reverb '
    '0.14, which holds the replay tables, has wheels for no other system, and '
    'neither it nor TensorFlow 2.15, for which it is compiled, has any for a '
    'newer Python. '
    "'python3.11 -m venv .venv' makes such an environment; on macOS or Windows "
    'use a Linux container or WSL 2.'
  )

_INSTALL_REQUIRES = [
  # TF-Agents 0.19, the last release, is built for TF 2.15, TFP 0.23 and Reverb
  # 0.14 together: a newer TensorFlow brings Keras 3, on which it fails.
  'tensorflow==2.15.1',
  'tf-agents==0.19.0',
  'tensorflow-probability==0.23.0',
  'dm-reverb==0.14.0',  # its ops are compiled against TF 2.15's ABI
  'tensorboard==2.15.2',  # what TF 2.15 brings; its HParams tab is written to
  'gin-config==0.5.0',  # binding checks read its operative config
  'absl-py==2.1.0',  # flags; newer ones were not tried with TF 2.15
  'numpy==1.26.4',  # TF 2.15 needs numpy < 2
  'typing-extensions==4.5.0',  # TF-Agents pins it: a ceiling on all else
  'setuptools<82',  # TensorBoard 2.15 imports pkg_resources, gone in 82
  # Newer than 1.3.0 asks for a newer typing-extensions; 1.2.3 is what the
  # bit-for-bit environment tests ran on.
  'gymnasium==1.2.3',
  'gymnasium-robotics==1.4.2',  # mazes; the last tested with gymnasium 1.2
  'mujoco==3.2.3',  # physics: another version gives other trajectories
  'minari[hdf5]==0.5.3',  # newer asks for a newer typing-extensions
  'typer<0.29',  # Minari's; newer brings pydantic, too new for that ceiling
  'h5py==3.16.0',  # the D4RL reader; tested with this one
  'imageio==2.38.1',  # videos
  'imageio-ffmpeg==0.8.1',  # brings the ffmpeg that writes mp4
  'pandas==2.3.3',  # `arch`, which the tests' rliable uses, fails on pandas 3
  'matplotlib==3.11.2',  # pictures are checked by eye with this one
  'tqdm==4.70.1',  # the bar while demonstrations are recorded
]

_RUFF = 'ruff==0.17.6'  # another version formats otherwise

_EXTRAS_REQUIRE = {
  'test': [
    'pytest==9.2.0',  # its importlib mode lets test files share a name
    'pytest-xdist==3.8.0',  # workers; the one tested with that pytest
    'scipy==1.17.1',  # tests compare with it; the last tested with numpy 1.26
    'rliable==1.2.0',  # the report's numbers are its; 1.2 takes numpy 1.26
    _RUFF,
    'uv==0.13.9',  # makes XManager's environment in seconds, pip in minutes
  ],
  # For those who have the MuJoCo 2.1 binary: D4RL's own environments. tfirl
  # reads D4RL's files without it. (.ci/run adds d4rl with --no-deps: a test
  # compares our reader with its own.)
  'd4rl': ['d4rl==1.1'],
  # launch/sweep.py --executor=ray. The two-raylet test ran on this one; its
  # core alone resolves with the pins above.
  'ray': ['ray==2.60.0'],
  # `tfirl export --format onnx`. Both resolve with the pins above: they take
  # numpy < 2 and protobuf 4, which TensorFlow 2.15 needs.
  'onnx': ['tf2onnx==1.17.0', 'onnx==1.17.0'],
  # `make docs`. All resolve with the pins above: none asks for a newer
  # typing-extensions.
  'docs': [
    'mkdocs==1.6.1',  # 2.0 has neither plug-ins nor hooks
    'mkdocs-material==9.8.2',  # pages were looked at with this one
    'mkdocstrings-python==2.0.11',  # reads docstrings from the source
    'griffelib==2.4.1',  # with it; docs/hooks/house_docstrings.py extends it
    _RUFF,  # breaks long signatures
  ],
  # CUDA 12.2 and cuDNN 8.9 as wheels, for TensorFlow to find. It resolves with
  # the pins above; no GPU was to be had to try it.
  'cuda': ['tensorflow[and-cuda]==2.15.1'],
}

_GIN_FOLDERS = [
  '',
  '.agents',
  '.budgets',
  '.methods',
  '.paper',
  '.paper.agents',
  '.paper.methods',
  '.tasks',
]

setuptools.setup(
  name='tfirl',
  version='0.2.0',
  description='Hybrid inverse reinforcement learning on TF-Agents.',
  long_description=Path(__file__).with_name('README.md').read_text(),
  long_description_content_type='text/markdown',
  author='The tfirl authors',
  license='Apache-2.0',
  license_files=['LICENSE'],
  keywords='imitation-learning inverse-reinforcement-learning tf-agents',
  classifiers=[
    'Development Status :: 4 - Beta',
    'Intended Audience :: Science/Research',
    'Operating System :: POSIX :: Linux',
    'Programming Language :: Python :: 3 :: Only',
    'Programming Language :: Python :: 3.11',
    'Topic :: Scientific/Engineering :: Artificial Intelligence',
    'Typing :: Typed',
  ],
  python_requires='>=3.11,<3.12',
  packages=setuptools.find_packages(include=['tfirl', 'tfirl.*'])
  + ['tfirl.gin_configs' + folder for folder in _GIN_FOLDERS],
  # The gin files lie at the root of a checkout and inside the wheel.
  package_dir={'tfirl.gin_configs': 'gin_configs'},
  package_data={
    'tfirl': ['py.typed'],
    'tfirl.demos.experts': ['weights/*.npz', 'weights/*.json'],
    'tfirl.sweeps': ['xm_requirements.txt'],
    # Results of METHOD_TASK.gin, for `tfirl list`.
    'tfirl.gin_configs': ['*.gin', 'measured.json'],
    **{'tfirl.gin_configs' + folder: ['*.gin'] for folder in _GIN_FOLDERS[1:]},
  },
  entry_points={'console_scripts': ['tfirl = tfirl.cli.main:main']},
  install_requires=_INSTALL_REQUIRES,
  extras_require=_EXTRAS_REQUIRE,
)
