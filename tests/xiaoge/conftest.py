"""Fixtures for the tests of ``xiaoge``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from databases import city_database, database, empty_database

__all__ = ["city_database", "database", "empty_database"]
