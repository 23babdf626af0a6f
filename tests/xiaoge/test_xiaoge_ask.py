"""``xiaoge ask`` as a program: a question, or JSONL in, JSONL out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAM = str(Path(sys.executable).parent / "xiaoge")


def run(*arguments: str, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [PROGRAM, "ask", *arguments], input=stdin, capture_output=True, env={**os.environ, **env}, timeout=300
    )


def jsonl(*rows: Any) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


GOOD = jsonl({"id": 1, "question": "儿子不给养老钱咋办"}, {"id": "b", "question": "Python里怎么把列表倒过来"})


def test_a_line_out_has_the_entries_with_their_statutes_in_full(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(GOOD)
    done = run("--in", str(source), "--out", str(target))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    support, code = (json.loads(line) for line in target.read_text(encoding="utf-8").splitlines())
    assert (support["id"], support["answered"], code["id"], code["answered"]) == (1, True, "b", False)
    first = support["entries"][0]
    assert sorted(first) == ["id", "score", "statutes", "title"]
    assert first["id"] == "elder.children-not-supporting"
    assert "中华人民共和国民法典第一千零六十七条" in first["statutes"]
    assert len(support["entries"]) == 3


def test_standard_input_is_jsonl_and_bad_lines_are_told_and_passed_over() -> None:
    bad = b"{}\n\xff\n\nnot json\n" + jsonl({"id": 3}, {"id": 4, "question": " "}, [1])
    done = run(stdin=bad + GOOD)
    assert done.returncode == 1
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [1, "b"]
    told = done.stderr.decode()
    assert "line 1: 'id' is missing" in told
    assert "line 2: not UTF-8" in told
    assert "line 4: not JSON" in told
    assert "line 5: 'question' is missing or not a text" in told
    assert "6 line(s) were not answered" in told


def test_a_question_is_answered_in_the_terminal() -> None:
    done = run("儿子不给养老钱咋办")
    said = done.stdout.decode()
    assert done.returncode == 0
    assert "赡养费" in said
    assert "依据" in said
    assert "12348" in said


def test_what_is_not_known_is_said_honestly() -> None:
    said = run("Python里怎么把列表倒过来").stdout.decode()
    assert "12348" in said
    assert "依据" not in said


def test_a_file_that_is_not_there_is_named() -> None:
    done = run("--in", "/nowhere.jsonl")
    assert done.returncode == 1
    assert b"there is no file /nowhere.jsonl" in done.stderr
