"""A city's own holiday files: one YAML file a year, laid over the library's calendar day by day.

``docs/clock.md`` shows one. All files are read or none; every mistake is listed with its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import yaml

from cases.clock.calendar import LIBRARY, Calendar, Day

FIELDS = ("year", "holidays", "working_days")
HOLIDAY_FIELDS = ("name", "from", "to")
LONGEST = 31  # days; a longer holiday is a slip of the pen
MOVED = "调休"  # the name of a worked weekend day: a file does not say which holiday it makes up for
# Days off in every year by 全国年节及纪念日放假办法, 第二条 (as of 2025), whatever the yearly notice moves around them.
ALWAYS_OFF = {
    (1, 1): "元旦",
    (5, 1): "劳动节",
    (5, 2): "劳动节",
    (10, 1): "国庆节",
    (10, 2): "国庆节",
    (10, 3): "国庆节",
}

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_YEAR = re.compile(r"20\d{2}", re.ASCII)


class HolidayFileError(ValueError):
    """The holiday files have mistakes; ``problems`` lists them all."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the holiday files were not read:\n  " + "\n  ".join(problems))
        self.problems = problems


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


@dataclass
class _File:
    """One file while it is read. ``off`` and ``worked`` keep the line each day stands in."""

    name: str
    year: int
    problems: list[str] = field(default_factory=list)
    off: dict[date, tuple[str, int]] = field(default_factory=dict)
    worked: dict[date, int] = field(default_factory=dict)

    def bad(self, line: int, what: str) -> None:
        self.problems.append(f"{self.name}:{line}: {what}")

    def fields(self, node: yaml.Node, allowed: tuple[str, ...]) -> dict[str, yaml.Node] | None:
        """The fields of a mapping; None if it is none."""
        if not isinstance(node, yaml.MappingNode):
            self.bad(_line(node), f"expected the fields {', '.join(allowed)}")
            return None
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.value not in allowed:
                self.bad(_line(key), f"unknown field {key.value!r}; there are: {', '.join(allowed)}")
            elif key.value in found:
                self.bad(_line(key), f"{key.value!r} stands twice")
            else:
                found[key.value] = value
        return found

    def items(self, node: yaml.Node | None, name: str) -> list[yaml.Node]:
        """The items of a list, which may be left out or empty."""
        if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.bad(_line(node), f"{name!r} must be a list")
            return []
        return list(node.value)

    def dated(self, node: yaml.Node, what: str) -> date | None:
        """A day of the file's year."""
        written = node.value if isinstance(node, yaml.ScalarNode) else None
        try:
            if written is None or not _DATE.fullmatch(written):
                raise ValueError
            day = date.fromisoformat(written)
        except ValueError:
            self.bad(_line(node), f"{what} must be a date such as {self.year}-10-01, not {written!r}")
            return None
        if day.year != self.year:
            self.bad(_line(node), f"{day} is not in {self.year}; it belongs in {day.year}.yml")
            return None
        return day

    def holiday(self, node: yaml.Node) -> None:
        fields = self.fields(node, HOLIDAY_FIELDS)
        if fields is None:
            return
        missing = [f for f in HOLIDAY_FIELDS if f not in fields]
        if missing:
            self.bad(_line(node), f"field(s) missing: {', '.join(missing)}")
        name = fields.get("name")
        if name is not None and not (isinstance(name, yaml.ScalarNode) and name.value.strip()):
            self.bad(_line(name), "'name' is empty or not a text")
        since = self.dated(fields["from"], "'from'") if "from" in fields else None
        until = self.dated(fields["to"], "'to'") if "to" in fields else None
        if since is None or until is None:
            return
        if since > until:
            self.bad(_line(fields["from"]), f"'from' {since} is after 'to' {until}")
            return
        if (until - since).days >= LONGEST:
            self.bad(_line(fields["to"]), f"{since} to {until} is longer than {LONGEST} days; is 'to' right?")
            return
        called = name.value.strip() if isinstance(name, yaml.ScalarNode) else ""
        days = [since + timedelta(days=n) for n in range((until - since).days + 1)]
        taken = next((day for day in days if day in self.off), None)
        if taken is not None:
            other, line = self.off[taken]
            self.bad(_line(node), f"{called} overlaps {other} (line {line}) on {taken}")
        for day in days:
            self.off.setdefault(day, (called, _line(node)))

    def working_day(self, node: yaml.Node) -> None:
        day = self.dated(node, "a working day")
        if day is None:
            return
        if day in self.worked:
            self.bad(_line(node), f"{day} stands twice (line {self.worked[day]})")
        elif day in self.off:
            name, line = self.off[day]
            self.bad(_line(node), f"{day} is a day off, {name} (line {line}), and cannot be a working day too")
        elif day.weekday() < 5 and LIBRARY.day(day).works:
            self.bad(_line(node), f"{day} is a {day:%A}, which is worked anyway: leave it out")
        self.worked.setdefault(day, _line(node))

    def read(self, text: str) -> None:
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.bad(mark.line + 1 if mark else 1, f"not valid YAML: {error.problem}")
            return
        except yaml.reader.ReaderError as error:
            self.bad(text.count("\n", 0, error.position) + 1, f"not valid YAML: {error.reason}")
            return
        if root is None:
            self.bad(1, f"empty; expected the fields {', '.join(FIELDS)}")
            return
        fields = self.fields(root, FIELDS)
        if fields is None:
            return
        year = fields.get("year")
        if year is None:
            self.bad(_line(root), f"'year' is missing; by the file's name it is {self.year}")
        elif year.value != str(self.year):
            self.bad(_line(year), f"'year' is {year.value!r}, but the file is named {self.name}")
        before = len(self.problems)
        for node in self.items(fields.get("holidays"), "holidays"):
            self.holiday(node)
        if len(self.problems) == before and self.year not in LIBRARY.years:
            self.complete(_line(fields.get("holidays", root)))
        for node in self.items(fields.get("working_days"), "working_days"):
            self.working_day(node)

    def complete(self, line: int) -> None:
        """Nobody else knows this year, so the file must name all of its days off."""
        lacking = [
            f"{self.year}-{m:02}-{d:02} {n}"
            for (m, d), n in ALWAYS_OFF.items()
            if date(self.year, m, d) not in self.off
        ]
        if lacking:
            self.bad(line, f"always a day off, but not listed: {', '.join(lacking)}; list all holidays of the year")

    def days(self) -> Iterator[tuple[date, Day]]:
        for day, (name, _) in self.off.items():
            yield day, Day(works=False, name=name, known=True)
        for day in self.worked:
            yield day, Day(works=True, name=MOVED, known=True)


