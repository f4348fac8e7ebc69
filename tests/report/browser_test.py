"""The page in a real browser: Chromium, headless, on a phone and on paper.

It is driven through its DevTools protocol over a pipe, which takes no library.
"""

import base64
import contextlib
import itertools
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from tfirl.report import __main__ as main_module
from tfirl.report import gathering, writing

pytestmark = pytest.mark.browser

_PROGRAMS = ('chromium', 'chromium-browser', 'google-chrome')
_FLAGS = (
  *('--headless', '--no-sandbox', '--disable-gpu', '--disable-quic'),
  *('--no-first-run', '--disable-background-networking', '--disable-sync'),
  *('--disable-component-update', '--remote-debugging-pipe'),
)
_RECORDED = pathlib.Path(__file__).parents[2] / 'docs/results/runs'
_PHONE, _DESKTOP, _PAPER = 390, 1280, 700  # px; A4 between its margins


class _Page:
  """A tab, and what it asked for and complained of."""

  def __init__(self, to_browser, from_browser):
    self._to, self._from = to_browser, from_browser
    self._numbers = itertools.count(1)
    self._session, self._unread = None, b''
    self.requests, self.complaints = [], []
    target = self.call('Target.createTarget', url='about:blank')['targetId']
    attached = self.call('Target.attachToTarget', targetId=target, flatten=True)
    self._session = attached['sessionId']
    for domain in ('Page', 'Runtime', 'Log', 'Network'):
      self.call(f'{domain}.enable')

  def call(self, method, **params):
    """Returns: what the browser answers."""
    message = {'id': next(self._numbers), 'method': method, 'params': params}
    if self._session:
      message['sessionId'] = self._session
    self._to.write(json.dumps(message).encode() + b'\0')
    self._to.flush()
    while True:
      found = self._read()
      if found.get('id') == message['id']:
        assert 'error' not in found, (method, found)
        return found['result']

  def wait(self, event):
    """Until the browser tells of `event`."""
    while self._read().get('method') != event:
      pass

  def open(self, path, width):
    """Loads the file as a screen of `width` shows it."""
    self.call(
      'Emulation.setDeviceMetricsOverride',
      **{'width': width, 'height': 844, 'deviceScaleFactor': 1},
      mobile=width == _PHONE,
    )
    self.call('Page.navigate', url=path.as_uri())
    self.wait('Page.loadEventFired')

  def evaluate(self, expression):
    """The value of JavaScript, which may be a promise."""
    found = self.call(
      'Runtime.evaluate',
      expression=expression,
      awaitPromise=True,
      returnByValue=True,
    )
    assert 'exceptionDetails' not in found, found
    return found['result'].get('value')

  def _read(self):
    while b'\0' not in self._unread:
      data = self._from.read1(1 << 20)
      assert data, 'the browser ended'
      self._unread += data
    text, _, self._unread = self._unread.partition(b'\0')
    found = json.loads(text)
    method, params = found.get('method'), found.get('params', {})
    if method == 'Network.requestWillBeSent':
      self.requests.append(params['request']['url'])
    elif method in ('Runtime.exceptionThrown', 'Log.entryAdded'):
      self.complaints.append(params)
    elif method == 'Runtime.consoleAPICalled' and params['type'] != 'log':
      self.complaints.append(params)
    return found


@contextlib.contextmanager
def _browser(folder):
  """A page of a browser that has its own, empty, profile."""
  program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
  if program is None:
    pytest.fail(
      f'found none of {", ".join(_PROGRAMS)}, in which the page of the report '
      "is tested: apt-get install chromium, or pytest -m 'not browser'"
    )
  theirs, to_browser = os.pipe()
  from_browser, ours = os.pipe()
  command = [program, *_FLAGS, f'--user-data-dir={folder}']
  # It reads from descriptor 3 and writes to 4.
  shell = f'exec "$@" 3<&{theirs} 4>&{ours}'
  process = subprocess.Popen(
    ['bash', '-c', shell, 'bash', *command],
    pass_fds=(theirs, ours),
    stderr=subprocess.DEVNULL,
  )
  os.close(theirs)
  os.close(ours)
  with open(to_browser, 'wb') as to, open(from_browser, 'rb') as found:
    try:
      yield _Page(to, found)
    finally:
      process.kill()
      process.wait()


@pytest.fixture(scope='module')
def report(tmp_path_factory):
  """index.html of recorded runs, one that failed, and one with a video."""
  folder = tmp_path_factory.mktemp('report')
  runs = folder / 'runs' / 'hopper'
  shutil.copytree(_RECORDED / 'real_steps' / 'hopper', runs)
  shutil.copytree(_RECORDED / 'hopper_20k' / 'hopper' / 'mm', runs / 'mm')
  (runs / 'mm' / '2' / 'error.txt').write_text('ValueError: ' + 'x' * 400)
  _film(runs / 'hype' / '0' / 'videos' / 'final.mp4')
  _film(runs / 'hype' / '0' / 'videos' / 'expert.mp4')
  out = folder / 'out'
  assert main_module.main([str(runs), f'--out={out}', '--reps=50']) == 0
  return out / 'index.html'


