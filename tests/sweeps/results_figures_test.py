"""The figures of docs/results that compare kept runs."""

import csv
import json
import re

import numpy as np
import pytest

_TITLE = 'hopper, one demonstration'
_RUN, _OTHER_SEED = 'recipe/hopper/hype-n1/0', 'recipe/hopper/hype-n1/1'


@pytest.fixture
def script(load_script):
  return load_script('launch/results_figures.py')


@pytest.fixture
def docs(root):
  return root / 'docs' / 'results'


def test_curves_are_the_runs_evaluations(script, docs):
  panels = {
    _TITLE: script.Panel({'the recipe': [_RUN]}),
    'again': script.Panel({'two': [_RUN, _OTHER_SEED]}),
  }
  figure = script.draw(panels, docs / 'runs')
  one, two = figure.axes
  assert one.get_title(loc='left') == _TITLE
  curve, demonstrations = one.get_lines()
  assert curve.get_label() == 'the recipe' and len(two.get_lines()) == 3
  with open(docs / 'runs' / _RUN / 'metrics.csv') as file:
    rows = list(csv.DictReader(file))
  for name, drawn in (
    ('real_steps', curve.get_xdata()),
    ('eval_return_mean', curve.get_ydata()),
  ):
    np.testing.assert_allclose(drawn, [float(row[name]) for row in rows])
  metadata = json.loads((docs / 'runs' / _RUN / 'metadata.json').read_text())
  mean_return = metadata['demonstrations']['mean_return']
  assert demonstrations.get_ydata()[0] == pytest.approx(mean_return)
  names = [text.get_text() for text in two.get_legend().get_texts()]
  assert names == ['two', 'demonstrations']


def test_places_without_a_panel_are_empty(script, docs):
  panel = script.Panel({'the recipe': [_RUN]})
  panels = {f'panel {i}': panel for i in range(4)}
  figure = script.draw(panels, docs / 'runs')
  visible = [axes.get_visible() for axes in figure.axes]
  assert visible == [True] * 4 + [False] * 2


def test_every_figure_is_drawn_and_shown(script, docs):
  """Each run that a figure compares is kept, and a page shows each figure."""
  listed = script.read(docs)
  for panels in listed.values():
    for panel in panels.values():
      for folder in sum(panel.curves.values(), []):
        assert (docs / 'runs' / folder / 'metrics.csv').exists(), folder
  drawn = {path.stem for path in (docs / 'figures').iterdir()}
  pages = ' '.join(path.read_text() for path in docs.glob('*.md'))
  shown = set(re.findall(r'\]\(figures/(\w+)\.svg\)', pages))
  assert set(listed) == drawn == shown


def test_what_can_not_be_told_apart_is_not_drawn(script, tmp_path):
  panel = {f'variant {i}': [_RUN] for i in range(7)}
  path = tmp_path / 'figures.json'
  path.write_text(json.dumps({'trials': {_TITLE: panel}}))
  with pytest.raises(ValueError, match=f'trials, {_TITLE}: found 7 legends; e'):
    script.read(tmp_path)
  with pytest.raises(ValueError, match='found no run with an evaluation'):
    script.draw({_TITLE: script.Panel({'none': ['hopper/hype/0']})}, tmp_path)


def test_a_panel_may_end_before_its_runs_do(script, docs, tmp_path):
  curves = {'the recipe': [_RUN], 'until': 25_024}
  path = tmp_path / 'figures.json'
  path.write_text(json.dumps({'short': {_TITLE: curves}}))
  panels = script.read(tmp_path)['short']
  curve = script.draw(panels, docs / 'runs').axes[0].get_lines()[0]
  steps = [0, 5056, 10048, 15040, 20032, 25024]
  assert curve.get_xdata().tolist() == steps
