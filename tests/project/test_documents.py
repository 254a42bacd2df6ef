"""What the documents say is what the project does."""

import re
from pathlib import Path

import pytest
import yaml

from analysis.claims import load_claims

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(path):
    return re.findall(r"```python\n(.*?)```", path.read_text("utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if blocks(path)], ids=lambda path: path.name)
def test_the_python_of_a_document_runs(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    source = "\n".join(
        line for block in blocks(path) for line in block.splitlines() if not line.split("#")[0].rstrip().endswith("?")
    )
    exec(compile(source, path.name, "exec"), {})


@pytest.mark.parametrize("path", [*DOCUMENTS, ROOT / "GLOSSARY.md"], ids=lambda path: path.name)
def test_every_relative_link_of_a_document_leads_somewhere(path):
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", path.read_text("utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_readme_names_every_topic_and_as_many_verdicts_as_it_has_claims():
    readme = (ROOT / "README.md").read_text("utf-8")
    for notebook in (ROOT / "notebooks").glob("*/*.ipynb"):
        row = next(line for line in readme.splitlines() if f"`{notebook.parent.name}/{notebook.stem}`" in line)
        verdicts = re.findall(r"[✓≈↻✕○] ", row)
        assert len(verdicts) == len(load_claims(notebook.parent.name, notebook.stem))


def test_the_citation_file_has_the_version_of_the_package():
    from analysis import __version__

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == __version__
    assert f"[{__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8") or f"## {__version__}" in (
        ROOT / "CHANGELOG.md"
    ).read_text("utf-8")


def test_nothing_names_a_registry_host_or_a_path_of_a_machine():
    pattern = re.compile(r"files\.pythonhosted|pypi\.org/simple|/home/[a-z]+/|/[r]oot/|/[w]ork/|C:\\\\Users")
    texts = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/**/*.py"), *ROOT.glob("data/**/*.yaml")]
    assert [path.name for path in texts if pattern.search(path.read_text("utf-8"))] == []
