"""HTTP calls to a platform above: tried again when that is safe, ended in time, their failures told apart."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from cases.outward.addresses import origin
from cases.outward.client import Client
from cases.outward.upstream.errors import AnswerError, RefusedError, UnclearError, UnreachableError, UpstreamError

TRIES = 3
FIRST_PAUSE = 0.5  # seconds, doubling
LONGEST_PAUSE = 30.0  # that the platform may ask for
LARGEST = 20 * 1024 * 1024  # bytes of an answer
_BUSY = (429, 503)  # it says that it did not do it
# Before these there was no connection, so nothing was sent.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: httpx.Headers
    body: bytes


class _TooLargeError(Exception):
    pass


def _descriptions(body: bytes) -> list[str]:
    """What an error's answer says: a list of ``{code, description}``."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return []
    if isinstance(found, dict):
        found = found.get("errors", [found])
    if not isinstance(found, list):
        return []
    return [str(e["description"])[:200] for e in found if isinstance(e, dict) and e.get("description")]


class Calls:
    """Calls below one address.

    Args:
        endpoint: the address all paths are below.
        client: to use.
        sleep: waits between tries.
        tries: of what may be tried again.
    """

    def __init__(
        self, endpoint: str, client: Client, sleep: Callable[[float], None] = time.sleep, tries: int = TRIES
    ) -> None:
        self._endpoint, self._client, self._sleep = endpoint.rstrip("/"), client, sleep
        self._tries = tries
        self._where = origin(endpoint)

    def _once(self, method: str, path: str, values: Mapping[str, str]) -> _Answer:
        url = f"{self._endpoint}/{path}"
        sent = {"params": values} if method == "GET" else {"data": values}
        # Not compressed, or a small answer could become larger than LARGEST at one stroke.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        with self._client.stream(method, url, headers=headers, **sent) as answer:  # type: ignore[arg-type]
            body = bytearray()
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > LARGEST:
                    raise _TooLargeError
            return _Answer(answer.status_code, answer.headers, bytes(body))

    def _pause(self, tried: int, headers: httpx.Headers | None = None) -> None:
        asked = headers.get("Retry-After", "") if headers else ""
        wait = FIRST_PAUSE * 2.0**tried
        self._sleep(min(max(wait, float(asked) if asked.isdecimal() else 0.0), LONGEST_PAUSE))

    def _about(self, method: str, path: str, answer: _Answer) -> str:
        said = "; ".join(_descriptions(answer.body))
        return f"{self._where}: {method} {path} was answered {answer.status}{': ' + said if said else ''}"

    def _refused(self, method: str, path: str, answer: _Answer) -> RefusedError:
        said = _descriptions(answer.body)
        # Without the interface's own words a 404 means that there is no such interface at this address.
        alone = answer.status in (400, 410, 422) or (answer.status == 404 and bool(said))
        advice = "" if alone else "; look at the endpoint, the key and the jurisdiction"
        if 300 <= answer.status < 400:
            advice = "; redirects are not followed: set the new address"
        return RefusedError(self._about(method, path, answer) + advice, answer.status, alone, said)

    def _read(self, method: str, path: str, answer: _Answer, error: type[UpstreamError]) -> Any:
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError) as wrong:
            raise error(f"{self._where}: {method} {path} was answered {answer.status}, but not with JSON") from wrong

    def get(self, path: str, values: Mapping[str, str]) -> Any:
        """Read something; failures are tried again.

        Raises:
            UnreachableError: no answer, or an error on its side, all tries long.
            RefusedError: it does not give it.
            AnswerError: no JSON, or too much.
        """
        why = ""
        for tried in range(self._tries):
            headers = None
            try:
                answer = self._once("GET", path, values)
            except _TooLargeError:
                raise AnswerError(f"{self._where}: GET {path} was answered with more than {LARGEST} bytes") from None
            except (httpx.HTTPError, UnicodeError) as error:
                why = f"{self._where}: GET {path}: {type(error).__name__}: {error}"
            else:
                if answer.status < 300:
                    return self._read("GET", path, answer, AnswerError)
                if answer.status not in _BUSY and answer.status < 500:
                    raise self._refused("GET", path, answer)
                why, headers = self._about("GET", path, answer), answer.headers
            if tried + 1 < self._tries:
                self._pause(tried, headers)
        raise UnreachableError(f"{why} ({self._tries} tries)")

    def post(self, path: str, form: Mapping[str, str]) -> Any:
        """Send a form; tried again only when it cannot have been taken.

        Raises:
            UnreachableError: it did not get it, all tries long.
            UnclearError: the connection broke, or it failed, after it may have taken it; or its answer says nothing.
            RefusedError: it does not take it.
        """
        why = ""
        for tried in range(self._tries):
            headers = None
            try:
                answer = self._once("POST", path, form)
            except _NOT_SENT as error:
                why = f"{self._where}: POST {path}: {type(error).__name__}: {error}"
            except (httpx.HTTPError, _TooLargeError) as error:
                raise UnclearError(f"{self._where}: POST {path}: {type(error).__name__}: {error}") from error
            else:
                if answer.status < 300:
                    return self._read("POST", path, answer, UnclearError)
                if answer.status not in _BUSY:
                    if answer.status >= 500:
                        raise UnclearError(self._about("POST", path, answer))
                    raise self._refused("POST", path, answer)
                why, headers = self._about("POST", path, answer), answer.headers
            if tried + 1 < self._tries:
                self._pause(tried, headers)
        raise UnreachableError(f"{why} ({self._tries} tries)")
