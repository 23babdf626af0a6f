"""A stack of its own for a rehearsal: free ports, a throw-away database with the sample city, a fake of WeChat's API server."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cases import city
from common import db
from common.settings import Settings, settings
from xiaoge.stack import Stack, settings_from, throwaway
from xiaoge.wechat_client import FakeWeChat


@contextmanager
def rehearsal() -> Iterator[tuple[Settings, FakeWeChat]]:
    """Run the stack; this process's own settings point at its database meanwhile.

    Raises:
        xiaoge.stack.StackError: it did not come up.
    """
    with tempfile.TemporaryDirectory(prefix="xiaoge-") as folder:
        fake = FakeWeChat()
        _config, extra = throwaway(Path(folder))
        extra |= {"XIAOGE_WECHAT_API": fake.url, "XIAOGE_WECHAT_SECRET": "rehearsal"}
        config = settings_from(extra)
        os.environ.update(extra)
        settings.cache_clear()
        db.upgrade()
        with db.transaction() as session:
            city.load(session)
        stack = Stack(config, extra)
        try:
            stack.up()
            yield config, fake
        finally:
            stack.down()
            fake.close()
