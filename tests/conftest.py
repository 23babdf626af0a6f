"""Shared by all tests: a database of one's own, and (for tests that need it) the whole real stack."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))

from running_stack import RunningStack

from common import db
from common.settings import ROOT, Settings, settings

# Tests must not read a developer's own settings.
for name in [n for n in os.environ if n.startswith("XIAOGE_")]:
    del os.environ[name]
Settings.model_config["env_file"] = None


@pytest.fixture
def use_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Set XIAOGE_... values for one test."""
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


@pytest.fixture
def database(tmp_path: Path, use_settings: pytest.MonkeyPatch) -> str:
    """An empty, up-to-date SQLite database that this process uses."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    use_settings.setenv("XIAOGE_DATABASE_URL", url)
    use_settings.setenv("XIAOGE_VAR", str(tmp_path))
    settings.cache_clear()
    db.upgrade()
    return url


@pytest.fixture(scope="session")
def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """One stack for all conversations; each test is a new resident."""
    running = RunningStack(tmp_path_factory.mktemp("stack"))
    yield running
    running.close()


@pytest.fixture
def stack(shared_stack: RunningStack) -> Iterator[RunningStack]:
    """The shared stack, with this process's settings pointing at it."""
    shared_stack.use()
    yield shared_stack
    for name in shared_stack.extra:
        os.environ.pop(name, None)
    settings.cache_clear()


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT
