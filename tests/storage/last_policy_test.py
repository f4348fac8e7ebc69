"""What is kept of a run's last policy."""

import json

import pytest

from tfirl.storage import last_policy
from tfirl.storage.last_policy import LastPolicy

_FOUND = LastPolicy(100, 0, False, 0.5, 0.25, 321.5, 0.5)


@pytest.mark.parametrize('success', [0.5, None])
def test_is_read_as_it_was_written(tmp_path, success):
  assert last_policy.read(tmp_path) is None
  found = _FOUND._replace(success=success)
  last_policy.write(tmp_path, _FOUND)
  last_policy.write(tmp_path, found)
  assert last_policy.read(tmp_path) == found


@pytest.mark.parametrize(
  ('change', 'message'),
  [
    ({'episodes': 0}, 'episodes is 0; expected'),
    ({'return_mean': 'x'}, "return_mean is 'x'; expected"),
    ({'success': 1.5}, 'success is 1.5; expected'),
    ({'more': 1}, 'found '),
  ],
)
def test_a_damaged_one_is_named(tmp_path, change, message):
  path = tmp_path / last_policy.NAME
  path.write_text(json.dumps({**_FOUND._asdict(), **change}))
  with pytest.raises(ValueError, match='last_policy.json is damaged') as error:
    last_policy.read(tmp_path)
  assert message in str(error.value)


@pytest.mark.parametrize('text', ['', '[]', '{"episodes": 3', '{}'])
def test_no_such_object(tmp_path, text):
  (tmp_path / last_policy.NAME).write_text(text)
  with pytest.raises(ValueError, match='tfirl evaluate --save'):
    last_policy.read(tmp_path)
