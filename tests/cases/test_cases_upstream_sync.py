"""Tickets and the platform above: filed once each way, whatever gets lost, and never round in a circle."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from open311_platform import DAY, NOW, Platform, open_adapter, platform
from sqlalchemy import delete, func, select

from cases import history, service, workflow
from cases.model import Area, AuditLine, Ticket, TicketEvent, UpstreamLink
from cases.outward.upstream import sync, words
from cases.outward.upstream.open311 import Open311
from cases.outward.upstream.sync import Pulled, Pushed
from cases.service import Actor, NewTicket
from common.db import reading, transaction

__all__ = ["platform"]
pytestmark = pytest.mark.usefixtures("city_database")
MINUTE = timedelta(minutes=1)
NOISE = "environment.noise"


@pytest.fixture
def adapter(platform: Platform) -> Iterator[Open311]:
    with open_adapter(platform) as made:
        yield made


def file(text: str = "幸福里8号楼楼下烧烤店半夜吵", type_: str = NOISE, **more: Any) -> str:
    new = NewTicket(
        text=text, category=type_.split(".")[0], type=type_, channel="wechat", **{"place": "幸福里8号楼", **more}
    )
    with transaction() as session:
        return service.file_ticket(session, new, at=NOW).number


def act(number: str, *actions: str, note: str = "烧烤店已停业整改") -> None:
    with transaction() as session:
        for action in actions:
            service.act(
                session, number, action, actor=Actor("operator" if action == "withdraw" else "street"), note=note
            )


def read(number: str) -> Ticket:
    with reading() as session:
        return service.get(session, number)


def tickets() -> list[Ticket]:
    with reading() as session:
        return [service.get(session, t.number) for t in reversed(service.listing(session))]


def links() -> list[tuple[str, str | None]]:
    with reading() as session:
        query = select(UpstreamLink.remote_id, UpstreamLink.remote_status).order_by(UpstreamLink.ticket_id)
        return [(id_, status) for id_, status in session.execute(query)]


def notes(number: str) -> list[str | None]:
    return [e.note for e in read(number).events if e.action == "add"]


# --- down


def test_a_remote_request_becomes_a_ticket_that_is_dispatched(platform: Platform, adapter: Open311) -> None:
    id_ = platform.put("N01", "幸福里8号楼楼下半夜吵", address="幸福里8号楼", media_url="https://example.org/1.jpg")
    assert sync.pull(adapter, NOW) == Pulled(filed=1)
    (ticket,) = tickets()
    assert (ticket.type, ticket.category, ticket.channel) == (NOISE, "environment", "upstream")
    assert (ticket.text, ticket.place, ticket.grid) == ("幸福里8号楼楼下半夜吵", "幸福里8号楼", "S0101G2")
    assert (ticket.status, ticket.unit, ticket.needs_review) == ("dispatched", "CG01", False)
    assert (ticket.reporter, ticket.phone, ticket.source_key) == (None, None, f"up:city:{id_}")
    assert ticket.answers == {"media_url": {"question": "照片", "answer": "https://example.org/1.jpg"}}
    assert (ticket.events[0].role, ticket.events[0].actor) == ("system", "up:city")
    assert links() == [(id_, "open")]
    with reading() as session:
        assert history.verify(session) == (1, [])


def test_pulling_again_files_nothing_again(platform: Platform, adapter: Open311) -> None:
    platform.put()
    assert [sync.pull(adapter, NOW + n * MINUTE).filed for n in range(3)] == [1, 0, 0]
    with transaction() as session:  # even if the link were gone, the ticket is known by its key
        session.execute(delete(UpstreamLink))
    sync.pull(adapter, NOW)
    assert len(tickets()) == 1 and len(links()) == 1


def test_two_that_pull_at_once_file_each_request_once(platform: Platform, adapter: Open311) -> None:
    for n in range(8):
        platform.put(text=f"事{n}")
    reports: list[Pulled] = []
    threads = [threading.Thread(target=lambda: reports.append(sync.pull(adapter, NOW))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(r.filed for r in reports) == 8 and not any(r.problems for r in reports)
    assert len(tickets()) == 8 and len(links()) == 8


def test_an_unknown_service_waits_for_review(platform: Platform, adapter: Open311) -> None:
    platform.put("X99", "说不清的事", service_name="其他")
    assert sync.pull(adapter, NOW) == Pulled(filed=1, for_review=1)
    (ticket,) = tickets()
    assert (ticket.category, ticket.type, ticket.needs_review, ticket.status) == ("service", None, True, "registered")


def test_a_classifier_may_guess_but_a_person_decides(platform: Platform, adapter: Open311) -> None:
    platform.put("X99", "楼下半夜吵")
    sync.pull(adapter, NOW, classify=lambda text: ("environment", NOISE if "吵" in text else None))
    (ticket,) = tickets()
    assert (ticket.type, ticket.needs_review, ticket.status) == (NOISE, True, "registered")


def test_only_what_is_open_and_new_comes_down(platform: Platform, adapter: Open311) -> None:
    platform.put(text="已办结的", status="closed")
    old = platform.put(text="三天前的", at=NOW - 3 * DAY)
    new = platform.put(text="刚才的")
    assert sync.pull(adapter, NOW).filed == 1
    assert [t.text for t in tickets()] == ["刚才的"]
    assert sync.pull(adapter, NOW, since=NOW - 5 * DAY).filed == 1
    assert {id_ for id_, _ in links()} == {old, new}


def test_after_an_outage_everything_since_the_last_ticket_comes_down(platform: Platform, adapter: Open311) -> None:
    platform.put(at=NOW - 10 * DAY)
    sync.pull(adapter, NOW - 10 * DAY)
    missed = [platform.put(at=NOW - n * DAY) for n in (9, 5, 1)]
    platform.trouble = [500, 500, 500]
    assert "500 (3 tries)" in str(sync.pull(adapter, NOW).stopped)
    assert sync.pull(adapter, NOW).filed == 3
    assert [id_ for id_, _ in links()][1:] == missed


def test_a_pull_that_is_cut_off_goes_on_where_it_ended(platform: Platform, adapter: Open311) -> None:
    platform.put(at=NOW - 20 * DAY)
    sync.pull(adapter, NOW - 20 * DAY)
    missed = [platform.put(at=NOW - n * DAY) for n in (15, 12, 9, 6, 3)]
    platform.put(requested_datetime=None)
    looked = iter([False, False, True])
    first = sync.pull(adapter, NOW, stopping=lambda: next(looked))
    assert (first.filed, first.heard) == (2, 0) and first.stopped is not None and "time" in first.stopped
    assert sync.pull(adapter, NOW, seconds=-1).filed == 0
    platform.trouble = ["<html>"]
    assert "not with JSON" in str(sync.pull(adapter, NOW).stopped)
    assert sync.pull(adapter, NOW).filed == 4
    assert [id_ for id_, _ in links()][1:6] == missed


def test_dates_in_the_future_do_not_make_later_requests_be_missed(platform: Platform, adapter: Open311) -> None:
    platform.put(at=NOW + timedelta(hours=20))
    assert sync.pull(adapter, NOW).filed == 1
    platform.put(at=NOW - timedelta(hours=2))
    assert sync.pull(adapter, NOW).filed == 1


def test_nonsense_files_nothing_and_changes_nothing(platform: Platform, adapter: Open311) -> None:
    platform.put()
    sync.pull(adapter, NOW)
    before = links()
    for nonsense in ("<html>", "null", "[null, 1, [[]]]", '[{"status": "closed"}]', "[" * 9999):
        platform.trouble = [nonsense, nonsense, nonsense]
        done = sync.pull(adapter, NOW)
        assert (done.filed, done.heard, done.lost) == (0, 0, 0)
        platform.trouble = [None, nonsense, nonsense]  # type: ignore[list-item]
        assert sync.pull(adapter, NOW).lost == 0
        platform.trouble = []
    assert links() == before and len(tickets()) == 1 and notes(tickets()[0].number) == []


def test_a_request_that_cannot_be_filed_does_not_keep_the_others_away(platform: Platform, adapter: Open311) -> None:
    platform.put(service_code="", service_name="", description="")
    platform.put(text="能立案的")
    report = sync.pull(adapter, NOW)
    assert (report.filed, report.problems) == (1, ["市12345平台 1001 was not filed: ValueError"])


def test_very_long_ids_have_short_keys(platform: Platform, adapter: Open311) -> None:
    platform.put(service_request_id="x" * 85)
    assert [sync.pull(adapter, NOW).filed, sync.pull(adapter, NOW).filed] == [1, 0]
    key = tickets()[0].source_key
    assert key is not None and len(key) <= 80


# --- what the platform says later


def test_a_closing_there_is_added_here_and_a_person_finishes_the_ticket(platform: Platform, adapter: Open311) -> None:
    id_ = platform.put()
    sync.pull(adapter, NOW)
    number = tickets()[0].number
    platform.requests[id_] |= {"status": "closed", "status_notes": "来电人已撤诉"}
    assert sync.pull(adapter, NOW + MINUTE) == Pulled(heard=1)
    assert notes(number) == ["市12345平台反馈：已办结。来电人已撤诉"]
    assert read(number).status == "dispatched"
    assert sync.pull(adapter, NOW + 2 * MINUTE) == Pulled()
    platform.requests[id_] |= {"status": "reopen", "status_notes": None}
    assert sync.pull(adapter, NOW + 3 * MINUTE) == Pulled(heard=1)
    assert notes(number)[1:] == ["市12345平台反馈：重新受理"]


def test_the_same_for_a_ticket_that_was_forwarded(platform: Platform, adapter: Open311) -> None:
    number = file()
    assert sync.push(adapter, NOW, types=[NOISE]).filed == 1
    assert sync.pull(adapter, NOW) == Pulled()  # that it is open there is no news
    platform.requests["1001"] |= {"status": "closed", "status_notes": "城管已处理"}
    assert sync.pull(adapter, NOW).heard == 1
    assert notes(number) == ["市12345平台反馈：已办结。城管已处理"]
    assert (read(number).status, links()) == ("dispatched", [("1001", "closed")])
    assert sync.push(adapter, NOW, types=[NOISE]) == Pushed()  # what was heard is not told back


def test_news_of_a_ticket_that_was_withdrawn_here_are_kept_quietly(platform: Platform, adapter: Open311) -> None:
    id_ = platform.put()
    sync.pull(adapter, NOW)
    number = tickets()[0].number
    act(number, "withdraw")
    platform.requests[id_]["status"] = "closed"
    assert sync.pull(adapter, NOW) == Pulled()
    assert links() == [(id_, "closed")]
    assert notes(number) == []


# --- what was deleted there


def test_a_request_that_was_deleted_there_is_told_once_and_stays_open_here(
    platform: Platform, adapter: Open311
) -> None:
    kept, deleted = platform.put(), platform.put()
    sync.pull(adapter, NOW)
    row = platform.requests.pop(deleted)
    assert sync.pull(adapter, NOW) == Pulled(lost=1)
    assert sync.pull(adapter, NOW + MINUTE) == Pulled()
    number = next(t.number for t in tickets() if t.source_key == f"up:city:{deleted}")
    assert notes(number) == ["市12345平台已查不到该诉求，可能已被删除。如仍需上级办理，请重新上报或电话联系"]
    assert read(number).status == "dispatched"
    assert dict(links()) == {kept: "open", deleted: "deleted"}
    act(number, "accept")
    sync.push(adapter, NOW)
    assert {u["service_request_id"] for u in platform.updates} == {kept}  # nothing is told about what is not there
    platform.requests[deleted] = {**row, "status": "open"}
    assert sync.pull(adapter, NOW).heard == 1
    assert notes(number)[1:] == ["市12345平台反馈：受理中"]
    assert sync.push(adapter, NOW).told == 2


def test_a_ticket_whose_request_was_deleted_there_can_go_up_again(platform: Platform, adapter: Open311) -> None:
    number = file()
    sync.push(adapter, NOW, types=[NOISE])
    platform.requests.clear()
    assert sync.pull(adapter, NOW).lost == 1
    assert sync.push(adapter, NOW, types=[NOISE]) == Pushed()
    with transaction() as session:
        sync.forget(session, "city", number, by="zhang")
    assert sync.push(adapter, NOW, types=[NOISE]) == Pushed(filed=1)
    assert links() == [("1002", None)]


def test_an_answer_that_leaves_matters_out_is_not_taken_for_their_deletion(
    platform: Platform, adapter: Open311
) -> None:
    made = [platform.put() for _ in range(3)]
    sync.pull(adapter, NOW)
    platform.requests[made[1]]["status"] = "closed"
    platform.trouble = [None, "[]"]  # type: ignore[list-item]
    assert sync.pull(adapter, NOW) == Pulled(heard=1)
    assert dict(links()) == {made[0]: "open", made[1]: "closed", made[2]: "open"}
    for refusal in (404, 403, 500):  # nobody may look at a single one
        platform.trouble = [None, "[]", *[refusal] * 9]  # type: ignore[list-item]
        assert sync.pull(adapter, NOW).lost == 0
    assert "deleted" not in dict(links()).values()


# --- up


def test_tickets_of_chosen_types_or_units_go_up_once(platform: Platform, adapter: Open311) -> None:
    noise, garbage = file(), file("幸福里垃圾没人清", "environment.garbage")
    assert sync.push(adapter, NOW) == Pushed()
    assert sync.push(adapter, NOW, types=[NOISE]) == Pushed(filed=1)
    assert sync.push(adapter, NOW, types=[NOISE]) == Pushed()
    unit = read(garbage).unit
    assert unit is not None
    assert sync.push(adapter, NOW, units=[unit]).filed == 1
    first, second = platform.did("POST", "requests.json")
    assert first["description"].endswith(f"\n〔xiaoge:yunxi:{noise}〕") and first["address_string"] == "幸福里8号楼"
    assert (first["service_code"], second["service_code"]) == ("N01", "N02")
    assert links() == [("1001", None), ("1002", None)]


def test_what_waits_for_a_person_or_is_over_stays_here(platform: Platform, adapter: Open311) -> None:
    file(needs_review=True)
    act(file(), "withdraw")
    assert sync.push(adapter, NOW, types=[NOISE]) == Pushed()


def test_types_without_a_service_there_are_counted(platform: Platform, adapter: Open311) -> None:
    file("楼道里有煤气味", "hazard.gas")
    file("井盖坏了", "hazard.road")
    file("还有一个井盖坏了", "hazard.road")
    done = sync.push(adapter, NOW, types=["hazard.gas", "hazard.road"])
    assert done == Pushed(left_out={"hazard.gas": 1, "hazard.road": 2})


def test_answers_go_along_and_a_phone_only_when_it_may(platform: Platform) -> None:
    answers = {"when": {"question": "什么时候吵？", "answer": "半夜"}, "odd": "x", "empty": {"answer": ""}}
    file(phone="13912345678", answers=answers)
    file(phone="13912345678", anonymous=True)
    with open_adapter(platform, contact=True) as adapter:
        sync.push(adapter, NOW, types=[NOISE])
    named, anonymous = platform.did("POST", "requests.json")
    assert "什么时候吵？半夜" in named["description"] and "odd" not in named["description"]
    assert named["phone"] == "13912345678" and "phone" not in anonymous


def test_a_ticket_without_a_place_goes_up_with_its_community(platform: Platform, adapter: Open311) -> None:
    file(place=None, grid="S0101G1")
    sync.push(adapter, NOW, types=[NOISE])
    (form,) = platform.did("POST", "requests.json")
    with reading() as session:
        name = session.scalars(select(Area.name).where(Area.code == "S0101")).one()
    assert form["address_string"] == name


def test_how_a_ticket_stands_is_told_step_by_step(platform: Platform, adapter: Open311) -> None:
    number = file()
    sync.push(adapter, NOW, types=[NOISE])
    act(number, "accept", "feedback", "finish", "verify")
    with transaction() as session:
        service.act(session, number, "note", actor=Actor("street"), note="内部：店主不好说话")
        service.evaluate(session, number, "satisfied", actor=Actor("resident"), channel="wechat", reason="好")
    assert sync.push(adapter, NOW).told == 5
    unit = "市城市管理局"
    assert [(u["status"], u["description"]) for u in platform.updates] == [
        ("OPEN", f"{unit}已签收，办理中"),
        ("OPEN", "办理进展：烧烤店已停业整改"),
        ("OPEN", "已办结，待核查：烧烤店已停业整改"),
        ("OPEN", "核查通过，待评价"),
        ("CLOSED", "已办结"),
    ]
    assert sync.push(adapter, NOW) == Pushed()
    assert sync.pull(adapter, NOW) == Pulled()  # its closing is our own
    assert notes(number) == []


def test_a_ticket_that_came_from_there_is_told_there_too(platform: Platform, adapter: Open311) -> None:
    id_ = platform.put("N01", "幸福里8号楼楼下半夜吵", address="幸福里8号楼")
    sync.pull(adapter, NOW)
    assert sync.push(adapter, NOW).told == 1
    act(tickets()[0].number, "accept")
    assert sync.push(adapter, NOW).told == 1
    assert [(u["service_request_id"], u["description"]) for u in platform.updates] == [
        (id_, "已分派市城市管理局"),
        (id_, "市城市管理局已签收，办理中"),
    ]


def test_every_action_the_platform_is_told_of_exists() -> None:
    assert set(words.told_actions()) <= set(workflow.ACTIONS)
    for action in words.told_actions():
        assert "{" not in words.told(action, "市城市管理局", None)


def test_updates_wait_for_a_platform_that_is_away_and_skip_what_it_refuses(
    platform: Platform, adapter: Open311
) -> None:
    number = file()
    sync.push(adapter, NOW, types=[NOISE])
    act(number, "accept", "feedback", "finish")
    platform.trouble = [503, 503, 503]
    done = sync.push(adapter, NOW)
    assert done.told == 0 and done.stopped is not None and "503" in done.stopped
    platform.trouble = ["lost"]
    assert "RemoteProtocolError" in str(sync.push(adapter, NOW).stopped)
    platform.trouble = [400]
    done = sync.push(adapter, NOW)
    assert (done.told, done.stopped, len(done.problems)) == (2, None, 1)
    assert len(platform.updates) == 3  # the first arrived when its answer was lost
    assert sync.push(adapter, NOW) == Pushed()


def test_a_platform_without_the_extension_is_told_nothing(platform: Platform) -> None:
    number = file()
    with open_adapter(platform, updates=False) as adapter:
        sync.push(adapter, NOW, types=[NOISE])
        act(number, "accept")
        assert sync.push(adapter, NOW) == Pushed()
    assert platform.updates == []


# --- what gets lost


def test_a_lost_answer_is_made_good_without_a_second_filing(platform: Platform, adapter: Open311) -> None:
    file()
    platform.trouble = ["lost"]
    done = sync.push(adapter, NOW, types=[NOISE])
    assert done.filed == 0 and "will be looked into" in done.problems[0]
    assert sync.push(adapter, NOW + MINUTE, types=[NOISE]) == Pushed()  # it may still be on its way
    assert sync.push(adapter, NOW + 11 * MINUTE, types=[NOISE]) == Pushed(adopted=1)
    assert links() == [("1001", None)]
    assert len(platform.requests) == 1


def test_a_pull_that_sees_the_lost_one_first_knows_it_is_ours(platform: Platform, adapter: Open311) -> None:
    file()
    platform.trouble = ["lost"]
    sync.push(adapter, NOW, types=[NOISE])
    assert sync.pull(adapter, NOW) == Pulled()
    assert links() == [("1001", "open")] and len(tickets()) == 1
    assert sync.push(adapter, NOW + 11 * MINUTE, types=[NOISE]) == Pushed()
    assert len(platform.requests) == 1


def test_what_did_not_arrive_is_sent_again(platform: Platform, adapter: Open311) -> None:
    file()
    platform.trouble = ["cut"]
    assert sync.push(adapter, NOW, types=[NOISE]).filed == 0
    assert sync.push(adapter, NOW + 11 * MINUTE, types=[NOISE]) == Pushed(filed=1)
    assert len(platform.requests) == 1


def test_when_nothing_can_be_sent_nothing_stays_half_done(platform: Platform, adapter: Open311) -> None:
    file(), file()
    platform.trouble = [503, 503, 503]
    assert "503" in str(sync.push(adapter, NOW, types=[NOISE]).stopped)
    assert links() == []
    with open_adapter(platform, api_key="wrong") as stranger:
        assert "the key" in str(sync.push(stranger, NOW, types=[NOISE]).stopped)
    assert links() == []
    assert sync.push(adapter, NOW, types=[NOISE]) == Pushed(filed=2)


def test_a_refused_ticket_waits_until_a_person_has_put_it_right(platform: Platform, adapter: Open311) -> None:
    refused, other = file(), file()
    platform.trouble = [422]
    done = sync.push(adapter, NOW, types=[NOISE])
    assert (done.filed, done.refused, done.stopped) == (1, 1, None)
    assert "422" in done.problems[0]
    assert sync.push(adapter, NOW + DAY, types=[NOISE]) == Pushed()
    assert links() == [(f"~refused:{refused}", "refused"), ("1001", None)]
    with transaction() as session:
        sync.forget(session, "city", refused, by="zhang")
        assert session.scalars(select(AuditLine.action).order_by(AuditLine.id.desc())).first() == "upstream.forget"
    assert sync.push(adapter, NOW, types=[NOISE]) == Pushed(filed=1)
    with pytest.raises(LookupError, match="neither refused nor deleted"), transaction() as session:
        sync.forget(session, "city", other, by="zhang")


def test_an_id_of_another_ticket_of_ours_is_not_taken_twice(platform: Platform, adapter: Open311) -> None:
    file(), file()
    platform.trouble = ['[{"service_request_id": "77"}]', '[{"service_request_id": "77"}]']
    done = sync.push(adapter, NOW, types=[NOISE])
    assert (done.filed, done.refused) == (1, 1)
    assert links()[0] == ("77", None) and links()[1][1] == "duplicate"


def test_a_token_is_asked_for_until_it_is_an_id(platform: Platform, adapter: Open311) -> None:
    file("路灯不亮", "environment.facility")
    types = ["environment.facility"]
    assert sync.push(adapter, NOW, types=types).filed == 1
    assert links() == [("~token:t1001", None)]
    sync.push(adapter, NOW, types=types)
    assert links() == [("~token:t1001", None)]
    platform.settle("t1001")
    sync.push(adapter, NOW, types=types)
    assert links() == [("1001", None)]


def test_a_slow_platform_gets_what_there_is_time_for_and_the_rest_next_time(
    platform: Platform, adapter: Open311
) -> None:
    for _ in range(3):
        file()
    looked = iter([False, True, True])
    done = sync.push(adapter, NOW, types=[NOISE], stopping=lambda: next(looked))
    assert done.filed == 1 and done.stopped is not None and "next one goes on" in done.stopped
    assert len(links()) == 1  # nothing is claimed that is not sent
    assert sync.push(adapter, NOW, types=[NOISE]) == Pushed(filed=2)


def test_two_that_push_at_once_file_each_ticket_once(platform: Platform, adapter: Open311) -> None:
    for _ in range(8):
        file()
    reports: list[Pushed] = []
    push = lambda: reports.append(sync.push(adapter, NOW, types=[NOISE]))  # noqa: E731
    threads = [threading.Thread(target=push) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(r.filed for r in reports) == 8 and not any(r.problems or r.stopped for r in reports)
    assert len(platform.requests) == 8


# --- circles


def test_what_came_from_above_or_from_another_installation_never_goes_up(platform: Platform, adapter: Open311) -> None:
    platform.put("N01", "幸福里8号楼楼下半夜吵")
    platform.put("N01", "别处来的\n〔xiaoge:xinhe:600000017〕")
    sync.pull(adapter, NOW)
    file("街道平台转来\n〔xiaoge:town-3:600000025〕")
    with open_adapter(platform, system="county") as other:
        for target in (adapter, other):
            assert sync.push(target, NOW, types=[NOISE]).filed == 0
    assert len(platform.requests) == 2 and len(tickets()) == 3


def test_what_went_up_never_comes_down_as_new(platform: Platform, adapter: Open311) -> None:
    number = file()
    sync.push(adapter, NOW, types=[NOISE])
    copy = platform.put("N01", f"幸福里8号楼楼下烧烤店半夜吵\n〔xiaoge:yunxi:{number}〕")  # filed there a second time
    assert sync.pull(adapter, NOW) == Pulled()
    assert links() == [("1001", "open")] and copy not in dict(links())
    assert len(tickets()) == 1


def test_after_a_restored_backup_a_ticket_that_had_gone_up_is_known_again(platform: Platform, adapter: Open311) -> None:
    number = file()
    sync.push(adapter, NOW, types=[NOISE])
    with transaction() as session:
        session.execute(delete(UpstreamLink))
    # Somebody's request with a number that is made up, or was given out anew, is no ticket of ours.
    platform.put("N01", f"别的事\n〔xiaoge:yunxi:{number}〕")
    platform.put("N01", "另一件\n〔xiaoge:yunxi:600000999〕")
    assert sync.pull(adapter, NOW).filed == 2
    assert links()[0] == ("1001", "open") and len(tickets()) == 3
    assert sync.push(adapter, NOW, types=[NOISE]).filed == 0
    assert len(platform.requests) == 3


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    trouble=st.lists(st.sampled_from(["ok", "ok", "lost", "cut", 503, 500]), max_size=12),
    moves=st.lists(st.sampled_from(["push", "pull", "file", "put"]), min_size=3, max_size=10),
)
def test_whatever_gets_lost_each_matter_is_once_here_and_once_there(
    platform: Platform, adapter: Open311, trouble: list[Any], moves: list[str]
) -> None:
    """A matter is filed on either side, everything is lost at times, then all is well: both have each matter once."""
    with reading() as session:
        before = session.scalar(select(func.max(Ticket.id))) or 0
    platform.requests.clear()
    made = {"file": 0, "put": 0}
    platform.trouble = [t if t != "ok" else None for t in trouble]  # type: ignore[misc]
    at = NOW
    for move in [*moves, *["calm", "push", "pull"] * 3]:
        at += 11 * MINUTE
        if move == "calm":
            platform.trouble = []
        elif move == "file":
            made["file"] += bool(file(f"吵{made}"))
        elif move == "put":
            made["put"] += bool(platform.put(text=f"吵{made}", at=NOW))
        else:
            sync.pull(adapter, at) if move == "pull" else sync.push(adapter, at, types=[NOISE])
    with reading() as session:
        ours = session.scalars(select(Ticket).where(Ticket.id > before)).all()
        linked = select(func.count()).select_from(UpstreamLink).where(UpstreamLink.ticket_id > before)
        there = session.scalar(linked.where(~UpstreamLink.remote_id.startswith("~")))
        lines = session.scalar(select(func.count()).select_from(TicketEvent).where(TicketEvent.action == "report"))
    assert len(ours) == made["file"] + made["put"] == there
    assert len(platform.requests) == made["file"] + made["put"]
    assert lines is not None
