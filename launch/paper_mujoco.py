r"""The published comparison on MuJoCo: methods x tasks x seeds.

  python launch/paper_mujoco.py --settings=recipe --seeds=0:3 --tasks=hopper \
    --root_dir=runs/paper_mujoco --max_parallel=2

--settings=paper are the published ones: days on a machine with few cores.
--budget=20000 cuts each run to so many steps (bc: updates), and the report says
which are cut. --settings=recipe are tfirl's own. All flags of launch/sweep.py
but --gin_file.
"""

from tfirl.sweeps import paper

TASKS = ('hopper', 'walker2d', 'ant', 'humanoid')

if __name__ == '__main__':
  paper.main(TASKS)
