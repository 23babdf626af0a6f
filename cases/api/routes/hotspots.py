"""Hot spots (未诉先办): the same kind of matter told by many people at one place."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from cases import hotspots
from cases.api import bounds
from cases.api.errors import documented
from cases.api.fields import Code
from cases.api.routes.figures import Looking
from cases.areas import AreaTree
from cases.hotspots import HotSpot
from common.db import reading
from nlu.taxonomy import taxonomy

router = APIRouter(tags=["figures"])
LONGEST = 92  # days; as long a time is looked at eight times over
MOST = 200
_IN_RESIDENTS_WORDS = "place"  # the level of a place that no library of places knows


class HotspotQuery(BaseModel):
    """Where, and how far back."""

    model_config = ConfigDict(extra="forbid")

    area: Code | None = Field(None, description="An area of any level; by default all the key may ask about")
    days: int = Field(7, ge=1, le=LONGEST)
    limit: int = Field(30, ge=1, le=MOST)


class HotSpotOut(BaseModel):
    """A hot spot. Nobody is named."""

    type: str
    type_name: str
    place: str | None = Field(description="A place in residents' words only with `personal:read`")
    level: str = Field(description="estate, village, road, school ..., place (in residents' words) or community")
    community: str
    community_name: str
    tickets: int
    people: int = Field(description="Different reporters: what counts")
    since: datetime = Field(description="The first report after the last quiet stretch as long as the period")
    latest: datetime
    trend: str = Field(description="new, up, down or level: people of this period against those of the one before")
    before: int = Field(description="People of the period before")
    expected: float | None = Field(description="People a period brings by the past eight; null without a past")
    chance: float | None = Field(description="The probability of so many or more, if nothing changed")
    unusual: bool = Field(description="Too improbable to be chance")
    numbers: list[str] = Field(description="Some of its tickets, newest first; only with `personal:read`, else empty")


def _out(spot: HotSpot, tree: AreaTree, personal: bool) -> HotSpotOut:
    plain = {name: getattr(spot, name) for name in HotSpotOut.model_fields if hasattr(spot, name)}
    return HotSpotOut(
        **{
            **plain,
            "type_name": taxonomy().type(spot.type).name if taxonomy().has_type(spot.type) else spot.type,
            "community_name": tree.name(spot.community),
            "place": spot.place if personal or spot.level != _IN_RESIDENTS_WORDS else None,
            # Beside a place they would tell where these tickets lie, which the tickets do not tell this key.
            "numbers": list(spot.numbers) if personal else [],
        }
    )


@router.get("/hotspots", summary="Where one kind of matter piles up", responses=documented(422))
def hot_spots(caller: Looking, which: Annotated[HotspotQuery, Query()]) -> list[HotSpotOut]:
    """Scope `figures:read`. What is unusual first, then by people. Of areas only: a key with nothing but a unit has none."""
    with reading() as session:
        bounds.check(session, which.area)
        area = bounds.within(session, caller, which.area)
        found = hotspots.find(session, days=which.days, area=area)[: which.limit]
        tree = AreaTree.of(session)
        return [_out(spot, tree, caller.told_all) for spot in found]
