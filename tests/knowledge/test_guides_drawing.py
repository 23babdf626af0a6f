"""The pictures of guides: all that is in a guide is in them, nothing lies on anything else, and those in docs are of today."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from legal_texts import GUIDE, whole

from common.settings import ROOT
from knowledge.guiding import drawing, gallery
from knowledge.guiding.layout import WIDTH
from knowledge.guiding.model import Guide
from knowledge.guiding.reading import read, read_file

GUIDES = sorted(whole().guides)
TITLES = {draft.id: draft.title for draft in whole().drafts.values()}
SVG = "{http://www.w3.org/2000/svg}"


def drawn(guide: Guide) -> ElementTree.Element:
    return ElementTree.fromstring(drawing.svg(guide, TITLES))


def squeezed(element: ElementTree.Element) -> str:
    """All text of a picture, in its order, without breaks."""
    return "".join("".join(text.itertext()) for text in element.iter(f"{SVG}text"))


@pytest.mark.parametrize("id_", GUIDES)
def test_every_question_and_choice_is_in_the_picture(id_: str) -> None:
    guide = whole().guides[id_]
    text = squeezed(drawn(guide))
    for question in guide.questions.values():
        assert question.ask in text
        for choice in question.choices:
            assert choice.say in text
    for result in guide.results.values():
        assert result.position[:20] in text and result.id in text


@pytest.mark.parametrize("id_", GUIDES)
def test_a_line_leaves_every_choice_and_arrives_at_every_target(id_: str) -> None:
    guide = whole().guides[id_]
    picture = drawing.svg(guide, TITLES)
    leaving = sum(len(q.choices) + len(q.turns) for q in guide.questions.values())
    assert picture.count('<path class="w"') == leaving
    arrows = len(guide.questions) + len(guide.results) - 1  # nothing leads to the first question
    assert len(re.findall(r'<path fill="[^"]+" d="M[^"]+z"/>', picture)) == arrows


def boxes(guide: Guide) -> list[tuple[float, float, float, float]]:
    """Left, top, right, bottom of each question's and result's box."""
    found = []
    for rect in drawn(guide).iter(f"{SVG}rect"):
        if rect.get("rx") == "9":
            x, y, width, height = (float(rect.get(name, "")) for name in ("x", "y", "width", "height"))
            found.append((x, y, x + width, y + height))
    return found


@pytest.mark.parametrize("id_", GUIDES)
def test_no_box_lies_on_another_or_beyond_the_edge(id_: str) -> None:
    guide = whole().guides[id_]
    found = boxes(guide)
    height = float(drawn(guide).get("height", ""))
    assert len(found) == len(guide.questions) + len(guide.results)
    for n, (left, top, right, bottom) in enumerate(found):
        assert left >= 0 and right <= WIDTH and top >= 0 and bottom <= height
        for other in found[n + 1 :]:
            assert right < other[0] or other[2] < left or bottom < other[1] or other[3] < top


@pytest.mark.parametrize("id_", GUIDES)
def test_lines_to_two_targets_share_no_stretch(id_: str) -> None:
    """Vertical stretches of different colour at the same place would look like one line."""
    stretches: dict[str, list[tuple[float, float, str]]] = {}
    for path in drawn(whole().guides[id_]).iter(f"{SVG}path"):
        if path.get("class") == "l" and (found := re.search(r"Q(\S+) (\S+) \S+ \S+V(\S+?)Q", path.get("d", ""))):
            ends = sorted((float(found[2]), float(found[3])))
            target = path.get("d", "").rpartition(" ")[2]  # the height at which it arrives, and the edge
            stretches.setdefault(found[1], []).append((ends[0], ends[1], target))
    for lines in stretches.values():
        for n, (low, high, target) in enumerate(lines):
            assert all(target == other or high < below or above < low for below, above, other in lines[n + 1 :])


def test_a_picture_fits_a_page_and_is_readable_without_colours_of_the_page() -> None:
    for id_ in GUIDES:
        picture = drawing.svg(whole().guides[id_], TITLES)
        root = ElementTree.fromstring(picture)
        assert root.get("width") == str(WIDTH) and WIDTH <= 1000
        assert f'<rect width="{WIDTH}"' in picture and 'fill="#fff"/>' in picture
        assert "Noto Sans CJK SC" in picture and "PingFang SC" in picture
        sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", picture)]
        assert min(sizes) >= 12


def test_a_guide_with_a_loop_and_marks_of_xml_can_be_drawn(tmp_path: Path) -> None:
    text = GUIDE.replace("go: amount}", "go: there}", 1).replace("您还在那儿干活吗？", "“<a> & b”？")
    text = text.replace("{say: 走了, go: amount}", "{say: 走了, go: amount, notes: [still]}, {say: 说不清, go: amount}")
    (tmp_path / "small.yml").write_text(text.replace("notes: [still]}\n", "notes: []}\n", 1), encoding="utf-8")
    guide, problems = read_file(tmp_path / "small.yml")
    assert guide is not None, problems
    assert "“<a> & b”？" in squeezed(drawn(guide))


def test_a_turn_is_told_by_what_was_picked_before(tmp_path: Path) -> None:
    (tmp_path / "small.yml").write_text(GUIDE, encoding="utf-8")
    text = squeezed(drawn(read(tmp_path)[0]["small"]))
    assert "前面选过：还在" in text and "其余的" in text


def test_a_picture_is_the_same_each_time() -> None:
    guide = whole().guides["unpaid-wages"]
    assert drawing.svg(guide, TITLES) == drawing.svg(guide, TITLES)


def test_the_pictures_in_docs_are_of_the_guides_as_they_are() -> None:
    folder = ROOT / "docs/guides"
    assert sorted(file.stem for file in folder.glob("*.svg")) == GUIDES
    old = [
        id_ for id_ in GUIDES if (folder / f"{id_}.svg").read_text("utf-8") != drawing.svg(whole().guides[id_], TITLES)
    ]
    assert old == [], "run: xiaoge kb draw"


def test_the_table_in_docs_is_of_the_guides_as_they_are() -> None:
    page = (ROOT / "docs/guides.md").read_text(encoding="utf-8")
    assert gallery.BEGIN in page and gallery.END in page
    assert gallery.in_page(page, whole().guides, TITLES, "guides") == page, "run: xiaoge kb draw"


def test_a_page_without_a_place_for_the_guides_stays_as_it_is() -> None:
    assert gallery.in_page("# Guides\n", whole().guides, TITLES, "guides") == "# Guides\n"
