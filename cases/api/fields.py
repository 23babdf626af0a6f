"""Kinds of values that come in: texts a database and a page can hold, moments, codes of the taxonomy, places.

Each says in the OpenAPI exactly what it takes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from cases import workflow
from nlu.taxonomy import taxonomy

_CONTROL = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f"  # tab and line ends are text; the other control characters are not
ANY_TEXT = rf"^[^{_CONTROL}]*$"
SOME_TEXT = rf"^[^{_CONTROL}]*[^{_CONTROL}\s][^{_CONTROL}]*$"
REFERENCE = r"^[A-Za-z0-9._:@-]+$"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)

MatterText = Annotated[str, StringConstraints(min_length=1, max_length=5000, pattern=SOME_TEXT)]
Note = Annotated[str, StringConstraints(max_length=2000, pattern=ANY_TEXT)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=SOME_TEXT)]
PlaceText = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=SOME_TEXT)]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9]([0-9 -]{1,17})[0-9]$")]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=REFERENCE)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=REFERENCE)]  # of a unit or an area
NumberText = Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=ANY_TEXT)]
Channel = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,16}$")]


@dataclass(frozen=True)
class OneOf:
    """Marks a text that is one of some codes."""

    codes: tuple[str, ...]
    what: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        known = frozenset(self.codes)

        def check(value: object) -> str:
            if not isinstance(value, str) or value not in known:
                raise PydanticCustomError("unknown_code", "not one of the codes there are")
            return value

        return core_schema.no_info_plain_validator_function(check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.codes), "description": self.what}


TYPES = tuple(t.code for t in taxonomy())
CATEGORIES = tuple(c.code for c in taxonomy().categories)
MatterType = Annotated[str, OneOf(TYPES, "Code of a matter type")]
CategoryCode = Annotated[str, OneOf(CATEGORIES, "Code of a category")]
MatterCode = Annotated[
    str, OneOf((*TYPES, *CATEGORIES), "Code of a matter type, or of a category when the type is not known yet")
]
Status = Annotated[str, OneOf(tuple(workflow.STATES), "State of a ticket")]
Risk = Annotated[str, OneOf(("green", "yellow", "red"), "Risk grade")]


# Nothing was filed before, nothing will be filed after; the rest of time databases can do without.
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2970, 1, 1, tzinfo=UTC)


def moment_of(text: object) -> datetime:
    """A moment written as RFC 3339 has it, with its zone, in UTC; before 1970 or after 2970 the nearest there is.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(text, str) or not _MOMENT.fullmatch(text):
        raise ValueError("a moment looks like 2025-03-01T08:00:00+08:00")
    return min(max(datetime.fromisoformat(text), _FIRST), _LAST).astimezone(UTC)


def _moment(value: object) -> datetime:
    try:
        return moment_of(value)
    except ValueError as error:
        raise PydanticCustomError("moment", "must be a moment with its zone, like 2025-03-01T08:00:00+08:00") from error


Moment = Annotated[datetime, PlainValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]


def _day(value: object) -> date:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("day", "must be a day, like 2025-03-01")


Day = Annotated[date, PlainValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]  # 3.0 is a whole number too, in JSON
RowId = Annotated[int, Field(ge=1, le=2**31 - 1), BeforeValidator(_whole)]


class Body(BaseModel):
    """What a request brings. Values have exactly their type, and nothing else may come along."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Pin(Body):
    """A point in WGS 84."""

    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)
    lng: float = Field(ge=-180, le=180, allow_inf_nan=False)


class Answer(Body):
    """An answer to a follow-up question."""

    question: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=SOME_TEXT)]
    answer: Reason


AnswerKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Answers = Annotated[dict[AnswerKey, Answer], Field(max_length=20, json_schema_extra={"additionalProperties": False})]
Attachments = Annotated[list[Reference], Field(max_length=20)]
