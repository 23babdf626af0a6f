"""``xiaoge replay``: real messages through the WeChat endpoint in AES mode, each from a new resident.

The partner that answers is a script with the manners of a willing resident: it gives a place when asked where, picks the
right matter when it is among those offered (else 都不是), answers a follow-up in a few plain words, and confirms.
"""

from __future__ import annotations

import json
import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import typer
from sqlalchemy import select

from bot.model import Conversation
from cases import service
from common import db
from nlu.taxonomy import taxonomy
from xiaoge.rehearsal import rehearsal
from xiaoge.stack import StackError
from xiaoge.wechat_client import WeChatResident

MAX_TURNS = 14
_NUMBER = re.compile(r"\d{3}-\d{3}-\d{3}")
_OPTION = re.compile(r"^[①②③④⑤]\s*(.+)$", re.M)


@dataclass
class Outcome:
    """How one message fared."""

    id: str
    expected: str
    category: str | None = None
    guessed_first: bool = False
    tickets: int = 0
    handover: bool = False
    turns: int = 0
    seconds: list[float] = field(default_factory=list)
    error: str | None = None
    conversation: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Sample:
    """One line of the file."""

    id: str
    text: str
    category: str
    type: str | None


def samples(file: Path) -> Iterator[Sample]:
    """Read the file.

    Raises:
        ValueError: a line is not what was expected; says which.
    """
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                raw = json.loads(line)
                text = "\n".join(part for part in (raw.get("title"), raw["text"]) if part)
                yield Sample(str(raw["id"]), text, str(raw["category"]), raw.get("type"))
            except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
                raise ValueError(
                    f"{file}: line {number}: expected id, text, category ({type(error).__name__}: {error})"
                ) from None


def partner(answer: str, sample: Sample) -> str:
    """What a willing resident says to the assistant's last message."""
    if "您看我记得对不对" in answer or "没问题就回“对”" in answer:
        return "对"
    options = _OPTION.findall(answer)
    if "您说的是哪一件" in answer:
        names = [
            taxonomy().type(t.code).plain for c in taxonomy().categories if c.code == sample.category for t in c.types
        ]
        exact = taxonomy().type(sample.type).plain if sample.type and taxonomy().has_type(sample.type) else ""
        for wanted in ([exact], names):
            for i, option in enumerate(options, 1):
                if option.strip() in wanted:
                    return str(i)
        return "都不是"
    if "再说说" in answer or "换个说法" in answer or "没弄明白" in answer or "是什么事、在哪儿" in answer:
        return sample.text.split("\n")[0]
    if "回“报”" in answer:
        return "报"
    if "在什么地方" in answer or "还没弄清在哪儿" in answer or "哪个村的" in answer:
        return "幸福里3号楼"
    if options:
        return "1"
    if "什么时候" in answer or "多久" in answer or "几点" in answer:
        return "有两个月了"
    if "多少钱" in answer or "多少" in answer or "几" in answer:
        return "三个左右"
    return "不清楚"


def run(sample: Sample, resident: WeChatResident) -> Outcome:
    """Play one message to its end."""
    outcome = Outcome(sample.id, sample.category)
    said = sample.text
    try:
        for _ in range(MAX_TURNS):
            started = time.monotonic()
            answer = resident.say(said)
            outcome.seconds.append(time.monotonic() - started)
            outcome.turns += 1
            outcome.conversation.append((said, answer))
            if "请工作人员来" in answer and "工单号" not in answer and "接着跟您说" in answer:
                outcome.handover = True
                break
            done = "报上去了。工单号" in answer or "都补到工单" in answer or "有人会马上看" in answer
            if done and "再说下一件" not in answer:
                break
            if not answer:
                outcome.error = "no answer"
                break
            said = "转人工" if outcome.turns >= MAX_TURNS - 1 else partner(answer, sample)
    except Exception as error:  # a replay reports what went wrong and goes on
        outcome.error = f"{type(error).__name__}: {error}"
    return outcome


def _settle(outcome: Outcome, sample: Sample, user: str) -> None:
    """Look up in the database what came of it."""
    with db.reading() as session:
        conversation = session.scalar(
            select(Conversation).where(Conversation.channel == "wechat", Conversation.user == user)
        )
        if conversation is None:
            outcome.error = outcome.error or "the message was not stored"
            return
        found = sorted(service.of_reporter(session, conversation.id), key=lambda t: t.id)
        outcome.tickets = len(found)
        outcome.handover = outcome.handover or conversation.mode != "bot"
        if found:
            outcome.category = found[0].category
        first_answers = [a for _s, a in outcome.conversation if "您说的是哪一件" in a]
        outcome.guessed_first = bool(found) and outcome.category == sample.category and not first_answers


def _percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def figures(outcomes: list[Outcome]) -> dict[str, Any]:
    """The table's numbers."""
    turns = [float(o.turns) for o in outcomes]
    seconds = [s for o in outcomes for s in o.seconds]
    filed = [o for o in outcomes if o.tickets]
    return {
        "messages": len(outcomes),
        "filed": len(filed),
        "handed over to a person": sum(o.handover and not o.tickets for o in outcomes),
        "neither": sum(not o.tickets and not o.handover for o in outcomes),
        "tickets": sum(o.tickets for o in outcomes),
        "turns per ticket, median": statistics.median(turns) if turns else 0,
        "turns per ticket, p95": _percentile(turns, 0.95),
        "category right": round(sum(o.category == o.expected for o in filed) / max(1, len(filed)), 4),
        "category right without asking": round(sum(o.guessed_first for o in filed) / max(1, len(filed)), 4),
        "seconds per turn, median": round(statistics.median(seconds), 3) if seconds else 0,
        "seconds per turn, p99": round(_percentile(seconds, 0.99), 3),
        "errors": sum(o.error is not None for o in outcomes),
    }


def replay_file(file: Path, limit: int | None, report: Path | None) -> int:
    """Run the command. Returns the exit status."""
    try:
        todo = list(samples(file))[:limit]
    except (OSError, ValueError) as error:
        typer.echo(str(error), err=True)
        return 1
    outcomes: list[Outcome] = []
    try:
        with rehearsal() as (config, fake):
            for done, sample in enumerate(todo, 1):
                resident = WeChatResident(config, fake)
                outcome = run(sample, resident)
                _settle(outcome, sample, resident.user)
                outcomes.append(outcome)
                if done % 25 == 0:
                    typer.echo(f"  {done} of {len(todo)} ...", err=True)
    except StackError as error:
        typer.echo(str(error), err=True)
        return 1
    table = figures(outcomes)
    for name, number in table.items():
        typer.echo(f"{name:<32} {number}")
    for outcome in outcomes:
        if outcome.error:
            typer.echo(f"  {outcome.id}: {outcome.error}", err=True)
    if report:
        report.write_text(
            json.dumps({"figures": table, "messages": [asdict(o) for o in outcomes]}, ensure_ascii=False, indent=1),
            encoding="utf-8",
        )
    return 1 if table["neither"] else 0
