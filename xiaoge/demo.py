"""``xiaoge demo``: one resident, one matter, the real endpoint, the real everything."""

from __future__ import annotations

import re
import time

import typer

from cases import numbers, service
from common import db
from xiaoge.rehearsal import rehearsal
from xiaoge.stack import StackError
from xiaoge.ticketing import describe
from xiaoge.wechat_client import WeChatResident

SCRIPT = (
    "你好",
    "俺家楼下那个烧烤店天天半夜还在那吵吵把火的俺老伴心脏不好睡不着觉",
    "幸福里3号楼2单元",
    "得有半个月了吧",
    "你们这个会不会让他们知道是我说的呀",
    "匿名",
    "地址说错了，是4号楼",
    "对",
    "进展",
)


def play() -> int:
    """Run the demo. Returns the exit status."""
    typer.echo("starting a throw-away stack ...")
    try:
        with rehearsal() as (config, fake):
            number = _talk(WeChatResident(config, fake))
            if number is None:
                typer.echo("no ticket came out", err=True)
                return 1
            with db.reading() as session:
                ticket = service.get(session, number)
                typer.echo("\n" + "\n".join(describe(ticket, service.unit_name(session, ticket))))
    except StackError as error:
        typer.echo(str(error), err=True)
        return 1
    return 0


def _talk(resident: WeChatResident) -> str | None:
    """Play the script and print it. Returns the ticket's number."""
    number = None
    for line in SCRIPT:
        typer.echo(f"\n居民  {line}")
        started = time.monotonic()
        answer = resident.say(line)
        typer.echo("小格  " + answer.replace("\n", "\n      ") + f"   〔{time.monotonic() - started:.1f}秒〕")
        found = re.search(r"\d{3}-\d{3}-\d{3}", answer)
        if found:
            number = numbers.parse(found[0])
    return number
