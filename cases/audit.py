"""The city's own history: emergencies, catalogue, city data, keys — whatever changes how tickets are dealt with.

Lines are only added; each one's hash covers the line before. The hash of the last line tells caches that something
changed (:func:`version`).
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.model import AuditLine
from common.db import now

_KEPT = "cases.audit.version"


def _hash(before: str, line: AuditLine) -> str:
    content = [
        line.at.astimezone(UTC).isoformat(timespec="microseconds"),
        line.actor,
        line.action,
        line.about,
        line.note,
    ]
    return hashlib.sha256(f"{before}\n{json.dumps(content, ensure_ascii=False)}".encode()).hexdigest()


def log(session: Session, actor: str, action: str, about: str, note: str | None = None) -> AuditLine:
    """Add a line: who did what to what, and why."""
    last = session.scalar(select(AuditLine).order_by(AuditLine.id.desc()).limit(1).with_for_update())
    line = AuditLine(at=now(), actor=actor, action=action, about=about, note=note)
    line.hash = _hash(last.hash if last else "", line)
    session.add(line)
    session.flush()
    session.info[_KEPT] = (session.get_transaction(), None)  # a savepoint may yet take the line back
    return line


NEWEST = select(AuditLine.hash).order_by(AuditLine.id.desc()).limit(1)


def version(session: Session) -> str:
    """Another one whenever the city's data change: the hash of the last line, which also tells apart what was rolled
    back and done differently. Asked once in a transaction, unless that transaction itself adds lines."""
    begun = session.get_transaction()
    kept = session.info.get(_KEPT)
    if kept is not None and begun is not None and kept[0] is begun and kept[1] is not None:
        return str(kept[1])
    found = session.scalar(NEWEST) or ""
    keep(session, found)
    return found


def keep(session: Session, version: str) -> None:
    """Tell this transaction the version: somebody asked for it together with something else (NEWEST)."""
    begun, kept = session.get_transaction(), session.info.get(_KEPT)
    if kept is None or kept[0] is not begun:
        session.info[_KEPT] = (begun, version)


def flaws(session: Session) -> list[str]:
    """Lines that were changed, or stand after one that is missing."""
    before, found = "", []
    for line in session.scalars(select(AuditLine).order_by(AuditLine.id)):
        if line.hash != _hash(before, line):
            found.append(f"audit line {line.id} ({line.action} {line.about}) was changed, or the one before it")
        before = line.hash
    return found
