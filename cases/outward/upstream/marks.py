"""The mark a matter carries when it goes up: ``〔xiaoge:yunxi:600000017〕``, which installation sent it and its number.

It lets a lost answer be made good (did it arrive?), and makes loops impossible: what bears a mark came from some
installation and is never sent up again by another.
"""

from __future__ import annotations

import re

OPENING = "〔xiaoge:"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,19}", re.ASCII)
_MARK = re.compile(r"〔xiaoge:([a-z0-9][a-z0-9-]{1,19}):([^\s〔〕]{1,100})〕", re.ASCII)


def is_name(text: str) -> bool:
    """Whether an installation may be called so: 2 to 20 small letters, digits and hyphens."""
    return _NAME.fullmatch(text) is not None


def mark(we: str, reference: str) -> str:
    """The mark of a matter.

    Raises:
        ValueError: it could not be read back.
    """
    made = f"{OPENING}{we}:{reference}〕"
    if not _MARK.fullmatch(made):
        raise ValueError(f"{reference!r} cannot stand in a mark: no spaces or 〔〕, at most 100 characters")
    return made


def bears_mark(text: str) -> bool:
    """Whether a text came from an installation of this program, whichever."""
    return _MARK.search(text) is not None


def reference_in(text: str, we: str) -> str | None:
    """The reference of the last mark, when it is ours."""
    found = _MARK.findall(text)
    return found[-1][1] if found and found[-1][0] == we else None
