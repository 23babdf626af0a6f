"""Printing: every result of every guide becomes a PDF and a DOCX that say what the result says, whatever was answered."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from xml.etree import ElementTree

import docx
import pypdfium2  # type: ignore[import-untyped]
import pytest
from pypdfium2 import raw

from knowledge import offices, statutes
from knowledge.guiding import interview as interviews
from knowledge.guiding import reading as guides
from knowledge.guiding.interview import Interview
from knowledge.guiding.model import Guide
from knowledge.library import Library
from knowledge.papers import document, font, reading
from knowledge.papers.document import Document
from knowledge.papers.docx import to_docx
from knowledge.papers.pdf import to_pdf

DAY = date(2026, 11, 22)
GUIDES, _ = guides.read()
DRAFTS, _ = reading.read()
SAID = {
    "name": ("张秀英", "我叫王𬱟㛃堃", "李喆玥"),
    "money": ("三万块", "大概2000", "一个月两千，三个月"),
    "number": ("三口人", "72岁"),
    "date": ("去年五月份", "2024年3月5日"),
    "place": ("云溪市城关镇幸福里3号楼2单元",),
    "phone": ("13900001234",),
    "text": ("大儿子张建国，住城关镇；二儿子张建军，不知道住哪儿", "一次也没回来过，打电话不接。"),
}
HOSTILE = (
    "\x00\x07\x1b[31m红\x7f",
    "好" * 10_000,
    "a" * 10_000,
    "😀👨\u200d👩\u200d👧❤️🇨🇳",
    '{x|y} #include "/etc/passwd" $x$ *b* @ref <a> // \\',
    "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><w:p>&y;</w:p>]]>",
    "\u202eabc\u2066\ufeff\ufffe\ue000",
    "\ud800半个字",
    "一\n二\r\n三\t四\u2028五",
    "𠀋𪚥 ไทย العربية",
)


@lru_cache(maxsize=1)
def library() -> Library:
    return Library({}, statutes.read()[0], offices.read()[0])


def walk(guide: Guide, rng: random.Random, said: str | None = None) -> Interview:
    """An interview with answers by chance to its end; words are those of ``said``, if given."""
    at = interviews.begin(guide)
    while (asked := interviews.question(guide, at)) is not None:
        if asked.choices:
            at = interviews.choose(guide, at, rng.randint(1, len(asked.choices)))
        else:
            at = interviews.say(guide, at, rng.choice(SAID[asked.kind]) if said is None else said)
    return at


def every_end(guide: Guide) -> Iterator[Interview]:
    """One interview for each result of a guide, the shortest there is."""
    waiting, seen, found = [interviews.begin(guide)], set(), set()
    while waiting:
        at = waiting.pop(0)
        state = (at.at, interviews.facts(guide, at))
        if state in seen:
            continue
        seen.add(state)
        asked = interviews.question(guide, at)
        if asked is None:
            if at.at not in found:
                found.add(at.at)
                yield at
        elif asked.choices:
            waiting += [interviews.choose(guide, at, n + 1) for n in range(len(asked.choices))]
        else:
            waiting.append(interviews.say(guide, at, SAID[asked.kind][0]))
    assert found == set(guide.results)


def made(guide: Guide, at: Interview) -> Document:
    return document.of(guide, at, library(), DRAFTS, "云溪市", DAY)


def pages(pdf: bytes) -> list[str]:
    file = pypdfium2.PdfDocument(pdf)
    texts = [page.get_textpage().get_text_range() for page in file]
    file.close()
    return texts


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u200b\xa0]+", "", text)


def words_of_docx(file: bytes) -> str:
    return "".join(p.text for p in docx.Document(io.BytesIO(file)).paragraphs)


@pytest.mark.parametrize("id_", sorted(GUIDES))
def test_every_result_prints_its_position_steps_and_draft_in_both_forms(id_: str) -> None:
    guide = GUIDES[id_]
    for at in every_end(guide):
        result = guide.results[at.at]
        paper = made(guide, at)
        for printed in (squeezed("".join(pages(to_pdf(paper)))), squeezed(words_of_docx(to_docx(paper)))):
            for line in (guide.title, result.position, *result.steps, *result.papers, *result.warnings, paper.last):
                assert squeezed(line) in printed, (id_, at.at, line)
            assert result.phone in printed
            if paper.draft is not None:
                assert squeezed(paper.draft.title) in printed
                for answer in paper.draft.answers:
                    assert squeezed(answer.said) in printed, (id_, at.at, answer)


@pytest.mark.parametrize("said", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_answers_do_no_harm(said: str) -> None:
    guide, rng = GUIDES["support-of-parents"], random.Random(4)
    at = next(end for _ in range(999) if (end := walk(guide, rng, said)).at == "r_court")
    paper = made(guide, at)
    assert "root:" not in "".join(pages(to_pdf(paper)))
    text = words_of_docx(to_docx(paper))
    assert "民事起诉状" in text and "root:" not in text


def test_ten_thousand_characters_given_straight_to_the_form_stay_on_the_paper() -> None:
    guide = GUIDES["support-of-parents"]
    at = next(end for end in every_end(guide) if end.at == "r_court")
    for said in ("好" * 10_000, "a" * 10_000):
        steps = tuple(interviews.Step(s.question, None, said) if s.choice is None else s for s in at.steps)
        file = pypdfium2.PdfDocument(to_pdf(made(guide, interviews.Interview(at.guide, at.at, steps))))
        for page in file:
            text = page.get_textpage()
            rights = [text.get_charbox(n)[2] for n in range(text.count_chars())]
            assert max(rights) < page.get_width() - 36  # points: the margin is two centimetres, a mark may hang
        file.close()


def test_random_interviews_can_always_be_printed() -> None:
    rng = random.Random(20261122)
    for id_ in sorted(GUIDES):
        paper = made(GUIDES[id_], walk(GUIDES[id_], rng))
        assert to_pdf(paper).startswith(b"%PDF-")
        assert to_docx(paper).startswith(b"PK")


def one(id_: str, result: str) -> Document:
    return made(GUIDES[id_], next(end for end in every_end(GUIDES[id_]) if end.at == result))


def test_pages_are_numbered_and_the_form_is_numbered_by_itself() -> None:
    texts = pages(to_pdf(one("support-of-parents", "r_court")))
    numbers = [re.search(r"第(\d+)页，共(\d+)页", squeezed(text)) for text in texts]
    counted = [(int(n[1]), int(n[2])) for n in numbers if n]
    begin = next(i for i, text in enumerate(texts) if squeezed(text).startswith("民事起诉状"))
    advice, form = begin, len(texts) - begin
    assert counted == [(n + 1, advice) for n in range(advice)] + [(n + 1, form) for n in range(form)]


def test_the_last_line_of_all_is_the_reference_to_the_line_12348() -> None:
    for id_, result in (("support-of-parents", "r_court"), ("unpaid-wages", "r_danger")):
        foot = squeezed(pages(to_pdf(one(id_, result)))[-1]).rstrip()
        assert "这是普法参考，不是律师意见；拿不准打12348。" in foot[-40:]


@pytest.mark.parametrize(("id_", "result"), [("unpaid-wages", "r_danger"), ("unpaid-wages", "r_private")])
def test_no_line_begins_with_a_mark_that_must_not_begin_one(id_: str, result: str) -> None:
    lines = [line.strip() for text in pages(to_pdf(one(id_, result))) for line in text.splitlines()]
    assert len(lines) > 30
    assert [line for line in lines if re.match(r"[，。、；：！？）》”]", line)] == []


def test_print_is_large_and_its_font_embedded() -> None:
    file = pypdfium2.PdfDocument(to_pdf(one("writing-a-will", "r_own_hand")))
    sizes = []
    for page in file:
        text = page.get_textpage()
        sizes += [round(raw.FPDFText_GetFontSize(text, n)) for n in range(text.count_chars())]
        for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT]):
            assert raw.FPDFFont_GetIsEmbedded(raw.FPDFTextObj_GetFont(item)) == 1
    file.close()
    shown = [size for size in sizes if size > 1]  # a sign put in by the reader has none
    assert min(shown) >= 13 and max(shown) >= 27
    assert sum(size >= 16 for size in shown) > 0.85 * len(shown)


def test_rare_characters_of_names_are_printed_and_missing_ones_marked() -> None:
    assert font.printable("𬱟㛃堃喆玥䶮㙍𣸣") == "𬱟㛃堃喆玥䶮㙍𣸣"
    assert font.printable("王𪚥") == "王〓"
    guide = GUIDES["writing-a-will"]
    at = next(end for end in every_end(guide) if end.at == "r_own_hand")
    steps = tuple(interviews.Step(s.question, None, "王𪚥") if s.choice is None else s for s in at.steps)
    text = squeezed("".join(pages(to_pdf(made(guide, interviews.Interview(at.guide, at.at, steps))))))
    assert "王〓" in text and "请用笔写上" in text
    assert "王𪚥" in words_of_docx(to_docx(made(guide, interviews.Interview(at.guide, at.at, steps))))


def test_the_same_papers_give_the_same_pdf() -> None:
    paper = one("unpaid-wages", "r_danger")
    assert to_pdf(paper) == to_pdf(paper)


def test_the_word_file_has_real_styles_chinese_fonts_and_blanks_to_type_over() -> None:
    written = to_docx(one("support-of-parents", "r_court"))
    file = docx.Document(io.BytesIO(written))
    styles = [p.style.name for p in file.paragraphs if p.style is not None]
    assert styles.count("Title") == 2
    assert {"Heading 1", "Heading 2", "List Number", "List Bullet", "Normal"} <= set(styles)
    assert file.styles["Normal"].font.size.pt >= 16
    blanks = [r for p in file.paragraphs for r in p.runs if r.underline and not r.text.strip()]
    answers = [r.text for p in file.paragraphs for r in p.runs if r.underline and r.text.strip()]
    assert len(blanks) >= 15 and "张秀英" in answers
    with zipfile.ZipFile(io.BytesIO(written)) as parts:
        for name in parts.namelist():
            if name.endswith(".xml"):
                ElementTree.fromstring(parts.read(name))
        styles_xml = parts.read("word/styles.xml").decode()
        assert 'w:eastAsia="微软雅黑"' in styles_xml and "eastAsiaTheme" not in styles_xml.split("<w:latentStyles")[0]
        assert 'w:altName w:val="Microsoft YaHei"' in parts.read("word/fontTable.xml").decode()
        assert "PAGE" in parts.read("word/footer1.xml").decode()
