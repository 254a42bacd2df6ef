"""A new topic from templates: notebook, module, test and claim, which run as they are and wait to be replaced."""

import json
import keyword
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from analysis.errors import ReportError, did_you_mean
from analysis.reporting.topics import STUDIES

_MARK = re.compile(r"^<!-- (markdown|code) ?([a-z-]*) -->\n", re.MULTILINE)


def start_topic(root: Path, name: str) -> list[str]:
    """Make the files of a topic.

    Parameters
    ----------
    root
        Folder of the project.
    name
        ``study/topic``: both lower-case names that Python accepts.

    Returns
    -------
    list of str
        What was made or added to, relative to the project.

    Raises
    ------
    ReportError
        When the name is not of that form, or something of that name exists.
    """
    study, topic = check_name(name)
    claim = f"{topic.replace('_', '-')}-first-claim"
    words = {"study": study, "topic": topic, "claim": claim, "question": topic.replace("_", " ")}
    files = {
        f"notebooks/{study}/{topic}.ipynb": _notebook_text(_fill("notebook.md.jinja", words)),
        f"src/analysis/studies/{study}/{topic}.py": _fill("module.py.jinja", words),
        f"tests/studies/{study}/test_{topic}.py": _fill("test.py.jinja", words),
    }
    for path in files:
        if (root / path).exists():
            raise ReportError(f"{path} exists already. Choose another name, or remove it first.")
    for path, text in files.items():
        _write(root / path, text)
    package = root / "src/analysis/studies" / study / "__init__.py"
    if not package.exists():
        _write(package, "")
    claims = f"data/claims/{study}.yaml"
    before = (root / claims).read_text(encoding="utf-8") if (root / claims).exists() else ""
    _write(root / claims, before + _fill("claim.yaml.jinja", words))
    return [*files, claims]


def check_name(name: str) -> tuple[str, str]:
    """Split the name of a new topic and refuse what cannot become a module.

    Parameters
    ----------
    name
        ``study/topic``.

    Returns
    -------
    tuple of str
        Study and topic.

    Raises
    ------
    ReportError
        When a part is not a lower-case name or the study does not exist.
    """
    study, slash, topic = name.partition("/")
    if not slash:
        raise ReportError(f"{name!r} is not of the form STUDY/TOPIC. For example: homelessness/{topic or name}.")
    if study not in STUDIES:
        raise ReportError(f"There is no study {study!r}. {did_you_mean(study, STUDIES)}")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", topic) or keyword.iskeyword(topic):
        suggestion = re.sub(r"[^a-z0-9]+", "_", topic.lower()).strip("_0123456789") or "my_question"
        suggestion += "_topic" if keyword.iskeyword(suggestion) else ""
        raise ReportError(
            f"{topic!r} cannot be the name of a topic: use lower-case letters, digits and _, letter first. "
            f"For example: {study}/{suggestion}."
        )
    return study, topic


def _fill(template: str, words: dict[str, str]) -> str:
    loader = PackageLoader("analysis.reporting", "templates/topic")
    environment = Environment(loader=loader, undefined=StrictUndefined, keep_trailing_newline=True)
    return environment.get_template(template).render(words)


def _notebook_text(text: str) -> str:
    """Turn the marked text of the template into a notebook: each mark names the kind of a cell and its tag."""
    pieces = _MARK.split(text)[1:]
    marked = zip(pieces[0::3], pieces[1::3], pieces[2::3], strict=True)
    cells = [_cell(kind, tag, source, number) for number, (kind, tag, source) in enumerate(marked, start=1)]
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _cell(kind: str, tag: str, source: str, number: int) -> dict[str, Any]:
    lines = source.rstrip("\n").splitlines(keepends=True)
    metadata = {"tags": [tag]} if tag else {}
    cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{number:02d}", "metadata": metadata, "source": lines}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
