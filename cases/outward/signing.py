"""Signatures on what is sent, so that a receiver knows it is from here, unchanged and fresh.

HMAC-SHA256 over ``timestamp.body``, keyed with the subscription's secret, written ``v1=<hex>``. ``docs/webhooks.md``
shows how a receiver checks it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

VERSION = "v1"


def new_secret() -> str:
    """A secret for a new subscription: 256 random bits."""
    return "xgs_" + secrets.token_urlsafe(32)


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The signature of a body.

    Args:
        secret: the subscription's.
        timestamp: of the sending, seconds since 1970.
        body: exactly what is sent.
    """
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"{VERSION}={digest}"
