"""The examples of the documentation run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from test_cases_upstream_platform import JURISDICTION, KEY, Platform, platform

from cases import service
from cases.outward.upstream.services import Services
from common.db import reading
from common.settings import ROOT

__all__ = ["platform"]
TEXT = (ROOT / "docs/upstream.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.S)


@pytest.mark.usefixtures("city_database")
def test_the_documented_round_and_bot_work(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (mapping,) = blocks("yaml")
    Path("services.yml").write_text(mapping.replace("N0301", "N01").replace("N0302", "N02"), encoding="utf-8")
    code = "\n".join(blocks("python"))
    for shown, real in (("https://12345.example.org/open311/v2", platform.url), ("...", KEY)):
        assert shown in code
        code = code.replace(shown, real)
    assert JURISDICTION in code
    platform.put("N02", "楼下半夜吵")
    space: dict[str, Any] = {}
    exec(code, space)
    assert space["settings"].services == Services(
        {"environment.noise": "N01", "environment.fume": "N01"},
        {"N01": "environment.noise", "N02": "environment.noise"},
    )
    space["work"]()
    with reading() as session:
        assert [t.type for t in service.listing(session)] == ["environment.noise"] * 2
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "1002 open" and "filed=2" in said[1]
