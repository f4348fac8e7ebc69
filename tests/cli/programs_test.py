"""Commands that are programs of other packages."""

import json
import shutil

import numpy as np
import pytest

from tfirl.cli import main as cli
from tfirl.demos import load


def test_evaluate_and_report_name_what_is_missing(tmp_path, capsys):
  absent = str(tmp_path / 'absent')
  with pytest.raises(SystemExit, match='absent/config.gin not found'):
    cli.main(['evaluate', absent, '--episodes', '2'])
  out = str(tmp_path / 'out')
  assert cli.main(['report', absent, '--out', out]) == 1
  assert 'error: ' in capsys.readouterr().err


def test_sweep_prints_its_units(tmp_path, capsys):
  with pytest.raises(SystemExit) as info:
    cli.main(
      [
        'sweep',
        '--gin_file=mm_hopper.gin',
        '--seeds=0:2',
        '--dry_run',
        f'--root_dir={tmp_path}',
      ]
    )
  assert not info.value.code
  units = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
  assert [unit['run_dir'] for unit in units] == [
    f'{tmp_path}/hopper/mm/{seed}' for seed in (0, 1)
  ]


def test_demos_show(hopper_demos, capsys):
  path = str(hopper_demos)
  assert not cli.main(['demos', 'show', path, '--num_demos=2'])
  found = capsys.readouterr().out
  assert path in found and 'episodes     2' in found
  assert cli.main(['demos', 'show', path, '--num_demos=0']) == 1
  assert cli.main(['demos', 'show']) == 1
  assert 'found no source' in capsys.readouterr().err


def test_demos_collect(tmp_path, capsys):
  out = str(tmp_path / 'hopper.npz')
  command = ['demos', 'collect', '--task=hopper', '--episodes=1']
  # Twice in a process: its flags are its own.
  with pytest.raises(SystemExit) as info:
    cli.main(command)
  assert 'out' in str(info.value.code)
  assert not cli.main([*command, f'--out={out}'])
  assert f'{out}: 1 of ' in capsys.readouterr().out
  assert len(load.read(out).episode_ends) == 1


@pytest.mark.parametrize('name', ['new.npz', 'new.hdf5'])
def test_demos_convert(hopper_demos, tmp_path, capsys, name):
  out = str(tmp_path / name)
  assert not cli.main(['demos', 'convert', str(hopper_demos), out])
  said = capsys.readouterr().out
  assert said.startswith(f'{out}: 20 episodes, ')
  old, new = load.read(str(hopper_demos)), load.read(out)
  for key in ('observations', 'actions', 'next_observations', 'terminals'):
    np.testing.assert_allclose(
      new.columns[key], old.columns[key], rtol=1e-6, err_msg=key
    )
  assert cli.main(['demos', 'convert', str(hopper_demos), out]) == 1
  assert 'is there already' in capsys.readouterr().err


def test_demos_at_home(hopper_demos, tmp_path, capsys, monkeypatch):
  monkeypatch.setenv('HOME', str(tmp_path))
  shutil.copy(hopper_demos, tmp_path / 'mine.npz')
  assert not cli.main(['demos', 'convert', '~/mine.npz', '~/new.npz'])
  assert (tmp_path / 'new.npz').exists()
  assert not cli.main(['demos', 'show', '~/new.npz'])
  assert f'{tmp_path}/new.npz\n' in capsys.readouterr().out


def test_demos_convert_is_told_what_is_what(tmp_path, capsys):
  rng = np.random.default_rng(0)
  path, out = tmp_path / 'old.npz', tmp_path / 'new.npz'
  walk = np.cumsum(rng.normal(size=(9, 3)), axis=0)
  arrays = {'s': walk, 'u': np.full((9, 1), 2.5), 'ep': [0] * 5 + [1] * 4}
  np.savez(path, **arrays)
  command = ['demos', 'convert', str(path), str(out)]
  keys = ['--keys', 'observations=s,actions=u', '--keys', 'episodes=ep']
  assert cli.main(command) == 1
  assert '--keys observations=?' in capsys.readouterr().err
  assert cli.main([*command, *keys, '--clip_actions']) == 1
  assert '--env_id=ID too' in capsys.readouterr().err
  assert not cli.main(
    [*command, *keys, '--clip_actions', '--env_id=Pendulum-v1']
  )
  assert capsys.readouterr().out.startswith(f'{out}: 2 episodes, 7 transitions')
  columns = load.read(str(out)).columns
  assert (columns['actions'] == 2).all()
  np.testing.assert_array_equal(columns['next_observations'][:4], walk[1:5])


def test_demos_convert_refuses_other_files(hopper_demos, tmp_path, capsys):
  out = tmp_path / 'x.csv'
  assert cli.main(['demos', 'convert', str(hopper_demos), str(out)]) == 1
  assert 'expected FILE.npz or FILE.hdf5' in capsys.readouterr().err
  assert not out.exists()


def test_demos_of_no_such_kind(capsys):
  assert cli.main(['demos', 'colect']) == 1
  assert 'expected collect, show, convert' in capsys.readouterr().err


def test_demos_that_contradict_themselves_pass_if_asked_for(
  hopper_demos, tmp_path, capsys, caplog
):
  """As they do in training: by the flag that the error proposes."""
  arrays = dict(np.load(hopper_demos))
  order = np.random.default_rng(0).permutation(len(arrays['actions']))
  arrays['next_observations'] = arrays['next_observations'][order]
  path, out = str(tmp_path / 'shuffled.npz'), str(tmp_path / 'new.npz')
  np.savez(path, **arrays)
  for command in (['show', path], ['convert', path, out]):
    assert cli.main(['demos', *command]) == 1
    assert '--accept_demos (' in capsys.readouterr().err
    assert not cli.main(['demos', *command, '--accept_demos'])
    assert path in capsys.readouterr().out
    assert 'rows; accepted' in caplog.text
    caplog.clear()
  np.testing.assert_allclose(
    load.read(out).columns['next_observations'], arrays['next_observations']
  )


def test_demos_show_is_told_what_is_what(tmp_path, capsys):
  path = tmp_path / 'log.csv'
  path.write_text('x,u,end\n0,1,0\n1,1,0\n2,1,1\n')
  command = ['demos', 'show', str(path)]
  assert cli.main(command) == 1
  proposal = 'tfirl demos convert IN OUT --keys observations=?'
  assert proposal in capsys.readouterr().err
  keys = ['--keys', 'observations=x,actions=u', '--keys=dones=end']
  assert not cli.main([*command, *keys])
  assert 'transitions  2' in capsys.readouterr().out
