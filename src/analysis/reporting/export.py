"""From an executed notebook to report.html, report.pdf and report.docx: one content, three writers, no clock."""

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib as mpl
import pypandoc
import typst

from analysis.errors import ReportError
from analysis.locations import project_root
from analysis.presentation.labels import LANGUAGES, label, messages
from analysis.reporting import pandoc_docx, pandoc_html, pandoc_typst
from analysis.reporting.context import ExportContext
from analysis.reporting.document import Document, cross_references, read_document
from analysis.reporting.word_style import write_reference_document

MARKDOWN = "markdown-implicit_figures-tex_math_dollars+raw_attribute+fenced_divs+pipe_tables"
WORD_PROPERTIES = ("title", "subtitle", "lang", "link-citations")
LOCALES = {"nl": "nl-NL", "en": "en-GB"}
SHORT = 6
"""Number of headings up to which a PDF needs no table of contents."""


def export_report(notebook: Path, folder: Path, context: ExportContext) -> None:
    """Write the formats of a report beside its executed notebook.

    Parameters
    ----------
    notebook
        An executed notebook.
    folder
        The report's folder; receives ``report.html``, ``report.pdf``, ``report.docx`` as asked for.
    context
        What is known about the report.

    Raises
    ------
    ReportError
        When something in the notebook cannot be shown: no title, no alternative text, an unknown reference.
    """
    document = read_document(notebook, context.language)
    with tempfile.TemporaryDirectory() as work, _document_date(context.epoch):
        workspace = Path(work)
        _prepare(document, workspace)
        for name in context.formats:
            FORMATS[name](document, folder / f"report.{name}", workspace, context)


@contextmanager
def _document_date(epoch: int) -> Iterator[None]:
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = str(epoch)
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before


def _prepare(document: Document, workspace: Path) -> None:
    """Put what the formats need into one folder, so that no path of this machine gets into a document."""
    bibliography = project_root() / "data" / "references.bib"
    (workspace / "references.bib").write_bytes(bibliography.read_bytes() if bibliography.exists() else b"")
    (workspace / "figures").mkdir()
    for part in document.parts:
        if part.kind == "figure":
            for kind, ending in (("image/svg+xml", "svg"), ("image/png", "png")):
                (workspace / "figures" / f"{part.content['id']}.{ending}").write_bytes(part.images[kind])


def _write_html(document: Document, target: Path, workspace: Path, context: ExportContext) -> None:
    variables = {
        **_variables(document, context),
        "other": next(language for language in LANGUAGES if language != context.language),
        "command": f"`{_command(context)}`",
        "index": "index.html" if context.language == "nl" else "index.en.html",
    }
    with _template("report.html") as template:
        options = ["--standalone", "--toc", "--toc-depth=2", "--syntax-highlighting=none", f"--template={template}"]
        text = _pandoc(document, pandoc_html, "html5", options, variables, workspace)
    target.write_text(text, encoding="utf-8", newline="\n")


