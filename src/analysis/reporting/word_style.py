"""The Word styles of a report: pandoc's own reference document, restyled so that an adviser can go on writing in it."""

import subprocess
import zipfile
from pathlib import Path
from typing import Any

import docx
import pypandoc
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt, RGBColor

INK, MUTE, ACCENT, LINE, TINT = "1F2933", "5B6672", "0B6E6E", "D9DFE5", "F4F7F8"
FIXED_DATE = (1980, 1, 1, 0, 0, 0)
SERIF, SANS = "Cambria", "Calibri"

PARAGRAPHS: dict[str, dict[str, Any]] = {
    "Normal": {"font": SERIF, "size": 11, "after": 6, "line": 1.2},
    "Body Text": {"font": SERIF, "size": 11, "before": 0, "after": 8, "line": 1.2},
    "First Paragraph": {"font": SERIF, "size": 11, "before": 0, "after": 8, "line": 1.2},
    "Compact": {"font": SERIF, "size": 9.5, "before": 2, "after": 2, "line": 1.05, "keep": True},
    "Title": {"font": SANS, "size": 22, "bold": True, "colour": INK, "before": 0, "after": 4, "keep": True},
    "Subtitle": {"font": SANS, "size": 11, "colour": MUTE, "before": 0, "after": 12, "line": 1.15},
    "Kicker": {"font": SANS, "size": 9, "bold": True, "colour": ACCENT, "after": 2, "keep": True},
    "Heading 1": {"font": SANS, "size": 15, "bold": True, "colour": INK, "before": 20, "after": 5, "keep": True},
    "Heading 2": {"font": SANS, "size": 12.5, "bold": True, "colour": INK, "before": 14, "after": 4, "keep": True},
    "Heading 3": {"font": SANS, "size": 11, "bold": True, "colour": MUTE, "before": 10, "after": 3, "keep": True},
    "Key Points": {"font": SERIF, "size": 11, "before": 0, "after": 4, "line": 1.15, "box": True},
    "Figure Title": {"font": SANS, "size": 11, "bold": True, "colour": INK, "before": 14, "after": 0, "keep": True},
    "Figure Subtitle": {"font": SANS, "size": 9.5, "colour": MUTE, "before": 0, "after": 4, "keep": True},
    "Figure Image": {"font": SANS, "size": 9, "before": 0, "after": 2, "keep": True},
    "Caption": {"font": SANS, "size": 9, "colour": MUTE, "before": 6, "after": 6, "italic": False, "line": 1.1},
    "Table Note": {"font": SANS, "size": 9, "colour": MUTE, "before": 4, "after": 12},
    "Claims Source": {"font": SERIF, "size": 11, "before": 0, "after": 4, "keep": True},
    "Claim": {"font": SANS, "size": 10.5, "before": 8, "after": 1, "keep": True, "line": 1.1},
    "Claim Reason": {"font": SERIF, "size": 10.5, "before": 0, "after": 6, "indent": 0.5, "line": 1.15},
    "Data Source": {"font": SERIF, "size": 9.5, "before": 0, "after": 6, "line": 1.1},
    "Bibliography": {"font": SERIF, "size": 10, "before": 0, "after": 4, "line": 1.1},
    "Report Footer": {"font": SANS, "size": 8.5, "colour": MUTE, "before": 14, "after": 0},
    "Footer": {"font": SANS, "size": 8.5, "colour": MUTE},
}


def write_reference_document(target: Path, locale: str, study: str) -> None:
    """Write the reference document from which pandoc takes styles, page, header and footer.

    Parameters
    ----------
    target
        File to write.
    locale
        Language of the text for the spelling checker, for example ``nl-NL``.
    study
        Name of the study, set in the foot of the page.
    """
    target.write_bytes(_default_reference())
    document = docx.Document(str(target))
    for name, look in PARAGRAPHS.items():
        _restyle(document, name, look)
    document.styles["Verbatim Char"].font.size = Pt(8.5)
    document.styles["Hyperlink"].font.color.rgb = RGBColor.from_string(ACCENT)
    _set_language(document, locale)
    _restyle_table(document)
    _set_page(document, study)
    document.save(str(target))
    _without_clock(target)


