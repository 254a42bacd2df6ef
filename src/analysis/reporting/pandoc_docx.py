"""The parts of a report as Markdown with Word styles around it, so that writing can go on in Word."""

from collections.abc import Mapping
from typing import Any

from analysis.presentation.labels import label
from analysis.reporting.document import Document, Part, reference_of
from analysis.reporting.sentences import colophon_text, source_lines


def body(document: Document) -> str:
    """The whole report as Markdown for Word; code is left out.

    Parameters
    ----------
    document
        The report.

    Returns
    -------
    str
        Markdown with custom styles.
    """
    return "\n\n".join(WRITERS[part.kind](part, document.language) for part in document.parts if part.kind in WRITERS)


def cross_reference(reference: str, name: str) -> str:
    """A link to a figure or table.

    Parameters
    ----------
    reference
        For example ``fig-ratios``.
    name
        For example ``Figuur 1``.

    Returns
    -------
    str
        Markdown.
    """
    return f"[{name}](#{reference})"


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
    return _styled("Report Footer", colophon_text(variables, language))


def _styled(style: str, text: str) -> str:
    return f'::: {{custom-style="{style}"}}\n{text}\n:::'


def _text(part: Part, language: str) -> str:
    """Text with its lists loosened: Word's style for tight lists is that of table cells."""
    return str(part.content["text"]).replace("\n- ", "\n\n- ")


def _in_short(part: Part, language: str) -> str:
    content = part.content
    lines = f"**{content['title']}**\n\n{content['text']}\n\n**{content['sure_label']}** {content['sure']}"
    return _styled("Key Points", lines)


def _caption(part: Part, language: str, text: str) -> str:
    name = label("report", part.kind, language)
    field = (
        f'<w:r><w:t xml:space="preserve">{name} </w:t></w:r><w:fldSimple w:instr=" SEQ {name} \\* ARABIC ">'
        f"<w:r><w:t>{part.number}</w:t></w:r></w:fldSimple>"
    )
    return _styled("Caption", f"[`{field}`{{=openxml}}]{{#{reference_of(part)}}}. {text}")


def _figure(part: Part, language: str) -> str:
    content = part.content
    alt = content["alt"].replace("[", "(").replace("]", ")")
    return "\n\n".join(
        [
            _styled("Figure Title", content["title"]),
            _styled("Figure Subtitle", content["subtitle"]),
            _styled("Figure Image", f"![{alt}](figures/{content['id']}.png){{width=16cm}}"),
            _caption(part, language, content["note"]),
        ]
    )


def _table(part: Part, language: str) -> str:
    content = part.content
    widths = [min(max(map(len, column)), 26) + 5 for column in zip(content["header"], *content["rows"], strict=True)]
    scale = 120 / sum(widths)
    dashes = [
        f"{'-' * round(width * scale)}:" if align == "right" else f":{'-' * round(width * scale)}"
        for width, align in zip(widths, content["align"], strict=True)
    ]
    lines = [content["header"], dashes, *content["rows"]]
    grid = "\n".join("| " + " | ".join(text.replace("|", "\\|") for text in line) + " |" for line in lines)
    note = [_styled("Table Note", content["note"])] if content["note"] else []
    return "\n\n".join([_caption(part, language, content["title"]), grid, *note])


def _claims_source(part: Part, language: str) -> str:
    return _styled("Claims Source", part.content["text"])


def _claim(part: Part, language: str) -> str:
    content = part.content
    numbers = " · ".join(text for text in (content["quoted"], content["here"]) if text)
    said = f"**{content['sign']} {content['word']}.** {content['says']}" + (f" · {numbers}" if numbers else "")
    return _styled("Claim", said) + "\n\n" + _styled("Claim Reason", content["because"])


def _sources(part: Part, language: str) -> str:
    return "\n\n".join(
        _styled("Data Source", " ".join([f"**{item['title']}.**", *source_lines(item, language)]))
        for item in part.content["items"]
    )


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
