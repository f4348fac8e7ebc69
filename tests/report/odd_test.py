"""Odd names and numbers: the report is written, and shows them as they are."""

import os

import numpy as np
import pytest

from tfirl.report import __main__ as main_module
from tfirl.report import texts

_NAMES = (
  '$\\frac{$',
  '$100$ a|b',
  'x_1^{2}',
  '<b>&"\'',
  '\u8ff7\u5bab \u00e9 \U0001f40d',
  '-rf',
  '%s {0} \\',
  'a' * 255,
  'line\nend\ttab',
)


def _report(tmp_path):
  out = tmp_path / 'out'
  argv = [str(tmp_path / 'runs'), f'--out={out}', '--reps=50']
  assert main_module.main(argv) == 0
  return out


@pytest.mark.parametrize('name', _NAMES)
@pytest.mark.filterwarnings('ignore:Glyph')
def test_any_name_of_a_task_or_method(write_run, tmp_path, drawn, name):
  write_run(name, name, 0, [0, 10], [0.0, 50.0])
  write_run('hopper', name, 0, [0, 10], [0.0, 50.0])
  out = _report(tmp_path)
  assert len(list(out.glob('*_real_steps.*'))) == 6
  assert all(path.stat().st_size for path in out.iterdir())
  header, _, *rows = (out / 'table.md').read_text().splitlines()
  rows = [row for row in rows if row.startswith('|')]
  assert len(rows) == 2
  assert {r.replace(r'\|', '').count('|') for r in rows} == {header.count('|')}
  assert '<b>' not in (out / 'index.html').read_text()
  shown = texts.for_figure(texts.name_of_folder(name))
  titles = [figure.axes[0].get_title('left') for figure in drawn]
  names = [t.get_text() for f in drawn for t in f.legends[0].get_texts()]
  assert titles.count(shown) == 2 and f'{shown} (1 seed)' in names


def test_a_name_that_is_no_text(write_run, tmp_path):
  write_run(os.fsdecode(b'ho\xffpper'), 'mm', 0, [0, 10], [0.0, 50.0])
  out = _report(tmp_path)
  assert '| ho\ufffdpper | mm |' in (out / 'table.md').read_text()


@pytest.mark.parametrize(
  'values',
  [
    (0.0, 0.0),
    (1e300, -1e300),
    (1e-300, 2e-300),
    (0.25, 0.375),
    (123456789.0, 123456790.0),
    (-1e12, 1e15),
  ],
)
@pytest.mark.filterwarnings('error::RuntimeWarning')
def test_any_number(write_run, tmp_path, values):
  for seed in range(3):
    write_run('hopper', 'mm', seed, [0, 10], values)
  write_run('hopper', 'bc', 0, [0, 0], values, updates=[0, 10**15])
  out = _report(tmp_path)
  lines = (out / 'table.md').read_text().splitlines()
  assert max(len(line) for line in lines if line.startswith('|')) < 240
  assert all(path.stat().st_size for path in out.iterdir())


@pytest.mark.parametrize(
  ('value', 'digits', 'expected'),
  [
    (np.nan, 0, '–'),
    (0.0, 0, '0'),
    (3.0, 0, '3'),
    (0.3751, 0, '0.375'),
    (-1.5, 0, '-1.5'),
    (10.4, 0, '10'),
    (1234.5, 1, '1,234.5'),
    (0.04, 1, '0.0'),  # per cent
    (2e-9, 0, '2e-09'),
    (-3.25e15, 0, '-3.25e+15'),
    (987_654_321_000.0, 0, '987,654,321,000'),
    (np.inf, 0, 'inf'),
  ],
)
def test_numbers_fit_their_cell(value, digits, expected):
  assert texts.number(value, digits) == expected


def test_names_of_files_stay_apart_and_short():
  names = ['a' * 300 + end for end in 'xy'] + ['a/b', 'a_b', 'hopper']
  files = [texts.for_file(name) for name in names]
  assert len(set(files)) == len(names)
  assert files[-1] == 'hopper'
  assert max(len(os.fsencode(file)) for file in files) <= 180
  assert not any('/' in file for file in files)
