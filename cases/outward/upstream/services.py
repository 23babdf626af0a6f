"""Which of the platform's services are which of our matter types: a YAML file of the city.

    - service: "N0301"                 # their service_code, in quotes
      type: environment.noise          # our matter type
    - service: "N0302"
      type: environment.noise
      push: false                      # not used when one of ours goes up
    - service: "N0301"
      type: environment.fume
      pull: false                      # not used when one of theirs comes down

Each type goes up to one service at most, each service comes down as one type at most. Every mistake is listed with its
line; a file with mistakes is refused whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nlu.taxonomy import taxonomy

LONGEST = 48  # characters of a service code
_FIELDS = {"service", "type", "push", "pull"}


class ServicesError(ValueError):
    """The file has mistakes; ``problems`` lists them all, each with file and line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the mapping of services was not loaded:\n  " + "\n  ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Services:
    """Service codes by our matter type (``up``), matter types by service code (``down``)."""

    up: dict[str, str]
    down: dict[str, str]

    @classmethod
    def same(cls) -> Services:
        """For a platform whose service codes are our matter types: another installation of this program."""
        codes = {matter.code: matter.code for matter in taxonomy()}
        return cls(codes, dict(codes))


def _entries(file: Path) -> Iterator[tuple[int, Any]]:
    """Each entry of the list with its line."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        tree, rows = yaml.compose(text, yaml.SafeLoader), yaml.safe_load(text)
    except OSError as error:
        raise ServicesError([f"{file.name}: {error.strerror}"]) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise ServicesError(
            [f"{file.name}:{mark.line + 1 if mark else 1}: not valid YAML in UTF-8: {error}"]
        ) from error
    if not isinstance(rows, list) or not rows or not isinstance(tree, yaml.SequenceNode):
        raise ServicesError([f"{file.name}:1: expected a list of entries with 'service' and 'type'"])
    yield from ((node.start_mark.line + 1, row) for node, row in zip(tree.value, rows, strict=True))


class _Reader:
    def __init__(self, file: Path) -> None:
        self.file = file
        self.problems: list[str] = []
        self.up: dict[str, tuple[int, str]] = {}
        self.down: dict[str, tuple[int, str]] = {}

    def bad(self, line: int, what: str) -> None:
        self.problems.append(f"{self.file.name}:{line}: {what}")

    def one(self, line: int, found: dict[str, tuple[int, str]], key: str, value: str, what: str, how: str) -> None:
        if key in found:
            self.bad(line, f"{key} {what} already (line {found[key][0]}): give one of the two '{how}: false'")
        else:
            found[key] = line, value

    def entry(self, line: int, entry: dict[str, Any]) -> None:
        before = len(self.problems)
        for key in sorted(set(map(str, entry)) - _FIELDS):
            self.bad(line, f"unknown field {key!r}; there are: {', '.join(sorted(_FIELDS))}")
        service, type_ = entry.get("service"), entry.get("type")
        if not isinstance(service, str) or not 0 < len(service.strip()) <= LONGEST:
            self.bad(line, f"'service' must be a text of 1 to {LONGEST} characters, a code in quotes; not {service!r}")
        if not isinstance(type_, str) or not taxonomy().has_type(type_):
            self.bad(line, f"unknown matter type {type_!r}")
        for way in ("push", "pull"):
            if not isinstance(entry.get(way, True), bool):
                self.bad(line, f"'{way}' must be true or false")
        if entry.get("push") is False and entry.get("pull") is False:
            self.bad(line, "used neither up nor down: leave it out")
        if len(self.problems) > before:
            return
        assert isinstance(service, str) and isinstance(type_, str)
        if entry.get("push", True):
            self.one(line, self.up, type_, service.strip(), "goes up", "push")
        if entry.get("pull", True):
            self.one(line, self.down, service.strip(), type_, "comes down", "pull")


def read(file: Path) -> Services:
    """The mapping of a file.

    Raises:
        ServicesError: listing every mistake.
    """
    reader = _Reader(file)
    for line, entry in _entries(file):
        if isinstance(entry, dict):
            reader.entry(line, entry)
        else:
            reader.bad(line, f"{entry!r} is no entry with 'service' and 'type'")
    if reader.problems:
        raise ServicesError(reader.problems)
    return Services({t: s for t, (_, s) in reader.up.items()}, {s: t for s, (_, t) in reader.down.items()})
