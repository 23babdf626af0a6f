"""The document: what stands in the papers of one interview, and when there are none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from knowledge import offices, statutes
from knowledge.guiding import interview as interviews
from knowledge.guiding import reading as guides
from knowledge.guiding.interview import Interview
from knowledge.library import Library
from knowledge.papers import document, reading
from knowledge.papers.document import Document, Section
from knowledge.papers.words import for_phone

DAY = date(2026, 11, 22)
OWN = "legal_aid: {address: 人民路12号一楼, phone: 0571-86412348, hours: 工作日上午}\n"
GUIDES, _ = guides.read()
DRAFTS, _ = reading.read()
WAGES = GUIDES["unpaid-wages"]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """The statutes and offices, with one city's own address laid over."""
    own = tmp_path / "offices.yml"
    own.write_text(OWN, encoding="utf-8")
    laws, wrong = statutes.read()
    known, bad = offices.read(own=own)
    assert wrong == [] and bad == []
    return Library({}, laws, known)


def answered(*answers: int | str) -> Interview:
    """An interview of the guide on wages, answered in this order."""
    at = interviews.begin(WAGES)
    for answer in answers:
        if isinstance(answer, int):
            at = interviews.choose(WAGES, at, answer)
        else:
            at = interviews.say(WAGES, at, answer)
    return at


ON_A_SITE = answered(
    2, 2, 2, 1, 2, "我叫张三", "刘老板", "", "城关镇", "去年三月", "去年九月", "去年七到九月", "三万块"
)


def section(made: Document, title: str) -> Section:
    return next(s for s in made.sections if s.title == title)


def test_an_interview_at_its_end_gives_position_steps_papers_offices_limits_warnings_and_statutes(
    library: Library,
) -> None:
    made = document.of(WAGES, ON_A_SITE, library, DRAFTS, "云溪市", DAY)
    result = WAGES.results["r_site"]
    assert (made.title, made.city, made.whom, made.day) == (WAGES.title, "云溪市", "张三", "2026年11月22日")
    assert (made.phone, made.phone_for) == ("12333", "问工资、社保、工伤")
    assert made.last == "这是普法参考，不是律师意见；拿不准打12348。"
    assert made.sections[0].items[0].text == result.position
    assert tuple(i.text for i in section(made, "怎么做").items) == result.steps
    assert section(made, "怎么做").style == "numbered"
    assert tuple(i.text for i in section(made, "带什么").items) == result.papers
    assert tuple(i.text for i in section(made, "当心").items) == result.warnings
    limit = section(made, "别错过的时间").items[0]
    assert limit.text == "向劳动监察投诉：二年内"
    assert limit.more == ("从什么时候算：欠薪那天；一直欠着的，从结束那天", "错过了会怎样：劳动监察不再查处")


def test_the_citys_own_address_phone_and_hours_are_printed(library: Library) -> None:
    made = document.of(WAGES, ON_A_SITE, library, DRAFTS, "云溪市", DAY)
    (aid,) = [i for i in section(made, "去哪里").items if i.text == "法律援助中心"]
    assert aid.more == ("家里困难的，免费请律师", "电话：0571-86412348", "地址：人民路12号一楼", "时间：工作日上午")


def test_articles_of_one_law_stand_together_each_once_with_its_gist(library: Library) -> None:
    made = document.of(WAGES, ON_A_SITE, library, DRAFTS, "云溪市", DAY)
    laws = section(made, "依据").items
    assert len({law.text for law in laws}) == len(laws)
    wages = next(law for law in laws if law.text == "《保障农民工工资支付条例》")
    gist = library.laws["保障农民工工资支付条例"].gists["第三十条"]
    assert f"第三十条：{gist}" in wages.more
    assert len(set(wages.more)) == len(wages.more)


def test_the_draft_is_filled_by_facts_and_answers_and_says_how_much_is_left(library: Library) -> None:
    made = document.of(WAGES, ON_A_SITE, library, DRAFTS, "云溪市", DAY)
    assert made.draft is not None and made.draft.id == "labour-arbitration"
    said = {a.key: a.said for a in made.draft.answers}
    assert (said["name"], said["amount"], said["since"]) == ("张三", "30000", "去年三月")
    assert "contractor" in {b.key for b in made.draft.blanks}  # asked, but skipped
    assert any("总承包单位" in part.text for part in made.draft.parts)
    told = [i.text for i in section(made, "后面这张纸怎么用").items]
    assert f"还有{len(made.draft.blanks)}处空着，请用笔补上。空线下面的小字，是说那里该写什么。" in told
    assert DRAFTS["labour-arbitration"].note in told


def test_a_result_without_a_draft_has_none(library: Library) -> None:
    made = document.of(WAGES, answered(5), library, DRAFTS, "云溪市", DAY)
    assert made.draft is None and made.whom is None
    assert (made.phone, made.phone_for) == ("110", "有危险，马上报警")
    assert [s.title for s in made.sections] == ["您的情况", "怎么做", "带什么", "去哪里", "当心", "依据"]


def test_an_interview_under_way_gives_no_papers(library: Library) -> None:
    with pytest.raises(ValueError, match="not at its end but at the question who"):
        document.of(WAGES, answered(1), library, DRAFTS, "云溪市", DAY)


def test_an_interview_of_another_or_a_changed_guide_gives_no_papers(library: Library) -> None:
    with pytest.raises(ValueError, match="none of the guide work-injury"):
        document.of(GUIDES["work-injury"], ON_A_SITE, library, DRAFTS, "云溪市", DAY)
    with pytest.raises(ValueError, match="none of the guide"):
        document.of(WAGES, replace(ON_A_SITE, at="gone"), library, DRAFTS, "云溪市", DAY)


def test_a_draft_that_is_not_there_is_told_with_its_place(library: Library) -> None:
    with pytest.raises(ValueError, match=r"unpaid-wages\.yml:\d+: r_site: there is no draft"):
        document.of(WAGES, ON_A_SITE, library, {}, "云溪市", DAY)


def test_every_number_that_guides_give_is_explained(library: Library) -> None:
    numbers = {r.phone for g in GUIDES.values() for r in g.results.values()}
    assert [n for n in sorted(numbers) if for_phone(n) is None] == []
