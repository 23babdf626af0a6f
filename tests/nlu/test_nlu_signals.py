"""Signals: a fraud in progress is noticed and an old story is not; the wishes of who reads with difficulty are heard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_nlu_corpus_variety import near_duplicates, repeated_openings

from nlu import corpus, signal_corpus
from nlu.corpus import CorpusError, Utterance
from nlu.measure import labelled, signals
from nlu.signal_corpus import SIGNALS, SignalCorpus
from nlu.taxonomy import taxonomy
from nlu.understand.encoder import default_encoder
from nlu.understand.pipeline import Pipeline
from nlu.understand.train import train
from nlu.understand.vectors import VectorStore

SETS = Path(corpus.__file__).parent / "held_out"


@pytest.fixture(scope="module")
def written() -> SignalCorpus:
    return signal_corpus.load()


@pytest.fixture(scope="module")
def held_out() -> SignalCorpus:
    return signal_corpus.load(signal_corpus.HELD_OUT)


@pytest.fixture
def mistakes(tmp_path: Path) -> Callable[[str], list[str]]:
    """Gives the mistakes of a file of signals."""

    def told(content: str) -> list[str]:
        (tmp_path / "back.yml").write_text(content, encoding="utf-8")
        with pytest.raises(CorpusError) as error:
            signal_corpus.load(tmp_path)
        return error.value.problems

    return told


@pytest.mark.parametrize(
    "text",
    [
        "公安局的人打电话叫我把存款都转到安全账户，我现在在银行门口",
        "客服说给我退款，让我把短信验证码念给他，我念了",
        "他叫我打开屏幕共享，现在手机自己在动",
        "刷单垫进去一万二，他说再垫一单就一起返给我",
        "刚刚给骗子转了八千块，能不能拦住",
        "有人说我孙子被抓了要五万块钱，他在路上来取钱了",
        "群里老师让我再投三万，前面的提不出来说要先交税",
    ],
)
def test_a_fraud_in_progress_is_noticed(pipeline: Pipeline, text: str) -> None:
    assert "fraud_now" in pipeline.classify(text).signals


@pytest.mark.parametrize(
    "text",
    [
        "前年被骗的那个案子判了，退赔的钱什么时候发",
        "刷单算不算违法",
        "社区周六有反诈讲座吗，在哪个会议室",
        "天天有贷款的打电话来，我都挂了",
        "淘宝退款到账了，谢谢",
        "房租我转给房东了，他说没收到",
        "你们的验证码我收不到",
        "楼下烧烤店天天半夜吵得睡不着",
    ],
)
def test_an_old_story_a_question_or_an_ordinary_payment_is_none(pipeline: Pipeline, text: str) -> None:
    assert "fraud_now" not in pipeline.classify(text).signals


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("我七十多了，眼睛花，不会打字", "elderly"),
        ("没听懂，你再说一遍", "repeat"),
        ("字太小了看不清，放大一点", "bigger"),
        ("你念给我听吧", "aloud"),
        ("让我女儿来帮我填", "family"),
        ("上一个选错了，退回去", "back"),
        ("从头开始，重新填", "restart"),
        ("继续填昨天没填完的那个", "guide_go_on"),
    ],
)
def test_a_wish_is_heard(pipeline: Pipeline, text: str, signal: str) -> None:
    assert signal in pipeline.classify(text).signals


@pytest.mark.parametrize(
    "text",
    [
        "我妈八十了，昨天在楼道里摔了一跤",
        "我65岁能办老年卡吗",
        "我想返回老家，居住证怎么办",
        "路灯坏了半个月没人修",
        "老板欠我三个月工资不给",
        "你好",
        "",
    ],
)
def test_other_messages_show_nothing(pipeline: Pipeline, text: str) -> None:
    assert pipeline.classify(text).signals == {}


def test_a_message_may_show_more_than_one(pipeline: Pipeline) -> None:
    heard = pipeline.classify("我今年八十了不会弄手机，客服叫我念验证码给他，我刚念了钱就没了").signals
    assert {"fraud_now", "elderly"} <= set(heard)
    assert all(0 < p <= 1 for p in heard.values())


def test_the_whole_reading_has_the_signals(pipeline: Pipeline) -> None:
    text = "刚刚给骗子转了八千块，能不能拦住"
    assert pipeline.parse(text).signals == pipeline.classify(text).signals != {}


def test_a_model_without_signals_hears_none(pipeline: Pipeline) -> None:
    manifest = {k: v for k, v in pipeline.model.manifest.items() if k != "signals"}
    older = Pipeline(replace(pipeline.model, manifest=manifest), pipeline.encoder)
    assert older.classify("刚刚给骗子转了八千块，能不能拦住").signals == {}


def test_every_signal_is_well_covered(written: SignalCorpus, held_out: SignalCorpus) -> None:
    least = {"fraud_now": 320, "elderly": 160}
    for said, share in ((written.said, 1), (held_out.said, 5)):
        for name in SIGNALS:
            own = [s for s in said if s.written_for == name]
            heard, misses = [s for s in own if name in s.signals], [s for s in own if name not in s.signals]
            assert len(heard) >= least.get(name, 60) / share, name
            assert len(misses) >= least.get(name, 30) / share, name


def test_nothing_is_written_twice(written: SignalCorpus, held_out: SignalCorpus) -> None:
    matters = [u.text for u in corpus.load(taxonomy())]
    measured = [m.text for f in SETS.glob("*.yml") for m in labelled.read(f, taxonomy())]
    texts = [s.text for s in (*written.said, *held_out.said)]
    assert len(texts) == len(set(texts))
    assert not set(texts) & {*matters, *measured}
    assert set(written.elsewhere) <= set(matters)
    assert set(held_out.elsewhere) <= set(measured)


def test_the_messages_are_written_not_generated(written: SignalCorpus, held_out: SignalCorpus) -> None:
    said = [Utterance(s.text, "report", None, "plain", s.source) for s in (*written.said, *held_out.said)]
    assert near_duplicates(said) == []
    assert repeated_openings(said) == []


def test_a_good_file_is_read_with_all_signals(tmp_path: Path) -> None:
    (tmp_path / "slower.yml").write_text(
        "signal: slower\nheard:\n- 说慢点\n- {text: 老了，慢慢说, also: [elderly]}\nnot_heard:\n- 修得太慢\n"
        "elsewhere:\n- 慢些说我记\n",
        encoding="utf-8",
    )
    read = signal_corpus.load(tmp_path)
    assert [(s.text, set(s.signals), s.written_for) for s in read.said] == [
        ("说慢点", {"slower"}, "slower"),
        ("老了，慢慢说", {"slower", "elderly"}, "slower"),
        ("修得太慢", set(), "slower"),
    ]
    assert read.elsewhere == {"慢些说我记": frozenset({"slower"})}


def test_every_mistake_is_told_with_its_line(mistakes: Callable[[str], list[str]]) -> None:
    told = mistakes(
        """signal: back
