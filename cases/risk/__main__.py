"""``python -m cases.risk``: check the rules, and see what they make of a message.

python -m cases.risk                                    the rules in use: how many, or every mistake
python -m cases.risk --folder /etc/city/risk            with a city's own file from that folder
python -m cases.risk --type dispute.neighbor 他拎着刀来了   which rules fire, and on which grade that comes out
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from cases.model import Ticket
from cases.risk import rules
from cases.risk.grading import firing


def main(arguments: list[str] | None = None) -> int:
    """Run the command. Returns the exit status: 1 when the rules have mistakes."""
    parser = argparse.ArgumentParser(prog="python -m cases.risk", description="Check the risk rules.")
    parser.add_argument("text", nargs="*", help="a message to be graded")
    parser.add_argument("--folder", type=Path, help="holds the city's rules.yml; default: risk in the var folder")
    parser.add_argument("--type", help="the message's matter type")
    parser.add_argument("--urgent", action="store_true", help="the message is urgent")
    given = parser.parse_args(arguments)
    try:
        book = rules.load(given.folder) if given.folder else rules.rulebook()
    except rules.RulesError as error:
        print(error)
        return 1
    if not given.text:
        red = sum(r.grade == "red" for r in book.rules)
        print(f"{len(book.rules)} rules, {red} red and {len(book.rules) - red} yellow, no mistakes")
        return 0
    ticket = Ticket(
        text=" ".join(given.text),
        type=given.type,
        category=(given.type or "").split(".")[0],
        urgent=given.urgent,
        answers={},
        returns=0,
        reopenings=0,
    )
    # A message has no person and no place, so no rule asks this session anything.
    fired = firing(book, Session(), ticket, datetime.now(UTC))
    print(fired[0].grade if fired else "green")
    for rule in fired:
        print(f"  {rule.grade:<6} {rule.id}: {rule.name}。{rule.why}{rule.do or ''}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
