r"""Keeps runs of launch/results.py in docs/results and writes its pages anew.

  python launch/results_pages.py --table=tasks runs/results

Of each run that is over the last policy plays a hundred episodes, and what is
small is copied to docs/results/runs/TABLE/TASK/METHOD/SEED/; then pages are
made of all that is kept, as by `tfirl report`. Without a folder only these are.
"""

from tfirl.sweeps import results_pages

if __name__ == '__main__':
  results_pages.main()
