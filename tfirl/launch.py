"""`python -m tfirl.launch`, see `runs.launch`."""

from tfirl.runs import launch

if __name__ == '__main__':
  launch.run_program()
