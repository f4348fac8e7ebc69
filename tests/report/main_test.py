import subprocess
import sys

import pytest

from tfirl.report import __main__ as main_module


def test_writes_all_files_and_prints_the_table(write_run, tmp_path, capsys):
  for seed in range(2):
    write_run('hopper', 'mm', seed, [0, 10], [0.0, 50.0])
  write_run('hopper', 'mm', 2, [0, 5, 10, 20], [0.0, 20.0, 50.0, 90.0])
  out = tmp_path / 'out' / 'deep'
  code = main_module.main(
    [str(tmp_path / 'runs'), '--out', str(out), '--last', '1', '--reps', '50']
  )
  assert code == 0
  figures = ('hopper_real_steps', 'hopper_wall_s', 'hopper_cost_gap')
  formats = ('.pdf', '.png', '.svg')
  expected = {f'{name}{end}' for name in figures for end in formats}
  expected -= {'hopper_cost_gap.png'}
  expected |= {'index.html', 'table.csv', 'table.md'}
  assert {path.name for path in out.iterdir()} == expected
  assert '| hopper | mm | 3 | – | 12 | 2 | 50 |' in capsys.readouterr().out
  note = 'hopper/mm: all seeds cut at 10 env steps'
  assert f'- {note}' in (out / 'table.md').read_text()
  assert note in (out / 'index.html').read_text()


def test_pages_for_a_repository(write_run, tmp_path):
  ends = {'expert_return': 100.0, 'random_return': 0.0}
  for task in ('hopper', 'ant_x'):
    for seed in range(2):
      write_run(task, 'mm', seed, [0, 10], [0.0, 50.0], **ends)
  write_run('hopper', 'mm', 2, [0, 5, 10, 20], [0.0, 20.0, 50.0, 90.0], **ends)
  intro, points = tmp_path / 'intro.md', tmp_path / 'published.csv'
  intro.write_text('# Results\n\nNobody tuned.\n')
  points.write_text('task,name,steps,share\nhopper,HyPE,10,0.9\nhoper,X,1,1\n')
  out = tmp_path / 'out'
  argv = [str(tmp_path / 'runs'), f'--out={out}', '--last=1', '--reps=50']
  code = main_module.main([*argv, f'--intro={intro}', f'--published={points}'])
  assert code == 0
  readme = (out / 'README.md').read_text()
  assert readme.startswith(
    '# Results\n\nNobody tuned.\n\n| algorithm | tasks |'
  )
  assert '\n| mm | 2 | 5 | 50% | [50%, 50%] | 20% | – | – | 12 |' in readme
  assert '[ant\\_x](ant_x.md), [hopper](hopper.md)' in readme
  page = (out / 'hopper.md').read_text()
  note = f"{points}: its points of 'hoper' are not drawn"
  assert note in (out / 'table.md').read_text()
  assert page.startswith(
    '# hopper\n\n![hopper real steps](hopper_real_steps.svg)'
  )
  assert '\n| hopper | mm | 3 |' in page and 'ant' not in page
  assert '\n| mm | 2 | 4 | 24 | 0 | 90 | 90 | – | – |' in page
  assert '- hopper/mm: all seeds cut at 10 env steps' in page
  assert 'HyPE: 90% at 10' in (out / 'hopper_real_steps.svg').read_text()


def test_a_report_grows_with_methods_not_with_seeds(write_run, tmp_path):
  """Else one of a hundred runs would be slow to write and to load."""
  files, sizes = [], []
  for method in ('mm', 'hype'):
    for seed in range(3):
      write_run('hopper', method, seed, [0, 10], [0.0, 50.0 + seed])
  for seeds in (range(0), range(3, 40)):
    for seed in seeds:
      write_run('hopper', 'mm', seed, [0, 10], [0.0, 50.0 + seed])
      write_run('hopper', 'hype', seed, [0, 10], [0.0, 60.0 + seed])
    out = tmp_path / f'out{len(files)}'
    argv = [str(tmp_path / 'runs'), f'--out={out}', '--reps=50']
    assert main_module.main(argv) == 0
    files.append({path.name for path in out.iterdir()})
    sizes.append((out / 'index.html').stat().st_size)
  assert files[0] == files[1]
  assert sizes[1] < sizes[0] + 77 * 1000  # a row of the list of runs each


