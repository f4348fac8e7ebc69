"""Links of a checkout lead, in the site, to what shows the same."""

import pytest


@pytest.fixture
def rewrite(hook):
  return hook('links').rewrite


@pytest.mark.parametrize(
  ('page', 'target', 'expected'),
  [
    # README is the home page, at the site's root.
    ('index.md', 'docs/guides/mazes.md', 'guides/mazes.md'),
    ('index.md', 'docs/results/a.png', 'results/a.png'),
    ('index.md', 'CHANGELOG.md', 'changelog.md'),
    ('index.md', 'examples/quickstart.ipynb', 'examples/quickstart.md'),
    # A guide's way out of docs/.
    ('guides/a.md', '../../CONTRIBUTING.md', '../contributing.md'),
    ('guides/a.md', '../../README.md#safe', '../index.md#safe'),
    ('guides/a.md', '../../gin_configs', '../gin/index.md'),
    (
      'guides/a.md',
      '../../gin_configs/paper/methods/bc.gin',
      '../gin/files/paper_methods.md#bc',
    ),
    (
      'guides/a.md',
      '../../gin_configs/bc_ant.gin',
      '../gin/files/METHOD_TASK.md#bc_ant',
    ),
    (
      'guides/a.md',
      '../../tfirl/envs/mazes/planner.py',
      '../api/envs.md#tfirl.envs.mazes.planner',
    ),
    ('decisions.md', '../tfirl/tasks.py', 'api/tasks.md#tfirl.tasks'),
    # Folders of runs have no page of their own; their files are there.
    ('results/a.md', 'runs/trials/clone', 'runs.md#trials/clone'),
    ('results/a.md', 'runs/x/config.gin', 'runs/x/config.gin'),
    # What already leads somewhere.
    ('guides/a.md', 'mazes.md#who', 'mazes.md#who'),
    ('guides/a.md', '#who', '#who'),
    ('guides/a.md', 'https://a.org/b.md', 'https://a.org/b.md'),
    # What leads nowhere is left for MkDocs to tell.
    ('guides/a.md', '../../setup.cfg', '../../setup.cfg'),
    ('index.md', 'tfirl', 'tfirl'),
  ],
)
def test_a_link_leads_to_the_page_that_shows_it(
  page, target, expected, rewrite
):
  assert rewrite(f'a [b]({target}) c', page) == f'a [b]({expected}) c'


def test_blocks_of_code_stay(rewrite):
  block = '```python\nx[i](docs/a.md)\n```\n'
  text = f'[a](docs/a.md)\n{block}![b](docs/b.png)\n'
  assert rewrite(text, 'index.md') == f'[a](a.md)\n{block}![b](b.png)\n'


def test_every_file_of_the_checkout_that_a_page_shows_is_there(root, hook):
  places = hook('repository_pages').PLACES
  assert all((root / file).is_file() for file in places)
  assert {'README.md', 'CHANGELOG.md', 'CONTRIBUTING.md'} <= places.keys()
