"""Offices: ``offices.yml`` beside this module, with the city's own addresses and phones from ``offices.yml`` in its var
folder laid over it."""

from __future__ import annotations

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
    problems = source.problems
    if own is not None and own.exists():
        source = Source(own)
        root = source.root()
        for key, node, value in source.pairs(root, "the file") if root is not None else ():
            if key not in offices:
                source.bad(node, f"there is no office {key!r}; there are: {', '.join(sorted(offices))}")
                continue
            offices[key] = replace(offices[key], **_fields(source, value, key, _OWN))
        problems = [*problems, *source.problems]
    return offices, problems