def _without_clock(target: Path) -> None:
    """Write the file anew with one fixed date for all its parts: pandoc copies these dates into the report."""
    with zipfile.ZipFile(target) as archive:
        parts = [(name, archive.read(name)) for name in archive.namelist()]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            archive.writestr(zipfile.ZipInfo(name, FIXED_DATE), content, zipfile.ZIP_DEFLATED)


def _default_reference() -> bytes:
    command = [pypandoc.get_pandoc_path(), "--print-default-data-file", "reference.docx"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def _restyle(document: Any, name: str, look: dict[str, Any]) -> None:
    known = {style.name: style for style in document.styles}
    style = known.get(name) or document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    _set_font(style, look)
    paragraph = style.paragraph_format
    paragraph.space_before = Pt(look.get("before", 0))
    paragraph.space_after = Pt(look.get("after", 0))
    paragraph.line_spacing = look.get("line", 1.0)
    paragraph.keep_with_next = look.get("keep", False)
    paragraph.left_indent = Cm(look["indent"]) if "indent" in look else None
    paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT
    style.quick_style = True
    style.hidden = False
    if look.get("box"):
        _add_box(style)


def _set_font(style: Any, look: dict[str, Any]) -> None:
    style.font.size = Pt(look["size"])
    style.font.bold = look.get("bold", False)
    style.font.italic = look.get("italic", False)
    style.font.color.rgb = RGBColor.from_string(look.get("colour", INK))
    properties = style.element.get_or_add_rPr()
    for tag in ("w:spacing", "w:caps", "w:kern"):
        for old in properties.findall(qn(tag)):
            properties.remove(old)
    fonts = properties.get_or_add_rFonts()
    for attribute in list(fonts.attrib):
        del fonts.attrib[attribute]
    for slot in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(qn(f"w:{slot}"), look["font"])


def _add_box(style: Any) -> None:
    properties = style.element.get_or_add_pPr()
    for tag in ("w:pBdr", "w:shd"):
        for old in properties.findall(qn(tag)):
            properties.remove(old)
    border = f'<w:pBdr {nsdecls("w")}><w:left w:val="single" w:sz="24" w:space="10" w:color="{ACCENT}"/></w:pBdr>'
    shade = f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{TINT}"/>'
    spacing = properties.find(qn("w:spacing"))
    for element in (parse_xml(border), parse_xml(shade)):
        spacing.addprevious(element)


def _set_language(document: Any, locale: str) -> None:
    defaults = document.styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault")).find(qn("w:rPr"))
    language = defaults.find(qn("w:lang"))
    if language is None:
        language = parse_xml(f"<w:lang {nsdecls('w')}/>")
        defaults.append(language)
    language.set(qn("w:val"), locale)


def _restyle_table(document: Any) -> None:
    style = document.styles["Table"].element
    for tag in ("w:tblPr", "w:tblStylePr"):
        for old in style.findall(qn(tag)):
            style.remove(old)
    line = f'w:val="single" w:sz="4" w:space="0" w:color="{LINE}"'
    strong = f'w:val="single" w:sz="8" w:space="0" w:color="{INK}"'
    margins = '<w:left w:w="0" w:type="dxa"/><w:right w:w="120" w:type="dxa"/>'
    style.append(
        parse_xml(
            f"<w:tblPr {nsdecls('w')}><w:tblBorders><w:bottom {line}/><w:insideH {line}/></w:tblBorders>"
            f"<w:tblCellMar>{margins}</w:tblCellMar></w:tblPr>"
        )
    )
    style.append(
        parse_xml(
            f'<w:tblStylePr {nsdecls("w")} w:type="firstRow"><w:rPr><w:b/><w:color w:val="{MUTE}"/></w:rPr>'
            f'<w:tcPr><w:tcBorders><w:bottom {strong}/></w:tcBorders><w:vAlign w:val="bottom"/></w:tcPr></w:tblStylePr>'
        )
    )


def _set_page(document: Any, study: str) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.5)
    section.top_margin = section.bottom_margin = Cm(2.4)
    footer = section.footer.paragraphs[0] if section.footer.paragraphs else section.footer.add_paragraph()
    footer.style = document.styles["Footer"]
    footer.text = f"{study}  ·  "
    header = section.header.paragraphs[0]
    header.style = document.styles["Kicker"]
    header.text = study.upper()
    field = f'<w:fldSimple {nsdecls("w")} w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple>'
    footer._p.append(parse_xml(field))
