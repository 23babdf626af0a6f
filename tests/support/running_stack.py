"""The four real processes on a throw-away database, with fakes of WeChat's and Telegram's servers."""

from __future__ import annotations

import os
from pathlib import Path

from fake_telegram import FakeTelegram

from cases import city
from common import db
from common.settings import settings
from xiaoge.stack import Stack, settings_from, throwaway
from xiaoge.wechat_client import FakeWeChat, WeChatResident


class RunningStack:
    """The four real processes with a throw-away database, a fake WeChat API server, and the process's own settings on them."""

    def __init__(self, folder: Path, **values: str) -> None:
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
