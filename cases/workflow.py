"""The six-step loop 采集—上报—分流—办理—核查—评价 as one table: what can be done with a ticket, in which state, by whom.

There is no other way for a ticket to change state; ``docs/workflow.md`` is drawn from this table.
"""

from __future__ import annotations

from dataclasses import dataclass

# state: (what residents are told, the step of the loop it belongs to)
_STATES = {
    "collected": ("待核实", "采集"),
    "registered": ("已登记", "上报"),
    "dispatched": ("已分派", "分流"),
    "handling": ("办理中", "办理"),
    "suspended": ("等待中", "办理"),
    "verifying": ("核查中", "核查"),
    "evaluating": ("待您评价", "评价"),
    "contested": ("复核中", "评价"),
    "closed": ("已办结", ""),
    "withdrawn": ("已撤回", ""),
    "refused": ("不予受理", ""),
    "merged": ("已并案", ""),
}
STATES = {state: said for state, (said, _) in _STATES.items()}
STEPS = {state: step for state, (_, step) in _STATES.items()}
# Nothing more is owed. A closed ticket can be reopened, a merged one taken out again; the others stay.
FINAL = frozenset({"withdrawn", "refused"})
ENDED = FINAL | {"closed", "merged"}
OPEN = tuple(s for s in STATES if s not in ENDED)
# Nobody works on it yet: a corrected ticket in these states is dispatched anew.
NOT_TAKEN_UP = frozenset({"registered", "dispatched"})

ROLES = {
    "system": "系统",
    "resident": "居民",
    "operator": "话务员",
    "worker": "网格员",
    "community": "社区",
    "street": "镇街",
    "department": "部门",
    "supervisor": "督查",
}
_DESK = ("operator", "supervisor")
_LOCAL = ("worker", "community", "street")
_HANDLERS = ("department", "street", "community", "worker")
_STAFF = ("operator", "worker", "community", "street", "department", "supervisor")


@dataclass(frozen=True)
class Transition:
    """One thing that can be done with a ticket.

    ``before`` are the states it is possible in (empty: it makes the ticket), ``after`` the state it leads to (None:
    the state stays). ``needs_note``: a reason is owed.
    """

    action: str
    name: str
    before: tuple[str, ...]
    after: str | None
    roles: tuple[str, ...]
    needs_note: bool = False


