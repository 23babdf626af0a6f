"""What Open311 answers with, field by field in the specification's order."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class Service(BaseModel):
    """A kind of matter that can be reported."""

    service_code: str
    service_name: str
    description: str
    metadata: bool
    type: Literal["realtime"]
    keywords: str
    group: str


class Value(BaseModel):
    """A choice of a list."""

    key: str
    name: str


class Attribute(BaseModel):
    """A question about the matter."""

    variable: bool
    code: str
    datatype: Literal["string", "number", "datetime", "singlevaluelist"]
    required: bool
    datatype_description: str
    order: int = Field(ge=1)
    description: str
    values: list[Value]


class ServiceDefinition(BaseModel):
    """The questions of a service."""

    service_code: str
    attributes: list[Attribute]


class Created(BaseModel):
    """A service request that was filed."""

    service_request_id: str
    service_notice: str | None
    account_id: str | None


class TokenAnswer(BaseModel):
    """The request a token stands for."""

    service_request_id: str
    token: str


class ServiceRequest(BaseModel):
    """A service request, as far as whoever asks may see it."""

    service_request_id: str
    status: Literal["open", "closed"]
    status_notes: str | None
    service_name: str
    service_code: str
    description: str
    agency_responsible: str | None
    service_notice: str | None
    requested_datetime: str
    updated_datetime: str
    expected_datetime: str | None
    address: str | None
    address_id: str | None
    zipcode: str | None
    lat: float | None
    long: float | None
    media_url: str | None


class RequestUpdate(BaseModel):
    """A step of a service request."""

    update_id: str
    service_request_id: str
    status: Literal["open", "closed"]
    updated_datetime: str
    description: str
    media_url: str | None


class UpdateCreated(BaseModel):
    """An update that was taken."""

    update_id: str


class Endpoint(BaseModel):
    """Where an interface is."""

    specification: str
    url: str
    changeset: str
    type: Literal["production", "test"]
    formats: list[str]


class Discovery(BaseModel):
    """Where everything is, and whom to ask."""

    changeset: str
    contact: str
    key_service: str
    endpoints: list[Endpoint]
