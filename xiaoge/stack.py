"""Start the four processes, wait until they answer, stop them again."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from common.settings import ROOT, Settings

ENGINE_PYTHON = ROOT / "engine/.venv/bin/python"
DIALOGUE = ROOT / "models/dialogue/dialogue.tar.gz"
START_LIMIT = 120.0
STOP_LIMIT = 15.0


class StackError(RuntimeError):
    """The stack did not come up; the message says which part and where its log is."""


@dataclass
class Part:
    """One process."""

    name: str
    args: list[str]
    health: str | None
    env: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on just now."""
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [int(s.getsockname()[1]) for s in sockets]
    for s in sockets:
        s.close()
    return ports


def _taken(port: int) -> bool:
    with socket.socket() as s:
        s.settimeout(0.5)
        return s.connect_ex(("127.0.0.1", port)) == 0


class Stack:
    """The engine, the action server, the web app and the worker, with one set of settings.

    Args:
        config: their settings; passed on through the environment.
        extra: further ``XIAOGE_...`` values for the processes (secrets, say).
    """

    def __init__(self, config: Settings, extra: dict[str, str] | None = None) -> None:
        self.config = config
        self.logs = config.var / "logs"
        token = config.engine_token.get_secret_value() or secrets.token_hex(16)
        base = {
            **os.environ,
            **(extra or {}),
            "XIAOGE_VAR": str(config.var),
            "XIAOGE_DATABASE_URL": config.database,
            "XIAOGE_WEB_PORT": str(config.web_port),
            "XIAOGE_ENGINE_PORT": str(config.engine_port),
            "XIAOGE_ACTIONS_PORT": str(config.actions_port),
            "XIAOGE_ENGINE_TOKEN": token,
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
        }
        base.pop("PYTHONDONTWRITEBYTECODE", None)
        app = sys.executable
        self.parts = {
            "engine": Part(
                "engine",
                [
                    str(ENGINE_PYTHON),
                    "-m",
                    "rasa",
                    "run",
                    "--model",
                    str(DIALOGUE),
                    "--endpoints",
                    "engine/endpoints.yml",
                    "--credentials",
                    "engine/credentials.yml",
                    "-i",
                    "127.0.0.1",
                    "-p",
                    str(config.engine_port),
                    "--enable-api",
                    "--auth-token",
                    token,
                    "--quiet",
                ],
                f"{config.engine_url}/status?token={token}",
                {
                    "XIAOGE_ACTIONS_WEBHOOK": f"{config.actions_url}/webhook",
                    "XIAOGE_TRACKER_DB": str(config.var / "tracker.db"),
                    "RASA_TELEMETRY_ENABLED": "false",
                    "TF_CPP_MIN_LOG_LEVEL": "3",
                    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
                    "SANIC_ACCESS_LOG": "false",
                    "PYTHONWARNINGS": "ignore",
                },
            ),
            "actions": Part(
                "actions",
                [app, "-m", "actions.server", "--actions", "actions", "--port", str(config.actions_port), "--quiet"],
                f"{config.actions_url}/health",
                {"SANIC_HOST": "127.0.0.1", "PYTHONWARNINGS": "ignore"},
            ),
            "web": Part("web", [app, "-m", "bot.web.app"], f"http://{config.web_host}:{config.web_port}/health"),
            "worker": Part("worker", [app, "-m", "bot.worker"], None),
        }
        self._base = base

    def start(self, name: str) -> None:
        """Start one part; its output goes to its log."""
        part = self.parts[name]
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / f"{name}.log").open("ab") as log:
            part.process = subprocess.Popen(
                part.args,
                cwd=ROOT,
                env={**self._base, **part.env},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C reaches us alone; we stop the parts in order
            )

    def up(self, say: Callable[[str], None] = lambda _text: None) -> None:
        """Start everything and wait until it answers.

        Raises:
            StackError: a port is taken, or a part ended or did not answer in time; the others are stopped.
        """
        for name, port in (
            ("web app", self.config.web_port),
            ("engine", self.config.engine_port),
            ("action server", self.config.actions_port),
        ):
            if _taken(port):
                raise StackError(
                    f"port {port} for the {name} is taken. Stop what uses it, or set XIAOGE_WEB_PORT, XIAOGE_ENGINE_PORT "
                    "or XIAOGE_ACTIONS_PORT."
                )
        if not DIALOGUE.exists() or not ENGINE_PYTHON.exists():
            raise StackError("the engine is not set up: run 'make setup'")
        try:
            for name in self.parts:
                self.start(name)
            for name in self.parts:
                self.wait(name)
                say(name)
        except BaseException:
            self.down()
            raise

    def wait(self, name: str) -> None:
        """Wait until a part answers."""
        part = self.parts[name]
        assert part.process
        deadline = time.monotonic() + START_LIMIT
        with httpx.Client(trust_env=False, timeout=2) as http:
            while time.monotonic() < deadline:
                if part.process.poll() is not None:
                    raise StackError(
                        f"the {name} ended at once (status {part.process.returncode}); see {self.logs / name}.log"
                    )
                if part.health is None:
                    return
                try:
                    if http.get(part.health).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                time.sleep(0.15)
        raise StackError(f"the {name} did not answer within {START_LIMIT:.0f} s; see {self.logs / name}.log")

    def ended(self) -> list[str]:
        """Names of parts that have ended."""
        return [n for n, p in self.parts.items() if p.process is not None and p.process.poll() is not None]

    def stop(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop one part and whatever it started."""
        process = self.parts[name].process
        if process is None or process.poll() is not None:
            return
        _signal(process, how)
        try:
            process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)
            process.wait()

    def down(self) -> None:
        """Stop everything that was started: first who brings messages in, last who answers them."""
        for name in ("web", "worker", "actions", "engine"):
            process = self.parts[name].process
            if process is not None and process.poll() is None:
                _signal(process, signal.SIGTERM)
        for name in ("web", "worker", "actions", "engine"):
            self.stop(name)


def _signal(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    try:
        os.killpg(process.pid, how)
    except ProcessLookupError:
        return


def throwaway(folder: Path) -> tuple[Settings, dict[str, str]]:
    """Settings for a stack of its own: free ports, a database that goes with ``folder``, both chat channels on.

    Returns:
        The settings, and the same values as environment for the processes.
    """
    web, engine, actions = free_ports(3)
    extra = {
        "XIAOGE_WECHAT_TOKEN": secrets.token_hex(12),
        "XIAOGE_WECHAT_AES_KEY": secrets.token_hex(22)[:43],
        "XIAOGE_WECHAT_APP_ID": "wx" + secrets.token_hex(8),
        "XIAOGE_DATABASE_URL": "",
        "XIAOGE_VAR": str(folder),
        "XIAOGE_WEB_PORT": str(web),
        "XIAOGE_ENGINE_PORT": str(engine),
        "XIAOGE_ACTIONS_PORT": str(actions),
    }
    return settings_from(extra), extra


def settings_from(values: dict[str, str]) -> Settings:
    """Settings as the processes will see them with these environment values."""
    lowered = {key.removeprefix("XIAOGE_").lower(): value for key, value in values.items() if key.startswith("XIAOGE_")}
    return Settings(_env_file=None, **lowered)  # type: ignore[arg-type,call-arg]
