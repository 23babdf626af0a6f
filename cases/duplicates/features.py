"""What speaks for and against two reports telling of one matter. Each feature's meaning and weight: ``weights.yml``."""

from __future__ import annotations

from cases.duplicates.matters import matters
from cases.duplicates.reports import Report, Where, own_words, together

DAY = 86_400.0
LATEST = 3.0  # lasting times after which more time makes no difference
UNKNOWN_MEANING = 0.25  # the usual nearness of two reports of one matter type
MOST_OWN_WORDS = 2
LONGEST_PIECE = 4  # characters

# The relation of two places: exactly one of these holds.
RELATIONS = (
    "same_name",
    "same_grid",
    "same_community",
    "same_street",
    "elsewhere",
    "alike",
    "unlike",
    "unclear",
    "unplaced",
)
OTHERS = (
    "mentions told_piece other_home other_site other_road same_building other_building same_door other_door same_type kindred_type "
    "bordering_type late meaning same_subject other_subject same_trouble other_trouble own_home same_line other_line "
    "own_words same_person"
).split()
NAMES = (*RELATIONS, *OTHERS)
NEAR = frozenset({"same_name", "same_grid", "same_community", "alike"})


def _pieces(text: str) -> set[str]:
    return {text[i : i + 2] for i in range(len(text) - 1)}


def relation(a: Where, b: Where) -> str:
    """How two places lie to each other, one of ``RELATIONS``."""
    if not a.said or not b.said:
        return "unplaced"
    if a.names & b.names:
        return "same_name"
    if a.grids & b.grids:
        return "same_grid"
    if a.community and a.community == b.community:
        return "same_community"
    if a.street and b.street:
        return "same_street" if a.street == b.street else "elsewhere"
    if a.loose and b.loose and not a.names and not b.names:
        contained = a.loose in b.loose or b.loose in a.loose
        return "alike" if contained or _pieces(a.loose) & _pieces(b.loose) else "unlike"
    return "unclear"


def _conflict(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one) and bool(other) and not one & other


def _longest(pieces: tuple[str, ...], text: str) -> int:
    """Characters of the longest part of a piece that the text has, at most ``LONGEST_PIECE``."""
    best = 0
    for piece in pieces:
        for start in range(len(piece)):
            while best < min(LONGEST_PIECE, len(piece) - start) and piece[start : start + best + 1] in text:
                best += 1
    return best


def _told_piece(a: Report, b: Report) -> int:
    """Characters over one of the longest part of one's place that the other's text has (启航英语, 那个启航黄了: 1)."""
    return max(0, max(_longest(a.where.pieces, b.words.text), _longest(b.where.pieces, a.words.text)) - 1)


def _places(a: Report, b: Report, holds: str) -> dict[str, float]:
    one, other = a.where, b.where
    near = holds in NEAR
    mentions = bool(one.names & b.words.mentioned or other.names & a.words.mentioned)
    touch = mentions or holds == "same_name"
    other_home = near and _conflict(one.homes, other.homes) and not touch
    roads_a, roads_b = one.roads | a.words.roads, other.roads | b.words.roads
    nearby = holds in ("same_grid", "same_community")
    same_building = bool(one.building) and one.building == other.building
    other_building = bool(one.building and other.building) and not same_building
    narrow = "building" in (a.kind.reach, b.kind.reach)
    doors = [(one.door, b), (other.door, a)]
    met = any(door and (door in r.words.numbers or door == r.where.door) for door, r in doors)
    missed = any(door and door not in r.words.numbers and door != r.where.door for door, r in doors)
    return {
        "mentions": float(mentions and holds != "same_name"),
        "told_piece": float(_told_piece(a, b)) if holds in ("unplaced", "unclear") else 0.0,
        "other_home": float(other_home),
        "other_site": float(nearby and _conflict(one.sites, other.sites)),
        "other_road": float(
            near
            and bool(one.roads and other.roads)
            and not (roads_a & other.roads or one.roads & roads_b)
            and not touch
        ),
        "same_building": float(holds in ("same_name", "same_grid", "alike") and same_building),
        "other_building": float(near and other_building and narrow),
        "same_door": float(near and met),
        "other_door": float(missed),
    }


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    """The part of all entries that both have."""
    return len(one & other) / len(one | other) if one and other else 0.0


def _own_words(a: Report, b: Report) -> float:
    shared = own_words(a.words.text) & own_words(b.words.text)
    places = "".join((a.where.said, b.where.said))
    return float(min(MOST_OWN_WORDS, sum(w not in places for w in shared)))


def features(a: Report, b: Report) -> dict[str, float]:
    """All features of a pair by name (``NAMES``); the same whichever report comes first."""
    holds = relation(a.where, b.where)
    kindred = matters().kindred(a.type, b.type)
    days = abs((a.at - b.at).total_seconds()) / DAY
    x, y = a.words, b.words
    wrong = _share(x.troubles, y.troubles)
    return {
        **{name: float(name == holds) for name in RELATIONS},
        **_places(a, b, holds),
        "same_type": float(a.type is not None and a.type == b.type),
        "kindred_type": float(kindred),
        "bordering_type": float(matters().bordering(a.type, b.type)),
        "late": min(LATEST, days / max(a.kind.days, b.kind.days)),
        "meaning": together(a.vector, b.vector, UNKNOWN_MEANING),
        "same_subject": _share(x.subjects, y.subjects),
        "other_subject": float(_conflict(x.subjects, y.subjects)),
        "same_trouble": wrong,
        "other_trouble": float(_conflict(x.troubles, y.troubles)),
        "own_home": float(x.own_home or y.own_home),
        "same_line": float(bool(x.lines & y.lines)),
        "other_line": float(_conflict(x.lines, y.lines)),
        "own_words": _own_words(a, b) if holds == "unplaced" else 0.0,
        "same_person": float(bool(a.person & b.person)),
    }