def test_cut_runs_are_told_from_full_ones(write_run, tmp_path, capsys):
  cut, full = ('env_steps', 10, 1000), ('env_steps', 1000, None)
  for seed in range(2):
    write_run('hopper', 'mm', seed, [0, 10], [0.0, 50.0], budget=cut)
    write_run('hopper', 'hype', seed, [0, 10], [0.0, 50.0], budget=full)
  write_run('hopper', 'hype', 2, [0, 10], [0.0, 50.0], budget=cut)
  write_run('ant', 'mm', 0, [0, 10], [0.0, 50.0], budget=full)
  out = tmp_path / 'out'
  runs = str(tmp_path / 'runs')
  assert main_module.main([runs, f'--out={out}', '--last=1', '--reps=50']) == 0
  lines = capsys.readouterr().out.splitlines()
  assert [line.split(' |')[4] for line in lines[2:5]] == [
    ' 12',
    ' 12 (cut)',
    ' 12 (cut)',
  ]
  for name in ('table.md', 'index.html'):
    text = (out / name).read_text()
    assert 'hopper/mm: budget cut to 10 of 1,000 env steps, all seeds' in text
    assert (
      'hopper/hype: budget cut to 10 of 1,000 env steps, seeds 2 of 3' in text
    )
    assert 'ant/mm: budget' not in text
  csv = (out / 'table.csv').read_text().splitlines()
  place = csv[0].split(',').index('is_cut')
  assert [line.split(',')[place] for line in csv[1:]] == ['0', '1', '1']


def test_curves_over_the_steps_of_training_alone(write_run, tmp_path):
  write_run('hopper', 'mm', 0, [0, 10], [0.0, 50.0])
  out = tmp_path / 'out'
  runs = str(tmp_path / 'runs')
  assert main_module.main([runs, f'--out={out}', '--x_axis=env_steps']) == 0
  pictures = sorted(path.name for path in out.glob('*.png'))
  assert pictures == ['hopper_env_steps.png', 'hopper_wall_s.png']


def test_an_error_is_one_line_and_writes_nothing(tmp_path, capsys):
  out = tmp_path / 'out'
  code = main_module.main([str(tmp_path / 'absent'), '--out', str(out)])
  assert code == 1
  message = capsys.readouterr().err
  assert message.startswith('error: ') and message.count('\n') == 1
  assert 'absent' in message
  assert not out.exists()


def test_an_interrupted_report_is_no_success(write_run, tmp_path, monkeypatch):
  write_run('hopper', 'mm', 0, [0, 10], [0.0, 50.0])

  def interrupt(*unused, **unused_too):
    raise KeyboardInterrupt

  monkeypatch.setattr(main_module.writing, 'write', interrupt)
  argv = [str(tmp_path / 'runs'), f'--out={tmp_path / "out"}']
  assert main_module.main(argv) == 130


@pytest.mark.parametrize('flag', ['--reps=0', '--reps=-1', '--last=0'])
def test_numbers_that_count_nothing_are_refused(tmp_path, capsys, flag):
  with pytest.raises(SystemExit):
    main_module.main([str(tmp_path), flag])
  assert 'expected an integer, 1 or more' in capsys.readouterr().err


def test_an_intro_that_is_no_text_is_named(write_run, tmp_path, capsys):
  write_run('hopper', 'mm', 0, [0, 10], [0.0, 50.0])
  intro, out = tmp_path / 'intro.md', tmp_path / 'out'
  argv = [str(tmp_path / 'runs'), f'--out={out}', f'--intro={intro}']
  for data in (None, 'é'.encode('latin-1')):
    if data is not None:
      intro.write_bytes(data)
    assert main_module.main(argv) == 1
    message = capsys.readouterr().err
    assert message.startswith(f'error: {intro}: ') and message.count('\n') == 1
    assert message.endswith('; expected the Markdown of --intro\n') or (
      message.endswith('; expected the Markdown of --intro, as UTF-8 text\n')
    )
    assert not out.exists()


def test_imports_no_tensorflow():
  program = (
    'import sys, tfirl.report.__main__\n'
    'heavy = {"tensorflow", "tf_agents", "reverb", "gin", "torch"}\n'
    'print(sorted(heavy & {name.split(".")[0] for name in sys.modules}))'
  )
  result = subprocess.run(
    [sys.executable, '-c', program], capture_output=True, text=True, check=True
  )
  assert result.stdout.strip() == '[]'
