import pytest

from tfirl.report.drawing import figures


def test_a_method_looks_the_same_in_whatever_company():
  alone, beside = (figures.styles(n) for n in (['hype'], ['a', 'mm', 'hype']))
  assert alone['hype'] == beside['hype']


def test_methods_without_a_look_of_their_own_are_told_apart():
  names = [f'hype [gamma = {i}]' for i in range(20)]
  found = figures.styles([*names, 'hype', *names])
  assert list(found) == sorted([*names, 'hype'])
  assert len(set(found.values())) == 21


def test_long_names_stand_one_below_the_other():
  short, long = ['a' * 25, 'b'], ['a' * 26, 'b']
  heights = [
    figures.make(2.0, names, '')[0].get_figheight() for names in (short, long)
  ]
  assert heights[1] - heights[0] > 0.1


@pytest.mark.parametrize(
  ('ends', 'labels'),
  [
    ((0.042, 0.068), ['0.05', '0.06']),
    ((0.03, 0.9), ['0.05', '0.1', '0.2', '0.5', '1']),
    ((0.001, 1000.0), ['0.001', '0.1', '10', '1000']),
  ],
)
def test_labels_of_a_logarithm_are_plain_and_few(ends, labels):
  figure, axes = figures.make(1.9, [], '')
  axes.plot([0, 1], ends)
  figures.set_log(axes)
  figure.draw_without_rendering()
  bottom, top = axes.get_ylim()
  shown = [
    t.get_text()
    for t in axes.get_yticklabels()
    if bottom <= t.get_position()[1] <= top
  ]
  assert shown == labels
