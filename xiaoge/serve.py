"""``xiaoge up``: prepare, start, watch, stop."""

from __future__ import annotations

import signal
import time
from datetime import datetime
from types import FrameType
from zoneinfo import ZoneInfo

import typer
from pydantic import ValidationError
from sqlalchemy import func, select

from cases import city, risk
from cases.catalogue import CatalogueError
from cases.clock.holiday_files import HolidayFileError
from cases.clock.time import unknown_years, working_time
from cases.model import Area
from cases.outward.city_file import OutwardError, outward
from common.db import reading, transaction, upgrade
from common.settings import settings
from knowledge.guiding.served import served
from knowledge.library import KnowledgeError
from xiaoge.stack import Stack, StackError

RESTARTS = 5
# Files of the city's own in the var folder: a mistake in one stops the start, not the first resident.
CITY_FILES = (working_time, risk.rulebook, outward, served)
MISTAKES = (HolidayFileError, risk.RulesError, OutwardError, city.CityError, CatalogueError, KnowledgeError)


def prepare() -> None:
    """Bring the database up to date; an empty one gets the sample city."""
    upgrade()
    with reading() as session:
        known = session.scalar(select(func.count()).select_from(Area))
    if not known:
        with transaction() as session:
            city.load(session)


def _channels() -> str:
    config = settings()
    on = ["web page"]
    on += ["WeChat (/wechat)"] if config.wechat_token.get_secret_value() else []
    on += ["Telegram (/telegram)"] if config.telegram_token.get_secret_value() else []
    return ", ".join(on)


def serve() -> int:
    """Run until Ctrl-C or SIGTERM. A part that ends is started again."""
    try:
        config = settings()
    except ValidationError as error:
        wrong = "; ".join(f"XIAOGE_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        typer.echo(f"a setting is wrong: {wrong}", err=True)
        return 1
    stopping = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        if stopping:
            return
        stopping = True
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        prepare()
        for read in CITY_FILES:
            read()
    except MISTAKES as error:
        typer.echo(str(error), err=True)
        return 1
    for year in unknown_years(datetime.now(ZoneInfo(config.timezone)).date()):
        typer.echo(
            f"warning: the holidays of {year} are not known; until {config.var / 'holidays' / f'{year}.yml'} is there, its "
            "due times count every Monday to Friday as a working day (docs/clock.md)",
            err=True,
        )
    stack = Stack(config)
    typer.echo("starting the engine, the action server, the web app and the worker ...")
    started = time.monotonic()
    try:
        stack.up()
        typer.echo(
            f"小格 is up after {time.monotonic() - started:.0f} s | page http://{config.web_host}:{config.web_port}/ | engine :{config.engine_port} | "
            f"actions :{config.actions_port} | worker | channels: {_channels()} | database {config.database.split('@')[-1]} | logs {stack.logs}"
        )
        _watch(stack)
    except StackError as error:
        typer.echo(str(error), err=True)
        return 1
    except KeyboardInterrupt:
        typer.echo("\nstopping ...")
    finally:
        stack.down()
    return 0


def _watch(stack: Stack) -> None:
    restarts: dict[str, int] = {}
    while True:
        time.sleep(0.5)
        for name in stack.ended():
            restarts[name] = restarts.get(name, 0) + 1
            if restarts[name] > RESTARTS:
                raise StackError(f"the {name} ended {RESTARTS} times; see {stack.logs / name}.log")
            typer.echo(f"the {name} ended and is started again (log: {stack.logs / name}.log)", err=True)
            stack.start(name)
