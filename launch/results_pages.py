r"""Keeps runs of launch/results.py in docs/results and writes its pages anew.

  python launch/results_pages.py --table=tasks runs/results

What of a run is small is copied, of each that is over, to
docs/results/runs/TABLE/TASK/METHOD/SEED/; then `tfirl report` makes the pages
of all that is kept. Without a folder it only makes the pages.
"""

from tfirl.sweeps import results_pages

if __name__ == '__main__':
  results_pages.main()
