"""The HTTP client for other people's servers: connects only where it may, follows nobody, and ends in time.

The address check and the connection are one step, so a name that resolves differently the second time changes nothing.
The deadline is for the whole exchange: a server that sends a byte every few seconds is cut off too.
"""

from __future__ import annotations

import ssl
import time
import typing
from collections.abc import Iterable, Iterator

import httpcore
import httpx

from cases.outward.addresses import Rules, resolve

SECONDS = 10.0  # for one exchange
CONNECT_SECONDS = 5.0
_ERRORS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (httpcore.ConnectTimeout, httpx.ConnectTimeout),
    (httpcore.ReadTimeout, httpx.ReadTimeout),
    (httpcore.WriteTimeout, httpx.WriteTimeout),
    (httpcore.PoolTimeout, httpx.PoolTimeout),
    (httpcore.ConnectError, httpx.ConnectError),
    (httpcore.ReadError, httpx.ReadError),
    (httpcore.WriteError, httpx.WriteError),
    (httpcore.LocalProtocolError, httpx.LocalProtocolError),
    (httpcore.RemoteProtocolError, httpx.RemoteProtocolError),
)


def _as_httpx(error: Exception) -> Exception:
    for theirs, ours in _ERRORS:
        if isinstance(error, theirs):
            return ours(str(error) or type(error).__name__)
    return error


class _Stream(httpcore.NetworkStream):
    """A connection on which no wait lasts beyond its deadline."""

    def __init__(self, inner: httpcore.NetworkStream, until: float) -> None:
        self._inner, self._until = inner, until

    def _left(self, late: type[Exception], timeout: float | None) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise late("the whole exchange took too long")
        return min(left, timeout) if timeout is not None else left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._left(httpcore.ReadTimeout, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._left(httpcore.WriteTimeout, timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._left(httpcore.ConnectTimeout, timeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left), self._until)

    def get_extra_info(self, info: str) -> typing.Any:
        return self._inner.get_extra_info(info)


class _Network(httpcore.NetworkBackend):
    """Connects to the addresses a host has now, after they were checked."""

    def __init__(self, rules: Rules | None, seconds: float) -> None:
        self._rules, self._seconds, self._plain = rules, seconds, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[typing.Any] | None = None,
    ) -> httpcore.NetworkStream:
        until = time.monotonic() + self._seconds
        try:
            addresses = resolve(host, port, self._rules) if self._rules else [host]
        except OSError as error:
            raise httpcore.ConnectError(f"the name {host} does not resolve") from error
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                left = max(0.1, min(timeout or CONNECT_SECONDS, until - time.monotonic()))
                return _Stream(self._plain.connect_tcp(address, port, left, local_address, socket_options), until)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _Body(httpx.SyncByteStream):
    def __init__(self, inner: typing.Any) -> None:
        self._inner = inner

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._inner
        except Exception as error:
            raise _as_httpx(error) from error

    def close(self) -> None:
        self._inner.close()


class _Transport(httpx.BaseTransport):
    def __init__(self, rules: Rules | None, seconds: float, verify: ssl.SSLContext | None) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=verify or httpx.create_ssl_context(trust_env=False),
            max_connections=None,
            max_keepalive_connections=0,  # one exchange a connection: its deadline is the connection's
            network_backend=_Network(rules, seconds),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        asked = httpcore.Request(
            request.method,
            url,
            headers=request.headers.raw,
            content=typing.cast(Iterable[bytes], request.stream),
            extensions=request.extensions,
        )
        try:
            answer = self._pool.handle_request(asked)
        except Exception as error:
            raise _as_httpx(error) from error
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer.stream))

    def close(self) -> None:
        self._pool.close()


class Client(httpx.Client):
    """An HTTP client for addresses this server did not choose. May be shared by threads; close it, or use ``with``.

    Args:
        rules: which addresses may be connected to; None for all, when an operator set the address.
        seconds: for one whole exchange.
        verify: TLS settings, such as a city's own certificate authority; by default the public ones.
    """

    def __init__(
        self, rules: Rules | None = Rules(), seconds: float = SECONDS, verify: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(
            transport=_Transport(rules, seconds, verify),
            timeout=httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds)),
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": "Xiaoge/1"},
        )
        self.seconds = seconds
