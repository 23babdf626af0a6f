"""Processes die and come back; messages are kept, answered, and acted on once."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator

import pytest
from running_stack import RunningStack
from sqlalchemy import func, select

from bot.engine import Engine
from bot.model import Conversation, Inbound
from cases.model import Ticket
from common.db import now, reading, transaction

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
NOISE = "幸福里3号楼楼下烧烤店的大喇叭从上个月开始每天半夜还在响，吵得睡不着"


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack whose processes these tests may kill."""
    running = RunningStack(tmp_path_factory.mktemp("resilience"))
    yield running
    running.close()


@pytest.fixture(autouse=True)
def here(own_stack: RunningStack) -> None:
    own_stack.use()


def _tickets() -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(Ticket)) or 0


def _until(what: str, true: object, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():  # type: ignore[operator]
            return
        time.sleep(0.2)
    pytest.fail(f"did not happen in {seconds:.0f} s: {what}")


def test_without_the_engine_the_message_is_kept_and_answered_when_it_is_back(own_stack: RunningStack) -> None:
    resident = own_stack.resident()
    own_stack.stack.stop("engine", signal.SIGKILL)
    told = resident.say(NOISE)
    assert "收到了" in told and "不用重发" in told
    own_stack.stack.start("engine")
    own_stack.stack.wait("engine")
    answers = own_stack.fake.wait_for_push(resident.user, 90, resident.pushes_seen)
    resident.pushes_seen = len(answers)
    assert any("您看我记得对不对" in text for text in answers)
    before = _tickets()
    assert "报上去了" in resident.say("对")
    assert _tickets() == before + 1


def test_a_message_that_came_while_the_worker_was_dead_is_answered_by_push(own_stack: RunningStack) -> None:
    resident = own_stack.resident()
    own_stack.stack.stop("worker", signal.SIGKILL)
    assert resident.read(resident.deliver(resident.xml("text", Content=NOISE))) is None
    own_stack.stack.start("worker")
    answers = own_stack.fake.wait_for_push(resident.user, 60)
    resident.pushes_seen = len(answers)
    assert any("您看我记得对不对" in text for text in answers)


def test_a_worker_killed_after_the_engine_answered_repeats_the_answer_not_the_filing(own_stack: RunningStack) -> None:
    resident = own_stack.resident()
    assert "您看我记得对不对" in resident.say(NOISE)
    own_stack.stack.stop("worker", signal.SIGKILL)
    before = _tickets()
    assert resident.read(resident.deliver(resident.xml("text", Content="对"))) is None
    with transaction() as session:
        row = session.scalars(select(Inbound).order_by(Inbound.id.desc())).first()
        assert row is not None
        row.tries, row.leased_until = 1, now()  # a worker had it ...
        conversation, message, channel = row.conversation_id, row.id, row.channel

    async def say() -> list[dict[str, object]]:
        engine = Engine(own_stack.config.model_copy(update={"engine_token": _token(own_stack)}))
        try:
            return await engine.say(conversation, "对", {"message": message, "channel": channel, "grid": None})
        finally:
            await engine.close()

    said = asyncio.run(say())  # ... the engine answered and filed, and then the worker died
    assert _tickets() == before + 1
    own_stack.stack.start("worker")
    answers = own_stack.fake.wait_for_push(resident.user, 60, resident.pushes_seen)
    assert any(next(str(p["text"]) for p in said if p.get("text")) in text for text in answers)
    assert _tickets() == before + 1


def _token(running: RunningStack) -> object:
    from pydantic import SecretStr

    args = running.stack.parts["engine"].args
    return SecretStr(args[args.index("--auth-token") + 1])


def test_killing_everything_in_the_middle_loses_no_message(own_stack: RunningStack) -> None:
    residents = [own_stack.resident() for _ in range(4)]
    for resident in residents:
        own_stack.stack.stop("worker", signal.SIGKILL)
        resident.deliver(resident.xml("text", Content=NOISE))
    for name in ("web", "actions"):
        own_stack.stack.stop(name, signal.SIGKILL)
    for name in ("actions", "web", "worker"):
        own_stack.stack.start(name)
        own_stack.stack.wait(name)
    for resident in residents:
        answers = own_stack.fake.wait_for_push(resident.user, 90)
        assert any("您看我记得对不对" in text for text in answers)
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Inbound).where(Inbound.status == "new")) == 0


def test_a_message_the_engine_never_takes_is_handed_to_a_person(own_stack: RunningStack) -> None:
    resident = own_stack.resident()
    own_stack.stack.stop("actions", signal.SIGKILL)
    own_stack.stack.stop("engine", signal.SIGKILL)
    resident.say(NOISE)
    with transaction() as session:
        row = session.scalars(select(Inbound).order_by(Inbound.id.desc())).first()
        assert row is not None
        row.tries, row.next_try_at = own_stack.config.engine_attempts, now()
        conversation = row.conversation_id

    def waiting() -> bool:
        with reading() as session:
            return session.get_one(Conversation, conversation).mode == "waiting"

    _until("the conversation is marked for a person", waiting)
    answers = own_stack.fake.wait_for_push(resident.user, 30, resident.pushes_seen)
    assert any("工作人员" in text for text in answers)
    for name in ("engine", "actions"):
        own_stack.stack.start(name)
    for name in ("engine", "actions"):
        own_stack.stack.wait(name)
