"""What a time expression means: a day, a clock time, a stretch, or how long something has lasted, in ISO 8601.

    昨晚十一点多   2026-11-21T23:00        上礼拜五   2026-11-13       2021年5月   2021-05
    十月底        2026-10-25/2026-10-31   三天       P3D             半个多月    P15D

JioNLP does the reading; dialect words and the looseness of speech are put into its terms first. Residents report what
has happened, so a date without a year lies in the past unless the word itself points ahead.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

_DIALECT = (
    (re.compile(r"昨儿个?|夜来|夜里个|昨个|昨天天?"), "昨天"),
    (re.compile(r"今儿个?|今个"), "今天"),
    (re.compile(r"前儿个?|前个"), "前天"),
    (re.compile(r"明儿个?|明个"), "明天"),
    (re.compile(r"晌午头?"), "中午"),
    (re.compile(r"头晌|前晌|上晌"), "上午"),
    (re.compile(r"后晌|下晌|过晌"), "下午"),
    (re.compile(r"昨夜"), "昨晚"),
    (re.compile(r"今夜"), "今晚"),
    # Between eleven and twelve, two or three days: the first is near enough.
    (re.compile(r"十一二(?=点)"), "十一"),
    (re.compile(r"(?<!十)([一二两三四五六七八九])[二三四五六七八九](?=点|天|个|年|周|小时|分钟)"), r"\1"),
    (re.compile(r"夜里头|后半夜|下半夜"), "凌晨"),
    (re.compile(r"夜间|夜里|半夜三更|三更半夜|大半夜|前半夜|头半夜|晚间"), "晚上"),
    (re.compile(r"大清早|一大早|大早上|早起|清早"), "早上"),
    (re.compile(r"钟头"), "小时"),
    (re.compile(r"半拉月"), "半个月"),
)
_LOOSE = re.compile(
    r"^(?:大概|大约|差不多|从|打|自从?|到|快|将近|近|连着|连续|整整|都|已经|有)+|(?:多|来|左右|上下|以来|开始|起|期间|那天|那阵|的时候|许)+$"
)
_AHEAD = re.compile(r"明|后天|大后|下个?[月周星礼]|下半年|以后")
_FORM = "%Y-%m-%d %H:%M:%S"
_UNITS = (("year", "Y"), ("month", "M"), ("day", "D"))
_HOURS = (("hour", "H"), ("minute", "M"), ("second", "S"))


@lru_cache(maxsize=1)
def _reader() -> Any:
    """JioNLP's time parser; it greets on standard output when first imported."""
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()):
        import jionlp
    return jionlp.parse_time


def plain(text: str) -> str:
    """A time expression in standard words."""
    for pattern, word in _DIALECT:
        text = pattern.sub(word, text)
    return _LOOSE.sub("", text)


def resolve(text: str, now: datetime) -> str | None:
    """What ``text`` means for someone who says it at ``now``; None when nothing definite.

    Args:
        text: a time expression, normalised.
        now: when it was said, in the city's time.
    """
    said = plain(text)
    if not said:
        return None
    try:
        found = _reader()(said, time_base=now.replace(tzinfo=None).timestamp())
    except Exception:  # JioNLP raises whatever its rules trip over; an unread time stays words
        return None
    kind, value = found.get("type"), found.get("time")
    if kind == "time_delta" and isinstance(value, dict):
        return _duration(value)
    if kind in ("time_point", "time_span") and isinstance(value, list) and len(value) == 2:
        try:
            begin, end = (datetime.strptime(v, _FORM) for v in value)
        except (TypeError, ValueError):
            return None  # open ends
        if begin > now.replace(tzinfo=None) and not _AHEAD.search(text):
            begin, end = _year_before(begin), _year_before(end)
        return _stretch(begin, end)
    return None


def _year_before(moment: datetime) -> datetime:
    day = min(moment.day, monthrange(moment.year - 1, moment.month)[1])
    return moment.replace(year=moment.year - 1, day=day)


def _duration(value: dict[str, Any]) -> str | None:
    amounts: dict[str, float] = {}
    for key, amount in value.items():
        if isinstance(amount, list):  # 两三天: two to three
            amount = amount[0]
        if not isinstance(amount, int | float):
            return None
        amounts[key] = float(amount)
    # Half months and years are said in the unit below.
    for key, lower, factor in (
        ("year", "month", 12),
        ("month", "day", 30),
        ("day", "hour", 24),
        ("hour", "minute", 60),
    ):
        if key in amounts and amounts[key] % 1:
            amounts[lower] = amounts.get(lower, 0.0) + round(amounts[key] % 1 * factor)
            amounts[key] = amounts[key] // 1
    date = "".join(f"{int(amounts[k])}{sign}" for k, sign in _UNITS if amounts.get(k))
    clock = "".join(f"{int(amounts[k])}{sign}" for k, sign in _HOURS if amounts.get(k))
    return f"P{date}" + (f"T{clock}" if clock else "") if date or clock else None


def _stretch(begin: datetime, end: datetime) -> str:
    whole_days = (begin.hour, begin.minute) == (0, 0) and (end.hour, end.minute) == (23, 59)
    if not whole_days:
        if end - begin < timedelta(hours=1):
            return begin.strftime("%Y-%m-%dT%H:%M")
        return f"{begin:%Y-%m-%dT%H:%M}/{end:%Y-%m-%dT%H:%M}"
    if begin.date() == end.date():
        return f"{begin:%Y-%m-%d}"
    if begin.day == 1 and end.day == monthrange(end.year, end.month)[1]:
        if (begin.year, begin.month) == (end.year, end.month):
            return f"{begin:%Y-%m}"
        if (begin.month, end.month) == (1, 12) and begin.year == end.year:
            return f"{begin:%Y}"
    return f"{begin:%Y-%m-%d}/{end:%Y-%m-%d}"


def in_words(value: str, year: int) -> str:
    """A resolved day or clock time for a person, its year only when it is not ``year``: 11月21日 23:00.

    Stretches, months and durations come back empty: the resident's own words say them better.
    """
    match = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}:\d{2}))?", value)
    if not match:
        return ""
    day = f"{int(match[2])}月{int(match[3])}日" + (f" {match[4]}" if match[4] else "")
    return day if int(match[1]) == year else f"{match[1]}年{day}"
