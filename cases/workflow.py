"""The six-step loop 采集—上报—分流—办理—核查—评价 as states, and who may move a ticket from where to where."""

from __future__ import annotations

from dataclasses import dataclass

# state: what residents are told
STATES = {
    "registered": "已登记",
    "dispatched": "已分派",
    "handling": "办理中",
    "verifying": "核查中",
    "evaluating": "待您评价",
    "closed": "已办结",
    "withdrawn": "已撤回",
    "refused": "不予受理",
}
FINAL = frozenset({"closed", "withdrawn", "refused"})
ROLES = ("system", "resident", "operator", "worker", "department", "supervisor")


@dataclass(frozen=True)
class Transition:
    """One allowed move."""

    action: str
    before: tuple[str, ...]
    after: str
    roles: tuple[str, ...]
    needs_note: bool = False


TRANSITIONS = (
    Transition("dispatch", ("registered", "dispatched"), "dispatched", ("system", "operator", "supervisor")),
    Transition("return", ("dispatched", "handling"), "registered", ("department",), needs_note=True),
    Transition("accept", ("dispatched",), "handling", ("department", "worker")),
    Transition("finish", ("handling",), "verifying", ("department", "worker"), needs_note=True),
    Transition("redo", ("verifying", "evaluating"), "handling", ("worker", "supervisor", "resident"), needs_note=True),
    Transition("verify", ("verifying",), "evaluating", ("worker", "operator", "supervisor")),
    Transition("evaluate", ("evaluating",), "closed", ("resident", "operator")),
    Transition("withdraw", ("registered", "dispatched", "handling"), "withdrawn", ("resident", "operator")),
    Transition("refuse", ("registered", "dispatched"), "refused", ("operator", "supervisor"), needs_note=True),
)
# Nobody works on it yet: a corrected ticket in these states is dispatched anew.
NOT_TAKEN_UP = frozenset({"registered", "dispatched"})
CORRECTING = frozenset({"operator", "worker", "department", "supervisor"})
_BY_ACTION = {t.action: t for t in TRANSITIONS}


class IllegalTransitionError(ValueError):
    """The move is not allowed; the message says why and what is."""


def next_state(action: str, state: str, role: str, note: str | None) -> str:
    """The state ``action`` leads to.

    Raises:
        IllegalTransitionError: unknown action, wrong state, wrong role, or an owed reason missing.
    """
    if action not in _BY_ACTION:
        raise IllegalTransitionError(f"there is no action {action!r}; there are: {', '.join(_BY_ACTION)}")
    move = _BY_ACTION[action]
    if state not in move.before:
        possible = [t.action for t in TRANSITIONS if state in t.before]
        raise IllegalTransitionError(
            f"'{action}' is not possible while the ticket is '{state}' ({STATES.get(state, '?')}); "
            f"possible now: {', '.join(possible) or 'nothing, it is final'}"
        )
    if role not in move.roles:
        raise IllegalTransitionError(f"'{action}' may be done by {', '.join(move.roles)}, not by {role}")
    if move.needs_note and not (note or "").strip():
        raise IllegalTransitionError(f"'{action}' needs a reason (note)")
    return move.after


def check_correction(state: str, role: str) -> None:
    """Whether ``role`` may correct the classification of a ticket in ``state``.

    Raises:
        IllegalTransitionError: it may not.
    """
    if role not in CORRECTING:
        raise IllegalTransitionError(
            f"a classification may be corrected by {', '.join(sorted(CORRECTING))}, not by {role}"
        )
    if state in ("withdrawn", "refused"):
        raise IllegalTransitionError(f"the ticket is '{state}' ({STATES[state]}); its classification stays")
