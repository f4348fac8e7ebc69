from tfirl.config import docstrings


class _Base:
  """What all have in common."""

  def __init__(self, gamma, name):
    """Makes it.

    Args:
      gamma: discount.
      name: of the base.
    """


class _Agent(_Base):
  """The policy's side: the generator.

  Attributes:
    name: part of a path.
    seen: not a parameter
  """

  def __init__(self, rate, decay, name, tau, gamma):
    """Makes the networks.

    Args:
      rate, decay: of the optimiser: its step,
        and what is left of the mean.
      name: as above, or None.
      tau: one line; with `rate` quoted.

    Raises:
      ValueError: rate is out of its range.
    """


def _prose(alpha, beta, gamma):
  """Adds.

  Args: `alpha` weighs the first, and `beta` does
  the second; the rest of it is `gamma`.

  Returns: nothing.
  """


def test_entries_are_joined_and_lists_count_for_all():
  said = 'of the optimiser: its step, and what is left of the mean.'
  assert docstrings.of_parameter(_Agent, 'rate') == said
  assert docstrings.of_parameter(_Agent, 'decay') == said
  assert docstrings.of_parameter(_Agent, 'tau').startswith('one line')


def test_class_and_bases_are_asked_too():
  assert docstrings.of_parameter(_Agent, 'name') == 'part of a path, or None.'
  assert docstrings.of_parameter(_Agent, 'missing') == ''


def test_bases_of_tfirl_alone_are_asked(monkeypatch):
  assert docstrings.of_parameter(_Agent, 'gamma') == ''  # of this file's
  monkeypatch.setattr(_Base, '__module__', 'tfirl.agents')
  assert docstrings.of_parameter(_Agent, 'gamma') == 'discount.'


def test_prose_gives_each_its_clause():
  found = docstrings.of_docstring(_prose.__doc__)
  assert found == {
    'alpha': '`alpha` weighs the first, and `beta` does the second',
    'beta': '`alpha` weighs the first, and `beta` does the second',
    'gamma': 'the rest of it is `gamma`',
  }


def test_summary_is_what_stands_before_the_sections():
  assert docstrings.summary(_Agent) == (
    "Makes the networks. The policy's side: the generator."
  )
  assert docstrings.first_line(_prose) == 'Adds.'
  assert docstrings.summary(_prose) == 'Adds.'


def test_without_a_docstring():
  assert docstrings.of_parameter(lambda x: x, 'x') == ''
  assert docstrings.summary(lambda x: x) == ''
