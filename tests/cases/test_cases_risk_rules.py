"""The written risk rules: how they are read, what they mean, and that mistakes in them are told."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from cases import risk
from cases.model import Ticket
from cases.risk.__main__ import main
from cases.risk.grading import firing
from common.settings import ROOT, settings
from nlu.taxonomy import taxonomy
from nlu.text.normalise import for_model

SHIPPED = risk.load()
TYPES = [t.code for t in taxonomy()]


def ticket(text: str, type_: str | None = "dispute.neighbor", urgent: bool = False, **more: Any) -> Ticket:
    given = {"answers": {}, "returns": 0, "reopenings": 0, **more}
    return Ticket(text=text, type=type_, category=(type_ or "none").split(".")[0], urgent=urgent, **given)


def fired(book: risk.Rulebook, about: Ticket) -> list[str]:
    return [r.id for r in firing(book, Session(), about, datetime.now(UTC))]


def book(folder: Path, when: str, lists: str = "") -> risk.Rulebook:
    """The shipped rules with one of the city's own, ``city``."""
    rule = f"rules:\n- id: city\n  name: 本市\n  grade: red\n  why: 试一试。\n  when:\n{when}"
    (folder / "rules.yml").write_text(lists + rule, encoding="utf-8")
    return risk.load(folder)


def problems(folder: Path, text: str) -> list[str]:
    (folder / "rules.yml").write_text(text, encoding="utf-8")
    with pytest.raises(risk.RulesError) as error:
        risk.load(folder)
    assert all(p in str(error.value) for p in error.value.problems)
    return error.value.problems


def test_every_shipped_rule_tells_staff_why_in_one_chinese_sentence() -> None:
    assert len(SHIPPED.rules) >= 40
    for rule in SHIPPED.rules:
        assert re.fullmatch(r"[^。]*[\u4e00-\u9fff][^。]*。", rule.why), rule.id
        assert rule.grade in ("yellow", "red")


def test_red_is_looked_at_by_community_and_street_and_yellow_by_the_grid_worker() -> None:
    assert SHIPPED.rhythms["red"].who == ("community", "street")
    assert SHIPPED.rhythms["yellow"].who == ("worker",)


def test_despair_as_a_figure_of_speech_asks_for_a_call() -> None:
    found = {r.id: r for r in SHIPPED.rules}
    assert fired(SHIPPED, ticket("办个证跑断腿，想跳楼的心都有了", "service.permit")) == ["despair"]
    assert found["despair"].grade == "yellow"
    assert found["despair"].do == "先打个电话问问本人。"


def test_traditional_characters_and_loose_spacing_are_read_alike() -> None:
    assert "armed" in fired(SHIPPED, ticket("他 提 著 菜 刀 來 了"))
    assert "suicide" in fired(SHIPPED, ticket("我不想活了，遺書寫好了", "care.mental"))


def test_answers_to_follow_up_questions_are_read_too() -> None:
    answers = {"who": {"question": "他做了什么？", "answer": "拎着斧头站在门口"}}
    assert "armed" in fired(SHIPPED, ticket("邻居吵架", answers=answers))
    assert "armed" not in fired(
        SHIPPED, ticket("邻居吵架", answers={"q": {"question": "他拎着斧头吗？", "answer": "没有"}})
    )


def test_the_danger_of_things_is_not_graded() -> None:
    assert fired(SHIPPED, ticket("楼道里煤气味很大，马上要炸了", "hazard.gas", urgent=True)) == []


@pytest.mark.parametrize(
    ("text", "type_", "rule"),
    [
        ("卖西瓜的拿着切菜刀追我", "dispute.consumer", "armed"),
        ("隔壁养狗的说再举报就弄死我全家", "dispute.neighbor", "kill-threat"),
        ("两家因为狗的事打起来了", "dispute.neighbor", "fight-now"),
        ("他说哪天一把火烧了我家", "dispute.land", "arson"),
        ("老公遛狗回来又打我", "security.violence", "domestic"),
        ("我在厂里上班，在厂里就不想活了", "care.mental", "suicide"),
        ("养老院的老人坐在窗台上不下来", "care.elder", "on-the-edge"),
        ("被人打断了腿没人管，他还要再来", "dispute.land", "blood"),
        ("再不审批我们就去堵路", "dispute.land", "extreme"),
        ("一百多户没有房产证的业主准备静坐", "dispute.developer", "gathering"),
        ("户口问题不解决我就去北京上访", "service.permit", "petition"),
        ("下班回来发现老人倒在地上叫不醒", "care.elder", "elder-unseen"),
        ("儿子被骗到缅甸，要交钱才放", "security.fraud", "held"),
        ("后妈不给孩子饭吃，让他跟狗睡", "care.child", "child-danger"),
    ],
)
def test_what_only_softens_does_not_hide_a_danger(text: str, type_: str, rule: str) -> None:
    assert rule in fired(SHIPPED, ticket(text, type_))


