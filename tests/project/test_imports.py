"""Imports point one way, and what is imported is declared, locked and installed."""

import ast
import importlib.metadata
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = {
    "errors": set(),
    "estimates": {"errors"},
    "locations": {"errors"},
    "claims": {"errors", "locations"},
    "measures": {"errors", "estimates"},
    "sources": {"errors", "locations"},
    "presentation": {"errors", "estimates"},
    "studies": {"errors", "estimates", "claims", "measures"},
    "run": {"errors", "estimates", "locations", "claims", "sources", "presentation"},
    "reporting": {"errors", "locations", "claims", "sources", "presentation", "run"},
    "cli": {"errors", "locations", "claims", "sources", "presentation", "reporting"},
}
NOTEBOOKS_USE = {"claims", "estimates", "measures", "presentation", "run", "studies"}
IMPORT_NAMES = {
    "python-docx": "docx",
    "pyyaml": "yaml",
    "pypandoc-binary": "pypandoc",
    "markdown-it-py": "markdown_it",
    "ipython": "IPython",
}
TOOLS_WITHOUT_IMPORT = {
    "ipykernel": "the kernel of the notebooks",
    "jupyterlab": "where notebooks are opened",
    "mypy": "make check",
    "pyarrow": "Parquet for pandas",
    "pytest-benchmark": "make bench",
    "pandas-stubs": "make check",
    "pytest-xdist": "make test",
    "ruff": "make check",
    "scipy-stubs": "make check",
    "types-pyyaml": "make check",
}


def imports_of(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            if node.module == "analysis":
                yield from (f"analysis.{alias.name}" for alias in node.names)
            else:
                yield node.module


def notebook_sources():
    for path in sorted((ROOT / "notebooks").rglob("*.ipynb")):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        yield path, "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def python_files(*folders):
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def part_of(path):
    inside = path.relative_to(ROOT / "src" / "analysis")
    return inside.parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", python_files("src/analysis"), ids=lambda path: path.stem)
def test_imports_point_one_way(path):
    part = part_of(path)
    if part == "__init__":
        return
    used = {name.split(".")[1] for name in imports_of(path.read_text("utf-8")) if name.startswith("analysis.")}
    assert used - {part} <= ALLOWED[part], f"{path.name} of {part} imports {sorted(used - {part} - ALLOWED[part])}"


def test_notebooks_use_only_what_is_meant_for_them():
    for path, source in notebook_sources():
        used = {name.split(".")[1] for name in imports_of(source) if name.startswith("analysis.")}
        assert used <= NOTEBOOKS_USE, path.name


def declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [Requirement(text) for text in [*project["dependencies"], *project["optional-dependencies"]["dev"]]]


def third_party():
    own = {"analysis", "conftest"}
    sources = [path.read_text("utf-8") for path in python_files("src", "tests", "tools")]
    sources += [source for _, source in notebook_sources()]
    names = {name.split(".")[0] for source in sources for name in imports_of(source)}
    return names - set(sys.stdlib_module_names) - own - {"__future__"}


def test_what_is_imported_is_declared_and_what_is_declared_is_used():
    names = {IMPORT_NAMES.get(item.name, item.name.replace("-", "_")): item.name for item in declared()}
    known = third_party()
    assert known - set(names) == set()
    unused = {names[name] for name in set(names) - known} - set(TOOLS_WITHOUT_IMPORT)
    assert unused == set()


def locked():
    text = (ROOT / "requirements.lock").read_text("utf-8")
    found = re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\\\n]+)", text, flags=re.MULTILINE)
    versions = {}
    for name, version in found:
        versions.setdefault(canonicalize_name(name), set()).add(version)
    return versions


def test_every_declared_package_is_locked_to_a_version_that_fits():
    versions = locked()
    for item in declared():
        assert any(item.specifier.contains(version) for version in versions[canonicalize_name(item.name)]), item.name


def test_every_locked_package_has_hashes_and_no_address():
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"index-url|find-links", text)
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    assert all("--hash=sha256:" in block for block in blocks)


def test_what_is_installed_is_what_is_locked():
    versions = locked()
    wrong = {
        item.name: importlib.metadata.version(item.name)
        for item in declared()
        if importlib.metadata.version(item.name) not in versions[canonicalize_name(item.name)]
    }
    assert wrong == {}


def test_the_conda_environment_asks_for_the_same():
    content = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    conda = [item for item in content["dependencies"] if isinstance(item, str)]
    pip = next(item["pip"] for item in content["dependencies"] if isinstance(item, dict))
    asked = {}
    for text in [*conda, *pip]:
        name, _, bound = text.partition(">=")
        asked[canonicalize_name(name.strip())] = bound.strip()
    for helper in ("python", "pip"):
        asked.pop(helper, None)
    expected = {canonicalize_name(item.name): str(item.specifier).removeprefix(">=") for item in declared()}
    assert asked == expected
