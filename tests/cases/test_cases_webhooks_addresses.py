"""Where messages may be sent, and that nothing but that place is ever spoken to."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cases.outward.addresses import AddressError, Rules, check, origin, resolve
from cases.outward.client import Client

PUBLIC = "93.184.216.34"
HERE = Rules(loopback=True)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A name service of the test's own: every name here has these addresses, addresses are themselves."""
    known: dict[str, list[str]] = {"example.org": [PUBLIC], "localhost": ["127.0.0.1", "::1"]}
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *args: Any, **more: Any) -> list[Any]:
        if host in known:
            return [row for address in known[host] for row in real(address, port, *args, **more)]
        if host[0] not in "0123456789:" and ":" not in host:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return list(real(host, port, *args, **more))

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@pytest.mark.parametrize(
    "url", ["https://example.org/hooks", "https://example.org:8443/hooks?city=yunxi", f"https://{PUBLIC}/"]
)
def test_public_addresses_with_tls_are_accepted(names: dict[str, list[str]], url: str) -> None:
    check(url, Rules())


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9000/hooks", "http://localhost:9000/hooks", "http://[::1]:9000/hooks"]
)
def test_this_machine_is_accepted_only_where_an_operator_allows_it(names: dict[str, list[str]], url: str) -> None:
    check(url, HERE)
    with pytest.raises(AddressError, match="this machine"):
        check(url, Rules())


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.org/hooks", "must begin with https://"),
        ("https://user:secret@example.org/", "user's name or password"),
        ("https://example.org/#part", "fragment"),
        ("ftp://example.org/", "not a URL of a web service"),
        ("hooks", "not a URL of a web service"),
        ("https://", "not a URL"),
        ("https://exa mple.org/", "not"),
        ("https://nowhere.invalid/", "does not resolve"),
        ("https://example.org/" + "a" * 500, "at most 500"),
        ("https://10.1.2.3/", "not a public address"),
        ("https://192.168.1.1/", "not a public address"),
        ("https://100.64.0.1/", "not a public address"),
        ("https://0.0.0.0/", "not a public address"),
        ("https://224.0.0.1/", "not a public address"),
        ("https://255.255.255.255/", "not a public address"),
        ("https://169.254.10.10/", "not a public address"),
        ("https://169.254.169.254/latest/meta-data/", "metadata"),
        ("https://100.100.100.200/latest/meta-data/", "metadata"),
        ("https://168.63.129.16/", "metadata"),
        ("https://[fe80::1]/", "not a public address"),
        ("https://[fd00::1]/", "not a public address"),
        ("https://[fec0::1]/", "not a public address"),
        ("https://[::10.0.0.1]/", "not a public address"),
        ("https://[64:ff9b:1::a00:1]/", "not a public address"),
        ("https://[::ffff:10.0.0.1]/", "not a public address"),
        ("https://[::ffff:169.254.169.254]/", "metadata"),
        ("https://[64:ff9b::a00:1]/", "not a public address"),
        ("https://[2002:a00:1::]/", "not a public address"),
        ("https://127.1/", "this machine"),
        ("https://2130706433/", "this machine"),
        ("http://127.0.0.1.example.org/", "https://"),
    ],
)
def test_anything_inside_or_malformed_is_refused_with_its_reason(
    names: dict[str, list[str]], url: str, why: str
) -> None:
    with pytest.raises(AddressError, match=why):
        check(url, Rules())


def test_a_name_is_refused_when_any_of_its_addresses_is(names: dict[str, list[str]]) -> None:
    names["mixed.example.org"] = [PUBLIC, "10.0.0.1"]
    with pytest.raises(AddressError, match=r"10\.0\.0\.1"):
        check("https://mixed.example.org/", Rules())


def test_a_name_that_leads_to_this_machine_is_refused(names: dict[str, list[str]]) -> None:
    names["hooks.example.org"] = ["127.0.0.1"]
    with pytest.raises(AddressError, match="this machine"):
        check("https://hooks.example.org/", HERE)


def test_all_mistakes_are_told_at_once(names: dict[str, list[str]]) -> None:
    with pytest.raises(AddressError, match=r"https.*password.*fragment.*not a public address"):
        check("http://a:b@10.0.0.1/#c", Rules())


