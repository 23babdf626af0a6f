"""From a pin to its grid: the outline it lies in, or the nearest one; without outlines, the nearest known place."""

from __future__ import annotations

from dataclasses import dataclass

import shapely
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.model import Area
from cases.places.index import Match, PlaceIndex
from cases.places.library import KEPT
from cases.places.shapes import on_the_ground
from common.db import address_of

OUTSIDE = 30.0  # metres beyond an outline that still count as in it
UNSTEADY = 15.0  # metres a phone's position is off, about
INSIDE_SURE, EDGE_SURE, OUTSIDE_SURE = 0.95, 0.75, 0.5


@dataclass(frozen=True)
class Outlines:
    """The outlines of a city's grids, in metres, with an index over them."""

    loaded: str
    grids: tuple[tuple[str, str], ...]  # code and name
    shapes: tuple[BaseGeometry, ...]
    tree: shapely.STRtree
    lat: float  # at which they are true to size

    @classmethod
    def of(cls, session: Session) -> Outlines:
        """The outlines of the session's database, read anew when the city's data changed."""
        loaded, key = PlaceIndex.of(session).library.loaded, address_of(session)
        known = _OUTLINES.get(key)
        if known is None or known.loaded != loaded:
            known = _read(session, loaded)
            _OUTLINES.pop(key, None)
            _OUTLINES[key] = known
            for old in list(_OUTLINES)[:-KEPT]:
                _OUTLINES.pop(old, None)
        return known


_OUTLINES: dict[str, Outlines] = {}


def _read(session: Session, loaded: str) -> Outlines:
    query = select(Area.code, Area.name, Area.shape).where(Area.level == "grid").order_by(Area.code)
    rows = [(code, name, shape(geometry)) for code, name, geometry in session.execute(query) if geometry]
    lat = sum(outline.centroid.y for _, _, outline in rows) / len(rows) if rows else 0.0
    ground = tuple(on_the_ground(outline, lat) for _, _, outline in rows)
    for outline in ground:
        shapely.prepare(outline)
    return Outlines(loaded, tuple((code, name) for code, name, _ in rows), ground, shapely.STRtree(ground), lat)


def grid_of_pin(session: Session, lat: float, lng: float) -> Match | None:
    """The grid a pin lies in.

    Args:
        session: of the database.
        lat: degrees, WGS 84 (convert a WeChat pin with :func:`cases.places.gcj02_to_wgs84`).
        lng: degrees, WGS 84.

    Returns:
        The grid with its name. Surest well inside its outline; less near its border, where the phone may stand on the
        other side; least outside, up to 30 m. Grids that have no outline are found by their nearest place. None when
        nothing is near.
    """
    index, outlines = PlaceIndex.of(session), Outlines.of(session)
    near = [(i, away) for i, away in _near(outlines, lat, lng) if away <= OUTSIDE]
    if near:
        i, away = near[0]
        code, name = outlines.grids[i]
        if away > 0:
            sure = OUTSIDE_SURE + (EDGE_SURE - OUTSIDE_SURE) * (1 - away / OUTSIDE)
        else:
            edge = any(other <= UNSTEADY for _, other in near[1:])
            sure = EDGE_SURE if edge else INSIDE_SURE
        return Match(code, name, round(sure, 3))
    drawn = {code for code, _ in outlines.grids}
    known = {part.grid for site in index.library.sites for part in site.parts}
    return index.nearest(lat, lng, frozenset(known - drawn)) if known - drawn else None


def _near(outlines: Outlines, lat: float, lng: float) -> list[tuple[int, float]]:
    """Outlines near a pin with their distance in metres, the nearest first; 0 inside."""
    if not outlines.shapes:
        return []
    pin = on_the_ground(Point(lng, lat), outlines.lat)
    found = outlines.tree.query(pin, predicate="dwithin", distance=OUTSIDE)
    return sorted(((int(i), outlines.shapes[i].distance(pin)) for i in found), key=lambda p: p[1])
