"""What remedies name can be bound."""

import ast
import inspect
import pathlib
import re

import gin

from tfirl import diagnosis
from tfirl.runs import experiment as _experiment  # noqa: F401 registers all

# Such as tfirl.SacAgent.tau, or what of an agent is looked up by `of_agent`.
_BINDING = re.compile(r'\b((?:tfirl\.)?[A-Z]\w+)\.([a-z]\w+)\b')
_OF_AGENT = re.compile(r'of_agent\([\'"](\w+)[\'"]\)')
_AGENTS = 'tfirl.SacAgent', 'tfirl.IqLearnAgent', 'Td3BcAgent'


def _parameters(name: str) -> set[str]:
  """Of a configurable; with its base's, where it hands on what is left."""
  bound = inspect.unwrap(gin.get_configurable(name))
  found = {}
  for owner in bound.__mro__ if inspect.isclass(bound) else [bound]:
    parameters = inspect.signature(owner).parameters
    found |= parameters
    if inspect.Parameter.VAR_KEYWORD not in {
      parameter.kind for parameter in parameters.values()
    }:
      break
  return set(found)


def test_every_binding_that_is_named_exists():
  folder = pathlib.Path(diagnosis.__file__).parent
  named, of_agents = set(), set()
  for path in folder.glob('*.py'):
    text = path.read_text()
    for node in ast.walk(ast.parse(text)):
      if isinstance(node, ast.Constant) and isinstance(node.value, str):
        named |= set(_BINDING.findall(node.value))
    of_agents |= set(_OF_AGENT.findall(text))
  assert ('DynamicsModel', 'noise_scale') in named  # the pattern finds them
  for name, parameter in sorted(named):
    assert parameter in _parameters(name), f'{name}.{parameter}'
  assert 'gamma' in of_agents
  for parameter in sorted(of_agents):
    owners = [agent for agent in _AGENTS if parameter in _parameters(agent)]
    assert owners, parameter
