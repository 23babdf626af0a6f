"""Names of the library found in a wording: as they are, shortened, by their sound, with one character wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from cases.places import context
from cases.places.details import after
from cases.places.library import ENDINGS, GENERIC, TYPO_FROM, AreaName, Library, Name, core, one_off
from cases.places.spelling import blurred, sound
from nlu.text.tokenise import known_word

FUZZY_WITHIN = 60  # characters; in a long letter everything sounds like something
LEAST_SOUND = 3  # characters a name must have to be known by its sound alone

_GENERIC = re.compile(rf"(?:{'|'.join(GENERIC)})(?![里内子下上道梯顶房长])")
_VILLAGE = re.compile(r"(?:大队|村子?(?![头口里委民东西南北道路]))")
_OTHER_ENDING = re.compile(rf"(?:{'|'.join(e for e in ENDINGS if len(e) > 1)})")
_NUMBER = re.compile(r"\d+号(?!楼|院)")  # 学府壹号 is a name
_SLIPS_IN = frozenset("的得地个儿那之")
# Characters that tell one place from another: none of them is a slip of the pen.
_TELLING = frozenset("东南西北中前后左右大小上下新老内外甲乙丙丁0123456789")


@dataclass(frozen=True)
class Mention:
    """A name in a folded text, and what it may mean.

    ``how``: name, alias; ending (another or a missing generic ending), short (the ending left out altogether),
    swapped (another estate's kind of ending); sound, blur (a dialect's sound), typo.
    """

    start: int
    end: int
    how: str
    names: tuple[Name, ...] = ()
    areas: tuple[AreaName, ...] = ()


def find(library: Library, text: str, *, loosely: bool = False) -> list[Mention]:
    """The library's names in a folded text, in their order; where they overlap, the longest.

    Args:
        library: the names.
        text: folded.
        loosely: pass over the sites whose names stand there as they are (宗楼步行街 is not just any 步行街).
    """
    found = _apart((m for m in _known(library, text) if not (loosely and m.names)), [])
    if len(text) > FUZZY_WITHIN:
        return found
    by_sound = (_by_sound(sound, "sound"), _by_sound(blurred, "blur"))
    for seek in by_sound if loosely else (*by_sound, _typos):
        if any(m.names and not _road(m) for m in found):
            break
        found = _apart(seek(library, text, _gaps(text, found)), found)
    return found


def _road(mention: Mention) -> bool:
    return all(n.site.level == "road" for n in mention.names)


def _apart(new: Iterable[Mention], taken: list[Mention]) -> list[Mention]:
    """``taken`` with those of ``new`` that overlap none, the longest first."""
    out = list(taken)
    for mention in sorted(new, key=lambda m: (m.start - m.end, m.how not in ("name", "alias"), m.start)):
        if all(mention.end <= m.start or m.end <= mention.start for m in out):
            out.append(mention)
    return sorted(out, key=lambda m: m.start)


def _gaps(text: str, taken: list[Mention]) -> list[tuple[int, int]]:
    """The stretches of Chinese between the mentions."""
    covered = "".join("，" if any(m.start <= i < m.end for m in taken) else c for i, c in enumerate(text))
    return [m.span() for m in re.finditer(r"[\u4e00-\u9fff\d]{2,}", covered)]


def _windows(start: int, end: int, longest: int, least: int) -> Iterator[tuple[int, int]]:
    for i in range(start, end - least + 1):
        for j in range(min(end, i + longest), i + least - 1, -1):
            yield i, j


def _known(library: Library, text: str) -> Iterator[Mention]:
    """Names as they are, and names of estates with another ending or none."""
    for i, first in enumerate(text):
        for j in range(min(len(text), i + library.starts.get(first, 0)), i + 1, -1):
            said = text[i:j]
            names, areas = library.names.get(said, []), library.areas.get(said, [])
            if (names or areas) and not said.isdigit():
                how = "name" if areas or any(n.how == "name" for n in names) else "alias"
                yield Mention(i, _extended(text, j, names), how, tuple(names), tuple(areas))
            if (short := library.cores.get(said)) and (end_how := _shortened(library, text, i, j)):
                yield Mention(i, *end_how, tuple(short))


def _extended(text: str, end: int, names: list[Name]) -> int:
    """With the generic word that follows: 棉纺新村小区, 北沟村."""
    levels = {n.site.level for n in names}
    pattern = _VILLAGE if levels == {"village"} else _GENERIC if levels == {"estate"} else None
    match = pattern.match(text, end) if pattern else None
    return match.end() if match else end


def _shortened(library: Library, text: str, start: int, end: int) -> tuple[int, str] | None:
    """Where a name ends that begins with an estate's core, and how it differs; None when the core is just a word."""
    if generic := _GENERIC.match(text, end):
        return generic.end(), "ending"
    if other := _OTHER_ENDING.match(text, end):
        return other.end(), "swapped"
    if text == text[start:end] and text not in library.beginnings:  # 东关 is rather the area than 东关里
        return end, "short"
    said = after(text[end:])
    if said.building and not said.loose and (said.stairwell or not _NUMBER.match(text, end)):
        return end, "short"
    return None


