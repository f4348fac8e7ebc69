r"""The published comparison on MuJoCo: methods x tasks x seeds.

  python launch/paper_mujoco.py --scale=cpu --seeds=0:3 --tasks=hopper \
    --root_dir=runs/paper_mujoco --max_parallel=2

--scale=paper is the published budget: days on a machine with few cores. All
flags of launch/sweep.py but --gin_file.
"""

import paper_batch

TASKS = ('hopper', 'walker2d', 'ant', 'humanoid')
CPU_FILES = {
  'bc': 'scale/cpu_bc.gin',
  **dict.fromkeys(('mm', 'bc_reg', 'filter'), 'scale/cpu_model_free.gin'),
  **dict.fromkeys(('hype', 'hype_filter'), 'scale/cpu_hype.gin'),
  'hyper': 'scale/cpu_hyper.gin',
}

if __name__ == '__main__':
  paper_batch.main(TASKS, CPU_FILES)
