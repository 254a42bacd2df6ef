"""The parts of a report as Markdown with Typst around it, for the PDF."""

import json
from collections.abc import Mapping
from typing import Any

from analysis.presentation.labels import label
from analysis.reporting.document import Document, Part, reference_of
from analysis.reporting.sentences import colophon_text, source_lines

LONG_CELL, LONG_HEADER = 30, 20
"""Number of letters beyond which a cell or a header may wrap."""


def body(document: Document) -> str:
    """The whole report as Markdown for the PDF; code is left out.

    Parameters
    ----------
    document
        The report.

    Returns
    -------
    str
        Markdown with raw Typst.
    """
    return "\n\n".join(WRITERS[part.kind](part, document.language) for part in document.parts if part.kind in WRITERS)


def cross_reference(reference: str, name: str) -> str:
    """A reference that Typst resolves and tags.

    Parameters
    ----------
    reference
        For example ``fig-ratios``.
    name
        Not used: Typst writes the name itself.

    Returns
    -------
    str
        Raw Typst inside Markdown.
    """
    return f"`@{reference}`{{=typst}}"


def colophon(language: str, variables: Mapping[str, Any]) -> str:
    """The last lines of a report: how to build it again, and from which version.

    Parameters
    ----------
    language
        ``nl`` or ``en``.
    variables
        `command`, `version` and `built`.

    Returns
    -------
    str
        Markdown.
    """
    return "\n\n".join([_raw("#colophon["), colophon_text(variables, language), _raw("]")])


def _raw(text: str) -> str:
    return f"```{{=typst}}\n{text}\n```"


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _text(part: Part, language: str) -> str:
    return str(part.content["text"])


def _in_short(part: Part, language: str) -> str:
    content = part.content
    return "\n\n".join(
        [
            _raw(f"#in-short({_string(content['title'])})["),
            content["text"],
            _raw("#sure["),
            f"**{content['sure_label']}** {content['sure']}",
            _raw("]]"),
        ]
    )


def _figure(part: Part, language: str) -> str:
    content = part.content
    path = f"figures/{content['id']}.svg"
    picture = f"image({_string(path)}, width: 100%, alt: {_string(content['alt'])})"
    return "\n\n".join(
        [
            _raw("#block(breakable: false, above: 16pt, below: 16pt)[#figure-title["),
            content["title"],
            _raw("]["),
            content["subtitle"],
            _raw(f"]\n#figure({picture}, kind: image, supplement: [{label('report', 'figure', language)}], caption: ["),
            content["note"],
            _raw(f"]) <{reference_of(part)}>]"),
        ]
    )


def _table(part: Part, language: str) -> str:
    content = part.content
    columns = ", ".join(_widths(content["header"], content["rows"]))
    align = ", ".join(content["align"])
    head = ", ".join(_string(text) for text in content["header"])
    rows = ",\n  ".join(", ".join(_string(text) for text in row) for row in content["rows"])
    place = f"align: (x, y) => ({align},).at(x) + if y == 0 {{ bottom }} else {{ top }}"
    grid = f"table(columns: ({columns}), {place},\n  table.header({head}),\n  {rows})"
    supplement = f"supplement: [{label('report', 'table', language)}]"
    breakable = "true" if len(content["rows"]) > 14 else "false"
    block = f"#block(breakable: {breakable}, above: 16pt, below: 14pt)"
    opening = f"{block}[#figure({grid}, kind: table, {supplement}, caption: ["
    note = [_raw("#table-note["), content["note"], _raw("]")] if content["note"] else []
    return "\n\n".join([_raw(opening), content["title"], _raw(f"]) <{reference_of(part)}>"), *note, _raw("]")])


def _widths(header: list[str], rows: list[list[str]]) -> list[str]:
    """Columns with long texts share the width by their length and wrap; without any the first takes what is left."""
    widths = []
    for place, name in enumerate(header):
        longest = max((len(row[place]) for row in rows), default=0)
        long = longest > LONG_CELL or len(name) > LONG_HEADER
        widths.append(f"{max(1.0, longest / LONG_CELL):.1f}fr" if long else "auto")
    return widths if any(width.endswith("fr") for width in widths) else ["1fr", *widths[1:]]


def _claims_source(part: Part, language: str) -> str:
    return "\n\n".join([_raw("#block(sticky: true)["), part.content["text"], _raw("]")])


def _claim(part: Part, language: str) -> str:
    content = part.content
    numbers = " · ".join(text for text in (content["quoted"], content["here"]) if text)
    opening = f"#claim({_string(content['sign'])}, {_string(content['word'])}, {_string(content['verdict'])})["
    chunks = [_raw(opening), f"**{content['says']}**"]
    if numbers:
        chunks[-1] += "`#num[`{=typst} " + numbers + "`]`{=typst}"
    return "\n\n".join([*chunks, content["because"], _raw("]")])


def _sources(part: Part, language: str) -> str:
    chunks = []
    for item in part.content["items"]:
        source, processing, caveats = source_lines(item, language)
        lines = [f"**{item['title']}.** {source}", f"{processing} {caveats}"]
        chunks.append("\n\n".join([_raw("#data-item["), *lines, _raw("]")]))
    return "\n\n".join(chunks)


WRITERS = {
    "markdown": _text,
    "prose": _text,
    "claims_source": _claims_source,
    "in_short": _in_short,
    "figure": _figure,
    "table": _table,
    "claim": _claim,
    "sources": _sources,
}
