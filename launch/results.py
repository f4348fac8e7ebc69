r"""The tables of docs/results, by the recipes as they are, on unseen seeds.

  python launch/results.py --table=tasks --methods=bc,hype --tasks=hopper \
    --seeds=100:103 --root_dir=runs/results --max_parallel=2

--table=tasks: methods x MuJoCo tasks, all demonstrations; few: from 1, 4 and 10
of them; mazes; lines: the recipe with one line changed. The same command again
goes on with what is not done. All flags of launch/sweep.py but --gin_file.
"""

from tfirl.sweeps import results

if __name__ == '__main__':
  results.main()
