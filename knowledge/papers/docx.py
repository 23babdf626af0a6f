"""The papers as a Word file, in large print, so that a clerk can go on typing in them."""

from __future__ import annotations

import io
from datetime import datetime, time
from typing import Any

import docx
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.oxml import serialize_part_xml
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt, RGBColor
from docx.text.paragraph import Paragraph

from knowledge.papers.document import Document, Section
from knowledge.papers.filling import Filled, FilledPart
from knowledge.papers.room import Piece, laid_out
from knowledge.papers.words import pattern, words

FONT = "微软雅黑"  # on every Windows and in WPS; a program without it takes one of the same kind
ALSO = "Microsoft YaHei"  # its other name
SPACE = "\u3000"
KEPT, KEPT_PER_CHARACTER = "\u00a0", 4.2  # spaces that are not swallowed at a line's end; they are narrow
LINE = 27  # characters of the body that fill a line
_SIZES = {"Normal": 16, "Title": 26, "Heading 1": 21, "Heading 2": 18, "List Number": 16, "List Bullet": 16}
_PLAIN = ("Default Paragraph Font", "Normal Table", "No List", "Footer")
SMALL, PHONE = Pt(13), Pt(32)


def _fonts(properties: Any) -> None:
    """Set the font for Chinese and for Latin; the template's own come from a theme that knows no Chinese."""
    fonts = properties.get_or_add_rFonts()
    for name in list(fonts.attrib):
        del fonts.attrib[name]
    for name in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
        fonts.set(qn(name), FONT)


def _only_what_is_used(file: Any) -> None:
    """Take the template's other styles out: a hundred table styles stand in a clerk's way and slow every look-up."""
    for style in list(file.styles):
        if style.name in _SIZES or style.name in _PLAIN:
            for link in style.element.findall(qn("w:link")):
                style.element.remove(link)
        else:
            style.delete()


def _styles(file: Any) -> None:
    for name, size in _SIZES.items():
        style = file.styles[name]
        style.font.size = Pt(size)
        style.font.color.rgb = RGBColor(0, 0, 0)
        style.font.bold = name.startswith(("Title", "Heading"))
        style.paragraph_format.line_spacing = 1.4
        style.paragraph_format.space_after = Pt(8)
        _fonts(style.element.get_or_add_rPr())
    title = file.styles["Title"].element.get_or_add_pPr()
    for border in title.findall(qn("w:pBdr")):
        title.remove(border)
    for name in ("Heading 1", "Heading 2"):
        file.styles[name].paragraph_format.space_before = Pt(18)
        file.styles[name].paragraph_format.keep_with_next = True
    small = file.styles.add_style("Small Print", WD_STYLE_TYPE.CHARACTER)
    small.font.size = SMALL
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "zh-CN")
    language.set(qn("w:eastAsia"), "zh-CN")
    defaults = file.styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault")).find(qn("w:rPr"))
    for old in defaults.findall(qn("w:lang")):
        defaults.remove(old)
    defaults.append(language)
    _fonts(defaults)


def _font_table(file: Any) -> None:
    """Say of which kind the font is, so that a program without it finds a like one."""
    for part in file.part.package.iter_parts():
        if str(part.partname) == "/word/fontTable.xml":
            table = parse_xml(part.blob)
            table.append(
                parse_xml(
                    f'<w:font {nsdecls("w")} w:name="{FONT}"><w:altName w:val="{ALSO}"/>'
                    '<w:panose1 w:val="020B0503020204020204"/><w:charset w:val="86"/><w:family w:val="swiss"/></w:font>'
                )
            )
            part._blob = serialize_part_xml(table)


def _field(paragraph: Paragraph, code: str) -> None:
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), code)
    run = paragraph.add_run("1", style="Small Print")  # until the program counts
    field.append(run._r)
    paragraph._p.append(field)


def _footer(file: Any, last: str) -> None:
    paragraph = file.sections[0].footer.paragraphs[0]
    paragraph.add_run(f"{last}{SPACE}", style="Small Print")
    before, rest = pattern("page").split("{page}")
    between, after = rest.split("{pages}")
    paragraph.add_run(before, style="Small Print")
    _field(paragraph, "PAGE")
    paragraph.add_run(between, style="Small Print")
    _field(paragraph, "NUMPAGES")
    paragraph.add_run(after, style="Small Print")


