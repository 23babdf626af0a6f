"""The reading of a message as a whole, on the trained model."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from nlu.corpus import ACTS, INTENTS, MATTER_INTENTS
from nlu.taxonomy import taxonomy
from nlu.understand.pipeline import CANDIDATES, MAX_TEXT, Pipeline, Reading

MESSAGES = [
    "楼下烧烤店天天半夜吵得睡不着",
    "幸福里3号楼2单元电梯老是突然往下掉一截，吓人",
    "老板拖欠我三个月工资不给",
    "怎么打离婚官司，财产怎么分",
    "低保怎么申请，家里困难",
    "我的工单600-000-017办到哪了",
    "你好",
    "转人工",
    "是4号楼，不是3号楼",
    "匿名",
    "不知道",
    "今天天气真好",
    "asdf",
]


@pytest.fixture(scope="module")
def readings(pipeline: Pipeline) -> list[Reading]:
    """A reading of each message."""
    return [pipeline.parse(text) for text in MESSAGES]


def test_the_same_message_always_gets_the_same_reading(pipeline: Pipeline, readings: list[Reading]) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(pipeline.parse, MESSAGES * 2)) == readings * 2


def test_category_type_and_intent_agree(readings: list[Reading]) -> None:
    for r in readings:
        assert r.intent in INTENTS
        assert r.act in INTENTS + ACTS
        assert (r.category == "none") == (r.type is None) == (r.intent not in MATTER_INTENTS)
        if r.type:
            assert taxonomy().type(r.type).category == r.category
            assert r.candidates[0].type == r.type
        assert not (r.urgent and r.type is None)
        assert 0 <= r.confidence <= 1.0001


def test_candidates_are_of_the_likeliest_category_first_and_then_by_probability(readings: list[Reading]) -> None:
    for r in readings:
        assert len(r.candidates) == CANDIDATES
        assert len({c.type for c in r.candidates}) == CANDIDATES
        assert all(c.type.startswith(c.category + ".") for c in r.candidates)
        first, *rest = r.candidates
        probabilities = [c.confidence for c in rest]
        assert probabilities == sorted(probabilities, reverse=True)
        assert all(c.confidence <= first.confidence for c in rest if c.category == first.category)


def test_the_json_form_is_complete_and_plain(readings: list[Reading]) -> None:
    for r in readings:
        data = json.loads(json.dumps(r.as_dict(), ensure_ascii=False))
        assert list(data) == [
            "intent",
            "category",
            "type",
            "confidence",
            "candidates",
            "also",
            "why",
            "urgent",
            "entities",
        ]
        assert (data["intent"], data["category"], data["type"]) == (r.intent, r.category, r.type)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("门口那个井盖没了，昨晚有人掉下去了", "井盖"),
        ("老板欠我三个月工资不给", "工资"),
        ("我们小区的路灯都黑了半个月了", "路灯"),
    ],
)
def test_a_prediction_carries_the_words_that_spoke_for_it(pipeline: Pipeline, text: str, word: str) -> None:
    reading = pipeline.classify(text)
    assert any(word in reason.word for reason in reading.why)
    weights = [reason.weight for reason in reading.why]
    assert weights == sorted(weights, reverse=True) and weights[-1] > 0
    assert all(reason.word in text for reason in reading.why)
    assert reading.candidates[1].type != reading.type


def test_small_talk_needs_no_reasons(pipeline: Pipeline) -> None:
    assert pipeline.classify("你好").why == ()


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("你好", "greet"),
        ("谢谢你啊", "thanks"),
        ("转人工", "human"),
        ("我的工单600-000-017办到哪了", "track"),
        ("你是机器人吗", "faq_bot"),
        ("不报了", "cancel"),
        ("对", "affirm"),
        ("不对", "deny"),
        ("匿名", "anonymous"),
        ("不知道", "skip"),
        ("是4号楼，不是3号楼", "correct"),
    ],
)
def test_turns_of_a_conversation_are_told_apart(pipeline: Pipeline, text: str, act: str) -> None:
    assert pipeline.parse(text).act == act


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("楼道灯坏了好几天没人修，另外小区门口的垃圾也好几天没人收了", {"environment.facility", "environment.garbage"}),
        ("幸福里3号楼楼下烧烤店半夜吵得睡不着，还有就是消防通道天天被车堵着", {"environment.noise", "hazard.fire"}),
        (
            "1、人民路路灯坏了 2、河里的水又黑又臭 3、公交车一个小时不来一趟",
            {"environment.facility", "environment.water", "service.transit"},
        ),
        ("老板拖欠我三个月工资不给。再就是我的医保报销办不下来", {"dispute.labor", "service.health"}),
        (
            "邻居养的狗老是随地拉屎不牵绳，再有就是广场舞音响太大，每天吵到九点多",
            {"environment.animal", "environment.noise"},
        ),
    ],
)
def test_several_matters_of_one_message_are_found(pipeline: Pipeline, text: str, types: set[str]) -> None:
    r = pipeline.parse(text)
    assert {m.type for m in r.matters} == types
    assert all(m.text in text for m in r.matters)
    assert set(r.also) == {t.split(".")[0] for t in types} - {r.category}


@pytest.mark.parametrize("text", ["小区垃圾好几天没人收，都臭了，找过物业也不管，夏天开不了窗", "房东不退押金"])
def test_one_matter_told_at_length_stays_one(pipeline: Pipeline, text: str) -> None:
    assert pipeline.parse(text).matters == ()


@pytest.mark.parametrize(
    "text",
    [
        "楼着火了，好多人困在里面快来人",
        "我家煤气泄漏了，满屋子煤气味，头晕",
        "电线掉下来电到人了，倒在地上不动",
        "电梯里困着人，门打不开",
        "有人要跳楼，站在楼顶边上",
    ],
)
def test_danger_to_life_is_urgent(pipeline: Pipeline, text: str) -> None:
    assert pipeline.parse(text).urgent


@pytest.mark.parametrize(
    "text",
    [
        "小区垃圾好几天没人收",
        "房东不退押金",
        "广场舞音响太大",
        "低保怎么申请",
        "公交车等一个小时都不来",
        "急死我了，快递还没到",
    ],
)
def test_annoyance_is_not_urgent(pipeline: Pipeline, text: str) -> None:
    assert not pipeline.parse(text).urgent


@pytest.mark.parametrize("text", ["", "   \n\t", "😀😀", "[捂脸]", "\ud83d", "\x00", "\u200b"])
def test_a_message_without_words_is_unclear(pipeline: Pipeline, text: str) -> None:
    r = pipeline.parse(text)
    assert (r.intent, r.act, r.category, r.type, r.candidates, r.entities) == (
        "unclear",
        "unclear",
        "none",
        None,
        (),
        (),
    )


@pytest.mark.parametrize(
    "text",
    [
        "路灯坏了，" * 4000,
        "啊" * 20000,
        "1" * 20000,
        "😀" * 20000,
        "路灯\ud83d坏\udc00了\x00",
        "\x00\ud800" * 3000 + "漏水",
    ],
    ids=["sentences", "one character", "digits", "emoji", "surrogates", "rubbish first"],
)
def test_nothing_is_too_long_or_too_strange_to_read(pipeline: Pipeline, text: str) -> None:
    r = pipeline.parse(text)
    assert r.text == text[:MAX_TEXT]
    assert r.intent in INTENTS
    assert all(e.end <= MAX_TEXT for e in r.entities)


def test_a_model_of_another_encoder_is_refused(pipeline: Pipeline) -> None:
    class Other:
        name = "other"
        dim = 384

    with pytest.raises(ValueError, match="xiaoge train"):
        Pipeline(pipeline.model, Other())  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["李家屯东头的路灯坏了一盏，三天了", "幸福里9号楼2单元楼道的灯坏了三天了"])
def test_a_terse_report_is_a_report_by_itself_even_if_it_sounds_like_an_answer(pipeline: Pipeline, text: str) -> None:
    assert pipeline.classify(text).intent == "report"


def test_an_answer_by_itself_is_no_report(pipeline: Pipeline) -> None:
    assert {pipeline.classify(t).intent for t in ("三天了", "半拉月吧", "昨天晚上")} == {"unclear"}
