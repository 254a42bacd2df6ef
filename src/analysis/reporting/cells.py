"""A stored notebook as plain data: its cells, their tags and text, without the machinery of Jupyter."""

import json
from pathlib import Path
from typing import Any

from analysis.errors import ReportError


def read_notebook(path: Path) -> dict[str, Any]:
    """Read a notebook file.

    Parameters
    ----------
    path
        File with the extension `ipynb`.

    Returns
    -------
    dict
        The notebook as its JSON says it.

    Raises
    ------
    ReportError
        When the file is missing or is not a notebook.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReportError(f"{path.name} cannot be read as a notebook: {error}.") from error
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise ReportError(f"{path.name} is not a notebook: it has no cells. Open it in JupyterLab and save it again.")
    return notebook


def source_of(cell: dict[str, Any]) -> str:
    """Text of a cell, whether stored as one string or as lines.

    Parameters
    ----------
    cell
        One cell of a notebook.

    Returns
    -------
    str
        Its source.
    """
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def tags_of(cell: dict[str, Any]) -> list[str]:
    """Tags of a cell.

    Parameters
    ----------
    cell
        One cell of a notebook.

    Returns
    -------
    list of str
        Empty when it has none.
    """
    return list(cell.get("metadata", {}).get("tags", []))


def tagged(notebook: dict[str, Any], tag: str) -> list[dict[str, Any]]:
    """Cells that carry a tag.

    Parameters
    ----------
    notebook
        As given by `read_notebook`.
    tag
        For example ``parameters`` or ``nl``.

    Returns
    -------
    list of dict
        In the order of the notebook.
    """
    return [cell for cell in notebook["cells"] if tag in tags_of(cell)]
