"""Structured logs without personal data.

What residents say, their names, phones and channel ids never reach a log: code logs ids of rows, counts and
kinds of errors. A processor drops the fields that would carry such data, should one slip in.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_PERSONAL = frozenset({"text", "phone", "name", "openid", "user", "body", "payload", "place", "address", "message"})


def _no_personal_data(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in _PERSONAL & event.keys():
        event[key] = f"<{len(str(event[key]))} characters withheld>"
    return event


def configure(process: str) -> None:
    """Set logging up for a process; lines go to stderr as JSON."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _no_personal_data,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    structlog.contextvars.bind_contextvars(process=process)


def log() -> Any:
    """A logger; bind ids to it, never words."""
    return structlog.get_logger()
