"""An executed notebook without what differs from run to run: times, random ids, addresses, paths of this machine."""

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from analysis.reporting.cells import tags_of

Folders = list[tuple[str, str]]
INJECTED = "injected-parameters"
_ERROR_MARKER = "papermill-error-cell-tag"
_CONTROL_CODES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,16}\b")
_CELL_FILE = re.compile(r"(?<![^\s\"'(<])[^\s\"'(<]*ipykernel_\d+[/\\]\d+\.py")
"""Begins where a word begins: a picture inside HTML is one word of a million letters, to be read once."""
_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def normalise(
    executed: dict[str, Any], root: Path, stored_ids: frozenset[str] = frozenset(), *, report: Path | None = None
) -> dict[str, Any]:
    """Return an executed notebook as it would come out of any other run with the same inputs.

    Parameters
    ----------
    executed
        Notebook as papermill left it.
    root
        Folder of the project; paths in texts become relative to it.
    stored_ids
        Ids of the cells as stored; other ids were made up for this run and are replaced by the place of the cell.
    report
        Folder in which the report was made, different in each run.

    Returns
    -------
    dict
        The notebook, ready to be written by `notebook_text`.
    """
    folders = _machine_folders(root, report)
    cells = [cell for cell in executed["cells"] if _ERROR_MARKER not in tags_of(cell)]
    numbered = iter(range(1, len(cells) + 1))
    for place, cell in enumerate(cells, start=1):
        cell["id"] = _cell_id(cell, place, stored_ids)
        cell["metadata"] = {k: v for k, v in cell["metadata"].items() if k not in ("papermill", "execution")}
        if cell["cell_type"] == "code":
            number = next(numbered) if cell.get("execution_count") else None
            cell["execution_count"] = number
            cell["outputs"] = [_output(output, number, folders) for output in cell["outputs"] if not _is_noise(output)]
    metadata = {"kernelspec": _KERNEL, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def notebook_text(notebook: dict[str, Any]) -> str:
    """Write a notebook with sorted keys and plain line ends.

    Parameters
    ----------
    notebook
        As given by `normalise`.

    Returns
    -------
    str
        JSON, the same for the same notebook.
    """
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def plain_text(text: str, root: Path) -> str:
    """Take control codes, addresses in memory and paths of this machine out of a text.

    Parameters
    ----------
    text
        A message, or a line of output.
    root
        Folder of the project; what lies in it is named relative to it.

    Returns
    -------
    str
        Fit for a page that others read.
    """
    return _plain(text, _machine_folders(root, None))


def _plain(text: str, folders: Folders) -> str:
    text = _CELL_FILE.sub("<cell>", _CONTROL_CODES.sub("", text))
    for folder, replacement in folders:
        text = text.replace(f"{folder}/", f"{replacement}/" if replacement else "").replace(folder, replacement or ".")
    return _ADDRESS.sub("0x…", text)


def _machine_folders(root: Path, report: Path | None) -> Folders:
    """Folders of this machine and what to write instead, the longest first."""
    folders = {str(Path(sys.prefix)): "<environment>", str(root): "", str(root.resolve()): ""}
    if report:
        folders |= {str(report): "<report>", str(report.resolve()): "<report>"}
    folders.setdefault(str(Path(__file__).resolve().parents[3]), "")
    folders.setdefault(tempfile.gettempdir(), "<temporary>")
    folders.setdefault(str(Path.home()), "~")
    if not sys.base_prefix.startswith(("/usr", sys.prefix)):
        folders.setdefault(sys.base_prefix, "<python>")
    long_enough = [pair for pair in folders.items() if len(pair[0]) > 3]
    return sorted(long_enough, key=lambda pair: -len(pair[0]))


def _cell_id(cell: dict[str, Any], place: int, stored_ids: frozenset[str]) -> str:
    if INJECTED in tags_of(cell):
        return INJECTED
    return cell["id"] if cell.get("id") in stored_ids else f"cell-{place:03d}"


def _is_noise(output: dict[str, Any]) -> bool:
    return output["output_type"] == "stream" and output.get("name") == "stderr"


def _output(output: dict[str, Any], number: int | None, folders: Folders) -> dict[str, Any]:
    """Clean the texts of an output; pictures are left as they are."""
    cleaned = {key: value if key == "data" else _clean(value, folders) for key, value in output.items()}
    if "data" in output:
        texts = {kind: kind.startswith("text/") for kind in output["data"]}
        cleaned["data"] = {k: _clean(v, folders) if texts[k] else v for k, v in output["data"].items()}
    if "execution_count" in output:
        cleaned["execution_count"] = number
    return cleaned


def _clean(value: Any, folders: Folders) -> Any:
    if isinstance(value, str):
        return _plain(value, folders)
    if isinstance(value, list):
        return [_clean(item, folders) for item in value]
    if isinstance(value, dict):
        return {key: _clean(item, folders) for key, item in value.items()}
    return value
