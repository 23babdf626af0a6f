"""Guided help as pages: the guides to choose from, one question at a time, and the page of what to do.

They work without scripts. The address of an interview is its secret: who has it may read it and go on with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from bot.web.guarding import Guarded
from bot.web.rendering import page, told
from common.db import reading, transaction
from common.logs import log
from common.settings import settings
from knowledge.guiding import graph, interview, kept
from knowledge.guiding.interview import LONGEST_ANSWER, Interview
from knowledge.guiding.kept import ChangedMeanwhileError, GuideChangedError
from knowledge.guiding.model import Guide, Result
from knowledge.guiding.served import Guiding, served
from knowledge.guiding.table import Kept
from knowledge.papers import document, docx, pdf
from knowledge.papers.words import for_phone
from nlu.text.normalise import clean

router = APIRouter(prefix="/help", route_class=Guarded)
EMERGENCY = ("110", "119", "120")
PAPERS = {
    "pdf": (pdf.to_pdf, "application/pdf"),
    "docx": (docx.to_docx, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
}


class NotAnsweredError(ValueError):
    """The form held no answer to the question; ``note`` names the sentence that says so."""

    def __init__(self, note: str) -> None:
        super().__init__(note)
        self.note = note


@dataclass(frozen=True)
class Said:
    """What a question's form was sent with: the number of a choice, words, or that it is to be skipped."""

    choice: str
    words: str
    skip: bool

    def on(self, guide: Guide, standing: Interview) -> Interview:
        """The interview with this answer given.

        Raises:
            NotAnsweredError: it is no answer to the question.
        """
        asked = guide.questions.get(standing.at)
        if asked is None:
            raise NotAnsweredError("changed")
        if asked.choices:
            try:
                return interview.choose(guide, standing, int(self.choice))
            except ValueError:
                raise NotAnsweredError("choose") from None
        words = "" if self.skip else clean(self.words).strip()
        if not words and not self.skip:
            raise NotAnsweredError("empty")
        return interview.say(guide, standing, words)


def link(request: Request, token: str) -> str:
    """The whole address of an interview, to be sent to somebody."""
    return f"{settings().public_url or str(request.base_url).rstrip('/')}/help/{token}"


def _to(token: str, note: str | None = None) -> Response:
    return RedirectResponse(f"/help/{token}" + (f"?note={note}" if note else ""), 303)


def _gone(request: Request) -> Response:
    return told(request, "gone", 404)


def _changed(request: Request, found: Kept, known: Guiding) -> Response:
    """The guide is another now. It can be begun anew unless it is gone."""
    return told(request, "changed", 409, again=found.id if found.guide in known.guides else None, version=found.version)


@router.get("")
def guides(request: Request) -> Response:
    """The guides to choose from."""
    return page(request, "list.html", guides=tuple(served().guides.values()), danger=EMERGENCY, secret=False)


@router.post("/start")
def start(request: Request, guide: str = Form("")) -> Response:
    """Begin an interview."""
    chosen = served().guides.get(guide)
    if chosen is None:
        return RedirectResponse("/help", 303)
    with transaction() as session:
        token = kept.start(session, chosen).id
    return _to(token)


@router.get("/{token}")
def show(request: Request, token: str) -> Response:
    """The question to answer now, or the result."""
    known = served()
    with reading() as session:
        found = kept.get(session, token)
    if found is None:
        return _gone(request)
    try:
        guide, standing = kept.taken_up(known.guides, found)
    except GuideChangedError:
        return _changed(request, found, known)
    common: dict[str, Any] = {
        "guide": guide,
        "token": token,
        "version": found.version,
        "number": len(standing.steps) + 1,
        "link": link(request, token),
        "danger": _danger(guide, standing),
    }
    asked = interview.question(guide, standing)
    if asked is not None:
        return page(request, "question.html", question=asked, **common)
    result = guide.results[standing.at]
    return page(request, "result.html", **common, **_result(known, guide, standing, result))


def _danger(guide: Guide, standing: Interview) -> tuple[str, ...]:
    """The emergency numbers to have at hand, when something that can still come of it is about danger."""
    ahead = (guide.results.get(id_) for id_ in graph.reached(guide, standing.at))
    phones = {result.phone for result in ahead if result is not None}
    return EMERGENCY if "119" in phones else EMERGENCY[::2] if phones & set(EMERGENCY) else ()


