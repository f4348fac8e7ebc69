r"""A sweep: `tfirl.sweeps.sweep` as a script.

python launch/sweep.py --gin_file=hype_hopper.gin --seeds=0:5
"""

from tfirl.sweeps import sweep

if __name__ == '__main__':
  sweep.run_program()
