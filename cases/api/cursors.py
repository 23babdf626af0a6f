"""Cursors from outside are looked at before the service layer takes them: any text may come."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime

from cases.service import BadCursorError

LONGEST = 200
_YEARS = range(1970, 2971)
_MOST_ID = 2**31 - 1


def checked(cursor: str) -> str:
    """The cursor, if it has the form of those :func:`cases.service.queue` gives out.

    Raises:
        BadCursorError: it has not.
    """
    try:
        due, last = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
        moment = datetime.fromisoformat(due) if due is not None else None
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise BadCursorError("the cursor is none this service gave out: start from the first page") from error
    good_id = isinstance(last, int) and not isinstance(last, bool) and 0 < last <= _MOST_ID
    good_due = moment is None or (moment.tzinfo is not None and moment.year in _YEARS)
    if not good_id or not good_due:
        raise BadCursorError("the cursor is none this service gave out: start from the first page")
    return cursor
