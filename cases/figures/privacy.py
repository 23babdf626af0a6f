"""What is not told because too few persons are behind it: a rate of three people says what each of them thinks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cases.figures.words import Measure

LEAST = 5  # persons


def _few(bases: Sequence[int], *, secret: bool) -> Iterator[int]:
    """The places of groups with too few persons.

    What is ``secret`` must not come out by taking the other groups off the total either: as long as the groups not told
    of have too few persons together, the next larger one is not told of as well.
    """
    together = 0
    for base, place in sorted((base, place) for place, base in enumerate(bases) if base):
        if base >= LEAST and not (secret and 0 < together < LEAST):
            return
        together += base
        yield place


def hidden(chosen: Sequence[Measure], counted: Sequence[Mapping[str, int]]) -> list[set[str]]:
    """The figures that are not told, for each group.

    Args:
        chosen: the figures there are.
        counted: each group's counts; all groups of a table, or its total alone.
    """
    found: list[set[str]] = [set() for _ in counted]
    for measure in chosen:
        if measure.persons:
            for place in _few([counts.get(measure.over, 0) for counts in counted], secret=bool(measure.hides)):
                found[place] |= {measure.key, *measure.hides}
    return found
