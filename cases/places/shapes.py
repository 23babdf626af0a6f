"""Outlines of areas: read from GeoJSON, checked, kept in ``Area.shape``.

A FeatureCollection in WGS 84, longitude first (RFC 7946); each feature is a Polygon or MultiPolygon whose properties
have the area's ``code``. Grids must not overlap; where two digitised borders cross each other by less than a metre,
that is taken for one border.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases import audit
from cases.model import Area
from cases.places.earth import EARTH

BORDER = 1.0  # metres by which two neighbours' borders may cross each other
_KINDS = ("Polygon", "MultiPolygon")


class ShapeError(ValueError):
    """Outlines were refused; ``problems`` lists every mistake."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the outlines were not loaded:\n  " + "\n  ".join(problems))
        self.problems = problems


def on_the_ground(geometry: BaseGeometry, lat: float) -> BaseGeometry:
    """A geometry in degrees as one in metres, true to size near the latitude ``lat``."""
    metre = math.radians(1) * EARTH
    return shapely.transform(geometry, lambda xy: xy * (metre * math.cos(math.radians(lat)), metre))


def read(file: Path, names: Mapping[str, str], levels: Mapping[str, str]) -> tuple[dict[str, BaseGeometry], list[str]]:
    """The outlines of a file by area, and every mistake in it (overlaps are looked for by :func:`overlaps`).

    Args:
        file: GeoJSON.
        names: area names by code.
        levels: area levels by code.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        return {}, [f"{file.name}: {error.strerror}"]
    except UnicodeDecodeError:
        return {}, [f"{file.name}: not UTF-8"]
    except json.JSONDecodeError as error:
        return {}, [f"{file.name}:{error.lineno}: no JSON: {error.msg}"]
    if not isinstance(data, dict) or data.get("type") != "FeatureCollection":
        return {}, [f"{file.name}: no GeoJSON FeatureCollection"]
    found: dict[str, BaseGeometry] = {}
    problems: list[str] = []
    for place, feature in enumerate(data.get("features") or [], 1):
        code, where = _code(feature), f"{file.name}: feature {place}"
        if code not in levels:
            problems.append(f"{where}: no area has the code {code!r}")
            continue
        where += f" ({code} {names[code]})"
        if code in found:
            problems.append(f"{where}: has an outline already in this file")
            continue
        outline, wrong = _outline(feature.get("geometry"))
        problems += [f"{where}: {what}" for what in wrong]
        if outline is not None and not wrong:
            found[code] = outline
    if not found and not problems:
        problems.append(f"{file.name}: no features")
    return found, problems


def _code(feature: Any) -> str:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    return str(properties.get("code", "")) if isinstance(properties, dict) else ""


def _outline(geometry: Any) -> tuple[BaseGeometry | None, list[str]]:
    """A geometry, and what is wrong with it."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in _KINDS:
        return None, [f"the geometry is {kind or 'missing'}, not Polygon or MultiPolygon"]
    coordinates = geometry.get("coordinates")
    polygons = [coordinates] if kind == "Polygon" else coordinates
    try:
        rings = [ring for polygon in polygons for ring in polygon]
        wrong = [what for ring in rings for what in _ring(ring)]
        if wrong or not rings:
            return None, wrong or ["it has no ring"]
        outline = shapely.force_2d(shape(geometry))
    except (TypeError, ValueError, IndexError, KeyError, shapely.errors.ShapelyError) as error:
        return None, [f"coordinates cannot be read: {error}"]
    if not shapely.is_valid(outline):
        return None, [shapely.is_valid_reason(outline)]
    return (outline, []) if outline.area else (None, ["it has no area"])


def _ring(ring: list[list[float]]) -> list[str]:
    if len(ring) < 4:
        return [f"a ring of {len(ring)} positions; at least 4 make an area"]
    wrong = [] if ring[0] == ring[-1] else [f"a ring is not closed: it begins at {ring[0]} and ends at {ring[-1]}"]
    for lng, lat, *_ in ring:
        if not (math.isfinite(lng) and math.isfinite(lat) and -180 <= lng <= 180 and -90 <= lat <= 90):
            hint = " (longitude comes first)" if -180 <= lat <= 180 and -90 <= lng <= 90 else ""
            return [*wrong, f"{lng}, {lat} is no place on earth{hint}"]
    return wrong


def overlaps(outlines: Mapping[str, BaseGeometry], names: Mapping[str, str]) -> list[str]:
    """Which outlines lie over each other by more than a border's width, with both names and the area in m²."""
    codes = sorted(outlines)
    if not codes:
        return []
    lat = sum(outlines[c].centroid.y for c in codes) / len(codes)
    ground = [on_the_ground(outlines[c], lat) for c in codes]
    tree = shapely.STRtree(ground)
    problems = []
    for i, j in sorted(map(tuple, tree.query(ground, predicate="intersects").T.tolist())):
        if i >= j:
            continue
        shared = shapely.intersection(ground[i], ground[j])
        if not shapely.buffer(shared, -BORDER / 2).is_empty:
            one, other = codes[i], codes[j]
            problems.append(f"{one} {names[one]} and {other} {names[other]} overlap by {shared.area:.0f} m²")
    return problems


def load_shapes(session: Session, file: Path, *, by: str = "system") -> int:
    """Set the outlines of the areas a file names; the other areas keep theirs.

    Args:
        session: of the database; the caller commits.
        file: GeoJSON.
        by: who loads, for the audit.

    Returns:
        How many outlines the file has.

    Raises:
        ShapeError: listing every mistake, also overlaps with outlines that are there already; nothing was changed.
    """
    areas = {a.code: a for a in session.scalars(select(Area))}
    names, levels = {c: a.name for c, a in areas.items()}, {c: a.level for c, a in areas.items()}
    outlines, problems = read(file, names, levels)
    kept = {c: shape(a.shape) for c, a in areas.items() if a.shape and c not in outlines}
    grids = {c: o for c, o in {**kept, **outlines}.items() if levels[c] == "grid"}
    problems += [f"{file.name}: {what}" for what in overlaps(grids, names)]
    if problems:
        raise ShapeError(problems)
    for code, outline in outlines.items():
        areas[code].shape = stored(outline)
    session.flush()
    audit.log(session, by, "shapes.load", file.name[:100], f"{len(outlines)} outlines")
    return len(outlines)


def stored(outline: BaseGeometry) -> dict[str, Any]:
    """An outline as the table keeps it, a GeoJSON geometry."""
    kept: dict[str, Any] = json.loads(json.dumps(mapping(outline)))
    return kept
