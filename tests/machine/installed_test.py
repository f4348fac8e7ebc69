from tfirl.machine import installed


def test_code_version_is_of_the_code(monkeypatch, tmp_path):
  package = tmp_path / 'tfirl' / 'machine'
  package.mkdir(parents=True)
  monkeypatch.setattr(installed, '__file__', str(package / 'installed.py'))
  (package / 'installed.py').write_text('a = 1\n')
  versions = []
  for name, text in [
    ('installed.py', 'a = 2\n'),
    ('new.py', ''),
    ('data', 'x'),
  ]:
    (package / name).write_text(text)
    installed.code_version.cache_clear()
    versions.append(installed.code_version())
  installed.code_version.cache_clear()
  assert versions[0] != versions[1] == versions[2]
