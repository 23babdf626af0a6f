"""The workflow as a page: ``python -m cases.drawing > docs/workflow.md`` draws it anew from the table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from cases.workflow import ACTIONS, ENDED, ROLES, STATES, STEPS, TRANSITIONS

_HEAD = """\
# The workflow

Drawn from the table in `cases/workflow.py` (`python -m cases.drawing > docs/workflow.md`). No state can be reached in any other
way: every change of a ticket goes through that table and leaves a line in its history.

The six steps 采集—上报—分流—办理—核查—评价:
"""


def diagram() -> str:
    """The states and the moves between them, as a Mermaid diagram."""
    moves: dict[tuple[str, str], list[str]] = defaultdict(list)
    for t in TRANSITIONS:
        for before in t.before or ("[*]",):
            if t.after and t.after != before:
                moves[before, t.after].append(t.name)
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{said}" as {state}' for state, said in STATES.items()]
    lines += [f"    {before} --> {after}: {'、'.join(names)}" for (before, after), names in moves.items()]
    lines += [f"    {state} --> [*]" for state in STATES if state in ENDED]
    return "\n".join(lines)


def _states() -> Iterator[str]:
    yield "| state | residents hear | step |"
    yield "|---|---|---|"
    for state, said in STATES.items():
        yield f"| `{state}` | {said} | {STEPS[state] or '—'} |"


def _roles(roles: tuple[str, ...]) -> str:
    return "anybody" if set(roles) == set(ROLES) else "、".join(ROLES[r] for r in roles)


def _table() -> Iterator[str]:
    yield "| action | | possible in | leads to | who may | reason owed |"
    yield "|---|---|---|---|---|---|"
    for t in ACTIONS.values():
        before = ", ".join(t.before) or "(new)"
        if set(t.before) >= set(STATES):
            before = "every state"
        yield f"| `{t.action}` | {t.name} | {before} | {t.after or '—'} | {_roles(t.roles)} | {'yes' if t.needs_note else ''} |"


def page() -> str:
    """The whole page, Markdown."""
    parts = [
        _HEAD,
        "```mermaid\n" + diagram() + "\n```\n",
        "## States\n",
        "\n".join(_states()) + "\n",
        "## Actions\n",
        "\n".join(_table()) + "\n",
        "A dash means that the state stays. A department's people act on tickets their unit has, helps with or was whistled to; grid workers,\n"
        "communities and streets on tickets of their area; residents on their own (`cases/actor.py`).",
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    print(page(), end="")
