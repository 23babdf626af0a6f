"""The case backend's interfaces at the addresses they have in the web app."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from bot.web.app import create
from cases.api import keys
from common.db import transaction
from common.settings import settings

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def client() -> TestClient:
    return TestClient(create(settings()))


def key(*scopes: str) -> dict[str, str]:
    with transaction() as session:
        return {"Authorization": f"Bearer {keys.make_key(session, 'test', list(scopes), 'operator')}"}


def test_open311_lists_the_services_to_everybody(client: TestClient) -> None:
    answer = client.get("/open311/v2/services.json")
    assert answer.status_code == 200
    assert "environment.noise" in {service["service_code"] for service in answer.json()}
    assert client.get("/open311/v2/services.xml").headers["content-type"].startswith("text/xml")


def test_the_api_wants_a_key(client: TestClient) -> None:
    assert client.get("/api/v1/tickets").status_code == 401
    assert client.get("/api/v1/tickets", headers=key("tickets:read")).status_code == 200
    assert client.get("/api/v1/openapi.json").json()["info"]["title"] == "小格 Xiaoge"


def test_each_part_refuses_bodies_that_are_too_large_in_its_own_words(client: TestClient) -> None:
    body = b"x" * (settings().max_body + 1)
    told = {"Content-Type": "application/json"}
    assert set(client.post("/chat/messages", content=body, headers=told).json()) == {"error"}
    answer = client.post("/api/v1/tickets", content=body, headers={**told, **key("tickets:write")})
    assert answer.status_code == 413 and {"code", "message"} <= set(answer.json())


def test_the_channels_are_where_they_were(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/").status_code == 200
