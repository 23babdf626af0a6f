"""Pairs of tickets that may be one matter over HTTP: who sees them, who decides, what is told."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import select
from test_cases_api import ALL, Api, Maker, api, client, operator

from cases import duplicates
from cases.model import DuplicateSuggestion, Ticket
from common.db import now, reading, transaction
from common.settings import ROOT

__all__ = ["api", "client", "operator"]

WHY = {"结论": "很可能是同一件事 0.93", "说法": "都提到：烧烤"}


def suspect(older: str, newer: str, score: float = 0.93) -> int:
    """Store that two tickets may be one matter, as the worker does."""
    with transaction() as session:
        ids = dict(session.execute(select(Ticket.number, Ticket.id)).tuples().all())
        pair = DuplicateSuggestion(ticket_id=ids[newer], other_id=ids[older], at=now(), score=score, why=WHY)
        session.add(pair)
        session.flush()
        return pair.id


def two(who: Api, **more: Any) -> tuple[str, str, int]:
    """Two tickets that may be one matter, and the pair's id."""
    older, newer = who.file(**more), who.file(**more)
    return older, newer, suspect(older, newer)


def listed(who: Api, **asked: Any) -> list[int]:
    return [pair["id"] for pair in who.get("/duplicates", **asked)]


def decide(who: Api, pair: int, decision: str, status: int = 200, **headers: str) -> Any:
    return who.post(f"/duplicates/{pair}", {"decision": decision}, status, **headers)


def test_undecided_pairs_are_listed_the_likeliest_first(operator: Api) -> None:
    older, newer, sure = two(operator)
    third = operator.file()
    unsure, surest = suspect(newer, third, 0.6), suspect(older, third, 0.99)
    assert listed(operator) == [surest, sure, unsure]
    assert listed(operator, limit=2) == [surest, sure]
    told = operator.get("/duplicates")[1]
    assert (told["older"]["number"], told["newer"]["number"], told["score"]) == (older, newer, 0.93)
    assert (told["why"], told["decision"], told["decided_by"]) == (WHY, None, None)
    assert told["older"] == next(t for t in operator.get("/tickets")["tickets"] if t["number"] == older)


def test_one_matter_is_merged_and_not_listed_any_more(operator: Api) -> None:
    older, newer, pair = two(operator)
    done = decide(operator, pair, "merged")
    assert (done["id"], done["decision"], done["number"]) == (pair, "merged", older)
    assert done["decided_by"].startswith("key:operator")
    assert operator.get(f"/tickets/{newer}")["merged_into"] == older
    assert listed(operator) == []
    (told,) = operator.get(f"/tickets/{newer}/duplicates")
    assert (told["id"], told["decision"], told["newer"]["status"]) == (pair, "merged", "merged")


def test_different_matters_stay_two_and_are_not_listed_any_more(operator: Api) -> None:
    _, newer, pair = two(operator)
    done = decide(operator, pair, "different")
    assert (done["decision"], done["number"]) == ("different", None)
    assert operator.get(f"/tickets/{newer}")["status"] == "dispatched"
    assert listed(operator) == []
    refused = decide(operator, pair, "merged", 409)
    assert refused["code"] == "suggestion_decided" and "'different' by key:operator" in refused["detail"]


def test_what_cannot_be_merged_stays_undecided(operator: Api) -> None:
    older, newer, pair = two(operator)
    for number in (older, newer):
        operator.act(number, "withdraw")
    assert decide(operator, pair, "merged", 409)["code"] in ("merge_refused", "illegal_transition")
    (told,) = operator.get(f"/tickets/{older}/duplicates")
    assert told["decision"] is None


def test_a_decision_sent_again_is_made_once_and_gets_the_same_answer(operator: Api) -> None:
    _, newer, pair = two(operator)
    first = decide(operator, pair, "merged", Idempotency_Key="d-1")
    assert decide(operator, pair, "merged", Idempotency_Key="d-1") == first
    assert decide(operator, pair, "different", 409, Idempotency_Key="d-1")["code"] == "idempotency_key_reused"
    events = operator.get(f"/tickets/{newer}/history")["events"]
    assert [e["action"] for e in events].count("merge") == 1


@pytest.mark.parametrize("role", ["department", "worker", "resident"])
def test_only_roles_that_may_merge_see_and_decide(operator: Api, api: Maker, role: str) -> None:
    older, _, pair = two(operator)
    where = {"department": {"unit": "CG01"}, "worker": {"area": "S0101G2"}, "resident": {"person": "openid-7"}}[role]
    who = api(role, **where)
    for refused in (
        who.get("/duplicates", 403),
        who.get(f"/tickets/{older}/duplicates", 403),
        decide(who, pair, "merged", 403),
    ):
        assert refused["code"] == "role_missing" and refused["detail"].endswith(f"this one's is {role}")
    assert listed(operator) == [pair]


