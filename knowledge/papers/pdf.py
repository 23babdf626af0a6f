"""The papers as PDF: A4, in large print, with the font embedded and tagged so that it can be read aloud."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import UTC, datetime, time
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import typst

from knowledge.papers import font
from knowledge.papers.document import Document
from knowledge.papers.room import laid_out
from knowledge.papers.words import pattern, words

PAGE = Path(__file__).with_name("page.typ")
LONGEST_RUN = 24  # letters and digits without a place to break the line
_RUN = re.compile(rf"[!-~]{{{LONGEST_RUN}}}(?=[!-~])")
_MAY_BREAK = "\u200b"
_PRINTING = Lock()  # the compiler keeps state between its calls


def _draft(document: Document) -> dict[str, Any] | None:
    draft = document.draft
    if draft is None:
        return None
    return {
        "title": draft.title,
        "to": words("to", to=draft.to) if draft.to else None,
        "parts": [
            {"heading": part.heading, "pieces": [asdict(piece) for piece in laid_out(part)]} for part in draft.parts
        ],
    }


def _content(document: Document) -> dict[str, Any]:
    return {
        "title": document.title,
        "city": document.city,
        "from_city": words("from_city", city=document.city),
        "whom": words("for_whom", name=document.whom) if document.whom else None,
        "made_on": document.day,
        "sections": [
            {
                "title": section.title,
                "style": section.style,
                "items": [{"text": item.text, "more": list(item.more)} for item in section.items],
            }
            for section in document.sections
        ],
        "call": words("call"),
        "phone": document.phone,
        "phone_for": document.phone_for,
        "draft": _draft(document),
        "last": document.last,
        "page": pattern("page"),
        **{name: words(name) for name in ("year", "month", "day_of_month", "missing_signs")},
    }


def _typed(content: Any) -> Any:
    """The same with every text made printable: missing types as 〓, and a place to break in runs that are too long."""
    if isinstance(content, dict):
        return {name: _typed(value) for name, value in content.items()}
    if isinstance(content, list):
        return [_typed(value) for value in content]
    return _RUN.sub(rf"\g<0>{_MAY_BREAK}", font.printable(content)) if isinstance(content, str) else content


@lru_cache(maxsize=1)
def _compiler() -> typst.Compiler:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(font.file().parent)])
    return typst.Compiler(PAGE, root=PAGE.parent, font_paths=fonts)


def to_pdf(document: Document) -> bytes:
    """The papers as a PDF file. The same document gives the same bytes.

    Raises:
        FileNotFoundError: the font is missing.
    """
    content = _typed(_content(document))
    given = json.dumps(content, ensure_ascii=False)
    content["missing"] = font.MISSING in given.replace(content["missing_signs"], "")
    day = datetime.combine(document.on, time(), UTC)
    with _PRINTING:
        made = _compiler().compile(
            format="pdf",
            sys_inputs={"document": json.dumps(content, ensure_ascii=False)},
            pdf_standards="ua-1",
            timestamp=int(day.timestamp()),
        )
    assert isinstance(made, bytes)
    return made
