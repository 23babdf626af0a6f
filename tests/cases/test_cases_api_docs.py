"""Every example of docs/api.md and docs/open311.md, run as it stands."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from starlette.testclient import TestClient
from test_cases_api import client, new_key

from common.settings import ROOT

__all__ = ["client"]

ANY = "…"
BLOCK = re.compile(r"^```(http|python)\n(.*?)^```", re.M | re.S)


def blocks(name: str) -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / "docs" / name).read_text(encoding="utf-8"))


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


def parts(block: str) -> tuple[str, dict[str, str], str]:
    head, _, body = block.partition("\n\n")
    first, *lines = head.strip().splitlines()
    return first, dict(line.split(": ", 1) for line in lines), body.strip()


def run(client: TestClient, found: list[tuple[str, str]], tokens: dict[str, str]) -> int:
    examples = [block for kind, block in found if kind == "http"]
    for request, answer in zip(examples[::2], examples[1::2], strict=True):
        for identity, token in tokens.items():
            request = request.replace(f"xg_{identity}_{ANY}", token)
        (line, headers, body), (status, told, shown) = parts(request), parts(answer)
        method, path = line.split(" ", 1)
        if body.startswith("{"):
            headers["Content-Type"] = "application/json"
        response = client.request(method, path, headers=headers, content=body.encode() or None)
        assert response.status_code == int(status.split()[1]), (line, response.text)
        for name, value in told.items():
            assert response.headers[name] == value, line
        if shown.startswith("<"):
            assert response.text.replace("?>\n", "?>") == shown.replace("?>\n", "?>")
        else:
            assert fits(response.json(), json.loads(shown)), (line, response.text)
    return len(examples) // 2


def numbered_as_of(year: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The documents show the numbers of one year."""
    from cases import numbers

    compose = numbers.compose
    monkeypatch.setattr(numbers, "compose", lambda _year, serial: compose(year, serial))


def test_the_examples_of_the_api_are_true(
    client: TestClient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    numbered_as_of(2026, monkeypatch)
    found = blocks("api.md")
    for kind, code in found:
        if kind == "python":
            exec(code, {})
    tokens = {line.split("_")[1]: line for line in capsys.readouterr().out.split()}
    assert run(client, found, tokens) >= 10


def test_the_examples_of_open311_are_true(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    numbered_as_of(2026, monkeypatch)
    assert run(client, blocks("open311.md"), {"1": new_key(["tickets:write"], "resident")}) >= 4


def test_an_answer_that_differs_from_the_one_shown_is_noticed() -> None:
    assert fits({"a": 1, "b": [1, 2]}, {"a": ANY, "b": [1, ANY]})
    assert fits({"a": 1, "b": 2}, {"a": 1, ANY: ANY})
    for told, shown in (({"a": 1, "b": 2}, {"a": 1}), ({"a": 1}, {"a": 2}), ([1, 2], [1]), ([], [1, ANY]), (1, "1")):
        assert not fits(told, shown)
