"""`python -m tfirl` is the console command `tfirl`, see `cli.main`."""

import sys

from tfirl.cli import main

if __name__ == '__main__':
  sys.exit(main.main())
