"""The examples of the documentation run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from open311_platform import JURISDICTION, KEY, Platform, platform

from cases import service
from cases.outward import backend
from cases.outward.city_file import Joined, outward, read
from cases.outward.upstream.services import Services
from common.db import reading
from common.settings import ROOT, settings

__all__ = ["platform"]
TEXT = (ROOT / "docs/upstream.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.S)


def forget() -> None:
    """Let the bot's backend be made anew by the city's file."""
    backend.backend.cache_clear()
    outward.__globals__["_kept"].cache_clear()


@pytest.mark.usefixtures("city_database")
def test_the_documented_files_exchange_and_bot_work(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(settings().var)
    mapping, joined = blocks("yaml")
    Path("services.yml").write_text(mapping.replace("N0301", "N01").replace("N0302", "N02"), encoding="utf-8")
    Path("city.key").write_text(KEY, encoding="utf-8")
    shown = "https://12345.example.org/open311/v2"
    assert shown in joined and JURISDICTION in joined
    Path("outward.yml").write_text(joined.replace(shown, platform.url), encoding="utf-8")
    city = read(Path("outward.yml")).platform("city")
    assert city.settings.services == Services(
        {"environment.noise": "N01", "environment.fume": "N01"},
        {"N01": "environment.noise", "N02": "environment.noise"},
    )
    assert city == Joined(city.settings, types=("environment.noise",), units=("ZJ01",))
    platform.put("N02", "楼下半夜吵")
    exchange, bot = blocks("python")
    space: dict[str, Any] = {}
    exec(exchange, space)
    space["work"]()
    with reading() as session:
        assert [t.type for t in service.listing(session)] == ["environment.noise"]
    assert "filed=1" in capsys.readouterr().out
    forget()  # what tests before this one were connected to
    try:
        exec(bot, {})
    finally:
        forget()
    assert capsys.readouterr().out == "1002 受理中\n"
    assert platform.updates[-1]["description"] == "还在吵"


def test_every_field_of_a_platform_is_documented() -> None:
    joined = blocks("yaml")[1]
    for name in ("plain_http", "default_service", "numbers"):
        assert f"`{name}" in TEXT
    for name in Joined.__dataclass_fields__.keys() - {"settings", "types", "units", "every", "numbers"}:
        assert f"{name}:" in joined
