"""Every example in a docstring of the package gives what it says."""

import doctest
import importlib
from pathlib import Path

import pytest

import analysis

PACKAGE = Path(analysis.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_give_what_they_say(name):
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted > 0, f"{name} has examples that were not run"
    assert found.failed == 0, f"{found.failed} of {found.attempted} examples in {name} differ, see the output above"


def test_there_are_examples_to_run():
    assert len(MODULES) > 50
