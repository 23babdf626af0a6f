"""The form a service request is sent with, read and checked; every mistake is listed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fastapi import Request

from cases.api import words
from cases.api.fields import ANY_TEXT
from cases.api.open311 import services
from cases.api.open311.errors import Open311Error, wrong
from nlu.taxonomy import MatterType

MOST_FIELDS = 200
# The longest value of each field that is read, in characters.
LENGTHS = {
    "api_key": 100,
    "service_code": 48,
    "address_string": 300,
    "address_id": 20,
    "email": 254,
    "device_id": 200,
    "account_id": 200,
    "first_name": 100,
    "last_name": 100,
    "phone": 20,
    "description": 4000,
    "media_url": 2000,
    "lat": 30,
    "long": 30,
}
# What an update may bring; what it says of a status is not read: that follows from what the office does.
UPDATE_LENGTHS = {
    "api_key": 100,
    "service_request_id": 50,
    "update_id": 50,
    "description": 2000,
    "status": 20,
    "updated_datetime": 40,
    "account_id": 200,
    "email": 254,
    "first_name": 100,
    "last_name": 100,
    "title": 100,
    "media_url": 2000,
}
LONGEST_ATTRIBUTE = 1000
_ATTRIBUTE = re.compile(r"attribute\[([^\[\]]{1,40})\](\[\])?")
_TEXT = re.compile(ANY_TEXT)
_PHONE = re.compile(r"\+?[0-9][0-9 -]{1,17}[0-9]", re.ASCII)
_COORDINATE = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{0,20})?", re.ASCII)


@dataclass(frozen=True)
class Form:
    """What was sent: fields, and answers by attribute code. Empty values are as good as none."""

    fields: Mapping[str, str]
    attributes: Mapping[str, list[str]]

    def get(self, name: str) -> str | None:
        """A field's value; None when it is empty or missing."""
        return self.fields.get(name) or None


async def read_form(request: Request) -> Form:
    """A dependency: the form in the request's body.

    Raises:
        Open311Error: 400, it is none, or not UTF-8.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    raw = await request.body()
    if kind != "application/x-www-form-urlencoded":
        raise wrong(400, "body_unreadable")
    try:
        pairs = parse_qsl(
            raw.decode("utf-8"), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError as error:
        raise wrong(400, "body_unreadable") from error
    fields: dict[str, str] = {}
    attributes: dict[str, list[str]] = {}
    for name, value in pairs:
        match = _ATTRIBUTE.fullmatch(name)
        if match is None:
            fields.setdefault(name, value.strip())
        elif value.strip():
            attributes.setdefault(match[1], []).append(value.strip())
    return Form(fields, attributes)


@dataclass(frozen=True)
class Report:
    """A form that is right."""

    matter: MatterType
    description: str
    place: str | None
    address_id: int | None
    lat: float | None
    lng: float | None
    phone: str | None
    answers: dict[str, Any]


def _texts(form: Form, lengths: Mapping[str, int]) -> list[str]:
    """What is wrong with the texts of a form."""
    return [
        words.open311("field_text", field=name)
        for name, longest in lengths.items()
        if (value := form.get(name)) and (len(value) > longest or not _TEXT.fullmatch(value))
    ]


class _Checker:
    def __init__(self, form: Form, matter: MatterType) -> None:
        self.form, self.matter = form, matter
        self.problems: list[str] = []

    def bad(self, name: str, field: str = "") -> None:
        self.problems.append(words.open311(name, field=field))

    def texts(self) -> None:
        self.problems += _texts(self.form, LENGTHS)

    def pin(self) -> tuple[float | None, float | None]:
        lat, lng = self.form.get("lat"), self.form.get("long")
        if lat is None and lng is None:
            return None, None
        if lat is None or lng is None or not _COORDINATE.fullmatch(lat) or not _COORDINATE.fullmatch(lng):
            self.bad("location_wrong")
            return None, None
        if not (abs(float(lat)) <= 90 and abs(float(lng)) <= 180):
            self.bad("location_wrong")
        return float(lat), float(lng)

    def address(self) -> int | None:
        value = self.form.get("address_id")
        if value is None:
            return None
        if not re.fullmatch(r"[0-9]{1,9}", value, re.ASCII):
            self.bad("address_unknown")
            return None
        return int(value)

    def phone(self) -> str | None:
        value = self.form.get("phone")
        if value is not None and not _PHONE.fullmatch(value):
            self.bad("phone_wrong")
        return value

    def answers(self) -> dict[str, Any]:
        questions = {q.key: q for q in self.matter.followups}
        found: dict[str, Any] = {}
        for key, values in self.form.attributes.items():
            if key not in questions:
                self.bad("attribute_unknown", key)
            elif len(values) > 1:
                self.bad("attribute_twice", key)
            elif len(values[0]) > LONGEST_ATTRIBUTE or not _TEXT.fullmatch(values[0]):
                self.bad("field_text", f"attribute[{key}]")
            elif name := services.mistake(questions[key], values[0]):
                self.bad(name, key)
            else:
                found[key] = {"question": questions[key].ask, "answer": values[0]}
        if url := self.form.get("media_url"):
            if _is_web(url):
                found[services.MEDIA_KEY] = {"question": words.open311("photo"), "answer": url}
            else:
                self.bad("media_wrong")
        return found


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not re.search(r"\s", url)


def check(form: Form) -> Report:
    """What the form reports.

    Raises:
        Open311Error: 404 when there is no such service; else 400 with every mistake.
    """
    code = form.get("service_code")
    if code is None:
        raise wrong(400, "service_missing")
    checker = _Checker(form, services.matter_of(code))
    checker.texts()
    lat, lng = checker.pin()
    address = checker.address()
    report = Report(
        matter=checker.matter,
        description=form.get("description") or checker.matter.plain,
        place=form.get("address_string"),
        address_id=address,
        lat=lat,
        lng=lng,
        phone=checker.phone(),
        answers=checker.answers(),
    )
    if not any(form.get(name) for name in ("lat", "long", "address_string", "address_id")):
        checker.bad("location_missing")
    if checker.problems:
        raise Open311Error(400, checker.problems)
    return report


def check_update(form: Form) -> tuple[str, str]:
    """The request's number and the text of an update.

    Raises:
        Open311Error: 400 with every mistake.
    """
    problems = [
        words.open311("field_missing", field=n) for n in ("service_request_id", "description") if not form.get(n)
    ]
    problems += _texts(form, UPDATE_LENGTHS)
    url = form.get("media_url")
    if url and not _is_web(url):
        problems.append(words.open311("media_wrong"))
    if problems:
        raise Open311Error(400, problems)
    text = form.fields["description"]
    return form.fields["service_request_id"], f"{text}\n{url}" if url else text
