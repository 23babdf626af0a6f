"""Sheets to be put up in a grid: its QR code, its worker, and what to do, in letters old eyes can read. A4, one a grid."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from string import Template
from urllib.parse import quote, urlsplit

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.model import Area, Worker
from common.settings import settings

HERE = Path(__file__).parent
WIDTH = 172  # millimetres for the grid's name
LARGEST = 17  # millimetres, height of its letters
_DOUBLE_SURNAMES = frozenset(
    "欧阳 司马 上官 诸葛 司徒 夏侯 东方 皇甫 尉迟 公孙 慕容 令狐 宇文 长孙 端木 南宫 轩辕 独孤".split()
)


class SheetError(ValueError):
    """A sheet cannot be made; the message says why."""


@lru_cache(maxsize=1)
def _words() -> Mapping[str, str | list[str]]:
    words: Mapping[str, str | list[str]] = yaml.safe_load((HERE / "sheet.yml").read_text(encoding="utf-8"))
    return words


def _said(key: str, **values: str) -> str:
    return html.escape(str(_words()[key]).format(**values))


def first_name(name: str) -> str:
    """A Chinese name without its surname; whole where only one character would be left (nobody is called by that)."""
    surname = 2 if name[:2] in _DOUBLE_SURNAMES and len(name) > 2 else 1
    return name[surname:] if len(name) - surname >= 2 else name


def link(base_url: str, code: str) -> str:
    """The address a grid's QR code leads to."""
    return f"{base_url.rstrip('/')}/?grid={quote(code, safe='')}"


def qr_sheet(session: Session, codes: Sequence[str], base_url: str, out: Path) -> int:
    """Write a page to print for each grid, all in one HTML file that needs no other.

    Args:
        session: of the database.
        codes: grids, in the order wanted.
        base_url: where residents reach the web page, such as ``https://grid.example.cn``.
        out: the file to write.

    Returns:
        How many pages there are.

    Raises:
        SheetError: no grid, unknown grids (all are named), or no web address; nothing was written.
    """
    wanted = list(dict.fromkeys(codes))
    areas = {a.code: a for a in session.scalars(select(Area).where(Area.code.in_(wanted)))}
    unknown = [c for c in wanted if c not in areas or areas[c].level != "grid"]
    if unknown or not wanted:
        raise SheetError(f"no such grid: {', '.join(unknown)}" if unknown else "name at least one grid")
    address = urlsplit(base_url)
    if address.scheme not in ("http", "https") or not address.netloc or address.query or address.fragment:
        raise SheetError(f"{base_url!r} is no web address like https://grid.example.cn")
    workers: dict[str, Worker] = {}
    for worker in session.scalars(select(Worker).where(Worker.grid.in_(wanted)).order_by(Worker.code)):
        workers.setdefault(worker.grid, worker)
    pages = [_page(areas[code], workers.get(code), link(base_url, code)) for code in wanted]
    sheet = Template((HERE / "sheet.html").read_text(encoding="utf-8"))
    written = sheet.substitute(title=_said("title"), pages="\n".join(pages))
    partial = out.with_name(out.name + ".part")
    partial.write_text(written, encoding="utf-8")
    partial.replace(out)
    return len(pages)


def _page(grid: Area, worker: Worker | None, target: str) -> str:
    import segno

    hotline = settings().hotline
    steps = [f"<li><b>{i}</b>{html.escape(step)}</li>" for i, step in enumerate(_words()["steps"], 1)]
    page = Template((HERE / "sheet_page.html").read_text(encoding="utf-8"))
    return page.substitute(
        city=_said("city", city=settings().city_name),
        title=_said("title"),
        grid=html.escape(grid.name),
        size=round(min(LARGEST, WIDTH / max(1, len(grid.name))), 1),
        code_svg=segno.make(target, error="m", micro=False).svg_inline(border=4, omitsize=True),
        steps="\n".join(steps),
        call=_said("worker") if worker else _said("no_worker"),
        person=html.escape(f"{first_name(worker.name)} {worker.phone}")
        if worker
        else _said("hotline", hotline=hotline),
        code=_said("code", code=grid.code),
        hotline=_said("hotline", hotline=hotline),
    )
