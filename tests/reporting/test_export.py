"""From an executed notebook to HTML, PDF and DOCX."""

import base64
import re
import zipfile
from html.parser import HTMLParser

import docx
import pandas as pd
import pytest
from pypdf import PdfReader

from analysis.errors import ReportError
from analysis.presentation import figures, theme
from analysis.presentation.blocks import Block
from analysis.reporting.context import ExportContext
from analysis.reporting.document import read_document
from analysis.reporting.export import export_report

CONTEXTS = {
    language: ExportContext("homelessness", "cohort_mortality", language, {"level": 0.95}, "abc1234", 1_790_000_000)
    for language in ("nl", "en")
}


def figure_block(name="ratios", alt="Een figuur."):
    rows = pd.DataFrame({"label": ["Samen"], "estimate": [3.5], "lower": [3.1], "upper": [4.0], "level": 0.95})
    drawn = figures.forest_plot(rows, figures.Axis("Verhouding", log=True, ticks=(1, 2, 5)), "nl", reference=1)
    words = {"title": "Boodschap", "subtitle": "Maat", "note": "Bron: [@nusselder2013].", "alt": alt}
    images = {"image/svg+xml": theme.to_svg(drawn), "image/png": theme.to_png(drawn)}
    return Block("figure", {"id": name, **words}, images)


def table_block(rows=2):
    cells = [[f"rij {place}", "3,3 (2,9–3,8)"] for place in range(rows)]
    shape = {"header": ["Groep", "Verhouding"], "align": ["left", "right"], "rows": cells}
    return Block("table", {"id": "audit", "title": "Sterfgevallen", "note": "Toelichting.", **shape})


def claim_block(verdict="corrected"):
    words = {
        "source": "Tijdschrift",
        "says": "Zij sterven vaker.",
        "quoted": "3,5 keer",
        "here": "hier 3,5",
        "because": "Omdat.",
    }
    return Block("claim", {"sign": "↻", "word": "Gecorrigeerd", "verdict": verdict, **words})


def in_short_block():
    words = {"title": "In het kort", "text": "De **kern**.\n\nTwee.", "sure_label": "Hoe zeker?", "sure": "Zeker."}
    return Block("in_short", words)


def prose_block(text):
    return Block("prose", {"text": text})


def sources_block():
    item = {
        "title": "Cohort",
        "producer": "EMC",
        "citation": "[@nusselder2013]",
        "licence": "CC BY 4.0",
        "place": "published/a.csv",
    }
    return Block("sources", {"items": [{**item, "period": "", "processing": "Geteld.", "caveats": "Klein."}]})


def markdown(text, *tags):
    return {"cell_type": "markdown", "source": text, "metadata": {"tags": list(tags)}, "id": f"m{abs(hash(text))}"}


def code(*blocks, source="run.show()", tags=("remove-input",)):
    outputs = [{"output_type": "display_data", "metadata": {}, "data": block._repr_mimebundle_()} for block in blocks]
    return {
        "cell_type": "code",
        "source": source,
        "metadata": {"tags": list(tags)},
        "outputs": outputs,
        "execution_count": 1,
        "id": f"c{len(outputs)}",
    }


FULL = (
    markdown("# Hoe vaak?\n\nVolwassenen, 2001–2010.", "nl"),
    markdown("# How often?\n\nAdults, 2001–2010.", "en"),
    code(source="level = 0.95", tags=("parameters",)),
    code(source="smr = 1 < 2", tags=()),
    code(in_short_block()),
    code(figure_block()),
    code(claim_block(), claim_block("reproduced")),
    markdown("## Het cohort", "nl"),
    markdown("## The cohort", "en"),
    code(prose_block("Zie @fig-ratios en @tbl-audit [@nusselder2013].")),
    code(table_block()),
    code(sources_block()),
)


@pytest.fixture
def export(tmp_path, write_executed):
    def build(*cells, language="nl", name="one", formats=("html", "pdf", "docx")):
        folder = tmp_path / name
        folder.mkdir()
        notebook = write_executed(folder / "notebook.ipynb", cells)
        context = CONTEXTS[language]
        export_report(notebook, folder, ExportContext(**{**context.__dict__, "formats": formats}))
        return folder

    return build


@pytest.fixture
def write_executed():
    import json

    def write(path, cells):
        content = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write


class Outline(HTMLParser):
    """Headings, alternative texts and addresses of a page."""

    def __init__(self):
        super().__init__()
        self.headings, self.alts, self.links, self.language = [], [], [], None
        self.loaded = []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "img":
            self.alts.append(given.get("alt"))
            self.loaded.append(given["src"])
        if tag in ("script", "link") and (given.get("src") or given.get("href")):
            self.loaded.append(given.get("src") or given.get("href"))
        if tag == "html":
            self.language = given["lang"]
        if tag == "a":
            self.links.append(given.get("href"))


def outline(folder):
    parser = Outline()
    parser.feed((folder / "report.html").read_text("utf-8"))
    return parser


def test_the_page_is_one_file_in_its_language_with_headings_in_order(export):
    page = outline(export(*FULL, formats=("html",)))
    assert page.language == "nl-NL"
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in zip(page.headings, page.headings[1:], strict=False))
    assert all(address.startswith("data:") for address in page.loaded)
    assert page.alts == ["Een figuur."]


def test_every_link_within_the_page_has_its_target(export):
    folder = export(*FULL, formats=("html",))
    text = (folder / "report.html").read_text("utf-8")
    inside = {link[1:] for link in outline(folder).links if link.startswith("#")}
    assert "fig-ratios" in inside
    assert all(f'id="{target}"' in text for target in inside)