def _result(known: Guiding, guide: Guide, standing: Interview, result: Result) -> dict[str, Any]:
    library = known.library
    cited = dict.fromkeys((*result.statutes, *(limit.statute for limit in result.limits if limit.statute)))
    draft = known.drafts.get(result.draft) if result.draft else None
    return {
        "result": result,
        "phone_for": for_phone(result.phone),
        "offices": [library.offices[key] for key in result.where if key in library.offices],
        "entries": [library.entries[key] for key in result.entries if key in library.entries],
        "statutes": [
            (f"《{c.law}》{c.article}", library.laws[c.law].gists.get(c.article, ""))
            for c in cited
            if c.law in library.laws
        ],
        "answers": [(guide.questions[step.question].ask, step.said) for step in standing.steps],
        "draft": draft.title if draft else None,
    }


def _moved(
    request: Request,
    token: str,
    version: str,
    move: Callable[[Guide, Interview], Interview],
    note: str | None = None,
    again: Callable[[Guide, Kept, Interview], bool] = lambda *_: False,
) -> Response:
    """Move an interview on, or back. What was sent to a question that was answered meanwhile changes nothing.

    Args:
        request: what is answered.
        token: of the interview.
        version: of it that the form was made for.
        move: what becomes of the interview.
        note: the sentence to say when all went well.
        again: whether a form for an earlier version only says once more what is kept already.
    """
    known = served()
    with transaction() as session:
        found = kept.get(session, token)
        if found is None:
            return _gone(request)
        try:
            guide, standing = kept.taken_up(known.guides, found)
            if version != str(found.version):
                return _to(token, None if again(guide, found, standing) else "changed")
            kept.answered(session, found, guide, move(guide, standing))
        except GuideChangedError:
            return _changed(request, found, known)
        except ChangedMeanwhileError:
            note = "changed"
        except NotAnsweredError as error:
            note = error.note
    return _to(token, note)


@router.post("/{token}")
def answer(
    request: Request,
    token: str,
    version: str = Form(""),
    choice: str = Form(""),
    words: str = Form("", alias="answer"),
    skip: str = Form(""),
) -> Response:
    """An answer. One to a question that was answered meanwhile changes nothing."""
    said = Said(choice, words, bool(skip))
    note = "cut" if len(words.strip()) > LONGEST_ANSWER and not skip else None
    return _moved(request, token, version, said.on, note, partial(_twice, version, said))


def _twice(version: str, said: Said, guide: Guide, found: Kept, standing: Interview) -> bool:
    """Whether this is the last answer once more: the button was pressed twice."""
    if version != str(found.version - 1):
        return False
    try:
        return said.on(guide, interview.back(guide, standing)) == standing
    except NotAnsweredError:
        return False


@router.post("/{token}/back")
def back(request: Request, token: str, version: str = Form("")) -> Response:
    """One question back."""
    return _moved(request, token, version, interview.back)


@router.post("/{token}/again")
def again(request: Request, token: str, version: str = Form("")) -> Response:
    """From the first question, under the same address."""
    known = served()
    with transaction() as session:
        found = kept.get(session, token)
        guide = known.guides.get(found.guide) if found else None
        if found is None or guide is None:
            return _gone(request)
        if version != str(found.version):
            return _to(token, "changed")
        try:
            kept.save(session, found, interview.begin(guide))
        except ChangedMeanwhileError:
            return _to(token, "changed")
    return _to(token, "again")


@router.post("/{token}/forget")
def forget(token: str) -> Response:
    """Remove all that was filled in."""
    with transaction() as session:
        kept.forget(session, token)
    return RedirectResponse("/help?note=forgotten", 303)


@router.get("/{token}/paper.{kind}")
def paper(request: Request, token: str, kind: str) -> Response:
    """The result to print or to fill in: ``paper.pdf`` in large type, ``paper.docx``."""
    known = served()
    with reading() as session:
        found = kept.get(session, token)
    if found is None or kind not in PAPERS:
        return _gone(request)
    try:
        guide, standing = kept.taken_up(known.guides, found)
    except GuideChangedError:
        return _changed(request, found, known)
    if interview.result(guide, standing) is None:  # somebody went back meanwhile
        return _to(token)
    make, media_type = PAPERS[kind]
    config = settings()
    today = datetime.now(ZoneInfo(config.timezone)).date()
    try:
        made = make(document.of(guide, standing, known.library, known.drafts, config.city_name, today))
    except Exception as error:  # its text, and the lines it comes from, may hold what was said
        log().error("paper not made", kind=kind, guide=guide.id, result=standing.at, error=type(error).__name__)
        return told(request, "paper", 503, way=f"/help/{token}")
    name = f"attachment; filename=\"help.{kind}\"; filename*=UTF-8''{quote(f'{guide.title}.{kind}', safe='')}"
    return Response(made, media_type=media_type, headers={"Content-Disposition": name})


@router.get("/{token}/{_rest:path}")
def elsewhere(request: Request, token: str, _rest: str) -> Response:
    """What a browser asks for when an address that takes answers alone is opened again."""
    with reading() as session:
        found = kept.get(session, token)
    return _to(token) if found else _gone(request)