heard:
- 返回
- ""
- {text: 退一步, also: [hurry]}
- {text: 退两步, mood: bad}
- {text: 退三步, also: [back]}
- {text: 退四步, also: restart}
- [退五步]
not_heard:
- 返回
maybe:
- 回去
elsewhere: 回去
"""
    )
    assert [t.split("/", 1)[1] for t in told] == [
        "back.yml:4: expected a message, or 'text' and 'also'",
        "back.yml:5: unknown signal in also: 'hurry'",
        "back.yml:6: unknown field 'mood'",
        "back.yml:7: 'also' names the signal of the file, 'back'",
        "back.yml:8: 'also' must be a list of signals",
        "back.yml:9: expected a message, or 'text' and 'also'",
        "back.yml:12: unknown part 'maybe'",
        "back.yml:14: 'elsewhere' must be a list of messages",
        "back.yml:11: same text as " + told[-1].split("same text as ")[1],
    ]
    assert told[-1].endswith("back.yml:3")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("signal: hurry\nheard: []\n", ":1: unknown signal 'hurry'"),
        ("- 返回\n", ":1: expected 'signal' and the lists 'heard' and 'not_heard'"),
        ("signal: back\nheard: [\n", ": not valid YAML: "),
    ],
)
def test_a_file_that_is_none_is_told(mistakes: Callable[[str], list[str]], content: str, problem: str) -> None:
    assert problem in mistakes(content)[0]


@pytest.mark.slow
def test_learning_signals_changes_no_other_head(written: SignalCorpus) -> None:
    short = [u for u in corpus.load(taxonomy()) if len(u.text) <= 40 and not u.title]
    classes = ("environment.noise", "dispute.labor", "service.utility", "greet", "thanks")
    few = [u for name in classes for u in [u for u in short if name == (u.type or u.intent)][:30]]
    vectors = VectorStore(default_encoder(), corpus.VECTORS, None)
    some = SignalCorpus(tuple(s for s in written.said if s.written_for in ("back", "restart")), {})
    with_them = train(few, vectors.encoder, [], vectors, lambda _: None, signals=some)
    without = train(few, vectors.encoder, [], vectors, lambda _: None)
    assert with_them.manifest["id"] != without.manifest["id"]
    assert set(with_them.heads) > set(without.heads)
    for name, head in without.heads.items():
        same, other = head.arrays(name), with_them.heads[name].arrays(name)
        assert all(np.array_equal(same[key], other[key]) for key in same)
    assert np.array_equal(with_them.idf, without.idf)


@pytest.fixture(scope="module")
def figures(pipeline: Pipeline) -> dict[str, Any]:
    ordinary = [m.whole for f in sorted(SETS.glob("*.yml")) for m in labelled.read(f, taxonomy())]
    return signals.measure(pipeline, signal_corpus.HELD_OUT, ordinary)


# A little below what was measured: (precision, recall).
BARS = {
    "fraud_now": (0.82, 0.64),
    "elderly": (0.88, 0.4),
    "repeat": (0.85, 0.25),
    "slower": (0.7, 0.45),
    "bigger": (0.75, 0.8),
    "aloud": (0.8, 0.5),
    "normal": (0.7, 0.25),
    "family": (0.75, 0.65),
    "back": (0.75, 0.75),
    "restart": (0.85, 0.85),
    "later": (0.85, 0.4),
    "guide_go_on": (0.75, 0.8),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SIGNALS)
def test_signals_are_heard_as_surely_as_was_measured(figures: dict[str, Any], name: str) -> None:
    row, (precision, recall) = figures["signals"][name], BARS[name]
    assert row["precision"] >= precision
    assert row["recall"] >= recall


@pytest.mark.slow
def test_ordinary_messages_raise_few_false_alarms(figures: dict[str, Any]) -> None:
    rows = figures["signals"]
    assert rows["fraud_now"]["false_per_thousand"] < 10
    assert all(row["false_per_thousand"] <= 2.5 for name, row in rows.items() if name != "fraud_now")


def test_the_figures_count_what_is_heard_and_what_is_false(pipeline: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "back.yml").write_text(
        "signal: back\nheard: [返回上一步, 锅盖在哪]\nnot_heard: [路灯坏了]\nelsewhere: [退回上一个问题]\n",
        encoding="utf-8",
    )
    found = signals.measure(pipeline, tmp_path, ["退回上一个问题", "返回上一题", "路口有个坑"])
    row = found["signals"]["back"]
    assert (found["messages"], found["ordinary"]) == (3, 3)
    assert (row["precision"], row["recall"], row["positives"]) == (1.0, 0.5, 2)
    assert row["false"] == ["返回上一题"]
    assert row["false_per_thousand"] == 333.33
    told = list(signals.lines(found))
    assert told[0] == "3 messages written for the signals, 3 ordinary ones"
    assert any(line.startswith("back ") and "333.3" in line for line in told)