def _film(path):
  import imageio
  import numpy as np

  path.parent.mkdir(exist_ok=True)
  frames = [np.full((64, 64, 3), 8 * i, np.uint8) for i in range(30)]
  imageio.mimwrite(path, frames, fps=30)


@pytest.fixture(scope='module')
def page(tmp_path_factory):
  """The browser's."""
  with _browser(tmp_path_factory.mktemp('profile')) as opened:
    yield opened


_OPEN_ALL = "document.querySelectorAll('details').forEach(d => d.open = true)"
# Elements that reach out of the page, but for what is in those that a selector.
_OVERFLOWING = """
[...document.querySelectorAll('body *')].filter((e) =>
  !e.closest('%s') &&
  e.getBoundingClientRect().right > document.documentElement.clientWidth + 1
).map((e) => e.outerHTML.slice(0, 80))
"""
_ON_A_SCREEN = _OVERFLOWING % '.scroll, .wide'  # which scroll
_ON_PAPER = _OVERFLOWING % 'none'
_LOADED = """
Promise.all([...document.images].map((i) => i.decode().then(() =>
  i.naturalWidth > 100 && i.getBoundingClientRect().width > 100)))
"""


@pytest.mark.parametrize('width', [_PHONE, _DESKTOP])
def test_it_loads_alone_and_fits(page, report, width):
  page.open(report, width)
  assert page.evaluate(_ON_A_SCREEN) == []
  page.evaluate(_OPEN_ALL)
  assert page.evaluate(_ON_A_SCREEN) == []
  size = 'document.documentElement.scrollWidth'
  assert page.evaluate(size) <= width
  loaded = page.evaluate(_LOADED)
  assert len(loaded) > 10 and all(loaded)
  assert page.complaints == []
  asked = {url.split(':')[0] for url in page.requests}
  assert asked <= {'file', 'data', 'about'}
  files = {url for url in page.requests if url.startswith('file')}
  assert files == {report.as_uri()}


def test_letters_of_figures_are_legible_on_a_phone(page, report):
  """A figure is 4.4 in wide, its smallest letters are of 8 points."""
  page.open(report, _PHONE)
  widths = page.evaluate(
    "[...document.querySelectorAll('.figures img')].filter(i => i.offsetWidth)"
    '.map((i) => i.offsetWidth)'
  )
  assert widths and min(widths) / 4.4 * 8 / 72 > 8.5


def test_scores_are_cards_on_a_phone_and_a_table_elsewhere(page, report):
  label = "getComputedStyle(document.querySelector('.cards td'), '::before')"
  for width, is_card in ((_PHONE, True), (_DESKTOP, False)):
    page.open(report, width)
    assert (page.evaluate(f'{label}.content') == '"task"') == is_card


def test_videos_play(page, report):
  page.open(report, _PHONE)
  lengths = page.evaluate("""
    Promise.all([...document.querySelectorAll('video')].map((v) =>
      new Promise((resolve, reject) => {
        v.onerror = () => reject(v.error);
        v.ontimeupdate = () => v.currentTime > 0 && resolve(v.videoWidth);
        v.play();
      })))
  """)
  assert lengths == [240, 240]
  captions = page.evaluate(
    "[...document.querySelectorAll('video + figcaption')]"
    '.map((c) => c.textContent)'
  )
  assert captions == ['expert', 'hype, seed 0']


def test_a_figure_can_be_saved_as_what_it_is(page, report):
  page.open(report, _DESKTOP)
  name, data = page.evaluate(
    "(() => { const a = document.querySelector('figcaption a');"
    'return [a.download, a.href]; })()'
  )
  assert name.endswith('.svg')
  saved = base64.b64decode(data.split(',')[1])
  assert saved == (report.parent / name).read_bytes()


def test_paper_shows_all_panels(page, report):
  page.open(report, _PAPER)
  page.call('Emulation.setEmulatedMedia', media='print')
  page.evaluate("dispatchEvent(new Event('beforeprint'))")
  assert page.evaluate(_ON_PAPER) == []
  hidden = (
    '[...document.images].filter((i) => !i.checkVisibility() || '
    'i.getBoundingClientRect().right > innerWidth).length'
  )
  assert page.evaluate(hidden) == 0
  page.evaluate("dispatchEvent(new Event('afterprint'))")
  assert page.evaluate("document.querySelector('details[open]')") is None
  page.call('Emulation.setEmulatedMedia', media='')
  printed = page.call('Page.printToPDF', printBackground=True)['data']
  assert base64.b64decode(printed).count(b'/Type /Page\n') > 2


def test_a_page_that_draws_itself_again_keeps_what_was_opened(
  page, report, tmp_path
):
  gathered = gathering.gather([str(report.parents[1] / 'runs')], reps=50)
  writing.write(gathered, str(tmp_path), reps=50, refresh_s=4)
  page.open(tmp_path / 'index.html', _DESKTOP)
  page.evaluate("document.querySelectorAll('details')[1].open = true")
  page.wait('Page.loadEventFired')
  opened = "[...document.querySelectorAll('details')].map((d) => d.open)"
  assert page.evaluate(opened)[:3] == [False, True, False]
  page.open(report, _DESKTOP)  # which stays as it is
  assert page.complaints == []