def _open(file: Path, problems: list[str]) -> _File | None:
    """Read one file; what is wrong with it is added to ``problems``."""
    if not _YEAR.fullmatch(file.stem):
        problems.append(f"{file.name}:1: a holiday file is named by its year, such as 2027.yml")
        return None
    found = _File(file.name, int(file.stem), problems)
    raw = file.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found.bad(raw.count(b"\n", 0, error.start) + 1, "not UTF-8: save it as UTF-8")
        return None
    found.read(text)
    return found


def load(folder: Path | None = None) -> Calendar:
    """The library's calendar with the holiday files of a folder laid over it.

    Args:
        folder: holds files named ``2027.yml``, one a year; None if the city has none. Other kinds of files are ignored.

    Raises:
        HolidayFileError: listing every mistake of every file, or that there is no such folder.
    """
    if folder is None:
        return LIBRARY
    if not folder.is_dir():
        raise HolidayFileError([f"{folder}: there is no such folder"])
    problems: list[str] = []
    files: dict[int, _File] = {}
    for file in sorted(f for f in folder.iterdir() if f.suffix in (".yml", ".yaml")):
        found = _open(file, problems)
        if found is None:
            continue
        if found.year in files:
            problems.append(f"{file.name}:1: {found.year} is in {files[found.year].name} already; keep one of the two")
        files.setdefault(found.year, found)
    if problems:
        raise HolidayFileError(problems)
    return LIBRARY.overlaid(dict(day for f in files.values() for day in f.days()), files)
