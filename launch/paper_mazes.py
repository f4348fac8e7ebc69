r"""The published comparison on the large AntMazes: methods x tasks x seeds.

  python launch/paper_mazes.py --methods=bc,hype_filter --seeds=0:3 \
    --root_dir=runs/paper_mazes --max_parallel=2 --demos=minari:ID

--settings=paper are the published ones: days on a machine with few cores.
--budget=20000 cuts each run to so many steps (bc: updates), and the report says
which are cut. --settings=recipe are tfirl's own. All flags of launch/sweep.py
but --gin_file.
The demonstrations of --demos are everybody's: give one task at a time (--tasks)
its own.
"""

from tfirl.sweeps import paper

TASKS = ('antmaze_large_diverse', 'antmaze_large_play')

if __name__ == '__main__':
  paper.main(TASKS)
