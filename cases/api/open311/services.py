"""Services: one for every matter type of the taxonomy, its follow-up questions as attributes."""

from __future__ import annotations

import re
from functools import lru_cache

from cases.api import words
from cases.api.fields import moment_of
from cases.api.open311.errors import wrong
from cases.api.open311.shapes import Attribute, Service, ServiceDefinition, Value
from nlu.taxonomy import Followup, MatterType, taxonomy

MEDIA_KEY = "media_url"  # among a ticket's answers; no follow-up question has this key
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?", re.ASCII)


def datatype(question: Followup) -> str:
    """How an answer is written. Of the questions about time, those for a point in time are dates; 几点钟最吵 is none."""
    if question.kind == "choice":
        return "singlevaluelist"
    if question.kind in ("number", "money"):
        return "number"
    return "datetime" if question.kind == "time" and "time" in question.filled_by else "string"


@lru_cache(maxsize=1)
def services() -> list[Service]:
    """All services, in the order the city prints its categories."""
    return [
        Service(
            service_code=matter.code,
            service_name=matter.name,
            description=matter.definition,
            metadata=bool(matter.followups),
            type="realtime",
            keywords=", ".join((matter.plain, *matter.examples_of)),
            group=category.name,
        )
        for category in taxonomy().categories
        for matter in category.types
    ]


def matter_of(code: str) -> MatterType:
    """The matter type of a service code.

    Raises:
        Open311Error: 404, there is none.
    """
    if not taxonomy().has_type(code):
        raise wrong(404, "service_unknown", code[:50])
    return taxonomy().type(code)


def definition(code: str) -> ServiceDefinition:
    """The questions of a service.

    Raises:
        Open311Error: 404, there is no such service.
    """
    matter = matter_of(code)
    return ServiceDefinition(
        service_code=code, attributes=[_attribute(place, q) for place, q in enumerate(matter.followups, 1)]
    )


def _attribute(place: int, question: Followup) -> Attribute:
    kind = datatype(question)
    return Attribute.model_validate(
        {
            "variable": True,
            "code": question.key,
            "datatype": kind,
            "required": False,
            "datatype_description": words.open311("choose" if kind == "singlevaluelist" else kind),
            "order": place,
            "description": question.ask,
            "values": [Value(key=choice, name=choice) for choice in question.choices],
        }
    )


def mistake(question: Followup, value: str) -> str | None:
    """What is wrong with an answer, as a name of the words; None if nothing is."""
    kind = datatype(question)
    if kind == "singlevaluelist":
        return None if value in question.choices else "attribute_choice"
    if kind == "number":
        return None if _NUMBER.fullmatch(value) else "attribute_number"
    if kind == "datetime":
        try:
            moment_of(value)
        except ValueError:
            return "attribute_datetime"
    return None
