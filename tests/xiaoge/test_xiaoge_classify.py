"""``xiaoge classify`` as a program: JSONL in, JSONL out, bad lines told and passed over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nlu.corpus import INTENTS
from nlu.taxonomy import taxonomy

PROGRAM = str(Path(sys.executable).parent / "xiaoge")
FIELDS = ["id", "intent", "category", "type", "confidence", "candidates", "also", "why", "urgent", "entities"]


def run(*arguments: str, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [PROGRAM, "classify", *arguments], input=stdin, capture_output=True, env={**os.environ, **env}, timeout=300
    )


def lines(raw: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in raw.decode("utf-8").splitlines()]


def jsonl(*messages: dict[str, Any]) -> bytes:
    return "".join(json.dumps(m, ensure_ascii=False) + "\n" for m in messages).encode("utf-8")


GOOD = jsonl(
    {"id": 1, "text": "幸福里3号楼楼下烧烤店天天半夜吵得睡不着，电话13912345678"},
    {"id": "b", "text": "怎么打离婚官司，财产怎么分", "title": "more fields are no harm"},
    {"id": None, "text": "你好"},
    {"id": 4, "text": "楼着火了\x00，好多人困在里面快来人"},
)


def test_a_good_file_gives_a_result_a_line_with_the_documented_fields(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(GOOD)
    done = run(str(source), "--out", str(target))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    noise, law, greeting, fire = results = lines(target.read_bytes())
    assert [list(r) for r in results] == [FIELDS] * 4
    assert [r["id"] for r in results] == [1, "b", None, 4]
    assert (noise["intent"], noise["category"], noise["type"]) == ("report", "environment", "environment.noise")
    assert [(e["kind"], e["text"], e["value"]) for e in noise["entities"] if e["kind"] in ("place", "phone")] == [
        ("place", "幸福里3号楼楼下", None),
        ("phone", "13912345678", "13912345678"),
    ]
    assert (law["intent"], law["category"]) == ("legal_question", "legal")
    assert (greeting["intent"], greeting["category"], greeting["type"]) == ("greet", "none", None)
    assert (fire["type"], fire["urgent"]) == ("hazard.fire", True)


def test_types_of_every_field_are_those_a_program_can_rely_on() -> None:
    done = run(stdin=GOOD)
    assert done.returncode == 0
    for r in lines(done.stdout):
        assert r["intent"] in INTENTS
        assert r["type"] is None or taxonomy().type(r["type"]).category == r["category"]
        assert isinstance(r["urgent"], bool)
        assert 0 <= r["confidence"] <= 1
        assert all(list(c) == ["category", "type", "confidence"] for c in r["candidates"])
        assert set(r["also"]) <= {c.code for c in taxonomy().categories} - {r["category"]}
        assert all(list(e) == ["kind", "text", "start", "end", "value"] for e in r["entities"])


def test_bad_lines_are_told_by_number_and_the_others_go_on() -> None:
    bad = b"\n".join(
        [
            b'{"id": 1, "text": "\xe8\xb7\xaf\xe7\x81\xaf\xe5\x9d\x8f\xe4\xba\x86"}',
            b"{not json",
            b'{"text": "x"}',
            b'{"id": 4, "text": "  "}',
            b'{"id": 5}',
            b'{"id": 6, "text": 7}',
            b'["id", "text"]',
            b'{"id": 8, "text": "\xc2\xb7\xb5\xc6"}',
            b"",
            b"   ",
            b"[" * 100_000,
            b'{"id": 12, "text": "\\ud83d\\u0000\xe6\xbc\x8f\xe6\xb0\xb4"}',
        ]
    )
    done = run(stdin=bad)
    assert done.returncode == 1
    assert [r["id"] for r in lines(done.stdout)] == [1, 12]
    assert done.stderr.decode("utf-8").splitlines() == [
        "line 2: not JSON",
        "line 3: 'id' is missing",
        "line 4: 'text' is empty",
        "line 5: 'text' is missing or not a text",
        "line 6: 'text' is missing or not a text",
        'line 7: expected an object {"id", "text"}',
        "line 8: not UTF-8",
        "line 11: not JSON",
        "8 line(s) were not classified",
    ]


def test_nothing_in_nothing_out() -> None:
    done = run(stdin=b"")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_byte_order_mark_and_windows_line_ends_are_read() -> None:
    done = run(stdin=b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n"))
    assert done.returncode == 0
    assert [r["id"] for r in lines(done.stdout)] == [1, "b", None, 4]


def test_output_is_utf8_whatever_the_locale() -> None:
    done = run(stdin=GOOD, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="")
    assert done.returncode == 0, done.stderr
    assert "幸福里3号楼楼下" in done.stdout.decode("utf-8")


def test_half_an_emoji_in_an_id_comes_back_as_it_came(tmp_path: Path) -> None:
    message = b'{"id": "\\ud83d", "text": "\xe6\xbc\x8f\xe6\xb0\xb4"}\n'
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(message)
    assert run(str(source), "--out", str(target)).returncode == 0
    done = run(stdin=message)
    assert done.returncode == 0
    assert done.stdout == target.read_bytes()
    assert lines(done.stdout)[0]["id"] == "\ud83d"


def test_a_file_that_is_not_there_is_told() -> None:
    done = run("nowhere.jsonl")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"there is no file nowhere.jsonl" in done.stderr


def test_without_a_model_it_says_how_to_make_one(tmp_path: Path) -> None:
    done = run(stdin=GOOD, XIAOGE_MODELS=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"xiaoge train" in done.stderr


@pytest.mark.parametrize("field", FIELDS)
def test_the_help_names_every_field(field: str) -> None:
    done = subprocess.run(
        [PROGRAM, "classify", "--help"], capture_output=True, text=True, env={"COLUMNS": "200", "PATH": ""}
    )
    assert field in done.stdout
