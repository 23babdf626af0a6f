"""Learning from corrections, on a corpus small enough to train in seconds: what is promoted, and what is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from cases import service
from cases.service import NewTicket
from common.db import transaction
from nlu import corpus, signal_corpus
from nlu.corpus import Utterance
from nlu.signal_corpus import SignalCorpus
from nlu.taxonomy import taxonomy
from nlu.understand import store
from xiaoge import learning
from xiaoge.cli import app

pytestmark = pytest.mark.slow
TYPES = (
    "environment.noise",
    "environment.facility",
    "dispute.labor",
    "service.utility",
    "hazard.gas",
    "care.elder",
    "legal.consult",
)
INTENTS = ("greet", "thanks", "track")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def few(utterances: list[Utterance]) -> list[Utterance]:
    """Forty short messages of each of a few classes."""
    short = [u for u in utterances if len(u.text) <= 40 and not u.title]
    return [u for name in (*TYPES, *INTENTS) for u in [u for u in short if name == (u.type or u.intent)][:40]]


@pytest.fixture
def small(
    city_database: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, str, str], None]:
    """A small corpus with a trained model and a regression set; gives a function that files and corrects a ticket."""
    home = tmp_path_factory.mktemp("models")
    monkeypatch.setenv("XIAOGE_MODELS", str(home))
    whole = corpus.load(taxonomy())
    monkeypatch.setattr(corpus, "load", lambda *_: few(whole))
    signals = SignalCorpus(tuple(s for s in signal_corpus.load().said if s.written_for == "back"), {})
    monkeypatch.setattr(signal_corpus, "load", lambda *_: signals)
    sets = tmp_path_factory.mktemp("held_out")
    rows = [("夜里工地打桩吵得睡不着", "environment.noise"), ("路灯黑了半个月", "environment.facility")]
    rows += [("老板拖着三个月工资不发", "dispute.labor"), ("家里停水一整天了", "service.utility")]
    rows += [("厨房煤气味很大", "hazard.gas"), ("楼里独居老人没人照看", "care.elder")]
    lines = [f"- {{id: r{i}, text: {t}, category: {c.split('.')[0]}, type: {c}}}" for i, (t, c) in enumerate(rows)]
    (sets / "small.yml").write_text("\n".join(lines), "utf-8")
    monkeypatch.setattr(learning, "REGRESSION", sets)
    assert run("train").exit_code == 0

    def corrected(text: str, said: str, right: str) -> None:
        with transaction() as session:
            new = NewTicket(text=text, category=said.split(".")[0], type=said, channel="web")
            ticket = service.file_ticket(session, new)
            service.correct(session, ticket.number, right, actor=service.Actor("operator", "op1"))

    return corrected


def test_without_corrections_there_is_nothing_to_learn(small: Callable[[str, str, str], None]) -> None:
    before = store.current(store.folder())
    result = run("learn")
    assert result.exit_code == 0
    assert "nothing to learn" in result.output
    assert store.current(store.folder()) == before


def test_a_model_that_is_no_worse_is_promoted_and_can_be_taken_back(small: Callable[[str, str, str], None]) -> None:
    first = store.current(store.folder())
    for text in ("楼下打麻将的搓牌声到后半夜", "对过麻将桌哗啦哗啦到天亮", "搓麻将的动静隔着墙都听得见"):
        small(text, "care.elder", "environment.noise")
    result = run("learn", "--allow", "0.1")
    assert result.exit_code == 0, result.output
    second = store.current(store.folder())
    assert second != first
    assert store.load().manifest["corrections"] == 3
    assert "back" in store.load().manifest["signals"]
    assert "3 after, of 3" in result.output
    assert f"xiaoge model use {first}" in result.output
    listed = run("model", "list").output
    assert str(first) in listed and str(second) in listed
    assert run("model", "use", str(first)[:6]).exit_code == 0
    assert store.current(store.folder()) == first


def test_a_model_that_is_worse_is_kept_back(small: Callable[[str, str, str], None]) -> None:
    first = store.current(store.folder())
    # Somebody "corrects" every complaint about noise, lamps and wages to gas.
    wrong = [u for u in corpus.load(taxonomy()) if u.type in TYPES[:3]]
    for u in wrong:
        small(u.text + "了啊", str(u.type), "hazard.gas")
    result = run("learn")
    assert result.exit_code == 1
    assert "not promoted" in result.output
    assert "now wrong" in result.output
    assert store.current(store.folder()) == first
    assert len(store.manifests(store.folder())) == 2


def test_an_unknown_model_is_refused_with_those_there_are(small: Callable[[str, str, str], None]) -> None:
    result = run("model", "use", "nosuch")
    assert result.exit_code == 1
    assert "nosuch" in result.output and str(store.current(store.folder())) in result.output
