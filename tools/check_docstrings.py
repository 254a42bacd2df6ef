"""Check that every public function, class and method has a numpydoc docstring with the sections it needs."""

import dataclasses
import importlib
import inspect
import pkgutil
import pydoc
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from numpydoc.validate import validate

import analysis

CHECKED = {
    "GL08",  # no docstring
    "SS01",  # no summary
    "PR01",  # parameter not documented
    "PR02",  # unknown parameter documented
    "PR03",  # parameters in another order
    "PR07",  # parameter without description
    "RT01",  # no Returns section
    "RT03",  # return value without description
    "YD01",  # no Yields section
}


def modules() -> Iterator[ModuleType]:
    """All modules of the package but the command line, whose docstrings are its help."""
    for found in pkgutil.walk_packages(analysis.__path__, "analysis."):
        if found.name != "analysis.cli":
            yield importlib.import_module(found.name)


def public_objects(module: ModuleType) -> Iterator[str]:
    """Dotted names of what a module defines for others."""
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(thing) or inspect.isclass(thing):
            yield f"{module.__name__}.{name}"
        if inspect.isclass(thing):
            yield from (f"{module.__name__}.{name}.{key}" for key, part in vars(thing).items() if _is_public(key, part))


def _is_public(name: str, thing: Any) -> bool:
    return not name.startswith("_") and inspect.isfunction(thing)


def problems(name: str) -> list[str]:
    """What is wrong with the docstring of one object."""
    result = validate(name)
    thing = pydoc.locate(name)
    found = [f"{code} {text}" for code, text in result["errors"] if code in CHECKED]
    if getattr(thing, "_is_protocol", False):
        found = [text for text in found if not text.startswith("PR01")]
    if dataclasses.is_dataclass(thing):
        undescribed = [field.name for field in dataclasses.fields(thing) if field.name not in result["docstring"]]
        found = [text for text in found if not text.startswith("PR01")]
        found += [f"attribute `{attribute}` is not described" for attribute in undescribed]
    return [f"{name}: {text}" for text in found]


def main() -> None:
    """Print all problems and stop with exit code 1 when there are any."""
    found = [text for module in modules() for name in public_objects(module) for text in problems(name)]
    sys.stdout.write("\n".join([*found, f"{len(found)} problems in docstrings", ""]))
    raise SystemExit(1 if found else 0)


if __name__ == "__main__":
    main()
