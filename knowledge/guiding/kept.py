"""Interviews kept in the database: begun, found again by their link or their owner, gone on with, and forgotten.

The functions work on a session; whoever opened it commits. The chat and the page may have the same interview open.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from common.db import now
from knowledge.guiding import interview as steps
from knowledge.guiding.interview import Interview, Step
from knowledge.guiding.model import Guide, Question
from knowledge.guiding.table import Kept

KEPT_DAYS = 30  # after the last answer
TOKEN_LENGTH = 26  # of 32 signs: 130 random bits
# Small letters and digits that are not taken for each other: the link may be copied from paper, and ends in no sign that
# a messenger would leave off.
_SIGNS = "abcdefghijkmnpqrstuvwxyz23456789"
_TOKEN = re.compile(f"[{_SIGNS}]{{{TOKEN_LENGTH}}}")


class ChangedMeanwhileError(RuntimeError):
    """Somebody else answered since this interview was read, or it was forgotten. Read it again."""


class GuideChangedError(RuntimeError):
    """The guide was changed or taken away so that the answers given no longer lead through it. It has to be begun anew."""


def start(session: Session, guide: Guide, owner: str | None = None) -> Kept:
    """Keep a new interview, before its first question.

    Args:
        session: the caller commits.
        guide: the one to go through.
        owner: the conversation it belongs to; None for one begun on the page.
    """
    moment = now()
    kept = Kept(
        id="".join(secrets.choice(_SIGNS) for _ in range(TOKEN_LENGTH)),
        owner=owner,
        guide=guide.id,
        state=steps.begin(guide).stored(),
        version=1,
        started_at=moment,
        changed_at=moment,
        ended_at=None,
    )
    session.add(kept)
    session.flush()
    return kept


def _oldest() -> datetime:
    return now() - timedelta(days=KEPT_DAYS)


def get(session: Session, token: str) -> Kept | None:
    """The interview of a link; None if there is none, or none that was answered in the last :data:`KEPT_DAYS`."""
    if not _TOKEN.fullmatch(token):  # whatever came in an address
        return None
    return session.scalar(select(Kept).where(Kept.id == token, Kept.changed_at >= _oldest()))


def latest(session: Session, owner: str) -> Kept | None:
    """The interview an owner has under way: the one answered last, not ended, not older than :data:`KEPT_DAYS`."""
    mine = select(Kept).where(Kept.owner == owner, Kept.ended_at.is_(None), Kept.changed_at >= _oldest())
    return session.scalar(mine.order_by(Kept.changed_at.desc(), Kept.id).limit(1))


def taken_up(guides: Mapping[str, Guide], kept: Kept) -> tuple[Guide, Interview]:
    """The guide and where somebody stands in it.

    Raises:
        GuideChangedError: the answers do not lead there any more. (A choice that was only worded better still counts.)
    """
    guide, standing = guides.get(kept.guide), Interview.of(kept.state)
    if guide is None or not steps.fits(guide, standing):
        raise GuideChangedError(f"guide {kept.guide!r} has changed since the interview was kept")
    again = steps.begin(guide)
    for step in standing.steps:
        asked = guide.questions.get(again.at)
        if asked is None or asked.id != step.question or not _still_there(asked, step):
            raise GuideChangedError(f"guide {kept.guide!r} asks otherwise than when the interview was kept")
        again = (
            steps.say(guide, again, step.said) if step.choice is None else steps.choose(guide, again, step.choice + 1)
        )
    if again.at != standing.at:
        raise GuideChangedError(f"guide {kept.guide!r} leads elsewhere than when the interview was kept")
    return guide, standing


def _still_there(asked: Question, step: Step) -> bool:
    if step.choice is None:
        return not asked.choices
    words = [choice.say for choice in asked.choices]
    # The same place with other words is a better wording; the same words at another place are another choice now.
    return step.choice < len(words) and (words[step.choice] == step.said or step.said not in words)


def save(session: Session, kept: Kept, interview: Interview) -> None:
    """Keep where an interview stands now. One that had ended is under way again.

    Args:
        session: the caller commits.
        kept: as it was read; it is brought up to date.
        interview: what became of it.

    Raises:
        ChangedMeanwhileError: it is not any more as ``kept`` says; nothing was changed.
    """
    _set(session, kept, state=interview.stored(), version=kept.version + 1, changed_at=now(), ended_at=None)


def answered(session: Session, kept: Kept, guide: Guide, interview: Interview) -> None:
    """Keep where an interview stands after an answer, and note its end where it has come to a result.

    Raises:
        ChangedMeanwhileError: it is not any more as ``kept`` says; nothing was changed.
    """
    save(session, kept, interview)
    if steps.result(guide, interview) is not None:
        end(session, kept)


def end(session: Session, kept: Kept) -> None:
    """Note that an interview has come to its result, or was broken off. Its link goes on leading to it.

    Raises:
        ChangedMeanwhileError: it is not any more as ``kept`` says; nothing was changed.
    """
    _set(session, kept, ended_at=now())


def _set(session: Session, kept: Kept, **values: Any) -> None:
    known = update(Kept).where(Kept.id == kept.id, Kept.version == kept.version).values(values)
    done = cast(CursorResult[Any], session.execute(known, execution_options={"synchronize_session": False}))
    if done.rowcount != 1:
        raise ChangedMeanwhileError("the interview was answered or forgotten by somebody else since it was read")
    for name, value in values.items():
        set_committed_value(kept, name, value)


def forget(session: Session, token: str) -> bool:
    """Remove an interview with all that was said in it. False if it was not there."""
    gone = delete(Kept).where(Kept.id == token)
    done = cast(CursorResult[Any], session.execute(gone, execution_options={"synchronize_session": False}))
    return done.rowcount == 1


def purge(session: Session, before: datetime | None = None) -> int:
    """Remove every interview that was answered last before a moment; by default :data:`KEPT_DAYS` ago.

    Returns:
        How many there were.
    """
    old = delete(Kept).where(Kept.changed_at < (before or _oldest()))
    return cast(CursorResult[Any], session.execute(old, execution_options={"synchronize_session": False})).rowcount
