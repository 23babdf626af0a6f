"""Every command of docs/api.md and docs/open311.md, run as it stands: a shell, curl, a server on loopback, a new database."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cases import numbers
from common.db import now
from common.settings import ROOT

ANY = "…"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)
WITHIN = 300  # seconds for all, on a machine that does other things too
YEAR, MOST = 2026, 10  # of the numbers the documents show, and how many there may be


@dataclass(frozen=True)
class Example:
    """Commands, and the answer shown under them, if there is one."""

    commands: str
    form: str | None
    shown: str


def examples(name: str) -> list[Example]:
    blocks = BLOCK.findall((ROOT / "docs" / name).read_text(encoding="utf-8"))
    found: list[Example] = []
    for form, text in blocks:
        if form == "sh":
            found.append(Example(text, None, ""))
        else:
            found[-1] = Example(found[-1].commands, form, text)
    return found


def fits(told: Any, shown: Any) -> bool:
    """Whether an answer is as shown; ``…`` stands for anything, and for more of the same at the end."""
    if shown == ANY:
        return True
    if isinstance(shown, dict):
        return (
            isinstance(told, dict)
            and all(name in told and fits(told[name], value) for name, value in shown.items() if name != ANY)
            and (ANY in shown or set(told) == set(shown))
        )
    if isinstance(shown, list):
        open_end = shown[-1:] == [ANY]
        rest = shown[:-1] if open_end else shown
        return (
            isinstance(told, list)
            and (len(told) >= len(rest) if open_end else len(told) == len(rest))
            and all(map(fits, told, rest))
        )
    return bool(told == shown)


def of_this_year(text: str) -> str:
    """The documents show the numbers of one year."""
    for serial in range(1, MOST + 1):
        then, current = numbers.compose(YEAR, serial), numbers.compose(now().year, serial)
        text = text.replace(then, current).replace(numbers.spoken(then), numbers.spoken(current))
    return text


def parts(text: str) -> tuple[str, dict[str, str], str]:
    """Status line, headers by small letters, body."""
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    first, *lines = head.strip().splitlines()
    named = (line.split(": ", 1) for line in lines)
    return first, {name.lower(): value for name, value in named}, body.strip()


def check(told: str, example: Example) -> None:
    shown = of_this_year(example.shown)
    if example.form == "http":
        (status, headers, body), (status_shown, headers_shown, body_shown) = parts(told), parts(shown)
        assert status == status_shown, (example.commands, told)
        assert {name: headers.get(name) for name in headers_shown} == headers_shown, example.commands
    else:
        body, body_shown = told, shown
    if example.form == "http" and not body_shown:  # a file, of which only the headers are shown
        return
    if body_shown.startswith("<"):
        assert body == body_shown
    else:
        assert fits(json.loads(body), json.loads(body_shown)), (example.commands, body)


def run(found: list[Example], folder: Path) -> list[str]:
    """What each of the examples prints, all in one shell."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = ["set -eu"]
    for place, example in enumerate(found):
        script.append(f"{{\n{of_this_year(example.commands)}}} > {folder}/{place}.out 2> {folder}/{place}.err")
    text = "\n".join(script).replace("$(mktemp -d)", f"{folder}/var").replace("8001", str(port))
    # The commands of this very folder, wherever those of the environment come from.
    for command, module in ((".venv/bin/xiaoge", "xiaoge.cli"), (".venv/bin/uvicorn", "uvicorn")):
        text = text.replace(command, f"{sys.executable} -m {module}")
    (folder / "var").mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XIAOGE_")}
    shell = subprocess.Popen(["bash", "-c", text], cwd=ROOT, env=environment, start_new_session=True)
    try:
        assert shell.wait(WITHIN) == 0, [file.read_text()[-500:] for file in sorted(folder.glob("*.err"))]
    finally:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGTERM)  # the server it left in the background
    return [(folder / f"{place}.out").read_text(encoding="utf-8") for place in range(len(found))]


@pytest.mark.slow
def test_the_commands_of_the_documents_print_what_they_show(tmp_path: Path) -> None:
    found = [*examples("api.md"), *examples("open311.md")]
    told = run(found, tmp_path)
    shown = [(text, example) for text, example in zip(told, found, strict=True) if example.form]
    assert len(shown) >= 18
    for text, example in shown:
        check(text, example)


def test_an_answer_that_differs_from_the_one_shown_is_noticed() -> None:
    assert fits({"a": 1, "b": [1, 2]}, {"a": ANY, "b": [1, ANY]})
    assert fits({"a": 1, "b": 2}, {"a": 1, ANY: ANY})
    for told, shown in (({"a": 1, "b": 2}, {"a": 1}), ({"a": 1}, {"a": 2}), ([1, 2], [1]), ([], [1, ANY]), (1, "1")):
        assert not fits(told, shown)
