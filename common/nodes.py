"""Reading a YAML file by its nodes, so that every mistake is told with its line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

# The compiled reader, where libyaml is there: ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _composed(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError:  # told by the other reader, whose lines are exact
        return yaml.compose(text, Loader=yaml.SafeLoader)


def line(node: yaml.Node) -> int:
    """The line a node begins in, from 1."""
    return int(node.start_mark.line) + 1


@dataclass
class Source:
    """A file while it is read; its mistakes are collected in ``problems``."""

    file: Path
    problems: list[str] = field(default_factory=list)

    def bad(self, node: yaml.Node | int, what: str) -> None:
        """Note a mistake at a node or line."""
        self.problems.append(f"{self.file.name}:{node if isinstance(node, int) else line(node)}: {what}")

    def root(self) -> yaml.Node | None:
        """The file's top node; None when it cannot be read, which is noted."""
        try:
            text = self.file.read_bytes().decode("utf-8-sig")
            found = _composed(text)
        except OSError as error:
            self.bad(1, f"cannot be read: {error.strerror}")
            return None
        except UnicodeDecodeError:
            self.bad(1, "not UTF-8: save it as UTF-8")
            return None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.bad(mark.line + 1 if mark else 1, f"not valid YAML: {error.problem}")
            return None
        except yaml.YAMLError as error:
            self.bad(1, f"not valid YAML: {error}")
            return None
        if found is None:
            self.bad(1, "empty")
        return found

    def pairs(self, node: yaml.Node, what: str) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        """Name, name's node and value of each entry of a mapping; a name used twice is noted and left out."""
        if not isinstance(node, yaml.MappingNode):
            self.bad(node, f"{what} must be a mapping")
            return
        seen: dict[str, int] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                self.bad(key, f"{name!r} stands twice (line {seen[name]})")
                continue
            seen[name] = line(key)
            yield name, key, value

    def fields(self, node: yaml.Node, what: str, allowed: tuple[str, ...]) -> dict[str, yaml.Node] | None:
        """The fields of a mapping; None if it is none."""
        if not isinstance(node, yaml.MappingNode):
            self.bad(node, f"{what} must be a mapping with {', '.join(allowed)}")
            return None
        found = {}
        for name, key, value in self.pairs(node, what):
            if name in allowed:
                found[name] = value
            else:
                self.bad(key, f"unknown field {name!r}; there are: {', '.join(allowed)}")
        return found

    def items(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        """The items of a list that is not empty."""
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            self.bad(node, f"{what} must be a list that is not empty")
            return []
        return list(node.value)

    def text(self, node: yaml.Node, what: str) -> str:
        """A text that is not empty."""
        value = node.value.strip() if isinstance(node, yaml.ScalarNode) else ""
        if not value:
            self.bad(node, f"{what} must be a text that is not empty")
        return value

    def number(self, node: yaml.Node, what: str, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``."""
        value = node.value if isinstance(node, yaml.ScalarNode) else ""
        if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            self.bad(node, f"{what} must be a whole number from {low} to {high}, not {value!r}")
            return low
        return int(value)

    def one_of(self, node: yaml.Node, what: str, allowed: tuple[str, ...]) -> str:
        """One of a few words."""
        value = node.value if isinstance(node, yaml.ScalarNode) else None
        if value not in allowed:
            self.bad(node, f"{what} is {value!r}; there are: {', '.join(allowed)}")
            return allowed[0]
        return str(value)
