"""Where things are and who is responsible there: areas, places, dwellings, units, grid workers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Base

# From the top: 市, 区县, 镇街, 社区 (村), 网格.
LEVELS = ("city", "county", "street", "community", "grid")


class Area(Base):
    """A node of the five-level tree. ``shape`` is its outline, a GeoJSON geometry in WGS 84, when one is known."""

    __tablename__ = "area"

    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    parent: Mapped[str | None] = mapped_column(ForeignKey("area.code"))
    level: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(100))
    aliases: Mapped[list[str]] = mapped_column(JSON)
    shape: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class Place(Base):
    """A named place in a grid: an estate, a village, a road, a school. One row per grid it lies in."""

    __tablename__ = "place"
    # Ids are never used again, so that a reloaded library is told from the old one by its highest id.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    grid: Mapped[str] = mapped_column(ForeignKey("area.code"), index=True)
    buildings: Mapped[str] = mapped_column(String(200))
    aliases: Mapped[list[str]] = mapped_column(JSON)
    road: Mapped[str] = mapped_column(String(100))
    lat: Mapped[float] = mapped_column(Float)
    lng: Mapped[float] = mapped_column(Float)


class Address(Base):
    """One dwelling of the address library (统一地址库): estate or village, building, stairwell, door.

    ``key`` is its canonical spelling; the parts are numbers without their measure words (3, 2, 501; 甲3).
    """

    __tablename__ = "address"
    __table_args__ = (
        Index("ix_address_estate", "estate", "building"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    grid: Mapped[str] = mapped_column(ForeignKey("area.code"), index=True)
    estate: Mapped[str] = mapped_column(String(100))
    road: Mapped[str] = mapped_column(String(100))
    building: Mapped[str] = mapped_column(String(20))
    stairwell: Mapped[str] = mapped_column(String(20))
    door: Mapped[str] = mapped_column(String(20))
    lat: Mapped[float | None] = mapped_column(Float)
    lng: Mapped[float | None] = mapped_column(Float)


class Unit(Base):
    """A department, office or company that handles matters. ``area`` is set when it serves one area only."""

    __tablename__ = "unit"

    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    area: Mapped[str | None] = mapped_column(ForeignKey("area.code"))


class Worker(Base):
    """A grid worker (网格员)."""

    __tablename__ = "worker"

    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    grid: Mapped[str] = mapped_column(ForeignKey("area.code"), index=True)
    phone: Mapped[str] = mapped_column(String(20))


class CatalogueRow(Base):
    """A row of the routing catalogue: who handles a matter type at a place, to what standard, within which time.

    ``area`` is empty for the row that holds everywhere else; limits are working days, ``urgent_hours`` by the clock.
    """

    __tablename__ = "catalogue"

    type: Mapped[str] = mapped_column(String(48), primary_key=True)
    area: Mapped[str] = mapped_column(String(32), primary_key=True)
    unit: Mapped[str] = mapped_column(ForeignKey("unit.code"))
    helpers: Mapped[list[str]] = mapped_column(JSON)
    standard: Mapped[str] = mapped_column(String(500))
    verify_days: Mapped[int]
    feedback_days: Mapped[int]
    close_days: Mapped[int]
    urgent_hours: Mapped[int]
