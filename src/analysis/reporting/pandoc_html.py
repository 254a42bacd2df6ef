"""The parts of a report as Markdown with HTML around it, for pandoc's HTML writer."""

import base64
import html
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from analysis.presentation.labels import label
from analysis.reporting.document import Document, Part, reference_of
from analysis.reporting.sentences import source_lines


def body(document: Document) -> str:
    """The whole report as Markdown for the HTML page.

    Parameters
    ----------
    document
        The report.

    Returns
    -------
    str
        Markdown with raw HTML.
    """
    chunks = []
    for kind, group in itertools.groupby(_code_after_claims(document.parts), key=lambda part: part.kind):
        parts = list(group)
        chunks.extend(_claims(parts) if kind == "claim" else [WRITERS[kind](part, document.language) for part in parts])
    return "\n\n".join(chunks)


def _code_after_claims(parts: Sequence[Part]) -> list[Part]:
    """The answer comes first: code that stands before it is shown behind the claims."""
    kinds = [part.kind for part in parts]
    first = kinds.index("in_short") if "in_short" in kinds else 0
    last = len(kinds) - kinds[::-1].index("claim") if "claim" in kinds else first + 1
    code = [part for part in parts[:first] if part.kind == "code"]
    before = [part for part in parts[:first] if part.kind != "code"]
    return [*before, *parts[first:last], *code, *parts[last:]]


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
    return ""  # the page's template has it, with links


def _raw(text: str) -> str:
    return f"```{{=html}}\n{text}\n```"


def _div(classes: str, text: str) -> str:
    return f":::: {{{classes}}}\n{text}\n::::"


def _text(part: Part, language: str) -> str:
    return str(part.content["text"])


def _code(part: Part, language: str) -> str:
    shown = html.escape(part.content["text"])
    return _raw(
        f"<details><summary>{label('report', 'show_code', language)}</summary><pre><code>{shown}</code></pre></details>"
    )


def _in_short(part: Part, language: str) -> str:
    content = part.content
    title = content["title"]
    heading = f'<section class="short" id="in-short" aria-label="{title}"><p class="short-title">{title}</p>'
    sure = _div(".sure", f"**{content['sure_label']}** {content['sure']}")
    return "\n\n".join([_raw(heading), content["text"], sure, _raw("</section>")])


def _figure(part: Part, language: str) -> str:
    content = part.content
    source = base64.b64encode(part.images["image/svg+xml"]).decode("ascii")
    picture = f'<img alt="{html.escape(content["alt"], quote=True)}" src="data:image/svg+xml;base64,{source}">'
    file = f"figures/{content['id']}"
    cue = f'<p class="cue" aria-hidden="true">↔ {label("report", "swipe", language)}</p>'
    image = f'{cue}<a class="picture" href="{file}.svg">{picture}</a>'
    take = f'<p class="take"><a href="{file}.svg" download>SVG</a> <a href="{file}.png" download>PNG</a></p>'
    caption = f"**{label('report', 'figure', language)} {part.number}.** {content['note']}"
    return "\n\n".join(
        [
            _raw(f'<figure id="{reference_of(part)}">'),
            _div(".fig-title", content["title"]),
            _div(".sub", content["subtitle"]),
            _raw(f"{image}\n<figcaption>"),
            caption,
            _raw(f"{take}</figcaption></figure>"),
        ]
    )


def _table(part: Part, language: str) -> str:
    content = part.content
    name = f"{label('report', 'table', language)} {part.number}"
    classes = [' class="n"' if align == "right" else "" for align in content["align"]]
    head = "".join(f'<th scope="col"{c}>{html.escape(h)}</th>' for h, c in zip(content["header"], classes, strict=True))
    rows = "\n".join(f"<tr>{_cells(row, classes)}</tr>" for row in content["rows"])
    sortable = ' class="sortable"' if len(content["rows"]) > 6 else ""
    named = f"{reference_of(part)}-name"
    opening = f'<div class="table" id="{reference_of(part)}"><div class="caption" id="{named}">'
    cue = f'<p class="cue" aria-hidden="true">↔ {label("report", "swipe", language)}</p>'
    scroll = f'</div>{cue}<div class="scroll" role="region" tabindex="0" aria-labelledby="{named}">'
    grid = (
        f'<table aria-labelledby="{named}"{sortable}><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>'
    )
    take = f'<p class="take"><a href="tables/{content["id"]}.csv" download>CSV</a></p></div>'
    note = [_div(".note", content["note"])] if content["note"] else []
    title = f"**{name}.** {content['title']}"
    return "\n\n".join([_raw(opening), title, _raw(f"{scroll}{grid}</div>"), *note, _raw(take)])


def _cells(row: Iterable[str], classes: list[str]) -> str:
    first, *others = list(zip(row, classes, strict=True))
    rest = "".join(f"<td{c}>{html.escape(text)}</td>" for text, c in others)
    return f'<th scope="row"{first[1]}>{html.escape(first[0])}</th>{rest}'


def _claims(parts: list[Part]) -> list[str]:
    return [_raw('<ul class="claims">'), *(_claim(part) for part in parts), _raw("</ul>")]


def _claim(part: Part) -> str:
    content = part.content
    tone = (
        "ok"
        if content["verdict"] in ("reproduced", "consistent")
        else "fix"
        if content["verdict"] != "not_testable"
        else "open"
    )
    verdict = f'<li><p class="v {tone}"><span aria-hidden="true">{content["sign"]}</span> {content["word"]}</p><div>'
    numbers = " · ".join(text for text in (content["quoted"], content["here"]) if text)
    said = f"**{content['says']}**" + (f" [· {numbers}]{{.num}}" if numbers else "")
    return "\n\n".join([_raw(verdict), said, content["because"], _raw("</div></li>")])


def _sources(part: Part, language: str) -> str:
    chunks = [_raw('<dl class="data">')]
    for item in part.content["items"]:
        lines = source_lines(item, language)
        chunks += [_raw(f"<dt>{html.escape(item['title'])}</dt><dd>"), "\n\n".join(lines), _raw("</dd>")]
    return "\n\n".join([*chunks, _raw("</dl>")])


WRITERS = {
    "markdown": _text,
    "prose": _text,
    "claims_source": _text,
    "code": _code,
    "in_short": _in_short,
    "figure": _figure,
    "table": _table,
    "sources": _sources,
}