def test_code_is_folded_away_behind_the_claims_and_escaped(export):
    text = (export(*FULL, formats=("html",)) / "report.html").read_text("utf-8")
    assert "<pre><code>smr = 1 &lt; 2</code></pre>" in text
    assert text.index("De beweringen getoetst</h2>") < text.index("smr = 1 &lt; 2")
    assert "level = 0.95</code></pre>" not in text


def test_cells_of_the_other_language_are_left_out(export):
    text = (export(*FULL, formats=("html",)) / "report.html").read_text("utf-8")
    assert "The cohort" not in text
    assert "Het cohort" in text


def test_the_pdf_is_tagged_named_and_in_its_language(export):
    reader = PdfReader(export(*FULL, formats=("pdf",)) / "report.pdf")
    assert reader.trailer["/Root"]["/Lang"] == "nl-NL"
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"].value is True
    assert reader.metadata.title == "Hoe vaak?"
    text = " ".join(page.extract_text() for page in reader.pages)
    for expected in ("Figuur 1", "Tabel 1", "Literatuur", "Nusselder e.a. 2013"):
        assert expected in text
    assert "smr = 1" not in text


def test_the_word_file_has_real_styles_language_and_alternative_text(export):
    document = docx.Document(export(*FULL, formats=("docx",)) / "report.docx")
    used = {paragraph.style.name for paragraph in document.paragraphs}
    assert {"Title", "Subtitle", "Heading 1", "Caption", "Key Points", "Claim"} <= used
    assert document.tables[0].style.name == "Table"
    assert document.tables[0].cell(1, 1).text == "3,3 (2,9–3,8)"
    pictures = document.element.xpath("//pic:cNvPr | //wp:docPr")
    assert "Een figuur." in {picture.get("descr") for picture in pictures}
    language = document.styles.element.xpath("//w:docDefaults//w:lang")[0]
    assert "nl-NL" in language.attrib.values()


def test_captions_in_word_count_by_themselves(export):
    with zipfile.ZipFile(export(*FULL, formats=("docx",)) / "report.docx") as archive:
        text = archive.read("word/document.xml").decode()
    assert "SEQ Figuur" in text
    assert "SEQ Tabel" in text


@pytest.mark.parametrize("language", ["nl", "en"])
def test_two_exports_give_the_same_bytes(export, language):
    first, second = (export(*FULL, language=language, name=name) for name in ("one", "two"))
    for name in ("report.html", "report.pdf", "report.docx"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_a_figure_without_alternative_text_fails_the_pdf(export):
    with pytest.raises(ReportError, match="accessible"):
        export(FULL[0], code(figure_block(alt="")), formats=("pdf",))


def test_a_reference_to_nothing_is_refused(export):
    with pytest.raises(ReportError, match="@fig-nothing"):
        export(FULL[0], code(prose_block("Zie @fig-nothing.")))


def test_an_unknown_citation_is_refused(export):
    with pytest.raises(ReportError, match="nobody2001"):
        export(FULL[0], code(prose_block("Zie [@nobody2001].")), formats=("html",))


def test_a_citation_without_a_year_in_its_key_gets_its_reference(export):
    text = (export(FULL[0], code(prose_block("Zie [@hmd].")), formats=("html",)) / "report.html").read_text("utf-8")
    assert 'id="ref-hmd"' in text


def test_two_figures_of_one_name_are_refused(export):
    with pytest.raises(ReportError, match="fig-ratios"):
        export(FULL[0], code(figure_block()), code(figure_block()))


def test_a_notebook_without_a_title_in_the_language_is_refused(export):
    with pytest.raises(ReportError, match="no title in 'en'"):
        export(FULL[0], language="en")


def test_an_output_that_is_no_block_is_refused(export):
    plain = {"output_type": "execute_result", "metadata": {}, "execution_count": 1, "data": {"text/plain": "42"}}
    cell = {**code(), "outputs": [plain]}
    with pytest.raises(ReportError, match="not a block: '42'"):
        export(FULL[0], cell)


def test_figures_and_tables_are_numbered_apart_in_order_of_appearance(tmp_path, write_executed):
    cells = [FULL[0], code(figure_block("a")), code(table_block()), code(figure_block("b"))]
    document = read_document(write_executed(tmp_path / "n.ipynb", cells), "nl")
    assert [(part.kind, part.number) for part in document.parts] == [("figure", 1), ("table", 1), ("figure", 2)]


def test_a_word_that_looks_like_markup_stays_as_it_is(export):
    table = Block(
        "table",
        {
            "id": "t",
            "title": "T",
            "note": "",
            "header": ["A|B", 'C"'],
            "align": ["left", "right"],
            "rows": [["<b>", "a\\b"]],
        },
    )
    folder = export(FULL[0], code(table))
    assert "&lt;b&gt;" in (folder / "report.html").read_text("utf-8")
    assert docx.Document(folder / "report.docx").tables[0].cell(0, 0).text == "A|B"
    assert "<b>" in PdfReader(folder / "report.pdf").pages[0].extract_text()


def test_the_picture_in_the_page_is_the_one_of_the_notebook(export):
    folder = export(*FULL, formats=("html",))
    encoded = re.search(r"data:image/svg\+xml;base64,([^\"]+)", (folder / "report.html").read_text("utf-8"))
    assert base64.b64decode(encoded.group(1)).decode() == figure_block().images["image/svg+xml"]
