"""Shared by all tests: a database of one's own, and (for tests that need it) the whole real stack."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))

from fake_telegram import FakeTelegram

from common import db
from common.settings import ROOT, Settings, settings
from xiaoge.stack import Stack, settings_from, throwaway
from xiaoge.wechat_client import FakeWeChat, WeChatResident

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


class RunningStack:
    """The four real processes with a throw-away database, a fake WeChat API server, and the process's own settings on them."""

    def __init__(self, folder: Path, **values: str) -> None:
        from cases import city

        self.fake = FakeWeChat()
        _config, self.extra = throwaway(folder)
        self.telegram = FakeTelegram()
        self.extra |= {
            "XIAOGE_WECHAT_API": self.fake.url,
            "XIAOGE_WECHAT_SECRET": "secret",
            "XIAOGE_TELEGRAM_TOKEN": "1:a",
            "XIAOGE_TELEGRAM_WEBHOOK_SECRET": "hush",
            "XIAOGE_TELEGRAM_API": self.telegram.url,
            **values,
        }
        self.config = settings_from(self.extra)
        self.use()
        db.upgrade()
        with db.transaction() as session:
            city.load(session)
        self.stack = Stack(self.config, self.extra)
        self.stack.up()

    def use(self) -> None:
        """Point this process at the stack's database."""
        os.environ.update(self.extra)
        settings.cache_clear()

    def resident(self, encrypted: bool = True) -> WeChatResident:
        """A new follower of the account."""
        return WeChatResident(self.config, self.fake, encrypted=encrypted)

    def close(self) -> None:
        """Stop it all."""
        self.stack.down()
        self.fake.close()
        self.telegram.close()
        for name in self.extra:
            os.environ.pop(name, None)
        settings.cache_clear()


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