def _write_pdf(document: Document, target: Path, workspace: Path, context: ExportContext) -> None:
    date = datetime.fromtimestamp(context.epoch, UTC)
    headings = len(re.findall(r"^## ", pandoc_typst.body(document), flags=re.MULTILINE)) + 1
    variables = {**_variables(document, context), "year": date.year, "month": date.month, "day": date.day}
    if headings > SHORT:
        variables["toc-height"] = 14 * -(-headings // 2)
    with _template("report.typ") as template:
        options = ["--standalone", "--shift-heading-level-by=-1", f"--template={template}"]
        text = _pandoc(document, pandoc_typst, "typst-smart", options, variables, workspace)
    source = workspace / "report.typ"
    source.write_text(text, encoding="utf-8", newline="\n")
    try:
        typst.compile(
            str(source),
            output=str(target),
            root=str(workspace),
            font_paths=[str(Path(mpl.get_data_path()) / "fonts" / "ttf")],
            ignore_system_fonts=True,
            pdf_standards=["ua-1"],
            timestamp=context.epoch,
        )
    except typst.TypstError as error:
        raise ReportError(f"The PDF cannot be made accessible (PDF/UA-1): {error}") from error


def _write_docx(document: Document, target: Path, workspace: Path, context: ExportContext) -> None:
    reference = workspace / f"reference-{context.language}.docx"
    write_reference_document(reference, LOCALES[context.language], label("study", context.study, context.language))
    options = ["--standalone", "--shift-heading-level-by=-1", f"--reference-doc={reference}"]
    _pandoc(document, pandoc_docx, "docx", options, _variables(document, context), workspace, target)


FORMATS = {"html": _write_html, "pdf": _write_pdf, "docx": _write_docx}


def _pandoc(
    document: Document,
    writer: ModuleType,
    to: str,
    options: list[str],
    variables: Mapping[str, Any],
    workspace: Path,
    target: Path | None = None,
) -> str:
    text = _with_cross_references(writer.body(document), document, writer)
    metadata = workspace / "metadata.json"
    known = {key: variables[key] for key in WORD_PROPERTIES} if to == "docx" else dict(variables)
    metadata.write_text(json.dumps(known, ensure_ascii=False), encoding="utf-8")
    citing = re.search(r"\[[^\]]*@(?!fig-|tbl-)[a-z]", text) is not None
    if citing:
        text += f"\n\n## {label('report', 'references', document.language)} {{#references}}\n\n::: {{#refs}}\n:::\n"
    text += "\n\n" + writer.colophon(document.language, variables)
    extra = [*options, f"--metadata-file={metadata}", "--fail-if-warnings", f"--resource-path={workspace}"]
    extra += ["--citeproc", "--bibliography=references.bib"] if citing else []
    try:
        output = str(target) if target else None
        return str(pypandoc.convert_text(text, to, MARKDOWN, extra, outputfile=output, cworkdir=str(workspace)))
    except RuntimeError as error:
        raise ReportError(f"pandoc cannot write {to}: {_reason(str(error))}") from error


def _reason(message: str) -> str:
    lines = [line for line in message.splitlines() if line.strip() and "Failing because" not in line]
    return " ".join(lines[-3:])[:400]


def _with_cross_references(text: str, document: Document, writer: ModuleType) -> str:
    for reference in sorted(set(cross_references(text)), key=len, reverse=True):
        kind = "figure" if reference.startswith("fig-") else "table"
        name = f"{label('report', kind, document.language)} {document.number_of(reference)}"
        replacement = writer.cross_reference(reference, name)
        text = re.sub(rf"@{re.escape(reference)}(?![a-z0-9-])", lambda _, new=replacement: new, text)  # type: ignore[misc]
    return text


def _variables(document: Document, context: ExportContext) -> dict[str, Any]:
    language = document.language
    date = datetime.fromtimestamp(context.epoch, UTC)
    months = messages(language)["wording"]["months"]
    return {
        "pagetitle": document.title,
        "title": document.title,
        "subtitle": document.lead,
        "lang": LOCALES[language],
        "language": language,
        "kicker": label("study", context.study, language),
        "words": messages(language)["report"],
        "topic": context.topic,
        "version": context.version,
        "built": f"{date.day} {months[date.month - 1]} {date.year}",
        "command": _command(context),
        "link-citations": True,
        "lang-is-nl": language == "nl",
    }


def _command(context: ExportContext) -> str:
    chosen = {name: value for name, value in context.parameters.items() if name != "language"}
    settings = "".join(f" --set {name}={value}" for name, value in chosen.items())
    return f"analysis report {context.study}/{context.topic} --language {context.language}{settings}"


@contextmanager
def _template(name: str) -> Iterator[Path]:
    with as_file(files("analysis.reporting").joinpath(f"templates/{name}")) as path:
        yield path
