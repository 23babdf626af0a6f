"""Keys of the API. A key is shown once, when it is made; only the hash of its secret is kept.

``xg_<id>_<secret>``: the id finds the row, the secret (256 bits) proves it. Role, unit and area say for whom it acts.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases import audit, workflow
from cases.model import ApiKey, Area, Unit
from common.db import now

SCOPES = {
    "tickets:read": "read tickets",
    "tickets:write": "file tickets and add to them",
    "tickets:act": "move tickets along",
    "personal:read": "see phones and reporters of tickets that are not anonymous",
    "catalogue:read": "read catalogue, areas, units, emergencies",
    "emergencies:write": "announce and end emergencies",
    "figures:read": "read figures, morning reports, hot spots",
    "webhooks:manage": "subscribe to what happens to all tickets",
}
ROLES = tuple(role for role in workflow.ROLES if role != "system")  # the system is the program itself
LEVEL_OF = {"worker": "grid", "community": "community", "street": "street"}
_NAME = re.compile(r"[\w.@·-](?:[\w .@·-]{0,48}[\w.@·-])?")
_TOKEN = re.compile(r"xg_([0-9]{1,9})_([A-Za-z0-9_-]{43})", re.ASCII)


class KeyMistakeError(ValueError):
    """The key cannot be made or revoked; ``problems`` lists everything that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def secret_hash(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _problems(
    session: Session, name: str, scopes: Sequence[str], role: str, unit: str | None, area: str | None
) -> list[str]:
    found = [f"there is no scope {scope!r}; there are: {', '.join(SCOPES)}" for scope in scopes if scope not in SCOPES]
    if not scopes:
        found.append(f"it needs at least one scope of: {', '.join(SCOPES)}")
    if not _NAME.fullmatch(name):
        found.append(f"the name {name!r} must be 1 to 50 letters, digits, spaces or . @ · - _")
    elif session.scalar(select(ApiKey.id).where(ApiKey.name == name)) is not None:
        found.append(f"there is a key named {name!r} already, perhaps a revoked one: choose another name")
    if unit is not None and session.get(Unit, unit) is None:
        found.append(f"there is no unit {unit!r}")
    where = session.get(Area, area) if area is not None else None
    if area is not None and where is None:
        found.append(f"there is no area {area!r}")
    if role not in ROLES:
        found.append(f"there is no role {role!r} for a key; there are: {', '.join(ROLES)}")
    elif role == "department" and (unit is None or area is not None):
        found.append("a department's key needs its unit, and no area")
    elif role == "resident" and (unit is not None or area is not None):
        found.append("a key that acts for residents has neither unit nor area")
    elif role in LEVEL_OF:
        level = LEVEL_OF[role]
        if unit is None and area is None:
            found.append(f"a key of role {role} needs its area (a {level}), its unit, or both")
        if where is not None and where.level != level:
            found.append(f"the area of role {role} must be a {level}; {area} is a {where.level}")
    return found


def make_key(
    session: Session,
    name: str,
    scopes: Sequence[str],
    role: str,
    unit: str | None = None,
    area: str | None = None,
    *,
    by: str = "terminal",
) -> str:
    """Make a key.

    Args:
        session: of the database; the caller commits.
        name: of who uses it, at most 50 characters; told in the history of what they do.
        scopes: keys of ``SCOPES``.
        role: one of ``ROLES``; what it may do with a ticket follows the workflow's table.
        unit: code of the unit it belongs to.
        area: code of the area it belongs to.
        by: who makes it.

    Returns:
        The key. It cannot be shown again.

    Raises:
        KeyMistakeError: listing every mistake; nothing was made.
    """
    problems = _problems(session, name, scopes, role, unit, area)
    if problems:
        raise KeyMistakeError(problems)
    secret = secrets.token_urlsafe(32)
    row = ApiKey(
        name=name,
        hash=secret_hash(secret),
        scopes=sorted(set(scopes)),
        role=role,
        unit=unit,
        area=area,
        created_at=now(),
        revoked_at=None,
    )
    session.add(row)
    session.flush()
    note = f"{role} {unit or '-'} {area or '-'}: {', '.join(row.scopes)}"
    audit.log(session, by, "key.make", f"{row.id} {name}", note)
    return f"xg_{row.id}_{secret}"


def revoke_key(session: Session, name: str, *, by: str = "terminal") -> ApiKey:
    """End a key's validity at once.

    Raises:
        KeyMistakeError: there is no such key, or it was revoked before.
    """
    row = session.scalar(select(ApiKey).where(ApiKey.name == name))
    if row is None or row.revoked_at is not None:
        names = ", ".join(k.name for k in valid_keys(session)) or "none"
        raise KeyMistakeError([f"there is no valid key named {name!r}; there are: {names}"])
    row.revoked_at = now()
    session.flush()
    audit.log(session, by, "key.revoke", f"{row.id} {name}")
    return row


def valid_keys(session: Session) -> list[ApiKey]:
    """The keys that hold, oldest first."""
    return list(session.scalars(select(ApiKey).where(ApiKey.revoked_at.is_(None)).order_by(ApiKey.id)))


def find_key(session: Session, token: str) -> ApiKey | None:
    """The valid key a token stands for; compared in constant time."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None
    row = session.get(ApiKey, int(match[1]))
    kept = row.hash if row is not None else secret_hash("")
    same = hmac.compare_digest(kept, secret_hash(match[2]))
    return row if row is not None and same and row.revoked_at is None else None
