"""The harness of the benchmarks, on commands that are known."""

import os
import sys
import types

import pytest


@pytest.fixture(scope='module')
def pairing(load_script):
  return load_script('benchmarks/pairing.py')


def _python(source):
  return [sys.executable, '-c', source]


def test_measure_reads_the_last_line(pairing):
  command = _python('print("noise"); print(\'{"rate": 2.5}\')')
  assert pairing.measure(command) == {'rate': 2.5}


@pytest.mark.parametrize(
  ('source', 'found'),
  [
    ('import sys; print("{}"); sys.exit("broke")', r'exit code 1(.|\n)*broke'),
    ('print("no figure")', r'JSONDecodeError(.|\n)*no figure'),
    ('pass', 'IndexError'),
  ],
)
def test_measure_says_what_went_wrong(pairing, source, found):
  with pytest.raises(RuntimeError, match=found):
    pairing.measure(_python(source))


def test_peers_take_turns(pairing, tmp_path):
  log = tmp_path / 'log'

  def peer(name):
    return _python(
      f'import pathlib; p = pathlib.Path({str(log)!r}).open("a+"); '
      f'p.write("{name}"); p.seek(0); '
      'print(\'{"rate": %d}\' % len(p.read()))'
    )

  figures = pairing.alternate({'a': peer('A'), 'b': peer('B')}, 'rate', 3)

  assert log.read_text() == 'ABABAB'
  assert figures == {'a': [1, 3, 5], 'b': [2, 4, 6]}


def test_compare_gives_the_ratio_of_medians(pairing, monkeypatch, capsys):
  rates = {'a': iter([9.0, 4.0, 1.0]), 'b': iter([2.0, 2.0, 7.0])}
  monkeypatch.setattr(pairing, 'measure', lambda c: {'rate': next(rates[c])})
  monkeypatch.setattr(pairing, 'use_cores', lambda: (2, 2))
  monkeypatch.setattr(pairing.flags, 'FLAGS', _Flags(repeats=3))

  assert pairing.compare({'a': 'a', 'b': 'b'}, 'rate') == 2.0
  assert 'ratio   2.00' in capsys.readouterr().out


def test_compare_gives_the_spread_of_the_turns_to_each_peer(
  pairing, monkeypatch, capsys
):
  rates = {
    'ours': iter([8.0, 4.0, 6.0]),
    'bound': iter([10.0, 8.0, 8.0]),
    'theirs': iter([4.0, 4.0, 2.0]),
  }
  monkeypatch.setattr(pairing, 'measure', lambda c: {'rate': next(rates[c])})
  monkeypatch.setattr(pairing, 'use_cores', lambda: (2, None))
  monkeypatch.setattr(pairing.flags, 'FLAGS', _Flags(repeats=3))

  pairing.compare({name: name for name in rates}, 'rate')

  ratios = [r for r in capsys.readouterr().out.splitlines() if 'ratio' in r]
  assert ratios == [
    'ratio   0.75 to bound; of a turn 0.50 to 0.80',
    'ratio   1.50 to theirs; of a turn 1.00 to 3.00',
  ]


def test_sbx_is_a_peer_if_there_is_one(pairing, monkeypatch):
  commands = {}
  for sbx in (None, 'SBX/python'):
    flags = _Flags(sb3_python='SB3/python', sbx_python=sbx)
    monkeypatch.setattr(pairing.flags, 'FLAGS', flags)
    commands[sbx] = pairing.sb3_peers('--measure=loop')
  assert list(commands[None]) == ['Stable-Baselines3']
  for name, library in (
    ('Stable-Baselines3', 'stable_baselines3'),
    ('SBX', 'sbx'),
  ):
    python, _, *arguments = commands['SBX/python'][name]
    assert python == {'SBX': 'SBX/python'}.get(name, 'SB3/python')
    assert arguments == [f'--library={library}', '--measure=loop']


class _Flags:
  """Values by attribute, flags by item, as absl's."""

  def __init__(self, **values):
    vars(self).update(values)

  def __getitem__(self, name):
    return types.SimpleNamespace(value=getattr(self, name), help='')


def test_children_get_the_cores(pairing, monkeypatch):
  before = os.sched_getaffinity(0)
  monkeypatch.setattr(pairing.flags, 'FLAGS', _Flags(cores=1, threads=3))
  monkeypatch.setattr(pairing.os, 'environ', pairing.os.environ.copy())
  try:
    assert pairing.use_cores() == (1, 3)
    child = 'import os, json; print(json.dumps(len(os.sched_getaffinity(0))))'
    assert pairing.measure(_python(child)) == 1
    assert pairing.os.environ['TF_NUM_INTRAOP_THREADS'] == '3'
  finally:
    os.sched_setaffinity(0, before)
