"""The command line's part for places: areas, the address library, outlines, QR sheets, and what a wording means."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xiaoge.failing import fail

app = typer.Typer(
    help="Where things are: areas, addresses, outlines of grids, QR sheets; see docs/places.md.", no_args_is_help=True
)
SHOWN = 20  # bad rows


@app.command("areas")
def areas(
    under: Annotated[str | None, typer.Argument(help="Code of an area; default: everything.")] = None,
) -> None:
    """Print the tree of areas with their codes."""
    from cases.areas import AreaTree
    from common.db import reading

    with reading() as session:
        tree = AreaTree.of(session)
    if under is not None and under not in tree.nodes:
        raise fail(f"there is no area {under!r}")
    begin = [tree.nodes[under]] if under else [n for n in tree.nodes.values() if n.parent not in tree.nodes]

    def show(code: str, depth: int) -> None:
        node = tree.nodes[code]
        typer.echo(f"{'  ' * depth}{code}  {node.name}")
        for child in sorted(n.code for n in tree.nodes.values() if n.parent == code):
            show(child, depth + 1)

    for node in sorted(begin, key=lambda n: n.code):
        show(node.code, 0)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Dwellings as CSV or XLSX; see docs/places.md.")],
    strict: Annotated[bool, typer.Option("--strict", help="Load nothing when a row is bad.")] = False,
    by: Annotated[str, typer.Option(help="Who you are, for the audit.")] = "admin",
) -> None:
    """Load the address library. Bad rows are listed; the good ones are loaded, unless --strict."""
    from cases.places import AddressError, import_addresses
    from common.db import transaction

    try:
        with transaction() as session:
            report = import_addresses(session, file, strict=strict, by=by)
    except (AddressError, OSError) as error:
        raise fail(str(error)) from None
    for row in report.bad[:SHOWN]:
        typer.echo(str(row), err=True)
    if len(report.bad) > SHOWN:
        typer.echo(f"... and {len(report.bad) - SHOWN} more", err=True)
    typer.echo(f"{report.added} added, {report.updated} updated, {report.unchanged} as before, {len(report.bad)} bad")
    raise typer.Exit(1 if report.bad else 0)


@app.command("shapes")
def shapes(
    file: Annotated[Path, typer.Argument(help="Outlines of grids, GeoJSON in WGS 84.")],
    by: Annotated[str, typer.Option(help="Who you are, for the audit.")] = "admin",
) -> None:
    """Load the outlines of grids. Grids that overlap are refused; with a mistake nothing is changed."""
    from cases.places import ShapeError, load_shapes
    from common.db import transaction

    try:
        with transaction() as session:
            count = load_shapes(session, file, by=by)
    except (ShapeError, OSError) as error:
        raise fail(str(error)) from None
    typer.echo(f"loaded: {count} outlines")


@app.command("qr")
def qr(
    out: Annotated[Path, typer.Argument(help="The HTML file to write; print it from a browser.")],
    url: Annotated[str, typer.Option(help="Where residents reach the web page, https://...")],
    grid: Annotated[list[str] | None, typer.Option(help="Code of a grid; again for more; default: all.")] = None,
) -> None:
    """Write sheets with the grids' QR codes, a page each."""
    from sqlalchemy import select

    from cases.model import Area
    from cases.places import qr_sheet
    from common.db import reading

    try:
        with reading() as session:
            codes = grid or list(session.scalars(select(Area.code).where(Area.level == "grid").order_by(Area.code)))
            pages = qr_sheet(session, codes, url, out)
    except ValueError as error:
        raise fail(str(error)) from None
    typer.echo(f"{out}: {pages} pages")


@app.command("match")
def match(
    text: Annotated[str, typer.Argument(help="What a resident calls it, e.g. 幸福里三栋二单元.")],
    grid: Annotated[str | None, typer.Option(help="The grid they are known to be in.")] = None,
) -> None:
    """Say what place a wording means, and how sure that is."""
    from cases.places import match_address
    from common.db import reading

    with reading() as session:
        found = match_address(session, text, grid)
    if found is None:
        raise fail("nothing in it is known")
    where = found.grid or found.area or "-"
    typer.echo(f"{found.text}  {where}  {found.level}  sure {found.sure:.2f}  ({', '.join(found.how)})")
    for other in found.alternatives:
        typer.echo(f"  or {other.text}  {other.grid or other.area or '-'}  {other.sure:.2f}")
