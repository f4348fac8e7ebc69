import pytest

from tfirl.cli import main as cli
from tfirl.runs import launch


@pytest.fixture
def called(monkeypatch):
  """Arguments of `launch.launch`, which does nothing."""
  calls = []
  monkeypatch.setattr(
    launch, 'launch', lambda *args, **flags: calls.append(args)
  )
  return calls


def test_flags_reach_the_run(called):
  command = 'train hyper_hopper --seed 3 --demos d.npz --num_demos 4'.split()
  command += ['-b', 'run.real_steps = 9', '-b', 'run.eval_every = 3']
  command += ['--root_dir', 'out', '--gin_file', 'budgets/smoke']
  assert not cli.main(command)
  ((files, bindings, root_dir, seed, demos, stop, num_demos),) = called
  assert files == ['hyper_hopper.gin', 'budgets/smoke.gin']
  assert bindings == ['run.real_steps = 9', 'run.eval_every = 3']
  assert (root_dir, seed, demos, num_demos) == ('out', 3, 'd.npz', 4)
  assert not stop()


def test_defaults_are_those_of_the_module(called, tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  (tmp_path / 'mine').mkdir()
  (tmp_path / 'mine/cart.gin').touch()
  cli.main(['train', 'mine/cart.gin'])
  ((files, bindings, root_dir, seed, demos, _, num_demos),) = called
  assert files == ['mine/cart.gin'] and bindings == []
  assert (root_dir, seed, demos, num_demos) == ('runs', 0, None, None)


def test_accepted_demonstrations_are_a_binding(called):
  cli.main(['train', 'hype_hopper', '--accept_demos', '-b', 'run.seed = 1'])
  ((_, bindings, *_),) = called
  assert bindings == [
    'run.seed = 1',
    'load_demonstrations.accept_demos = True',
  ]


@pytest.mark.parametrize('flag', ['demos', 'seed', 'root_dir', 'num_demos'])
def test_a_value_is_given_once(called, capsys, flag):
  """Be it that of no flag the first time."""
  with pytest.raises(SystemExit):
    cli.main(f'train hype_hopper --{flag} 1 --{flag} 2'.split())
  assert f'--{flag} is given twice' in capsys.readouterr().err and not called


def test_a_file_that_is_not_there_is_one_line_and_exit_code_1(capsys):
  assert cli.main(['train', 'hyper_hoper']) == 1
  message = capsys.readouterr().err
  assert message.startswith("error: gin file 'hyper_hoper.gin' not found")
  assert 'did you mean' in message and message.count('\n') == 1


def test_errors_of_users_are_one_line_and_exit_code_1():
  with pytest.raises(SystemExit) as info:
    cli.main(['train', 'hype_hopper', '-b', 'run.eval_evry = 1'])
  message = str(info.value.code)  # which Python prints, with exit code 1
  assert message.startswith('error: ')
  assert "'eval_evry'; did you mean eval_every" in message


@pytest.mark.parametrize('seed', ['-1', 'x', '1.5'])
def test_seed_is_checked_before_anything_is_imported(called, capsys, seed):
  with pytest.raises(SystemExit) as info:
    cli.main(['train', 'hype_hopper', '--seed', seed])
  assert info.value.code == 2 and called == []
  assert 'expected' in capsys.readouterr().err


def test_signals_stop_it(monkeypatch):
  """The program's own handlers are in force while it runs."""
  import signal

  def run(*args, allow_changes):
    stop = args[5]
    assert not stop()
    signal.raise_signal(signal.SIGTERM)
    assert stop()

  monkeypatch.setattr(launch, 'launch', run)
  cli.main(['train', 'hype_hopper'])
