"""A mentioned site with what is said beside it: its building and door, and doubts whether it is the place meant."""

from __future__ import annotations

from dataclasses import dataclass

from cases.places import context
from cases.places.details import Details, after, before
from cases.places.library import Library, core
from cases.places.mentions import Mention

UNSTEADY = frozenset({"short", "swapped", "sound", "blur", "typo"})  # too little to stand a doubt besides


@dataclass(frozen=True)
class Said:
    """A mention of a site with what is said beside it."""

    mention: Mention
    details: Details
    doubts: tuple[str, ...]

    @property
    def road(self) -> bool:
        return all(n.site.level == "road" for n in self.mention.names)


def sites(library: Library, text: str, mentions: list[Mention]) -> tuple[list[Said], bool]:
    """The mentions of sites that hold in their context, and whether one was turned away as another place's name."""
    out, turned_away, last = [], False, 0
    for mention in mentions:
        if mention.names:
            said = _beside(library, text, mention, last)
            if context.OTHER in said.doubts or (said.doubts and mention.how in UNSTEADY):
                turned_away = True
            else:
                out.append(said)
        last = mention.end
    return out, turned_away


def _beside(library: Library, text: str, mention: Mention, last: int) -> Said:
    """What stands before (from ``last``) and behind a mention."""
    head, tail, name = text[last : mention.start], text[mention.end :], text[mention.start : mention.end]
    levels = {n.site.level for n in mention.names}
    details = after(tail, house=levels <= {"road", "village"})
    doubts = set()
    if details == Details():
        whole = core(name) is not None or levels != {"estate"}
        doubts.add(context.behind(tail, min(levels), whole=whole))
        details = before(head)
        head = "" if details != Details() else head
    doubts.add(context.before(head, library.beginnings, estate="place" not in levels, first=last == 0))
    return Said(mention, details, tuple(sorted(doubts - {""})))
