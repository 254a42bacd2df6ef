"""What a notebook shows: blocks that JupyterLab displays and from which the reports are made.

A block carries its content as data (`BLOCK_MIME`), so that HTML, PDF and DOCX are each written from the same content
and none of them from another's markup.
"""

import base64
import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import markdown_it

BLOCK_MIME = "application/vnd.analysis.block+json"
SIGNS = {"reproduced": "✓", "consistent": "≈", "corrected": "↻", "contradicted": "✕", "not_testable": "○"}


@dataclass(frozen=True)
class Block:
    """One piece of a report.

    Attributes
    ----------
    kind
        ``prose``, ``in_short``, ``figure``, ``table``, ``claim`` or ``sources``.
    content
        What the kind needs, as plain data; texts are Markdown.
    images
        MIME type to image, for a figure: ``image/svg+xml`` as text, ``image/png`` as bytes.
    """

    kind: str
    content: Mapping[str, Any]
    images: Mapping[str, Any] = field(default_factory=dict)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        data: dict[str, Any] = {
            BLOCK_MIME: {"kind": self.kind, **self.content},
            "text/html": PREVIEWS[self.kind](self),
            "text/plain": str(self.content.get("text") or self.content.get("title") or self.kind),
        }
        if "image/svg+xml" in self.images:
            data["image/svg+xml"] = self.images["image/svg+xml"]
        if "image/png" in self.images:
            data["image/png"] = base64.b64encode(self.images["image/png"]).decode("ascii")
        return data


def markdown_to_html(text: str) -> str:
    """Markdown as HTML, for the preview in JupyterLab; citations are shown as they are written.

    Parameters
    ----------
    text
        Markdown.

    Returns
    -------
    str
        HTML.
    """
    return str(markdown_it.MarkdownIt("commonmark").render(text))


def _preview_prose(block: Block) -> str:
    return markdown_to_html(block.content["text"])


def _preview_in_short(block: Block) -> str:
    content = block.content
    sure = f"**{content['sure_label']}** {content['sure']}"
    return (
        f'<div style="border-left:4px solid #0b6e6e;padding:.4em 1em"><strong>{html.escape(content["title"])}</strong>'
        f"{markdown_to_html(content['text'])}{markdown_to_html(sure)}</div>"
    )


def _preview_figure(block: Block) -> str:
    content = block.content
    image = base64.b64encode(block.images["image/svg+xml"].encode()).decode("ascii")
    return (
        f"<figure><strong>{html.escape(content['title'])}</strong><br>{html.escape(content['subtitle'])}<br>"
        f'<img style="max-width:46em;width:100%;background:#fff" alt="{html.escape(content["alt"], quote=True)}" '
        f'src="data:image/svg+xml;base64,{image}"><figcaption>{markdown_to_html(content["note"])}</figcaption></figure>'
    )


def _preview_table(block: Block) -> str:
    content = block.content
    cells = [
        f'<th scope="col" style="text-align:{align}">{html.escape(head)}</th>' for head, align in _columns(content)
    ]
    lines = [
        "<tr>"
        + "".join(
            f'<td style="text-align:{a}">{html.escape(c)}</td>' for c, a in zip(row, _aligns(content), strict=True)
        )
        + "</tr>"
        for row in content["rows"]
    ]
    return (
        f"<table><caption>{html.escape(content['title'])}</caption><thead><tr>{''.join(cells)}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>{markdown_to_html(content['note'])}"
    )


def _columns(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    return list(zip(content["header"], _aligns(content), strict=True))


def _aligns(content: Mapping[str, Any]) -> list[str]:
    return [str(align) for align in content["align"]]


def _preview_claim(block: Block) -> str:
    content = block.content
    quoted = " · ".join(part for part in (content["says"], content["here"]) if part)
    return markdown_to_html(f"**{content['sign']} {content['word']}** {quoted}\n\n{content['because']}")


def _preview_sources(block: Block) -> str:
    items = [f"- **{item['title']}**: {item['citation']}" for item in block.content["items"]]
    return markdown_to_html("\n".join(items))


PREVIEWS = {
    "prose": _preview_prose,
    "in_short": _preview_in_short,
    "figure": _preview_figure,
    "table": _preview_table,
    "claim": _preview_claim,
    "sources": _preview_sources,
}
