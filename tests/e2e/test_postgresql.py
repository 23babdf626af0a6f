"""The whole path on PostgreSQL, chosen by the one setting."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from databases import fresh_postgresql
from running_stack import RunningStack

from cases import numbers, service
from common.db import engine, reading

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def on_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    running = RunningStack(tmp_path_factory.mktemp("postgresql"), XIAOGE_DATABASE_URL=fresh_postgresql())
    yield running
    engine().dispose()
    running.close()


def test_a_report_becomes_a_ticket_on_postgresql(on_postgresql: RunningStack) -> None:
    assert engine().dialect.name == "postgresql"
    residents = [on_postgresql.resident() for _ in range(3)]
    for resident in residents:
        answer = resident.say("幸福里3号楼楼下烧烤店的大喇叭从上个月开始每天半夜还在响，吵得睡不着")
        for _ in range(6):
            if "报上去了。工单号" in answer:
                break
            answer = resident.say("对" if "对不对" in answer else "不知道")
        number = numbers.parse(answer.split("工单号 ")[1][:11])
        assert number
        with reading() as session:
            ticket = service.get(session, number)
            assert ticket.grid == "S0101G1" and ticket.status == "dispatched"
            assert service.unit_name(session, ticket)
