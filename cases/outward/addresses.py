"""To which addresses messages may go: https, and no machine of the inside unless the city allows its network.

Whoever may subscribe chooses an address this server then connects to. Without these rules they could make it talk to
machines that only it can reach: the database's host, a cloud's metadata service, a router's page. The check is made on
the addresses a name resolves to, at the moment of connecting (see :mod:`cases.outward.client`).
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST = 500  # characters of a URL
# Services of cloud hosts that hand out credentials; never allowed, whatever network is. Some are public addresses.
METADATA = frozenset(
    ipaddress.ip_address(a)
    for a in ("169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressError(ValueError):
    """Nothing may be sent to that address; the message says why and what would be accepted."""


@dataclass(frozen=True)
class Rules:
    """What is accepted besides public addresses.

    ``allow`` are networks of the city's own intranet. ``loopback``: a program on this machine may be addressed by
    ``localhost`` or ``127.0.0.1`` itself, without TLS; a name that merely resolves to loopback is refused all the same.
    The engine and other inner services listen on loopback too, so it is off unless an operator says otherwise.
    """

    allow: tuple[Network, ...] = ()
    loopback: bool = False

    @classmethod
    def allowing(cls, *networks: str, loopback: bool = False) -> Rules:
        """Rules that accept some networks, written like ``10.20.0.0/16``.

        Raises:
            AddressError: listing every entry that is no network.
        """
        read, wrong = [], []
        for text in networks:
            try:
                read.append(ipaddress.ip_network(text.strip()))
            except ValueError as error:
                wrong.append(f"{text!r}: {error}")
        if wrong:
            raise AddressError("not a network (write it like 10.20.0.0/16): " + "; ".join(wrong))
        return cls(tuple(read), loopback)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_here(host: str) -> bool:
    """Whether the host as it is written means this machine."""
    literal = _literal(host)
    return host == "localhost" or (literal is not None and literal.is_loopback)


def _meant(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that only wraps it."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or address
    return address


def _refusal(written: Address, host: str, rules: Rules) -> str | None:
    address = _meant(written)
    if address in METADATA:
        return "it is a cloud's metadata service"
    if any(a in network for network in rules.allow for a in (written, address)):
        return None
    if address.is_loopback:
        return None if rules.loopback and _is_here(host) else "it is this machine"
    local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    if not address.is_global or address.is_multicast or address.is_reserved or local:
        return "it is not a public address; allow its network if the subscriber is on the city's intranet"
    return None


def resolve(host: str, port: int, rules: Rules) -> list[str]:
    """The addresses of a host, when all of them may be connected to.

    Args:
        host: name or address, as in the URL.
        port: to connect to.
        rules: what is accepted.

    Raises:
        AddressError: one of them is refused.
        OSError: the name does not resolve.
    """
    found = list(dict.fromkeys(str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    for text in found:
        why = _refusal(ipaddress.ip_address(text), host, rules)
        if why:
            raise AddressError(f"{host} is {text}: {why}")
    return found


def origin(url: str) -> str:
    """Scheme, host and port of a URL: what may be logged, as paths and queries can hold secrets."""
    parsed = httpx.URL(url)
    return f"{parsed.scheme}://{parsed.netloc.decode('ascii')}"


def check(url: str, rules: Rules) -> None:
    """Whether a subscriber may have this URL.

    Args:
        url: as given.
        rules: what is accepted.

    Raises:
        AddressError: listing everything that is wrong with it.
    """
    if len(url) > LONGEST:
        raise AddressError(f"the URL has {len(url)} characters; at most {LONGEST}")
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise AddressError(f"not a URL: {error}") from error
    host, wrong = parsed.host, []
    if not host or parsed.scheme not in ("http", "https"):
        raise AddressError("not a URL of a web service: write it like https://example.org/hooks")
    if parsed.scheme == "http" and not (rules.loopback and _is_here(host)):
        wrong.append("it must begin with https://")
    if parsed.userinfo:
        wrong.append("it must not hold a user's name or password")
    if parsed.fragment:
        wrong.append("it must not end in a fragment (#...)")
    try:
        resolve(host, parsed.port or (443 if parsed.scheme == "https" else 80), rules)
    except AddressError as error:
        wrong.append(str(error))
    except (OSError, UnicodeError):
        wrong.append(f"the name {host} does not resolve to an address")
    if wrong:
        raise AddressError("the URL is not accepted: " + "; ".join(wrong))
