"""What the documentation names exists, and nothing it should name is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

from common.settings import ROOT, Settings
from xiaoge.cli import app

DOCS = [ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_every_setting_is_documented_and_no_other() -> None:
    documented = set(re.findall(r"`(XIAOGE_[A-Z_]+)`", (ROOT / "docs/settings.md").read_text(encoding="utf-8")))
    known = {f"XIAOGE_{name.upper()}" for name in Settings.model_fields}
    assert known - documented == set()
    assert documented - known <= {"XIAOGE_MODELS"}


@pytest.mark.parametrize("file", DOCS, ids=lambda f: f.name)
def test_links_and_pictures_lead_somewhere(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) + re.findall(r'src="([^"]+)"', text)
    missing = [t for t in targets if not t.startswith(("http", "mailto")) and not (file.parent / t).exists()]
    assert missing == []


@pytest.mark.parametrize("file", DOCS, ids=lambda f: f.name)
def test_commands_named_in_the_docs_exist(file: Path) -> None:
    root = typer.main.get_command(app)
    for words in re.findall(r"(?:^|[`/ ])xiaoge ([a-z][a-z -]*)", file.read_text(encoding="utf-8"), re.M):
        parts = words.split()
        command = root.commands.get(parts[0])  # type: ignore[attr-defined]
        assert command is not None, f"{file.name}: xiaoge {words}"
        if hasattr(command, "commands") and len(parts) > 1:
            assert parts[1] in command.commands, f"{file.name}: xiaoge {words}"


def test_both_readmes_have_the_glossary_and_the_two_commands() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "make run" in text and "make test" in text
        for word in ("工单", "网格", "分流", "吹哨", "matter", "ticket", "grid"):
            assert word in text, f"{name}: {word}"