def test_a_city_rule_stands_beside_the_shipped_ones(tmp_path: Path) -> None:
    made = book(tmp_path, "    words: [赶海]\n    unless: [旅游]")
    assert len(made.rules) == len(SHIPPED.rules) + 1
    assert fired(made, ticket("有人下海赶海没回来")) == ["city"]
    assert fired(made, ticket("旅游赶海怎么走")) == []


def test_a_city_rule_of_the_same_id_replaces_the_shipped_one_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(
        "rules:\n- {id: despair, name: 丧气话, grade: red, why: 本市一律当真。, when: {words: [想跳楼]}}", "utf-8"
    )
    made = risk.load(tmp_path)
    assert [r.id for r in made.rules] == [r.id for r in SHIPPED.rules]
    assert [r.grade for r in made.rules if r.id == "despair"] == ["red"]


def test_a_city_can_switch_a_rule_off(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text("rules:\n- {id: despair, off: true}", "utf-8")
    assert {r.id for r in SHIPPED.rules} - {r.id for r in risk.load(tmp_path).rules} == {"despair"}


def test_a_city_list_replaces_the_shipped_one_in_all_rules_that_use_it(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text("lists:\n  blade: [鱼叉]\n", "utf-8")
    made = risk.load(tmp_path)
    assert "armed" in fired(made, ticket("他提着鱼叉来了"))
    assert "armed" not in fired(made, ticket("他提着菜刀来了"))


def test_a_citys_figures_and_asides_are_added(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text("figures: [拿刀赶海]\nasides: [社火]\n", "utf-8")
    made = risk.load(tmp_path)
    assert fired(made, ticket("大家都去拿刀赶海")) == []
    assert fired(made, ticket("社火上有人拿刀砍人，真热闹")) == []
    assert "armed" in fired(made, ticket("社火热闹，回来他拿刀砍人"))


def test_a_citys_rhythm_replaces_that_of_its_grade(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(
        "rhythm:\n  red: {who: [street], first: {hours: 2}, then: [{days: 1}]}\n", "utf-8"
    )
    made = risk.load(tmp_path)
    assert made.rhythms["red"].who == ("street",)
    assert made.rhythms["yellow"] == SHIPPED.rhythms["yellow"]


@pytest.mark.parametrize(
    ("when", "about", "holds"),
    [
        ("    types: [dispute]", ticket("x", "dispute.land"), True),
        ("    types: [dispute.family]", ticket("x", "dispute.land"), False),
        ("    types: [dispute]", ticket("x", None), False),
        ("    urgent: true", ticket("x", urgent=True), True),
        ("    urgent: false", ticket("x", urgent=True), False),
        ("    returned: 2", ticket("x", returns=2), True),
        ("    returned: 3", ticket("x", returns=2), False),
        ("    reopened: 1", ticket("x", reopenings=1), True),
        ("    words: [海, 河]", ticket("到河边"), True),
        ("    {words: [海], types: [care]}", ticket("海"), False),
        ("    all: [{words: [海]}, {words: [河]}]", ticket("海和河"), True),
        ("    all: [{words: [海]}, {words: [河]}]", ticket("海"), False),
        ("    any: [{words: [海]}, {urgent: true}]", ticket("湖", urgent=True), True),
        ("    none: [{words: [海]}, {urgent: true}]", ticket("湖"), True),
        ("    none: [{words: [海]}, {urgent: true}]", ticket("海"), False),
        ("    together: [{words: [海]}, {words: [河]}]", ticket("海" + "远" * 40 + "河"), True),
        ("    together: [{words: [海]}, {words: [河]}]", ticket("海" + "远" * 60 + "河"), False),
        ("    together: [{words: [海]}, {words: [河]}]", ticket("海" + "远" * 60 + "河、海"), True),
        ("    tickets_of_person: {at_least: 2, days: 30, same: any}", ticket("x"), False),
        ("    bad_evaluation: {days: 30, same: any}", ticket("x"), False),
        ("    earlier: {grade: red, days: 30, of: place}", ticket("x"), False),
    ],
)
def test_a_condition_holds_when_it_says(tmp_path: Path, when: str, about: Ticket, holds: bool) -> None:
    assert ("city" in fired(book(tmp_path, when), about)) is holds


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("他要赶海", True),
        ("不去赶海", False),
        ("不去赶海，他去赶海", True),
        ("不去，他赶海", True),
        ("不去赶海赶海", False),
    ],
)
def test_unless_cancels_within_its_clause_only(tmp_path: Path, text: str, holds: bool) -> None:
    assert ("city" in fired(book(tmp_path, "    {words: [赶海], unless: [不去]}"), ticket(text))) is holds


def test_a_hit_over_two_clauses_does_not_hide_a_shorter_one(tmp_path: Path) -> None:
    made = book(tmp_path, "    {words: ['赶.{0,6}海'], unless: [不去]}")
    assert "city" in fired(made, ticket("不去赶集，他赶海"))


def test_lists_are_pieces_of_patterns(tmp_path: Path) -> None:
    made = book(tmp_path, "    words: [去<water>]", "lists:\n  sea: [海, 洋]\n  water: [<sea>, 河]\n")
    assert "city" in fired(made, ticket("去洋"))
    assert "city" in fired(made, ticket("去河"))
    assert "city" not in fired(made, ticket("去山"))


def test_the_example_of_the_documentation_is_a_valid_file(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(.*?)```", (ROOT / "docs/risk.md").read_text("utf-8"), re.S)
    assert example is not None
    (tmp_path / "rules.yml").write_text(example[1], "utf-8")
    made = risk.load(tmp_path)
    assert fired(made, ticket("三个人去赶海到现在没回来", "security.suspicious")) == ["tide"]


def test_the_process_takes_the_citys_file_from_its_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "risk").mkdir()
    book(tmp_path / "risk", "    words: [赶海]")
    monkeypatch.setenv("XIAOGE_VAR", str(tmp_path))
    settings.cache_clear()
    risk.use(None)
    try:
        assert "city" in [r.id for r in risk.rulebook().rules]
    finally:
        monkeypatch.undo()
        settings.cache_clear()
        risk.use(None)


def test_all_mistakes_are_told_with_their_lines_before_anything_is_refused(tmp_path: Path) -> None:
    text = """\
rhythm:
  red: {who: [mayor], first: {weeks: 1}, then: []}
lists:
  Sea: [海]
rules:
- id: Upper
  name: 名字
  grade: red
  why: 因为。
  when: {words: [a]}
- id: twice
  name: name
  grade: green
  when: {types: [dispute.nothing], words: ['(', '<nobody>', 'a*', '(a)b'], colour: red}
- id: twice
  off: true
- {id: gone, off: true}
- {id: empty, name: 空, grade: red, why: 空。, when: {}}
- {id: loose, name: 空, grade: red, why: 空。, when: {urgent: yes, unless: [a]}}
- {id: facts, name: 空, grade: red, why: 空。, when: {tickets_of_person: {at_least: 1, days: 900, same: all}}}
- {id: half, name: 空, grade: red, why: 空。, when: {earlier: {grade: red}}}
- {id: apart, name: 空, grade: red, why: 空。, when: {together: [{words: [a]}, {urgent: true}]}}
- {name: 空}
- {id: person, name: 空, grade: red, why: 空。, when: {urgent: true}}
"""
    told = "\n".join(problems(tmp_path, text))
    for expected in (
        "rules.yml:2: a role that visits is 'mayor'",
        "rules.yml:2: unknown field 'weeks'",
        "rules.yml:2: then must be a list that is not empty",
        "rules.yml:4: a list is named by small letters",
        "rules.yml:6: an id is small letters",
        "rules.yml:12: name of 'twice' is read by staff: write it in Chinese",
        "rules.yml:13: grade of 'twice' is 'green'",
        "rules.yml:11: the rule 'twice' lacks why",
        "rules.yml:14: 'dispute.nothing' is no category or matter type",
        "rules.yml:14: no regular expression: missing ), unterminated subpattern",
        "rules.yml:14: there is no list <nobody>",
        "rules.yml:14: the pattern fits every text",
        "rules.yml:14: write (?:...) instead of (...)",
        "rules.yml:14: unknown field 'colour'",
        "rules.yml:15: the id 'twice' is used twice (line 11)",
        "rules.yml:17: there is no rule 'gone' to switch off",
        "rules.yml:18: the condition is empty",
        "rules.yml:19: urgent is 'yes'; there are: true, false",
        "rules.yml:19: 'unless' belongs to 'words'",
        "rules.yml:20: at_least must be a whole number from 2 to 50, not '1'",
        "rules.yml:20: days must be a whole number from 1 to 366, not '900'",
        "rules.yml:20: same is 'all'",
        "rules.yml:21: earlier lacks days, of",
        "rules.yml:22: 'together' takes two or more 'words'",
        "rules.yml:23: the rule has no id",
        "rules.yml:24: an id is small letters, digits and -, and not 'person'",
    ):
        assert expected in told
    assert len(told.splitlines()) == 26 + 1  # and that first needs a time
    assert "rules.yml:2: a time is one of hours, days, working_days" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rules: [", "not valid YAML"),
        ("", "rules.yml:1: empty"),
        ("- a", "the file must be a mapping"),
        ("rule: []", "unknown field 'rule'"),
        ("rules:\n- a", "rules.yml:2: a rule must be a mapping"),
        ("rules: []\nrules: []", "rules.yml:2: 'rules' stands twice (line 1)"),
    ],
)
def test_a_file_that_is_none_is_told(tmp_path: Path, text: str, told: str) -> None:
    assert told in "\n".join(problems(tmp_path, text))


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_bytes("rules: [{id: 甲}]".encode("gb18030"))
    with pytest.raises(risk.RulesError, match="not UTF-8"):
        risk.load(tmp_path)


def test_a_folder_without_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(risk.RulesError, match="cannot be read"):
        risk.load(tmp_path)


@given(
    st.text(alphabet="打刀拿我他不想活了，。！？死楼跳老公a1 \n", max_size=200), st.sampled_from(TYPES), st.booleans()
)
def test_any_text_is_graded_and_reasons_come_red_first(text: str, type_: str, urgent: bool) -> None:
    grades = [r.grade for r in firing(SHIPPED, Session(), ticket(text, type_, urgent), datetime.now(UTC))]
    assert grades == sorted(grades)  # red, then yellow


@given(st.text(alphabet="砍价跳楼打电话，。和好刀", max_size=80))
def test_what_no_rule_reads_is_replaced_by_blanks_of_the_same_length(text: str) -> None:
    plain = SHIPPED.plain(text)
    assert len(plain) == len(text)
    assert all(a in (" ", b) for a, b in zip(plain, text, strict=True))
    assert SHIPPED.plain(plain) == plain


def test_a_usual_message_is_graded_within_a_millisecond_and_a_hostile_one_within_a_quarter_second() -> None:
    usual = (
        "楼上夫妻天天半夜吵架摔东西，孩子哭，跟物业说了也没人管，昨天还听见女的喊，我们一家老小都睡不好，请来人看看，"
        * 2
    )
    hostile = "又打拿说他一个人" * 625
    for text, limit in ((usual, 0.001), (hostile, 0.25)):
        about, plain = ticket(text), for_model(text)
        times = []
        for _ in range(7):
            begun = time.process_time()
            fired(SHIPPED, about)
            times.append(time.process_time() - begun)
        assert min(times) < limit, (len(plain), min(times))


def test_the_command_checks_the_rules_and_grades_a_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book(tmp_path, "    words: [赶海]")
    assert main(["--folder", str(tmp_path)]) == 0
    assert "no mistakes" in capsys.readouterr().out
    assert main(["--folder", str(tmp_path), "--type", "dispute.neighbor", "他拎着刀", "去赶海"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "red"
    assert [line.split()[1] for line in said[1:]] == ["armed:", "city:"]
    (tmp_path / "rules.yml").write_text("rules: 1", "utf-8")
    assert main(["--folder", str(tmp_path)]) == 1
    assert "rules.yml:1" in capsys.readouterr().out