def _mention(library: Library, start: int, end: int, how: str, said: set[str]) -> Mention:
    names = [n for s in sorted(said) for n in library.names.get(s, [])]
    areas = [a for s in sorted(said) for a in library.areas.get(s, [])]
    return Mention(start, end, how, tuple(dict.fromkeys(names)), tuple(dict.fromkeys(areas)))


Seek = Callable[[Library, str, list[tuple[int, int]]], Iterator[Mention]]


def _by_sound(spoken: Callable[[str], str], how: str) -> Seek:
    def seek(library: Library, text: str, gaps: list[tuple[int, int]]) -> Iterator[Mention]:
        table = library.sounds if how == "sound" else library.blurs
        for start, end in gaps:
            syllables = [spoken(c) for c in text[start:end]]
            for i, j in _windows(start, end, library.longest, 2):
                said = table.get(tuple(syllables[i - start : j - start]), set()) - {text[i:j]}
                if said and (j - i >= LEAST_SOUND or after(text[j:]).building):
                    yield _mention(library, i, j, how, said)

    return seek


def _typos(library: Library, text: str, gaps: list[tuple[int, int]]) -> Iterator[Mention]:
    for start, end in gaps:
        for i, j in _windows(start, end, library.longest + 1, TYPO_FROM - 1):
            if not context.stands_alone(text[start:i], text[j:]):
                continue
            said = {s for s in _near(library, text[i:j]) if _slip(library, text[i:j], s)}
            if said:
                yield _mention(library, i, j, "typo", said)


def _near(library: Library, window: str) -> set[str]:
    """Names one character away."""
    found = set(library.typos.get(window, ()))
    for key in one_off(window):
        found |= library.typos.get(key, set()) if "*" in key else {key} if key in library.names else set()
    return {s for s in found if len(s) >= TYPO_FROM}


def _slip(library: Library, written: str, name: str) -> bool:
    """Whether ``written`` can be a slip for ``name``, rather than the name of another place."""
    if all(n.site.level in ("road", "village") for n in library.names[name]):
        return False
    at = next((i for i, (a, b) in enumerate(zip(written, name, strict=False)) if a != b), min(len(written), len(name)))
    wrong, right = written[at : at + 1], name[at : at + 1]
    if len(written) > len(name):
        return 0 < at < len(name) and wrong in _SLIPS_IN
    if len(written) < len(name):
        return right not in _TELLING and at > 0
    if at == 0 or wrong in _TELLING or right in _TELLING:
        return False
    own = core(name) or name
    if at < len(own) <= 2:
        return False  # 太平小区 is not 和平小区
    pairs = (written[at - 1 : at + 1], written[at : at + 2])
    return not any(len(pair) == 2 and known_word(pair) for pair in pairs)  # 人民法院 is not 人民医院
