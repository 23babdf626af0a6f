"""An entry of the knowledge base as words for a chat: whole, or idea by idea."""

from __future__ import annotations

from collections.abc import Iterable

from actions.words import numbered
from knowledge.citations import Citation
from knowledge.library import Library
from knowledge.model import Entry, Limit, Office

STEPS = 4  # in the short form; the rest is offered
PLACES = 2
LAWS = 2


def office(place: Office) -> str:
    """An office on one line: 司法所（电话12348，平安路3号）."""
    told = [f"电话{place.phone}" if place.phone else "", place.address or "", place.hours or ""]
    inside = "，".join(t for t in told if t)
    return f"{place.name}（{inside}）" if inside else place.name


def limit(time: Limit) -> str:
    """A time limit as a sentence or two."""
    since = f"从{time.since.removeprefix('从').removesuffix('算起').removesuffix('起')}起，" if time.since else ""
    missed = f"错过了，{time.if_missed.rstrip('。')}。" if time.if_missed else ""
    return f"{time.what}，{since}{time.time}。{missed}"


def laws(cited: Iterable[Citation], by_name: Iterable[str] = (), most: int = LAWS) -> str:
    """What it rests on: 《民法典》第一千零六十七条、第二十六条、《老年人权益保障法》第十四条."""
    chosen = list(cited)[:most]
    by_law: dict[str, list[str]] = {}
    for citation in chosen:
        by_law.setdefault(citation.law, []).append(citation.article)
    names = [f"《{law}》{'、'.join(articles)}" for law, articles in by_law.items()]
    names += [f"《{name}》" for name in by_name][: max(0, most - len(chosen))]
    return "、".join(names)


def phone(number: str) -> str:
    """The number to call."""
    return f"打电话问：{number}" + ("，免费" if number == "12348" else "")


def short(entry: Entry, library: Library) -> list[str]:
    """The answer in two messages: what holds, and what to do next, where, by when."""
    first = [entry.answer]
    first += [f"别错过：{limit(entry.limits[0])}"] if entry.limits else []
    offices = [library.offices[key] for key in entry.where[:PLACES]]
    second = ["您可以这样做：", numbered(list(entry.steps[:STEPS]))]
    second += [f"去哪儿：{'；'.join(office(o) for o in offices)}"] if offices else []
    second += [f"依据：{laws(entry.statutes, entry.by_name)}", phone(entry.phone)]
    return ["\n".join(first), "\n".join(second)]


def ideas(entry: Entry, library: Library) -> list[str]:
    """The whole answer, one idea a piece, the most needed first."""
    pieces = [entry.answer]
    pieces += [f"有个时间别错过。{limit(t)}" for t in entry.limits]
    count = len(entry.steps)
    pieces += [f"第{'一二三四五六七八九'[i]}步（共{count}步）：{step}" for i, step in enumerate(entry.steps[:9])]
    if entry.where:
        pieces.append("去哪儿：\n" + "\n".join(office(library.offices[key]) for key in entry.where))
    if entry.papers:
        pieces.append(f"带上：{'、'.join(entry.papers)}。")
    pieces += [f"花多少钱：{entry.fees}"] if entry.fees else []
    pieces += [f"当心：{warning}" for warning in entry.warnings]
    pieces.append(f"这些话依据的是{laws(entry.statutes, entry.by_name)}。拿不准，{phone(entry.phone)}。")
    return pieces


def rest(entry: Entry, library: Library) -> list[str]:
    """What :func:`short` leaves out."""
    more: list[str] = []
    if len(entry.steps) > STEPS:
        more.append(numbered(list(entry.steps)))
    if entry.papers:
        more.append(f"带上：{'、'.join(entry.papers)}。")
    more += [f"别错过：{limit(t)}" for t in entry.limits[1:]]
    more += [f"花多少钱：{entry.fees}"] if entry.fees else []
    more += [f"当心：{warning}" for warning in entry.warnings]
    if len(entry.where) > PLACES:
        more.append("还可以去：" + "；".join(office(library.offices[key]) for key in entry.where[PLACES:]))
    more += [f"全部依据：{laws(entry.statutes, entry.by_name, most=99)}"] if len(entry.statutes) > LAWS else []
    return more