def _section(file: Any, section: Section) -> None:
    file.add_heading(section.title, 1)
    for item in section.items:
        if section.style == "text":
            file.add_paragraph(item.text)
        elif section.style == "numbered":
            file.add_paragraph(item.text, style="List Number")
        elif section.style == "ticked":
            file.add_paragraph(f"□ {item.text}")
        elif item.more:
            head = file.add_paragraph()
            head.add_run(item.text).bold = True
            head.paragraph_format.keep_with_next = True
            head.paragraph_format.space_after = Pt(2)
        else:
            file.add_paragraph(item.text, style="List Bullet")
        for number, line in enumerate(item.more, 1):
            said, ends = file.add_paragraph(line), number == len(item.more)
            said.paragraph_format.space_after = Pt(8 if ends else 2)
            said.paragraph_format.keep_with_next = not ends


def _phone(file: Any, document: Document) -> None:
    paragraph = file.add_paragraph(f"{words('call')}{SPACE}")
    number = paragraph.add_run(document.phone)
    number.bold, number.font.size = True, PHONE
    if document.phone_for:
        paragraph.add_run().add_break()
        paragraph.add_run(document.phone_for)


def _to_write_on(paragraph: Paragraph, width: float) -> None:
    paragraph.add_run(KEPT * round(width * KEPT_PER_CHARACTER)).underline = True


def _piece(paragraph: Paragraph, piece: Piece) -> None:
    if piece.kind == "words":
        paragraph.add_run(piece.text)
    elif piece.kind == "answer":
        paragraph.add_run(piece.text).underline = True
    elif piece.kind == "lines":
        paragraph.add_run(f"（{piece.label}）", style="Small Print")
        for _ in range(piece.lines):
            paragraph.add_run().add_break()
            paragraph.add_run(SPACE * LINE).underline = True
    else:
        paragraph.add_run(piece.lead)
        if piece.kind == "date":
            for name in ("year", "month", "day_of_month"):
                _to_write_on(paragraph, 3)
                paragraph.add_run(words(name))
        else:
            _to_write_on(paragraph, piece.width)
            if piece.label:
                paragraph.add_run(f"（{piece.label}）", style="Small Print")
        paragraph.add_run(piece.trail)


def _part(file: Any, part: FilledPart) -> None:
    if part.heading:
        file.add_heading(part.text, 2)
        return
    paragraph = file.add_paragraph()
    for piece in laid_out(part):
        _piece(paragraph, piece)


def _draft(file: Any, draft: Filled) -> None:
    title = file.add_paragraph(draft.title, style="Title")
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    title.paragraph_format.page_break_before = True
    if draft.to:
        file.add_paragraph(words("to", to=draft.to))
    for part in draft.parts:
        _part(file, part)


def _properties(file: Any, document: Document) -> None:
    made = datetime.combine(document.on, time())
    properties = file.core_properties
    properties.title, properties.author, properties.comments = document.title, document.city, ""
    properties.last_modified_by, properties.language = document.city, "zh-CN"
    properties.created = properties.modified = made


def to_docx(document: Document) -> bytes:
    """The papers as a DOCX file, with the same contents as the PDF; blanks are underlined spaces to type over."""
    file: Any = docx.Document()
    page = file.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Cm(2)
    _only_what_is_used(file)
    _styles(file)
    _font_table(file)
    _properties(file, document)
    _footer(file, document.last)
    file.add_paragraph(document.title, style="Title")
    known = (
        words("for_whom", name=document.whom) if document.whom else None,
        words("from_city", city=document.city),
        document.day,
    )
    file.add_paragraph((SPACE * 2).join(line for line in known if line))
    for number, section in enumerate(document.sections):
        _section(file, section)
        if number == 0:
            _phone(file, document)
    if document.draft is not None:
        _draft(file, document.draft)
    file.add_paragraph(document.last)
    written = io.BytesIO()
    file.save(written)
    return written.getvalue()
