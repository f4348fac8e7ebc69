from tfirl.report.reading import runs, settings


def _read(tmp_path):
  return settings.of_task(runs.read_runs([str(tmp_path)])[0])


def test_what_differs_and_what_does_not(write_run, tmp_path):
  for method, text in {
    'hype': 'a.gamma = 0.98\na.layers = \\\n    (64,\n     64)\nb.on = True\n',
    'mm': 'a.gamma = 0.9\na.layers = (64, 64)\nrun.eval_every = 7\n',
  }.items():
    folder = write_run('hopper', method, 0, [0, 9], [0.0, 1.0])
    (folder / 'config.gin').write_text(text)
  found = _read(tmp_path)
  assert found.header == ['binding', 'hype', 'mm']
  assert found.differing == [['a.gamma', '0.98', '0.9'], ['b.on', 'True', '–']]
  assert found.common == [['a.layers', '(64, 64)']]


def test_without_any_config(write_run, tmp_path):
  write_run('hopper', 'mm', 0, [0, 9], [0.0, 1.0])
  assert _read(tmp_path) is None
