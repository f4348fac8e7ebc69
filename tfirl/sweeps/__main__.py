"""`python -m tfirl.sweeps`, see `sweeps.sweep`."""

from tfirl.sweeps import sweep

if __name__ == '__main__':
  sweep.run_program()
