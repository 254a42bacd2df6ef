"""From an executed notebook to the parts of a report, in reading order and in one language."""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.errors import ReportError
from analysis.presentation.blocks import BLOCK_MIME
from analysis.presentation.labels import LANGUAGES, label
from analysis.reporting.cells import read_notebook, source_of, tags_of

HIDDEN_CELL_TAGS = {"remove-cell", "parameters", "injected-parameters"}


@dataclass(frozen=True)
class Part:
    """One part of a report.

    Attributes
    ----------
    kind
        ``markdown``, ``code``, ``claims_source``, or the kind of a block: ``prose``, ``in_short``, ``figure``,
        ``table``, ``claim``, ``sources``.
    content
        The block's content; for ``markdown`` and ``code`` its `text`.
    images
        MIME type to bytes, for a figure.
    number
        Number of a figure or table in order of appearance; 0 for other parts.
    """

    kind: str
    content: Mapping[str, Any]
    images: Mapping[str, bytes]
    number: int = 0


@dataclass(frozen=True)
class Document:
    """A report before it is written in a format.

    Attributes
    ----------
    title
        The question.
    lead
        One or two lines: population and period.
    language
        ``nl`` or ``en``.
    parts
        In reading order.
    """

    title: str
    lead: str
    language: str
    parts: tuple[Part, ...]

    def number_of(self, reference: str) -> int:
        """Number of a figure or table by its reference, for example ``fig-ratios``.

        Parameters
        ----------
        reference
            ``fig-`` or ``tbl-`` and the name.

        Returns
        -------
        int
            Its number.

        Raises
        ------
        ReportError
            When the text refers to something the report does not show.
        """
        for part in self.parts:
            if part.number and reference_of(part) == reference:
                return part.number
        raise ReportError(f"The text refers to @{reference}, but the report shows no such figure or table.")


def reference_of(part: Part) -> str:
    """Reference of a figure or table: ``fig-<name>`` or ``tbl-<name>``.

    Parameters
    ----------
    part
        A figure or a table.

    Returns
    -------
    str
        What the text writes behind the at sign.
    """
    return f"{'fig' if part.kind == 'figure' else 'tbl'}-{part.content['id']}"


def read_document(notebook: Path, language: str) -> Document:
    """Read an executed notebook as the parts of a report.

    Parameters
    ----------
    notebook
        An executed notebook.
    language
        Cells tagged with another language are left out.

    Returns
    -------
    Document
        Title, lead and parts, with figures and tables numbered.

    Raises
    ------
    ReportError
        When there is no title, or two figures or tables share a name.
    """
    cells = [cell for cell in read_notebook(notebook)["cells"] if _is_shown(cell, language)]
    title_cells = [cell for cell in cells if _is_markdown(cell) and source_of(cell).startswith("# ")]
    if not title_cells:
        raise ReportError(f"The notebook has no title in {language!r}: a first cell tagged {language!r} with '# ...'.")
    heading, _, lead = source_of(title_cells[0]).partition("\n")
    parts = [part for cell in cells if cell is not title_cells[0] for part in _parts(cell, language)]
    return Document(
        heading[2:].strip(), lead.strip(), language, tuple(_numbered(_with_claims_heading(parts, language)))
    )


def _is_markdown(cell: Mapping[str, Any]) -> bool:
    return bool(cell["cell_type"] == "markdown")


def _is_shown(cell: dict[str, Any], language: str) -> bool:
    tags = set(tags_of(cell))
    return not tags & HIDDEN_CELL_TAGS and not tags & (set(LANGUAGES) - {language})


def _parts(cell: dict[str, Any], language: str) -> Iterator[Part]:
    if _is_markdown(cell):
        yield Part("markdown", {"text": source_of(cell)}, {})
        return
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if BLOCK_MIME in data:
            content = dict(data[BLOCK_MIME])
            yield Part(content.pop("kind"), content, _images(data))
        elif output["output_type"] != "stream":
            raise ReportError(
                f"A cell shows something that is not a block: {str(data.get('text/plain', ''))[:60]!r}. "
                "Show it through run.table, run.figure or run.prose, or end the line with a semicolon."
            )
    if "remove-input" not in tags_of(cell):
        yield Part("code", {"text": source_of(cell)}, {})


def _images(data: Mapping[str, Any]) -> dict[str, bytes]:
    images = {}
    if "image/svg+xml" in data:
        images["image/svg+xml"] = "".join(data["image/svg+xml"]).encode("utf-8")
    if "image/png" in data:
        images["image/png"] = base64.b64decode("".join(data["image/png"]))
    return images


def _with_claims_heading(parts: list[Part], language: str) -> Iterator[Part]:
    before = ""
    for part in parts:
        if part.kind == "claim" and before != "claim":
            source = label("report", "claims_source", language).format(source=f"*{part.content['source']}*")
            yield Part("markdown", {"text": f"## {label('report', 'claims', language)}"}, {})
            yield Part("claims_source", {"text": f"{source} [@sociaaldomein2022]"}, {})
        yield part
        before = part.kind if part.kind != "code" else before


def _numbered(parts: Iterator[Part]) -> Iterator[Part]:
    counts = {"figure": 0, "table": 0}
    seen: set[str] = set()
    for part in parts:
        if part.kind not in counts:
            yield part
            continue
        if reference_of(part) in seen:
            raise ReportError(f"Two parts of the report are called {reference_of(part)}. Give each its own name.")
        seen.add(reference_of(part))
        counts[part.kind] += 1
        yield Part(part.kind, part.content, part.images, counts[part.kind])


def cross_references(text: str) -> list[str]:
    """References to figures and tables in a text.

    Parameters
    ----------
    text
        Markdown.

    Returns
    -------
    list of str
        For example ``["fig-ratios"]``.
    """
    return re.findall(r"@((?:fig|tbl)-[a-z0-9-]+)", text)
