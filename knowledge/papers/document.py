"""The papers of one person as printed: where one stands, what to do, where to go, by when; and the draft to take along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from knowledge.citations import Citation
from knowledge.guiding import interview as interviews
from knowledge.guiding.interview import Interview
from knowledge.guiding.model import Guide, Result
from knowledge.library import Library
from knowledge.model import Law, Limit, Office
from knowledge.papers.draft import Draft
from knowledge.papers.filling import Filled, fill
from knowledge.papers.fitting import fit
from knowledge.papers.words import for_phone, words

Style = Literal["text", "numbered", "ticked", "listed"]
NAME = "name"  # the question guides ask for the name in


@dataclass(frozen=True)
class Item:
    """A line of a section, and smaller ones that belong to it."""

    text: str
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """A heading with what stands under it: plain text, numbered steps, things to tick off, or a list."""

    title: str
    style: Style
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Document:
    """What is printed, in its order.

    ``sections`` begin with the position; ``phone`` and what it is for (``phone_for``) stand below that in large type.
    ``whom`` is the name, if it was told. ``draft`` begins a new page. ``last`` is the last line of everything.
    """

    title: str
    city: str
    whom: str | None
    on: date
    sections: tuple[Section, ...]
    phone: str
    phone_for: str | None
    draft: Filled | None
    last: str

    @property
    def day(self) -> str:
        """The day it was made, 2026年11月22日."""
        return words("day", year=self.on.year, month=self.on.month, day=self.on.day)


def _office(office: Office) -> Item:
    said = [office.does]
    if office.phone:
        said.append(words("phone", phone=office.phone))
    if office.address:
        said.append(words("address", address=office.address))
    if office.hours:
        said.append(words("hours", hours=office.hours))
    return Item(office.name, tuple(said))


def _limit(limit: Limit) -> Item:
    said = []
    if limit.since:
        said.append(words("since", since=limit.since))
    if limit.if_missed:
        said.append(words("if_missed", if_missed=limit.if_missed))
    return Item(f"{limit.what}：{limit.time}", tuple(said))


def _statutes(citations: Iterable[Citation], laws: Mapping[str, Law]) -> tuple[Item, ...]:
    """A law with its articles, laws in the order they are first cited in; each article with its point in plain words."""
    by_law: dict[str, list[str]] = {}
    for citation in dict.fromkeys(citations):
        gist = laws[citation.law].gists.get(citation.article) if citation.law in laws else None
        said = words("article", article=citation.article, gist=gist) if gist else citation.article
        by_law.setdefault(citation.law, []).append(said)
    return tuple(Item(words("law", law=law), tuple(articles)) for law, articles in by_law.items())


def _form(filled: Filled) -> tuple[Item, ...]:
    said = [words("form_is", title=filled.title)]
    if filled.note:
        said.append(filled.note)
    if filled.answers:
        said.append(words("form_answers"))
    if filled.blanks:
        said += [words("form_blanks", count=len(filled.blanks)), words("form_own_hand")]
    return tuple(Item(line) for line in said)


def _items(lines: Iterable[str]) -> tuple[Item, ...]:
    return tuple(Item(line) for line in lines)


def _sections(result: Result, library: Library, filled: Filled | None) -> tuple[Section, ...]:
    offices = tuple(_office(library.offices[key]) for key in result.where if key in library.offices)
    citations = (*result.statutes, *(limit.statute for limit in result.limits if limit.statute))
    every = (
        Section(words("title_of_position"), "text", _items([result.position])),
        Section(words("title_of_steps"), "numbered", _items(result.steps)),
        Section(words("title_of_papers"), "ticked", _items(result.papers)),
        Section(words("title_of_where"), "listed", offices),
        Section(words("title_of_limits"), "listed", tuple(_limit(limit) for limit in result.limits)),
        Section(words("title_of_warnings"), "listed", _items(result.warnings)),
        Section(words("title_of_form"), "listed", _form(filled) if filled is not None else ()),
        Section(words("title_of_statutes"), "listed", _statutes(citations, library.laws)),
    )
    return tuple(section for section in every if section.items)


def of(
    guide: Guide,
    interview: Interview,
    library: Library,
    drafts: Mapping[str, Draft],
    city_name: str,
    on: date,
) -> Document:
    """The papers of an interview that has come to its end.

    Args:
        guide: of the interview.
        interview: at a result.
        library: for offices and statutes.
        drafts: by id.
        city_name: as it calls itself, 云溪市.
        on: the day they are made.

    Raises:
        ValueError: the interview is not at its end or not of this guide, or the result's draft does not exist.
    """
    if interview.guide != guide.id or not interviews.fits(guide, interview):
        raise ValueError(f"an interview of {interview.guide} at {interview.at} is none of the guide {guide.id}")
    result = interviews.result(guide, interview)
    if result is None:
        raise ValueError(f"the interview of {guide.id} is not at its end but at the question {interview.at}")
    told = interviews.told(guide, interview)
    filled = None
    if result.draft is not None:
        if result.draft not in drafts:
            raise ValueError(f"{guide.file}:{result.line}: {result.id}: there is no draft {result.draft!r}")
        filled = fill(drafts[result.draft], interviews.facts(guide, interview), told)
    return Document(
        title=guide.title,
        city=city_name,
        whom=fit(told[NAME], "姓名", "", "") if NAME in told else None,
        on=on,
        sections=_sections(result, library, filled),
        phone=result.phone,
        phone_for=for_phone(result.phone),
        draft=filled,
        last=words("last"),
    )
