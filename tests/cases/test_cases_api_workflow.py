"""The whole of the workflow's table can be reached by HTTP, by those it names and by nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from test_cases_api import NOISE, Api, Maker, api, client, document, operator

from cases import workflow
from cases.api.possible import ROUTES
from cases.workflow import ACTIONS, TRANSITIONS, Transition

__all__ = ["api", "client", "operator"]

# The table is the same on every database.
pytestmark = pytest.mark.parametrize("city_database", ["sqlite"], indirect=True)

MAKING = {"collect", "report"}  # both by POST /tickets
BY_PEOPLE = [t for t in TRANSITIONS if t.roles != ("system",)]
PERSON = "openid-7"


class City:
    """A key of every role, for the unit and the area where the tickets are."""

    def __init__(self, api: Maker) -> None:
        self.by_role = {
            "resident": api("resident", person=PERSON),
            "operator": api("operator"),
            "worker": api("worker", area="S0101G2"),
            "community": api("community", area="S0101"),
            "street": api("street", unit="JD01", area="S01"),
            "department": api("department", unit="CG01"),
            "supervisor": api("supervisor"),
        }

    def __getattr__(self, role: str) -> Api:
        return self.by_role[role]

    def brought_to(self, state: str) -> str:
        """A ticket in a state."""
        if state == "collected":
            return self.worker.file(draft=True)
        number = self.resident.file()
        for who, action in {
            "registered": [("department", "return")],
            "dispatched": [],
            "handling": [("department", "accept")],
            "suspended": [("department", "accept"), ("department", "suspend")],
            "verifying": [("department", "accept"), ("department", "finish")],
            "evaluating": [("department", "accept"), ("department", "finish"), ("operator", "verify")],
            "refused": [("operator", "refuse")],
            "withdrawn": [("resident", "withdraw")],
        }.get(state, []):
            self.by_role[who].act(number, action, note="原因")
        if state == "merged":
            self.operator.post(f"/tickets/{number}/merge", {"into": self.resident.file()})
        if state in ("closed", "contested"):
            number = self.brought_to("evaluating")
            score = "fair" if state == "closed" else "unsatisfied"
            self.resident.post(f"/tickets/{number}/evaluation", {"score": score, "reason": "原因"})
        if state == "contested":  # the first bad word has it handled again, the second goes to a supervisor
            self.department.act(number, "finish", note="原因")
            self.operator.act(number, "verify")
            self.resident.post(f"/tickets/{number}/evaluation", {"score": "unsatisfied", "reason": "原因"})
        assert self.operator.get(f"/tickets/{number}")["status"] == state
        return number


def again(city: City) -> str:
    """A ticket that was handled twice and waits for the resident's word."""
    number = city.brought_to("evaluating")
    city.resident.post(f"/tickets/{number}/evaluation", {"score": "unsatisfied", "reason": "原因"})
    city.department.act(number, "finish", note="原因")
    city.operator.act(number, "verify")
    return number


def supervised(city: City) -> str:
    number = city.brought_to("dispatched")
    city.supervisor.act(number, "supervise", note="原因")
    return number


def asked(city: City) -> str:
    number = city.brought_to("handling")
    city.department.post(f"/tickets/{number}/extension", {"days": 1, "reason": "原因"})
    return number


def whistled(city: City) -> str:
    number = city.brought_to("dispatched")
    city.operator.post(f"/tickets/{number}/whistles", {"units": ["CG01", "JD01"], "reason": "原因"})
    return number


# What must have been before, where the state alone does not say it.
PREPARED: dict[str, Callable[[City], str]] = {
    "contest": again,
    "rate": lambda city: city.brought_to("contested"),
    "unsupervise": supervised,
    "grant_extension": asked,
    "deny_extension": asked,
    "check_in": whistled,
    "end_whistle": whistled,
}


