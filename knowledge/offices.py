"""Offices: ``offices.yml`` beside this module, with the city's own addresses and phones from ``offices.yml`` in its var
folder laid over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import yaml

from common.nodes import Source
from knowledge.model import Office

FILE = Path(__file__).with_suffix(".yml")
_SHIPPED, _OWN = ("name", "does", "phone"), ("name", "phone", "address", "hours")


def _fields(source: Source, node: yaml.Node, key: str, allowed: tuple[str, ...]) -> dict[str, str]:
    found = source.fields(node, key, allowed) or {}
    return {name: source.text(value, f"{key}: {name}") for name, value in found.items()}


def read(file: Path = FILE, own: Path | None = None) -> tuple[dict[str, Office], list[str]]:
    """All offices by key, and every mistake with its file and line.

    Args:
        file: the offices there are.
        own: what a city says of its own; need not exist.
    """
    offices: dict[str, Office] = {}
    source = Source(file)
    root = source.root()
    for key, _, value in source.pairs(root, "the file") if root is not None else ():
        said = _fields(source, value, key, _SHIPPED)
        if "name" in said and "does" in said:
            offices[key] = Office(key, **said)
        else:
            source.bad(value, f"{key} needs name and does")
    if own is None:
        return offices, source.problems
    offices, problems = lay_over(offices, own)
    return offices, [*source.problems, *problems]


def lay_over(offices: Mapping[str, Office], own: Path) -> tuple[dict[str, Office], list[str]]:
    """The offices with what a city says of its own, and every mistake in that.

    Args:
        offices: by key.
        own: the city's file; need not exist.
    """
    found = dict(offices)
    source = Source(own)
    root = source.root() if own.exists() else None
    for key, node, value in source.pairs(root, "the file") if root is not None else ():
        if key in found:
            found[key] = replace(found[key], **_fields(source, value, key, _OWN))
        else:
            source.bad(node, f"there is no office {key!r}; there are: {', '.join(sorted(offices))}")
    return found, source.problems
