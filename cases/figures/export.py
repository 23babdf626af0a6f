"""Tables as files: CSV that a spreadsheet opens rightly, and a workbook. No cell ever becomes a formula."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from cases.figures.table import Cell, Column, Table
from cases.figures.words import words

# What makes a spreadsheet take a text for a formula, also behind blanks, which some cut off; the wide forms do so too
# where an input method is at work.
FORMULA = re.compile(r"[\t\r\n]|[\s\u200b\u2060\ufeff]*[=+\-@＝＋－＠]")
FORMATS = {"count": "#,##0", "rate": "0.0%", "hours": "0.0"}
DIGITS = {"rate": 4, "hours": 2}
NARROWEST, WIDEST = 8, 40  # characters
# XML knows no such characters, and a text file is better without them.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def _plain(cell: Cell, column: Column) -> str | int | float:
    """A cell of a CSV file. A number stays one; a text that looks like a formula gets an apostrophe before it."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        text = _UNWRITABLE.sub("", cell)
        return f"'{text}" if FORMULA.match(text) else text
    return round(cell, DIGITS[column.kind]) if column.kind in DIGITS else cell


def to_csv(table: Table, stream: IO[bytes]) -> None:
    """Write a table as CSV: UTF-8 with a byte order mark, CRLF, rates as parts of 1, the total in the last row.

    Args:
        table: what is written.
        stream: takes bytes; it is left open.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_plain(column.heading, column) for column in table.columns])
    for cells in table.cells():
        writer.writerow([_plain(cell, column) for cell, column in zip(cells, table.columns, strict=True)])
    stream.write(text.getvalue().encode("utf-8-sig"))


def _width(text: str) -> int:
    """How much room a text takes; a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _write(sheet: Any, row: int, column: int, value: Cell) -> Any:
    """Put a value into a cell; a text is a text whatever it begins with, also after somebody has edited it."""
    cell = sheet.cell(row=row, column=column)
    if not isinstance(value, str):
        cell.value = value
        return cell
    text = _UNWRITABLE.sub("", value)
    cell.value = text
    cell.data_type = "s"
    if FORMULA.match(text):
        cell.quotePrefix = True
    return cell


def _head(sheet: Any, headings: list[str]) -> None:
    for place, heading in enumerate(headings, 1):
        cell = _write(sheet, 1, place, heading)
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="DDE6F0")
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)


def _figures(sheet: Any, table: Table) -> None:
    _head(sheet, [column.heading for column in table.columns])
    rows = list(table.cells())
    names = sum(column.kind in {"name", "code"} for column in table.columns)
    for number, cells in enumerate(rows, 2):
        for place, (value, column) in enumerate(zip(cells, table.columns, strict=True), 1):
            cell = _write(sheet, number, place, value)
            if column.kind in FORMATS:
                cell.number_format = FORMATS[column.kind]
            if table.by and number == len(rows) + 1:
                cell.font = Font(bold=True)
    for place, column in enumerate(table.columns, 1):
        longest = max(
            [_width(column.heading) / 2, *(_width(str(r[place - 1] or "")) for r in rows if column.kind not in FORMATS)]
        )
        sheet.column_dimensions[get_column_letter(place)].width = min(max(longest + 2, NARROWEST), WIDEST)
    sheet.freeze_panes = sheet.cell(row=2, column=names + 1)
    last = get_column_letter(len(table.columns))
    sheet.auto_filter.ref = f"A1:{last}{len(table.rows) + 1}"  # without the total, which must not be sorted in


def _definitions(sheet: Any, table: Table) -> None:
    said = words()["sheets"]

    def local(moment: datetime) -> str:
        return f"{moment.astimezone(table.zone):%Y-%m-%d %H:%M}"

    period = said["period_text"].format(
        since=local(table.since), until=local(table.until), at=local(table.at), zone=table.zone.key
    )
    _head(sheet, said["columns"])
    rows = [(said["period"], period), *((c.heading, c.definition) for c in table.columns if c.kind != "code")]
    for number, row in enumerate(rows, 2):
        for place, text in enumerate(row, 1):
            _write(sheet, number, place, text).alignment = Alignment(vertical="top", wrap_text=place > 1)
    sheet.column_dimensions["A"].width = max(_width(heading) for heading, _ in rows) + 2
    sheet.column_dimensions["B"].width = 2 * WIDEST
    sheet.freeze_panes = "A2"


def to_xlsx(table: Table, target: str | Path | IO[bytes]) -> None:
    """Write a table as a workbook: the figures, and on a second sheet what they mean.

    Args:
        table: what is written.
        target: a file's path, or a stream that takes bytes.
    """
    book = Workbook()
    figures = book.active
    figures.title = words()["sheets"]["figures"]
    _figures(figures, table)
    _definitions(book.create_sheet(words()["sheets"]["definitions"]), table)
    book.save(target)