def body_of(action: str, city: City) -> dict[str, Any]:
    """What is posted to do it."""
    bodies: dict[str, dict[str, Any]] = {
        "submit": {"note": "属实"},
        "add": {"note": "补充"},
        "correct": {"type": "environment.air"},
        "evaluate": {"score": "satisfied"},
        "contest": {"score": "unsatisfied", "reason": "原因"},
        "rate": {"score": "fair"},
        "regrade": {"grade": "yellow", "reason": "原因"},
        "visit": {"note": "看过"},
        "whistle": {"units": ["WJ01"], "reason": "原因"},
        "check_in": {},
        "end_whistle": {"outcome": "好了"},
        "escalate": {"reason": "原因"},
        "ask_extension": {"days": 1, "reason": "原因"},
        "grant_extension": {"granted": True},
        "deny_extension": {"granted": False, "note": "原因"},
    }
    if action == "merge":
        return {"into": city.brought_to("dispatched")}
    return bodies.get(action, {"action": action, "note": "原因", "unit": "CG01"})


def test_every_action_of_people_has_a_route(city_database: str) -> None:
    assert set(ROUTES) | MAKING == {t.action for t in BY_PEOPLE}
    assert all("post" in document()["paths"][f"/tickets/{{number}}/{route}"] for route in ROUTES.values())


def test_a_ticket_is_made_by_those_who_may(client: object, api: Maker) -> None:
    city = City(api)
    for role, who in city.by_role.items():
        who.post("/tickets", NOISE, 201 if role in ACTIONS["report"].roles else 409)
        may = role in ACTIONS["collect"].roles
        told = who.post("/tickets", NOISE | {"draft": True}, 201 if may else 409)
        assert told.get("status") == "collected" if may else told["code"] == "illegal_transition"


def test_a_draft_is_put_on_the_clock_when_it_is_reported(client: object, api: Maker) -> None:
    worker = api("worker", area="S0101G2")
    number = worker.file(draft=True)
    assert "submit" in [p["action"] for p in worker.get(f"/tickets/{number}/possible")]
    reported = worker.post(f"/tickets/{number}/submission", {})
    assert (reported["status"], reported["unit"]) == ("dispatched", "CG01")
    assert reported["close_due"] is not None
    assert worker.post(f"/tickets/{number}/submission", {}, 409)["code"] == "illegal_transition"


def seen_by(role: str, ticket: dict[str, Any]) -> bool:
    """Whether a role's key sees the ticket: a draft has no reporter, and what is with no unit is no department's."""
    return not (
        (role == "resident" and ticket["reporter"] is None) or (role == "department" and ticket["unit"] is None)
    )


@pytest.mark.parametrize("move", [t for t in BY_PEOPLE if t.action not in MAKING], ids=lambda t: t.action)
def test_an_action_is_done_by_those_the_table_names_and_by_nobody_else(
    client: object, api: Maker, move: Transition
) -> None:
    city, route = City(api), ROUTES[move.action]
    prepare = PREPARED.get(move.action, lambda city: city.brought_to(move.before[0]))
    number = prepare(city)
    ticket, before = (city.operator.get(f"/tickets/{number}{path}") for path in ("", "/history"))
    for role in city.by_role.keys() - set(move.roles):
        status = 409 if seen_by(role, ticket) else 404
        refused = city.by_role[role].post(f"/tickets/{number}/{route}", body_of(move.action, city), status)
        assert refused["code"] in ("ticket_not_found", "illegal_transition", "whistle_refused"), role
    assert city.operator.get(f"/tickets/{number}/history") == before
    for role in city.by_role.keys() & set(move.roles):
        if seen_by(role, ticket):
            done = prepare(city)
            city.by_role[role].post(f"/tickets/{done}/{route}", body_of(move.action, city))
            lines = city.operator.get(f"/tickets/{done}/history")["events"]
            assert role in [line["role"] for line in lines if line["seq"] > before["events"][-1]["seq"]]


@pytest.mark.parametrize("state", workflow.STATES)
def test_a_refused_action_names_what_is_possible(client: object, api: Maker, state: str) -> None:
    city = City(api)
    number = city.brought_to(state)
    told = {p["action"] for p in city.operator.get(f"/tickets/{number}/possible")}
    allowed = {t.action for t in workflow.possible(state, "operator")}
    assert told <= allowed
    impossible = next(a for a in ("verify", "split", "refuse") if state not in ACTIONS[a].before)
    refused = city.operator.act(number, impossible, 409, note="原因")
    assert f"while the ticket is '{state}'" in refused["detail"]
