"""The commands a person runs: up and Ctrl-C, tickets, and errors they can act on."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from running_stack import RunningStack

from cases import numbers
from xiaoge.stack import free_ports

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
XIAOGE = [sys.executable, "-m", "xiaoge.cli"]


def _environment(folder: Path, ports: list[int], **more: str) -> dict[str, str]:
    names = ("WEB", "ENGINE", "ACTIONS")
    chosen = {f"XIAOGE_{name}_PORT": str(port) for name, port in zip(names, ports, strict=True)}
    return {**os.environ, "XIAOGE_VAR": str(folder), **chosen, **more}


def _children(pid: int) -> set[int]:
    out = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            child = int(stat.parent.name)
            out |= {child} | _children(child)
    return out


def test_ctrl_c_stops_every_process_it_started(tmp_path: Path) -> None:
    with (tmp_path / "out.txt").open("w") as out:
        process = subprocess.Popen(
            [*XIAOGE, "up"],
            cwd=Path(__file__).parents[2],
            env=_environment(tmp_path, free_ports(3)),
            stdout=out,
            stderr=out,
        )
        try:
            deadline = time.monotonic() + 120
            while "小格 is up" not in (tmp_path / "out.txt").read_text():
                assert process.poll() is None and time.monotonic() < deadline, (tmp_path / "out.txt").read_text()
                time.sleep(0.3)
            started = _children(process.pid)
            assert len(started) >= 4
            process.send_signal(signal.SIGINT)
            assert process.wait(40) == 0
        finally:
            if process.poll() is None:
                process.kill()
    alive = {
        pid for pid in started if Path(f"/proc/{pid}").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text()
    }
    assert alive == set()
    summary = [line for line in (tmp_path / "out.txt").read_text().splitlines() if "小格 is up" in line]
    assert len(summary) == 1 and all(
        part in summary[0] for part in ("page http://", "engine", "actions", "worker", "database")
    )


def test_a_taken_port_is_named_and_nothing_is_left_running(tmp_path: Path) -> None:
    ports = free_ports(3)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports[0]))
        taken.listen()
        done = subprocess.run(
            [*XIAOGE, "up"],
            cwd=Path(__file__).parents[2],
            env=_environment(tmp_path, ports),
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert str(ports[0]) in done.stderr and "XIAOGE_WEB_PORT" in done.stderr and "Traceback" not in done.stderr


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    environment = _environment(tmp_path, free_ports(3), XIAOGE_WECHAT_AES_KEY="short")
    done = subprocess.run(
        [*XIAOGE, "up"], env=environment, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 1 and "XIAOGE_WECHAT_AES_KEY" in done.stderr and "short" not in done.stderr


def _xiaoge(stack: RunningStack, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*XIAOGE, *args],
        env={**os.environ, **stack.extra, "COLUMNS": "160"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_ticket_is_moved_on_and_its_resident_hears_of_it(stack: RunningStack) -> None:
    resident = stack.resident()
    answer = resident.say("幸福里3号楼楼下烧烤店的大喇叭从上个月开始每天半夜还在响，吵得睡不着")
    for _ in range(6):
        if "报上去了。工单号" in answer:
            break
        answer = resident.say("对" if "对不对" in answer else "不知道")
    number = answer.split("工单号 ")[1][:11]
    assert numbers.parse(number)
    assert number in _xiaoge(stack, "tickets", "list").stdout
    refused = _xiaoge(stack, "tickets", "act", number, "finish", "--role", "department", "--note", "修好了")
    assert refused.returncode == 1 and "accept" in refused.stderr, "an illegal step names what is possible"
    done = _xiaoge(stack, "tickets", "act", number, "accept", "--role", "department", "--actor", "城管一队")
    assert done.returncode == 0 and "办理中" in done.stdout
    told = stack.fake.wait_for_push(resident.user, 30)
    assert any(number in text and "办理中" in text for text in told)
    shown = _xiaoge(stack, "tickets", "show", number.replace("-", " ")).stdout
    assert "城管一队" in shown or "department" in shown
    assert "烧烤店" in shown
    wrong = _xiaoge(stack, "tickets", "show", "600-000-018")
    assert wrong.returncode == 1 and "check digit" in wrong.stderr


def test_a_person_answers_a_waiting_conversation_and_hands_it_back(stack: RunningStack) -> None:
    resident = stack.resident()
    resident.say("转人工")
    listed = _xiaoge(stack, "handovers", "list").stdout
    identity = next(line for line in reversed(listed.splitlines()) if "wechat" in line).split("│")[1].strip()
    assert _xiaoge(stack, "handovers", "reply", identity, "您好，我是受理员小周，您说。").returncode == 0
    assert any("受理员小周" in text for text in stack.fake.wait_for_push(resident.user, 30))
    silent = resident.read(resident.deliver(resident.xml("text", Content="楼下垃圾没人收")))
    assert silent is None, "the assistant leaves the word to the person"
    assert _xiaoge(stack, "handovers", "done", identity).returncode == 0
    assert "机器人" in resident.say("你是谁")
    wrong = _xiaoge(stack, "handovers", "reply", "zzzz", "x")
    assert wrong.returncode == 1 and "no conversation" in wrong.stderr
