"""A reader of its own, as simple as can be: every physical row of a table as text, to hold ours against. Uses nothing of `shuyuan`."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

import openpyxl
from openpyxl.cell import Cell
from openpyxl.utils.datetime import from_excel
from python_calamine import CalamineWorkbook

LONGEST = 64  # characters of a cell that may be a code
LEAST = 6  # digits and letters that make one
CHINESE_DAYS = {*range(27, 37), *range(50, 59)}
LOST = 1e15  # a double from here on has lost digits
_SIGNS = re.compile(r"[0-9A-Za-z*＊]")
csv.field_size_limit(2**31 - 1)

Rows = dict[int, list[str]]


def rows(path: Path, sheet: str | None) -> Rows:
    """Line (or sheet row, from 1) → cells as text."""
    content = path.read_bytes()
    if content[:4] == b"PK\x03\x04":
        return dict(_xlsx(path, sheet))
    if content[:4] == b"\xd0\xcf\x11\xe0":
        return dict(_xls(path, sheet))
    return dict(_text(_decoded(content)))


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030", "surrogateescape")


def _text(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    line = 1
    for cells in reader:
        yield line, cells
        line = reader.line_num + 1


def _xlsx(path: Path, sheet: str | None) -> Iterator[tuple[int, list[str]]]:
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()), data_only=True)
    table = book[sheet] if sheet else book.worksheets[0]
    for number, row in enumerate(table.iter_rows(), 1):
        yield number, [spelled(_dated(cell)) for cell in row]


def _dated(cell: Cell) -> object:
    """Chinese day formats are built in (ECMA-376 18.8.30: 27 to 36 and 50 to 58), but openpyxl takes them for numbers."""
    if isinstance(cell.value, int | float) and cell._style.numFmtId in CHINESE_DAYS:
        return from_excel(cell.value)
    return cell.value


def _xls(path: Path, sheet: str | None) -> Iterator[tuple[int, list[str]]]:
    book = CalamineWorkbook.from_path(str(path))
    table = book.get_sheet_by_name(sheet or book.sheet_names[0])
    for number, row in enumerate(table.to_python(skip_empty_area=False), 1):
        yield number, [spelled(value) for value in row]


def spelled(value: object) -> str:
    """A typed cell as text: whole floats without a point, midnight as a day, what lost digits in E notation."""
    if value is None:
        return ""
    if isinstance(value, float):
        if abs(value) >= LOST:
            return f"lost digits {value!r}"
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    return str(value)


def is_code(text: str) -> bool:
    """Short, with at least six digits, letters or masking stars: an identifier, number of a document, telephone, date, sum."""
    return len(text) <= LONGEST and len(_SIGNS.findall(text)) >= LEAST


def number(text: str) -> str:
    """A plain number without the zeros that mean nothing; other text as it is."""
    try:
        return format(Decimal(text.strip()).normalize(), "f")
    except (InvalidOperation, ValueError):
        return text