TRANSITIONS = (
    # 采集, 上报
    Transition("collect", "采集", (), "collected", ("worker", "community")),
    Transition("report", "上报", (), "registered", ("system", "resident", *_STAFF)),
    Transition("submit", "核实上报", ("collected",), "registered", ("worker", "community", "street")),
    # 分流
    Transition(
        "dispatch",
        "分派",
        ("registered", "dispatched"),
        "dispatched",
        ("system", "operator", "community", "street", "supervisor"),
    ),
    Transition("refuse", "不予受理", ("registered", "dispatched"), "refused", _DESK, needs_note=True),
    Transition("return", "退回", ("dispatched", "handling"), "registered", _HANDLERS, needs_note=True),
    # 办理
    Transition("accept", "签收", ("dispatched",), "handling", _HANDLERS),
    Transition("feedback", "反馈进展", ("handling", "suspended"), None, _HANDLERS, needs_note=True),
    Transition("suspend", "挂起", ("handling",), "suspended", ("department", "street", "supervisor"), needs_note=True),
    Transition("resume", "恢复办理", ("suspended",), "handling", ("system", "department", "street", "supervisor")),
    Transition("finish", "办结上报", ("handling",), "verifying", _HANDLERS, needs_note=True),
    # 核查
    Transition("redo", "打回重办", ("verifying",), "handling", (*_LOCAL, *_DESK), needs_note=True),
    Transition("verify", "核查通过", ("verifying",), "evaluating", (*_LOCAL, *_DESK)),
    # 评价
    Transition("evaluate", "评价", ("evaluating",), "closed", ("resident", "operator")),
    # From closed: one reporter was satisfied and closed it, another whose report was merged into it was not.
    Transition("contest", "差评复核", ("evaluating", "closed"), "contested", ("resident", "operator"), needs_note=True),
    # Of several reporters of one matter everyone is asked: a word by which this ticket itself moves nowhere.
    Transition("rate", "补评", ("merged", "contested"), None, ("resident", "operator")),
    Transition("lapse", "逾期未评", ("evaluating",), "closed", ("system",)),
    Transition(
        "reopen",
        "重新办理",
        ("evaluating", "contested", "closed"),
        "handling",
        ("resident", "operator", "supervisor"),
        needs_note=True,
    ),
    Transition("uphold", "维持结论", ("contested",), "closed", ("supervisor",), needs_note=True),
    # out of the loop, and back
    Transition(
        "withdraw",
        "撤回",
        ("collected", "registered", "dispatched", "handling", "suspended"),
        "withdrawn",
        ("resident", "operator"),
    ),
    Transition(
        "merge",
        "并案",
        ("registered", "dispatched", "handling", "suspended"),
        "merged",
        ("operator", "community", "street", "supervisor"),
    ),
    Transition("split", "拆出", ("merged",), "registered", _DESK, needs_note=True),
    # beside the loop: the state stays
    Transition("add", "补充", (*OPEN, "closed", "merged"), None, tuple(ROLES)),
    Transition("note", "内部备注", tuple(STATES), None, _STAFF, needs_note=True),
    Transition("correct", "改类", (*OPEN, "closed", "merged"), None, _STAFF),
    Transition("visit", "走访", OPEN, None, (*_LOCAL, "operator"), needs_note=True),
    Transition("regrade", "调整风险等级", OPEN, None, ("system", *_LOCAL, *_DESK), needs_note=True),
    Transition("supervise", "督办", OPEN, None, ("supervisor",), needs_note=True),
    Transition("unsupervise", "解除督办", OPEN, None, ("supervisor",), needs_note=True),
    Transition("ask_extension", "申请延期", ("dispatched", "handling"), None, _HANDLERS, needs_note=True),
    Transition(
        "grant_extension",
        "同意延期",
        ("dispatched", "handling", "suspended"),
        None,
        ("street", "supervisor"),
    ),
    Transition(
        "deny_extension",
        "不同意延期",
        ("dispatched", "handling", "suspended"),
        None,
        ("street", "supervisor"),
        needs_note=True,
    ),
    Transition(
        "whistle",
        "吹哨",
        ("registered", "dispatched", "handling", "suspended"),
        None,
        ("community", "street", "operator", "supervisor"),
        needs_note=True,
    ),
    Transition("check_in", "报到", OPEN, None, ("department", "street")),
    Transition("end_whistle", "哨毕", OPEN, None, ("community", "street", "operator", "supervisor"), needs_note=True),
    Transition("escalate", "上报上级", OPEN, None, ("system", "community", "street", "supervisor"), needs_note=True),
    Transition("warn", "临期提醒", OPEN, None, ("system",)),
    Transition("miss", "超期", OPEN, None, ("system",)),
)
ACTIONS = {t.action: t for t in TRANSITIONS}


class IllegalTransitionError(ValueError):
    """The move is not allowed; the message says why and what is."""


def next_state(action: str, state: str, role: str, note: str | None) -> str:
    """The state ``action`` leads to.

    Args:
        action: what is to be done, a key of ``ACTIONS``.
        state: the ticket's state; empty for a ticket that is being made.
        role: who does it, a key of ``ROLES``.
        note: the reason given.

    Raises:
        IllegalTransitionError: unknown action, wrong state, wrong role, or an owed reason missing.
    """
    if action not in ACTIONS:
        raise IllegalTransitionError(f"there is no action {action!r}; there are: {', '.join(ACTIONS)}")
    move = ACTIONS[action]
    if state not in move.before and (state or move.before):
        possible = [t.action for t in TRANSITIONS if state in t.before]
        raise IllegalTransitionError(
            f"'{action}' ({move.name}) is not possible while the ticket is '{state}' ({STATES.get(state, '?')}); "
            f"possible now: {', '.join(possible) or 'nothing, it is final'}"
        )
    if role not in move.roles:
        raise IllegalTransitionError(f"'{action}' ({move.name}) may be done by {', '.join(move.roles)}, not by {role}")
    if move.needs_note and not (note or "").strip():
        raise IllegalTransitionError(f"'{action}' ({move.name}) needs a reason (note)")
    return move.after or state


def possible(state: str, role: str) -> list[Transition]:
    """What ``role`` can do with a ticket in ``state``, in the table's order."""
    return [t for t in TRANSITIONS if state in t.before and role in t.roles]
