"""Pages of guided help as HTML: the templates and words in ``pages``, and the size of the type that was chosen."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from common.settings import settings
from knowledge.guiding.interview import LONGEST_ANSWER
from knowledge.guiding.kept import KEPT_DAYS

PAGES = Path(__file__).parent / "pages"
SIZE_COOKIE = "xiaoge_size"
SIZES = ("1", "2", "3")
YEAR = 365 * 86400  # seconds


@lru_cache(maxsize=1)
def _words() -> dict[str, str]:
    read: dict[str, str] = yaml.safe_load((PAGES / "words.yml").read_text(encoding="utf-8"))
    return read


def word(name: str, **values: object) -> str:
    """One sentence of the pages by name, with its gaps filled.

    Raises:
        KeyError: there is no such sentence, or a gap of it was not filled.
    """
    return _words()[name].format(**values)


def has_word(name: str) -> bool:
    """Whether there is a sentence of this name."""
    return name in _words()


@lru_cache(maxsize=1)
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.globals["word"] = word
    return made


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page.

    Args:
        request: what is answered. ``?size=`` of it chooses a size of type, which a cookie remembers; ``?note=`` names a
            sentence about what happened just now.
        template: its file in ``pages``.
        status: HTTP's.
        values: what the template needs beyond that. ``danger`` holds emergency numbers to be had at hand, if any.
    """
    asked = request.query_params.get("size", "")
    size = asked if asked in SIZES else request.cookies.get(SIZE_COOKIE, "")
    note = request.query_params.get("note", "")
    common: dict[str, Any] = {
        "size": int(size) if size in SIZES else 1,
        "note": note if has_word(f"note_{note}") else None,
        "city": settings().city_name,
        "days": KEPT_DAYS,
        "longest": LONGEST_ANSWER,
        "danger": (),
        "secret": True,
        **values,
    }
    response = HTMLResponse(_templates().get_template(template).render(common), status)
    if asked in SIZES:
        secure = request.url.scheme == "https"
        response.set_cookie(SIZE_COOKIE, asked, max_age=YEAR, path="/help", samesite="lax", secure=secure)
    return response


def told(request: Request, about: str, status: int, **values: Any) -> HTMLResponse:
    """A page that tells one thing and shows one way on.

    Args:
        request: what is answered.
        about: the first part of its words' names, as in ``gone_title``.
        status: HTTP's.
        values: ``way`` to lead elsewhere than to the list of guides.
    """
    return page(request, "told.html", status, **{"about": about, "way": "/help", "again": None, **values})
