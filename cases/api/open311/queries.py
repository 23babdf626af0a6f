"""What a search may ask for. As the specification has it, an empty parameter is as good as none, and strangers are let be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from cases.api.open311.errors import wrong

MOST = 1000  # requests in one answer
MOST_IDS = 200
MOST_PAGES = 100_000


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


class Paging(BaseModel):
    """Which part of what was found."""

    model_config = ConfigDict(extra="ignore")

    page: Annotated[Annotated[int, Field(ge=1, le=MOST_PAGES)] | None, BeforeValidator(_none_if_empty)] = None
    page_size: Annotated[Annotated[int, Field(ge=1, le=MOST)] | None, BeforeValidator(_none_if_empty)] = None
    start_date: str | None = Field(None, description="Like 2025-03-01T08:00:00Z; at most 90 days before `end_date`")
    end_date: str | None = None
    service_request_id: list[str] = Field([], description="Several are separated by commas. Overrides all others")
    jurisdiction_id: str | None = Field(None, description="Not looked at: there is one jurisdiction here")
    api_key: str | None = Field(None, max_length=100)

    @property
    def limit(self) -> int:
        """Requests in the answer."""
        return self.page_size or MOST

    @property
    def offset(self) -> int:
        """Requests on the pages before."""
        return ((self.page or 1) - 1) * self.limit

    @property
    def ids(self) -> list[str]:
        """The requests asked for by number.

        Raises:
            Open311Error: 400, too many.
        """
        found = listed(self.service_request_id)
        if len(found) > MOST_IDS:
            raise wrong(400, "id_many")
        return found


class RequestsQuery(Paging):
    """Which requests to list."""

    service_code: list[str] = Field([], description="Several are separated by commas")
    status: list[str] = Field([], description="`open`, `closed`; several are separated by commas")


def listed(values: Sequence[str]) -> list[str]:
    """Values that came repeated or separated by commas."""
    return [v.strip() for value in values for v in value.split(",") if v.strip()]
