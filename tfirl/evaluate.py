"""`python -m tfirl.evaluate`, see `runs.evaluate`."""

from tfirl.runs import evaluate

if __name__ == '__main__':
  evaluate.main()