def test_an_intranets_network_can_be_allowed_but_never_the_metadata_service(names: dict[str, list[str]]) -> None:
    names["hooks.city"] = ["10.20.3.4"]
    rules = Rules.allowing("10.20.0.0/16", "169.254.0.0/16", "100.64.0.0/10")
    check("https://hooks.city/", rules)
    check("https://169.254.10.10/", rules)
    for refused in ("https://10.21.0.1/", "https://169.254.169.254/", "https://100.100.100.200/", "http://hooks.city/"):
        with pytest.raises(AddressError):
            check(refused, rules)


def test_every_entry_of_the_allow_list_that_is_no_network_is_told() -> None:
    with pytest.raises(AddressError, match=r"'intranet'.*'10\.0\.0\.1/8'"):
        Rules.allowing("intranet", "10.0.0.0/8", "10.0.0.1/8")


def test_what_is_logged_of_a_url_has_neither_path_nor_query() -> None:
    assert origin("https://example.org:8443/secret?key=1") == "https://example.org:8443"


class Server:
    """A web server on loopback that counts what it is asked."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.paths: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.paths.append(self.path)
                self.send_response(302 if self.path == "/away" else 200)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context:
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def test_the_client_speaks_to_allowed_addresses_and_follows_no_redirect(server: Server) -> None:
    with Client(HERE) as client:
        answer = client.post(f"http://127.0.0.1:{server.port}/hooks", content=b"{}")
        assert (answer.status_code, answer.text) == (200, "ok")
        assert client.post(f"http://127.0.0.1:{server.port}/away", content=b"{}").status_code == 302
    assert server.paths == ["/hooks", "/away"]


def test_a_name_that_was_public_when_it_was_checked_does_not_get_in_later(
    names: dict[str, list[str]], server: Server
) -> None:
    url = f"http://hooks.example.org:{server.port}/"
    names["hooks.example.org"] = [PUBLIC]
    assert resolve("hooks.example.org", server.port, Rules()) == [PUBLIC]
    names["hooks.example.org"] = ["127.0.0.1"]
    with Client(HERE) as client, pytest.raises(AddressError, match="this machine"):
        client.post(url, content=b"{}")
    assert server.paths == []


def test_proxies_of_the_environment_are_not_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with Client(HERE) as client:
        assert client.post(f"http://127.0.0.1:{server.port}/", content=b"{}").status_code == 200


def drip(pieces: bytes, every: float) -> tuple[socket.socket, threading.Thread]:
    """A server that answers one request one byte at a time."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            for n in range(len(pieces)):
                try:
                    connection.sendall(pieces[n : n + 1])
                except OSError:
                    return
                time.sleep(every)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return listening, thread


def test_a_server_that_sends_a_byte_now_and_then_is_cut_off_at_the_deadline() -> None:
    listening, thread = drip(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1000, 0.05)
    began = time.monotonic()
    with Client(HERE, seconds=0.4) as client, pytest.raises(httpx.ReadTimeout):
        client.post(f"http://127.0.0.1:{listening.getsockname()[1]}/", content=b"{}")
    assert time.monotonic() - began < 10  # all of it would take 50 seconds
    listening.close()
    thread.join(2)


def test_a_server_that_never_answers_and_one_that_is_not_there() -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    port = silent.getsockname()[1]
    with Client(HERE, seconds=0.2) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post(f"http://127.0.0.1:{port}/", content=b"{}")
        silent.close()
        with pytest.raises(httpx.ConnectError):
            client.post(f"http://127.0.0.1:{port}/", content=b"{}")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


def test_certificates_are_checked_against_the_name_in_the_url(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = Server(context)
    own = ssl.create_default_context(cafile=certificate)
    try:
        with Client(HERE, verify=own) as client:
            assert client.post(f"https://localhost:{server.port}/", content=b"{}").status_code == 200
            with pytest.raises(httpx.ConnectError, match="certificate"):
                client.post(f"https://127.0.0.1:{server.port}/", content=b"{}")
        with Client(HERE) as client, pytest.raises(httpx.ConnectError, match="certificate"):
            client.post(f"https://localhost:{server.port}/", content=b"{}")
    finally:
        server.close()
    assert server.paths == ["/"]
