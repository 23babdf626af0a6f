"""A platform above: a small GeoReport v2 server as the specification has it, and an adapter that speaks to it."""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from cases.outward.client import Client
from cases.outward.upstream.open311 import Open311, Open311Settings
from cases.outward.upstream.services import Services

KEY, JURISDICTION = "key-of-yunxi", "yunxi.gov"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
REALTIME, BATCHED = {"N01": "噪声", "N02": "垃圾", "N09": "别的"}, {"B01": "路灯"}
MAPPING = Services(
    {"environment.noise": "N01", "environment.garbage": "N02", "environment.facility": "B01"},
    {"N01": "environment.noise", "N02": "environment.garbage", "B01": "environment.facility"},
)


def stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


@dataclass
class Asked:
    """A call as it came in."""

    method: str
    path: str
    values: dict[str, str]


class RefusalError(Exception):
    """The server's answer to a call it does not accept."""

    def __init__(self, status: int, what: str) -> None:
        self.status, self.what = status, what


@dataclass
class Platform:
    """A GeoReport v2 server on loopback, with ``servicerequestupdates``.

    ``trouble`` holds what happens to the next calls: a status, ``lost`` (done, but the answer never comes), ``cut`` (not
    done, connection closed), or a text that is answered instead.
    """

    most: int = 1000
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    updates: list[dict[str, str]] = field(default_factory=list)
    tokens: dict[str, str | None] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    trouble: list[int | str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    url: str = ""

    def __post_init__(self) -> None:
        self.serial = itertools.count(1001)
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                self.serve("GET", parts.path, dict(parse_qsl(parts.query)))

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = self.headers["Content-Type"] == "application/x-www-form-urlencoded"
                self.serve("POST", self.path, dict(parse_qsl(raw)) if form else {})

            def serve(self, method: str, path: str, values: dict[str, str]) -> None:
                with outer.lock:
                    outer.asked.append(Asked(method, path, values))
                    bad = outer.trouble.pop(0) if outer.trouble else None
                    status, body = (200, "") if bad not in (None, "lost") else outer.answer(method, path, values)
                if bad in ("lost", "cut"):
                    self.close_connection = True
                    return
                if isinstance(bad, int):
                    status, body = bad, "<html>trouble</html>"
                elif isinstance(bad, str):
                    body = bad
                raw = body.encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json; charset=utf-8", **outer.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/open311/v2"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()

    def answer(self, method: str, path: str, values: dict[str, str]) -> tuple[int, str]:
        routes: list[tuple[str, str, Callable[..., Any]]] = [
            ("GET", r"/open311/v2/services\.json", self.list_services),
            ("GET", r"/open311/v2/requests\.json", self.list_requests),
            ("GET", r"/open311/v2/requests/(.+)\.json", self.one_request),
            ("POST", r"/open311/v2/requests\.json", self.file),
            ("GET", r"/open311/v2/tokens/(.+)\.json", self.token),
            ("POST", r"/open311/v2/servicerequestupdates\.json", self.take_update),
        ]
        try:
            for wanted, pattern, work in routes:
                if method == wanted and (match := re.fullmatch(pattern, path)):
                    if values.get("jurisdiction_id") != JURISDICTION:
                        raise RefusalError(404, "jurisdiction_id was not found")
                    status = 201 if method == "POST" else 200
                    return status, json.dumps(work(values, *match.groups()), ensure_ascii=False)
        except RefusalError as error:
            return error.status, json.dumps([{"code": error.status, "description": error.what}])
        return 404, "<html>not here</html>"

    def list_services(self, _values: dict[str, str]) -> Any:
        kinds = [(c, n, "realtime") for c, n in REALTIME.items()] + [(c, n, "batch") for c, n in BATCHED.items()]
        return [{"service_code": c, "service_name": n, "metadata": False, "type": t} for c, n, t in kinds]

    def put(self, service: str = "N01", text: str = "楼下很吵", at: datetime = NOW, **more: Any) -> str:
        """A request somebody else filed."""
        id_ = str(next(self.serial))
        self.requests[id_] = {
            "service_request_id": id_,
            "status": "open",
            "service_code": service,
            "service_name": {**REALTIME, **BATCHED}.get(service, service),
            "description": text,
            "requested_datetime": stamp(at),
            "updated_datetime": stamp(at),
            "status_notes": None,
            "address": None,
            "lat": None,
            "long": None,
            "media_url": None,
            **more,
        }
        return id_

    def file(self, form: dict[str, str]) -> Any:
        if form.get("api_key") != KEY:
            raise RefusalError(403, "api_key is missing or wrong")
        service = form.get("service_code", "")
        if not service:
            raise RefusalError(400, "service_code was not provided")
        if service not in REALTIME and service not in BATCHED:
            raise RefusalError(404, "service_code was not found")
        if not any(form.get(n) for n in ("address_string", "address_id")) and not (
            form.get("lat") and form.get("long")
        ):
            raise RefusalError(400, "a location was not provided")
        if len(form.get("description", "")) > 4000:
            raise RefusalError(400, "description is longer than 4000 characters")
        more = {name: float(form[name]) for name in ("lat", "long") if name in form}
        id_ = self.put(
            service, form.get("description", ""), datetime.now(UTC), address=form.get("address_string"), **more
        )
        if service in BATCHED:
            token = f"t{id_}"
            self.tokens[token] = None
            return [{"token": token}]
        return [{"service_request_id": id_, "service_notice": "", "account_id": None}]

    def settle(self, token: str) -> None:
        self.tokens[token] = token[1:]

    def token(self, _values: dict[str, str], token: str) -> Any:
        if token not in self.tokens:
            raise RefusalError(404, "token was not found")
        return [{"service_request_id": self.tokens[token], "token": token}]

    def one_request(self, _values: dict[str, str], id_: str) -> Any:
        if id_ not in self.requests:
            raise RefusalError(404, "service_request_id was not found")
        return [self.requests[id_]]

    def list_requests(self, values: dict[str, str]) -> Any:
        rows = list(self.requests.values())
        if ids := values.get("service_request_id"):
            return [r for r in rows if r["service_request_id"] in ids.split(",")]
        end = datetime.fromisoformat(values["end_date"]) if "end_date" in values else datetime.now(UTC)
        start = datetime.fromisoformat(values["start_date"]) if "start_date" in values else end - 90 * DAY
        if not start <= end <= start + 90 * DAY:
            raise RefusalError(400, "start_date and end_date are more than 90 days apart")
        rows = [
            r
            for r in rows
            if r["requested_datetime"] is None or start <= datetime.fromisoformat(r["requested_datetime"]) <= end
        ]
        for name, key in (("status", "status"), ("service_code", "service_code")):
            if name in values:
                rows = [r for r in rows if r[key] in values[name].split(",")]
        return sorted(rows, key=lambda r: str(r["requested_datetime"]), reverse=True)[: self.most]

    def take_update(self, form: dict[str, str]) -> Any:
        if form.get("api_key") != KEY:
            raise RefusalError(403, "api_key is missing or wrong")
        needed = ("service_request_id", "update_id", "status", "updated_datetime", "description")
        if missing := [n for n in needed if not form.get(n)]:
            raise RefusalError(400, f"{', '.join(missing)} not provided")
        row = self.requests.get(form["service_request_id"])
        if row is None:
            raise RefusalError(404, "service_request_id was not found")
        if form["status"] not in ("OPEN", "CLOSED"):
            raise RefusalError(400, "status is wrong")
        if form["update_id"] not in [u["update_id"] for u in self.updates]:
            self.updates.append(form)
        row |= {"status": form["status"].lower(), "status_notes": form["description"]}
        return [{"update_id": form["update_id"]}]

    def did(self, method: str, name: str) -> list[dict[str, str]]:
        """The values of the calls of one kind."""
        return [a.values for a in self.asked if a.method == method and a.path.endswith(name)]


@pytest.fixture
def platform() -> Iterator[Platform]:
    running = Platform()
    yield running
    running.close()


def open_adapter(platform: Platform, seconds: float = 5, **more: Any) -> Open311:
    values: dict[str, Any] = {
        "system": "city",
        "name": "市12345平台",
        "we": "yunxi",
        "endpoint": platform.url,
        "services": MAPPING,
        "api_key": KEY,
        "jurisdiction_id": JURISDICTION,
        "updates": True,
    }
    return Open311(Open311Settings(**values | more), Client(None, seconds), sleep=lambda _s: None)


@pytest.fixture
def adapter(platform: Platform) -> Iterator[Open311]:
    with open_adapter(platform) as made:
        yield made
