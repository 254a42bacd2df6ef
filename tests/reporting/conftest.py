"""Small projects to build in tests: a folder with a catalogue and notebooks made on the spot, given as fixtures."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

PARAMETERS = """from typing import Literal

level: float = 0.95  # Coverage of the intervals (between 0.5 and 0.999)
year: int = 2010  # Year of the reference rates
sex: Literal["female", "male", "total"] = "total"  # Who is counted
weighted: bool = False  # Use weights
place: str = "Rotterdam"  # Where
language: Literal["nl", "en"] = "nl"  # Language of the report
"""
LEAVE_RESULTS = """import json, os, pathlib
folder = pathlib.Path(os.environ["ANALYSIS_REPORT_FOLDER"])
(folder / "tables").mkdir()
(folder / "tables" / "rates.csv").write_text(f"year,level\\n{year},{level}\\n")
verdict = {"claim": "more-often", "says": "x", "quoted": "3", "verdict": "corrected", "because": "y", "here": "2"}
(folder / "run.json").write_text(json.dumps({"reads": [], "saved": [], "verdicts": [verdict], "answer": "Twee."}))
print(object(), folder)"""


def _make_project(
    folder: Path, notebooks: dict[str, Sequence[str]] | None = None, parameters: str = PARAMETERS
) -> Path:
    """Make a project with notebooks: `study/topic` to the code of its cells."""
    (folder / "data" / "catalogue").mkdir(parents=True)
    (folder / "reports").mkdir()
    for name, cells in (notebooks or {"homelessness/cohort_mortality": [LEAVE_RESULTS]}).items():
        _write_notebook(folder / "notebooks" / f"{name}.ipynb", cells, parameters)
    return folder


def _write_notebook(path: Path, cells: Sequence[str], parameters: str = PARAMETERS) -> None:
    """Write a notebook with a question in two languages, a parameters cell and code."""
    parts = [
        _cell("markdown", "# Hoeveel vaker sterven mensen zonder huis?\n\nRotterdam, 2001–2010", "nl"),
        _cell("markdown", "# How much more often do homeless people die?\n\nRotterdam, 2001–2010", "en"),
        _cell("code", parameters, "parameters"),
        *(_cell("code", source) for source in cells),
    ]
    notebook = {"cells": parts, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    for number, part in enumerate(parts):
        part["id"] = f"stored-{number}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")


def _cell(kind: str, source: str, *tags: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "metadata": {"tags": list(tags)}, "source": source}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def _manifest(study: str = "homelessness", topic: str = "cohort_mortality", language: str = "nl", **other: Any) -> Any:
    """Make the manifest of a report that went well, with other facts where given."""
    facts = {
        "study": study,
        "topic": topic,
        "variant": "",
        "language": language,
        "status": "ok",
        "failure": None,
        "titles": {"nl": f"Vraag over {topic}?", "en": f"Question about {topic}?"},
        "leads": {"nl": "Rotterdam", "en": "Rotterdam"},
        "answer": "3,5 keer zo vaak",
        "verdicts": [{"claim": "a", "verdict": "reproduced"}, {"claim": "b", "verdict": "corrected"}],
        "reads": [{"id": "cohort", "period": "2001-2010"}],
        "changed_parameters": {},
        "seconds": 14.2,
        "inputs": {"version": "abc1234"},
        "outputs": dict.fromkeys(["report.html", "report.pdf", "report.docx", "notebook.ipynb"], "0"),
    }
    return facts | other


@pytest.fixture
def make_project():
    """Make a project: `make_project(folder, {"study/topic": [code, ...]})`."""
    return _make_project


@pytest.fixture
def write_notebook():
    """Write a notebook: `write_notebook(path, [code, ...], parameters)`."""
    return _write_notebook


@pytest.fixture
def manifest():
    """Make a manifest: `manifest(study, topic, language, other=facts)`."""
    return _manifest


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with one notebook, which leaves a table and a verdict; the environment names it."""
    root = _make_project(tmp_path / "project")
    monkeypatch.setenv("ANALYSIS_ROOT", str(root))
    return root
