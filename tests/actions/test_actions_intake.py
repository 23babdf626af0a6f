"""What messages mean while a matter is being reported, on readings of the real pipeline. No database."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from actions.intake import interpret, questions
from actions.intake.state import UNSAID, Intake
from actions.turn import Turn
from nlu.taxonomy import MAX_FOLLOWUPS, taxonomy

Say = Callable[..., Turn]
NOISE = "幸福里3号楼楼下烧烤店天天半夜吵得睡不着"
WHOLE = "幸福里3号楼楼下烧烤店的喇叭每天晚上一直吵到凌晨两点，吵了好几个月了，找过物业也不管"
GARBAGE = "小区垃圾好几天没人收"


def begin(turn: Turn) -> Intake:
    return interpret.begin(turn, [])


def ask(intake: Intake) -> str | None:
    """Ask the next question, as the form would."""
    lacking = questions.missing(intake)
    intake.asked = questions.open_followups(intake)[0].key if lacking == "detail" else lacking
    return lacking


def at_confirm(turn: Say) -> Intake:
    intake = begin(turn(WHOLE, message=1))
    assert ask(intake) == "confirm"
    return intake


def test_a_message_that_says_everything_is_only_to_be_confirmed(turn: Say) -> None:
    intake = begin(turn(WHOLE, message=1))
    assert (intake.type, intake.place) == ("environment.noise", "幸福里3号楼楼下")
    assert questions.missing(intake) == "confirm"
    assert not questions.open_followups(intake)


def test_what_was_said_is_not_asked_again(turn: Say) -> None:
    intake = begin(turn(NOISE))
    known = taxonomy().type("environment.noise").followups
    assert {"hours"} <= {f.key for f in known} - {f.key for f in questions.open_followups(intake)}
    assert "since" in {f.key for f in questions.open_followups(intake)}
    assert questions.missing(intake) == "detail"


def test_the_place_is_asked_for_when_it_was_not_said(turn: Say) -> None:
    intake = begin(turn(GARBAGE))
    assert questions.missing(intake) == "place"
    assert intake.answers == {"since": "好几天"}


@pytest.mark.parametrize("code", [t.code for t in taxonomy()])
def test_at_most_three_follow_ups_and_then_the_end(turn: Say, code: str) -> None:
    intake = Intake(text="有件事", type=code, category=code.split(".")[0])
    asked = []
    while (lacking := ask(intake)) != "confirm":
        assert lacking in ("place", "detail")
        asked.append(intake.asked)
        assert interpret.take(intake, Turn("不知道", "skip", 1.0))
    details = [key for key in asked if key != "place"]
    assert len(details) == len(set(details)) <= MAX_FOLLOWUPS
    assert asked.count("place") <= 1


def asked_for_the_kind(turn: Say) -> Intake:
    intake = begin(turn("幸福里3号楼楼下的垃圾好几天没人收"))
    assert ask(intake) == "detail"
    assert intake.asked == "kind"
    return intake


@pytest.mark.parametrize("said", ["②", "2", "第二个", "装修垃圾"])
def test_a_number_or_the_words_pick_an_option(turn: Say, said: str) -> None:
    intake = asked_for_the_kind(turn)
    assert interpret.take(intake, turn(said))
    assert intake.answers["kind"] == "装修垃圾"
    assert questions.missing(intake) == "confirm"


def test_a_correction_replaces_the_building(turn: Say) -> None:
    intake = at_confirm(turn)
    assert interpret.take(intake, turn("是4号楼"))
    assert (intake.place, intake.say) == ("幸福里4号楼", ["corrected"])
    assert questions.missing(intake) == "confirm"


@pytest.mark.parametrize("said", ["是4号楼，不是3号楼", "地址说错了，是4号楼", "不对，是4号楼"])
def test_a_correction_may_name_the_wrong_one_too(turn: Say, said: str) -> None:
    intake = at_confirm(turn)
    assert interpret.take(intake, turn(said))
    assert intake.place == "幸福里4号楼"


def test_a_bare_building_needs_its_estate_and_is_completed_by_it(turn: Say) -> None:
    intake = begin(turn("3号楼楼下垃圾好几天没人收"))
    assert intake.place is not None and intake.place.startswith("3号楼")
    assert ask(intake) == "place"
    assert interpret.take(intake, turn("文昌苑"))
    assert str(intake.place).startswith("文昌苑3号楼")


def test_a_scanned_code_tells_the_estate(turn: Say) -> None:
    intake = begin(turn("3号楼楼下垃圾好几天没人收", grid="S0101G1"))
    assert intake.grid == "S0101G1"
    assert questions.missing(intake) != "place"


def test_skipping_the_place_leaves_it_open(turn: Say) -> None:
    intake = begin(turn(GARBAGE))
    ask(intake)
    assert interpret.take(intake, turn("不知道"))
    assert (intake.place, intake.place_skipped) == (None, True)
    assert questions.missing(intake) == "detail"


def test_skipping_a_question_is_an_answer(turn: Say) -> None:
    intake = asked_for_the_kind(turn)
    assert interpret.take(intake, turn("不清楚"))
    assert intake.answers["kind"] == UNSAID


@pytest.mark.parametrize("text", [NOISE, GARBAGE, WHOLE])
def test_cancelling_ends_it_whatever_was_asked(turn: Say, text: str) -> None:
    intake = begin(turn(text))
    ask(intake)
    assert interpret.take(intake, turn("不报了"))
    assert intake.outcome == "cancel"
    assert questions.missing(intake) is None


def test_anonymous_is_kept_and_the_question_stays(turn: Say) -> None:
    intake = begin(turn(GARBAGE))
    lacking = ask(intake)
    assert interpret.take(intake, turn("匿名"))
    assert (intake.anonymous, intake.say) == (True, ["anonymous"])
    assert questions.missing(intake) == lacking


@pytest.mark.parametrize("text", ["你好", "转人工", "我的工单办到哪了", "谢谢你啊", "你是机器人吗"])
def test_something_else_is_left_to_the_dialogue(turn: Say, text: str) -> None:
    intake = begin(turn(GARBAGE))
    ask(intake)
    before = intake.slot()
    assert not interpret.take(intake, turn(text))
    assert intake.slot() == before


@pytest.mark.parametrize("text", ["对", "没问题", "报吧", "行"])
def test_a_yes_files(turn: Say, text: str) -> None:
    intake = at_confirm(turn)
    assert interpret.take(intake, turn(text))
    assert (intake.outcome, questions.missing(intake)) == ("file", None)


def test_a_no_asks_what_is_wrong(turn: Say) -> None:
    intake = at_confirm(turn)
    assert interpret.take(intake, turn("不对"))
    assert (intake.outcome, intake.say) == (None, ["what_is_wrong"])


def test_several_matters_of_one_message_queue_up(turn: Say) -> None:
    intake = begin(turn("楼道灯坏了好几天没人修，另外小区门口的垃圾也好几天没人收了", message=5))
    assert intake.type == "environment.facility"
    assert [m["type"] for m in intake.queue] == ["environment.garbage"]
    following = interpret.next_in_queue(intake)
    assert following is not None
    assert (following.type, following.queue) == ("environment.garbage", [])
    assert (intake.source_key, following.source_key) == ("m5:0", "m5:1")


def test_danger_comes_first_among_several(turn: Say) -> None:
    intake = begin(turn("楼道灯坏了好几天没人修，另外消防通道天天被车堵着"))
    assert intake.type == "hazard.fire"
    assert [m["type"] for m in intake.queue] == ["environment.facility"]


def test_a_further_matter_told_at_the_end_is_queued(turn: Say) -> None:
    intake = at_confirm(turn)
    assert interpret.take(intake, turn("还有人民路路灯坏了好几盏没人修"))
    assert (intake.say, intake.outcome) == (["queued"], None)
    following = interpret.next_in_queue(intake)
    assert following is not None
    assert (following.type, following.place, following.place_assumed) == ("environment.facility", "人民路", False)


def test_the_next_matter_takes_place_phone_and_anonymity_along(turn: Say) -> None:
    intake = Intake(text="x", type="environment.noise", place="幸福里3号楼", phone="13912345678", anonymous=True)
    intake.queue = [{"text": "路灯坏了", "type": "environment.facility", "confidence": 0.9}]
    following = interpret.next_in_queue(intake)
    assert following is not None
    assert (following.place, following.place_assumed) == ("幸福里3号楼", True)
    assert (following.phone, following.anonymous) == ("13912345678", True)
    assert interpret.next_in_queue(following) is None


def test_photo_and_pin_belong_to_the_matter(turn: Say) -> None:
    intake = begin(turn(GARBAGE))
    ask(intake)
    assert interpret.take(intake, Turn("", "event_photo", 1.0, {}, {"photo": "p1"}))
    assert interpret.take(intake, Turn("", "event_photo", 1.0, {}, {"photo": "p1"}))
    assert interpret.take(intake, Turn("", "event_location", 1.0, {}, {"lat": 37.2, "lng": 122.0, "label": "幸福里"}))
    assert (intake.photos, intake.lat, intake.lng, intake.place) == (["p1"], 37.2, 122.0, "幸福里")
    assert not questions.needs_place(intake)


def test_a_phone_told_on_the_way_is_kept(turn: Say) -> None:
    intake = at_confirm(turn)
    interpret.take(intake, turn("我的电话是13912345678"))
    assert intake.phone == "13912345678"


def test_what_is_unclear_twice_goes_to_a_person_with_all_words(turn: Say) -> None:
    intake = Intake(
        text="那个事",
        candidates=[{"category": "environment", "type": "environment.noise", "confidence": 0.3}],
        choices=["environment.noise", "environment.fume"],
        asked="matter",
    )
    assert interpret.take(intake, Turn("都不是", "deny", 1.0))
    assert questions.missing(intake) == "matter"
    assert interpret.take(intake, Turn("都不是", "deny", 1.0))
    assert (intake.needs_review, intake.say) == (True, ["review"])
    assert questions.missing(intake) == "place"


def test_an_intake_survives_the_slot(turn: Say) -> None:
    intake = begin(turn(WHOLE, message=3))
    assert Intake.of(intake.slot()) == intake
    assert Intake.of(None) == Intake()
    assert Intake.of({**intake.slot(), "field_of_a_newer_version": 1}) == intake


@pytest.mark.parametrize(
    ("said", "picked"),
    [
        ("1", 0),
        ("２", 1),
        ("②", 1),
        ("第二个", 1),
        ("选三", 2),
        ("是2吧", 1),
        ("3。", 2),
        ("工地", 0),
        ("就是店铺在吵", 1),
        ("广场舞。", 2),
        ("店铺和工地", None),
        ("4", None),
        ("0", None),
        ("都不是", None),
        ("", None),
        ("22", None),
    ],
)
def test_choice(said: str, picked: int | None) -> None:
    assert interpret.choice(said, ["工地", "店铺", "广场舞"]) == picked


@pytest.mark.parametrize("text", ["得有半个月了吧", "三天了吧", "快俩月了", "昨晚上十点多开始的"])
def test_an_answer_that_tells_since_when_is_taken_as_one(turn: Say, text: str) -> None:
    intake = begin(turn(NOISE))
    assert ask(intake) == "detail"
    assert intake.asked == "since"
    assert interpret.take(intake, turn(text))
    assert intake.outcome is None
    assert intake.answers["since"] == text


def test_a_doubtful_cancel_that_holds_facts_does_not_throw_the_matter_away() -> None:
    time = {"entities": [{"kind": "time", "text": "三天", "start": 0, "end": 2, "value": "P3D"}]}
    intake = Intake(
        text="垃圾没人收", type="environment.garbage", category="environment", place="幸福里", asked="since"
    )
    assert interpret.take(intake, Turn("三天了吧", "cancel", 0.86, time))
    assert intake.outcome is None
    assert interpret.take(intake, Turn("这三天不吵了，算了不报了", "cancel", 0.97, time))
    assert intake.outcome == "cancel"


def test_a_word_about_a_hotline_in_a_long_answer_does_not_ring_for_a_person() -> None:
    intake = Intake(text="快递丢了", type="dispute.consumer", category="dispute", asked="demand")
    assert interpret.take(intake, Turn("打过他们人工客服，说七天内回，到现在没回", "human", 0.79))
    assert not interpret.take(intake, Turn("给我转人工", "human", 0.79))