def test_the_scopes_are_those_of_tickets(operator: Api, api: Maker) -> None:
    _, _, pair = two(operator)
    reader = api("supervisor", scopes=["tickets:read"])
    assert listed(reader) == [pair]
    assert decide(reader, pair, "merged", 403)["code"] == "scope_missing"
    api("supervisor", scopes=["tickets:act"]).get("/duplicates", 403)


def test_a_key_with_an_area_sees_and_decides_pairs_of_its_area_only(operator: Api, api: Maker) -> None:
    street, other = api("street", area="S01"), api("street", area="S02")
    older, _, mine = two(operator)
    elsewhere = operator.file(place=None, grid="S0201G1")
    across = suspect(older, elsewhere)
    assert (listed(street), listed(other), listed(operator)) == ([mine], [], [mine, across])
    assert [p["id"] for p in street.get(f"/tickets/{older}/duplicates")] == [mine]
    other.get(f"/tickets/{older}/duplicates", 404)
    for who, pair in ((other, mine), (other, across), (street, across), (street, 999)):
        refused = decide(who, pair, "different", 404)
        assert refused["detail"] == f"there is no suggestion {pair} of yours"
    decide(street, mine, "merged")


def test_pairs_that_are_others_do_not_take_the_place_of_ones_own(operator: Api, api: Maker) -> None:
    older, _, mine = two(operator)
    for _ in range(3):  # all likelier, and each with one ticket in the street
        suspect(older, operator.file(place=None, grid="S0201G1"), 0.99)
    assert listed(api("street", area="S01"), limit=1) == [mine]
    assert listed(api("community", area="S0101", unit="JD01"), limit=1) == [mine]


def test_a_ticket_that_followed_one_of_another_area_since_is_not_merged_into_it(operator: Api, api: Maker) -> None:
    street = api("street", area="S01")
    _, newer, pair = two(operator)
    elsewhere = operator.file(place=None, grid="S0201G1")
    operator.post(f"/tickets/{newer}/merge", {"into": elsewhere})
    assert decide(street, pair, "merged", 404)["code"] == "suggestion_not_found"


def test_an_area_narrows_the_list(operator: Api) -> None:
    _, _, here = two(operator)
    _, _, there = two(operator, place=None, grid="S0201G1")
    asked = {area: listed(operator, area=area) for area in ("DY", "YX", "S01", "S0101G2", "S02")}
    assert asked == {"DY": [here, there], "YX": [here, there], "S01": [here], "S0101G2": [here], "S02": [there]}
    assert operator.get("/duplicates", 422, area="S9")["where"] == "query.area"


def test_without_personal_data_no_words_of_residents_are_told(operator: Api, api: Maker) -> None:
    older, _, pair = two(operator, phone="13912345678")
    without = api("supervisor", scopes=[s for s in ALL if s != "personal:read"])
    told = [without.get("/duplicates"), without.get(f"/tickets/{older}/duplicates"), decide(without, pair, "merged")]
    assert told[0][0]["why"] == {} and told[0][0]["score"] == 0.93
    everything = json.dumps(told, ensure_ascii=False)
    assert [secret for secret in ("烧烤", "幸福里", "13912345678") if secret in everything] == []


def test_wrong_requests_are_refused_with_their_place(operator: Api) -> None:
    assert decide(operator, 1, "perhaps", 400)["where"] == "body.decision"
    assert decide(operator, 2**31, "merged", 400)["where"] == "path.identity"
    assert decide(operator, 1, "merged", 404)["code"] == "suggestion_not_found"
    assert operator.get("/duplicates", 400, limit=0)["where"] == "query.limit"
    operator.get("/tickets/600000018/duplicates", 404)


def test_what_the_worker_finds_is_what_is_listed(operator: Api) -> None:
    pytest.importorskip("numpy")
    from test_cases_duplicates_support import Bigrams

    operator.file()
    newer = operator.file(text="幸福里8号楼下面的烧烤店半夜还在吵")
    with transaction() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.number == newer)).one()
        (found,) = duplicates.suggest(session, ticket, Bigrams())
    (told,) = operator.get("/duplicates")
    with reading() as session:
        assert (told["id"], told["why"]) == (found.id, session.get_one(DuplicateSuggestion, found.id).why)


def test_the_web_process_loads_no_language_model() -> None:
    heavy = "import sys, cases.api.app; print([m for m in ('onnxruntime', 'torch', 'nlu.understand.encoder') if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", heavy], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
