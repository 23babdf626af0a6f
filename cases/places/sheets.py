"""Rows of a table file, CSV or XLSX, as texts under their headings. Nothing is computed: a formula is its text."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Any

ENCODINGS = ("utf-8-sig", "gb18030")
Row = tuple[int, list[str]]


class SheetError(ValueError):
    """A file cannot be read as a table."""


class ChangedByExcel(str):
    """A cell Excel took for a date or a time (3-2 became 3月2日)."""


def rows(file: Path) -> Iterator[Row]:
    """Row number (as a spreadsheet shows it) and cells of every row that is not empty, the heading first.

    Args:
        file: ``.xlsx``, or CSV with commas in UTF-8 or GB18030.

    Raises:
        SheetError: the file is missing, empty or no such table; the message says what to do.
    """
    try:
        with file.open("rb") as start:
            packed = start.read(4) == b"PK\x03\x04"
    except OSError as error:
        raise SheetError(f"{file.name}: {error.strerror}") from error
    empty = True
    for number, cells in _xlsx(file) if packed else _csv(file):
        if any(cells):
            empty = False
            yield number, cells
    if empty:
        raise SheetError(f"{file.name}: the file is empty")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (date, time)):
        return ChangedByExcel(value)
    return str(value).strip()


def _xlsx(file: Path) -> Iterator[Row]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    # What a damaged workbook makes openpyxl, zipfile and the XML parser raise.
    broken = (
        InvalidFileException,
        zipfile.BadZipFile,
        zlib.error,
        SyntaxError,
        LookupError,
        ValueError,
        TypeError,
        OSError,
    )
    try:
        book = load_workbook(file, read_only=True, data_only=False)
        try:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # some programs write a wrong size
            for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
                yield number, [_text(cell) for cell in cells]
        finally:
            book.close()
    except broken as error:
        raise SheetError(f"{file.name}: no Excel workbook (.xlsx) that can be read: {error}") from error


def _csv(file: Path) -> Iterator[Row]:
    raw = file.read_bytes()
    if b"\x00" in raw[:4096]:
        raise SheetError(f"{file.name}: neither .xlsx nor CSV text (save as .xlsx, or as CSV in UTF-8)")
    reader = csv.reader(io.StringIO(_decoded(file, raw), newline=""))
    try:
        for number, cells in enumerate(reader, 1):
            yield number, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise SheetError(f"{file.name}:{reader.line_num}: {error}") from error


def _decoded(file: Path, raw: bytes) -> str:
    line = 1
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
    raise SheetError(f"{file.name}:{line}: neither UTF-8 nor GB18030 (save as CSV UTF-8)")
