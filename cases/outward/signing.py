"""Signatures on what is sent, so that a receiver knows it is from here, unchanged and fresh.

HMAC-SHA256 over ``timestamp.body``, keyed with the subscription's secret, written ``v1=<hex>``. While a secret is
being changed there are two, and two signatures with a comma between. ``docs/webhooks.md`` shows how a receiver checks.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

VERSION = "v1"


def new_secret() -> str:
    """A secret for a subscription: 256 random bits."""
    return "xgs_" + secrets.token_urlsafe(32)


def rotated(kept: str, at_once: bool) -> tuple[str, str]:
    """A new secret, and what a subscription keeps then: it and, unless ``at_once``, the one used until now."""
    made = new_secret()
    return made, made if at_once else f"{made} {kept.split()[0]}"


def retired(kept: str) -> str:
    """What a subscription keeps when only its newest secret is used any more."""
    return kept.split()[0]


def is_rotating(kept: str) -> bool:
    """Whether an older secret is used beside the newest."""
    return " " in kept


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The signature of a body.

    Args:
        secret: one secret.
        timestamp: of the sending, seconds since 1970.
        body: exactly what is sent.
    """
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"{VERSION}={digest}"


def header(kept: str, timestamp: int, body: bytes) -> str:
    """The signatures with all secrets a subscription keeps, newest first."""
    return ",".join(sign(secret, timestamp, body) for secret in kept.split())
