"""Duplicates: how good the suggestions are, and how fast they are among 10,000 open tickets.

.venv/bin/python benchmarks/duplicates/run.py [--file FILE] [--classified] [--only quality|speed]
    [--database sqlite|postgresql] [--open 10000] [--ended 90000] [--asked 200]

``--file``: a JSON-lines file of unrelated messages (text, type, perhaps title and place) among which the written set is
measured. docs/duplicates.md has the figures and what they mean; ``fit.py`` chooses the weights.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # this checkout, not what is installed

import quality
import speed


def main() -> None:
    """Print the figures asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, help="unrelated messages, JSON lines")
    parser.add_argument("--classified", action="store_true", help="matter types of the trained classifier")
    parser.add_argument("--only", choices=("quality", "speed"))
    parser.add_argument("--database", choices=speed.DATABASES, action="append", help="by default both")
    parser.add_argument("--open", type=int, default=10_000)
    parser.add_argument("--ended", type=int, default=90_000)
    parser.add_argument("--asked", type=int, default=200)
    given = parser.parse_args()
    if given.only != "speed":
        quality.show(given.file, given.classified)
    if given.only != "quality":
        for kind in given.database or speed.DATABASES:
            speed.show(kind, given.open, given.ended, given.asked)


if __name__ == "__main__":
    main()
