"""Opening books (xlsx, xlsb, xls, ods) through calamine: bombs refused first, then every cell as the text it stands for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from shuyuan.reader import archives, panics
from shuyuan.reader.books import html_tables, xlsx_lane
from shuyuan.reader.books.extents import Oddities
from shuyuan.reader.books.grid import BLOCK, Block, Grid, Merge
from shuyuan.reader.books.xlsx_scan import Irregular
from shuyuan.reader.cells import texts
from shuyuan.reader.errors import CorruptFile, EmptyFile, SheetNotFound
from shuyuan.reader.rows import Note

_AGAIN = "open it, save it again and deliver that"


@dataclass
class Book:
    """The worksheets of a book that hold anything, and what was seen in it that their values do not show."""

    grids: list[Grid]
    notes: list[Note]


@dataclass
class _CalamineGrid(Grid):
    cells: CalamineSheet = field(kw_only=True)
    left: int = 0  # empty columns that calamine leaves out

    def blocks(self) -> Iterator[Block]:
        rows, first = self.cells.iter_rows(), 1
        while chunk := self._next(rows, first):
            numbers = pa.array(range(first, first + len(chunk)), pa.int64())
            left = [pa.nulls(len(chunk), pa.string())] * self.left
            yield numbers, left + [texts(column) for column in zip(*chunk, strict=True)]
            first += len(chunk)

    def _next(self, rows: Iterator[list[Any]], first: int) -> list[list[Any]]:
        try:
            with panics.as_errors():
                return list(islice(rows, BLOCK))
        except CalamineError as error:
            raise CorruptFile(self.name, f"the sheet cannot be read on below row {first} ({error})", _AGAIN) from error
        except (OverflowError, ValueError) as error:
            problem = f"sheet {self.name}: a cell below row {first} has the form of a date and a number that no calendar reaches"
            raise CorruptFile(self.name, problem, "give the column the form of a number or text", line=first) from error


def open_book(path: Path, file: str, kind: str, wanted: str | None = None) -> Book:
    """The book, or only its sheet `wanted`. Raises CorruptFile, Bomb, EmptyFile, SheetNotFound, UnknownFormat."""
    if kind == "html":
        return _of(file, html_tables.grids(path, file), wanted)
    if kind == "xlsx":
        with contextlib.suppress(Irregular):
            return _of(file, xlsx_lane.grids(path, file, partial(_careful, path, file)), wanted)
    return by_calamine(path, file, kind, wanted)


def by_calamine(path: Path, file: str, kind: str, wanted: str | None = None) -> Book:
    """As `open_book`, whatever can be read faster. Raises CorruptFile, Bomb, EmptyFile, SheetNotFound."""
    found = archives.check_old_book(path, file) if kind == "xls" else archives.check_book(path, file, kind)
    try:
        with panics.as_errors():
            book = CalamineWorkbook.from_path(str(path))
            sheets = {m.name: m for m in book.sheets_metadata if m.typ == SheetTypeEnum.WorkSheet}
            names = _select(file, list(sheets), wanted)
            grids = [_grid(book.get_sheet_by_name(n), sheets[n].visible != SheetVisibleEnum.Visible) for n in names]
    except (CalamineError, OSError) as error:
        raise CorruptFile(file, f"the book does not open ({error})", _AGAIN) from error
    return Book(_filled(file, grids), list(oddity_notes(found, kind)))


def _careful(path: Path, file: str, name: str) -> tuple[Iterator[Block], list[Note]]:
    """The blocks of one sheet of an xlsx that is only in part as the fast lane needs it, and what must be told of them."""
    book = by_calamine(path, file, "xlsx", name)
    return book.grids[0].blocks(), book.notes


def _of(file: str, grids: list[Grid], wanted: str | None) -> Book:
    names = _select(file, [g.name for g in grids], wanted)
    return Book(_filled(file, [g for g in grids if g.name in names]), [])


def _select(file: str, tables: list[str], wanted: str | None) -> list[str]:
    """The worksheets to read. Raises CorruptFile, SheetNotFound."""
    if not tables:
        raise CorruptFile(file, "the book has no worksheet", _AGAIN)
    if wanted is None:
        return tables
    if wanted not in tables:
        known = "、".join(tables)
        problem = f"no sheet {wanted!r}; there are: {known}"
        raise SheetNotFound(file, problem, "name the sheet as the contract does", value=wanted)
    return [wanted]


def _filled(file: str, grids: list[Grid]) -> list[Grid]:
    """The sheets that hold anything. Raises EmptyFile."""
    found = [g for g in grids if g.height]
    if not found:
        raise EmptyFile(file, "every sheet is empty", "deliver the file again", line=1)
    return found


def _grid(sheet: CalamineSheet, hidden: bool) -> Grid:
    height = 0 if sheet.end is None else sheet.end[0] + 1
    left = 0 if sheet.start is None else sheet.start[1]
    merges = [Merge(a[0] + 1, a[1], b[0] + 1, b[1]) for a, b in sheet.merged_cell_ranges or []]
    return _CalamineGrid(sheet.name, height, hidden, merges, cells=sheet, left=left)


def oddity_notes(found: Oddities, kind: str) -> Iterator[Note]:
    """What calamine leaves empty without a word: it gives neither error texts nor the formulas behind missing values."""
    if found.errors:
        message = f"{found.errors} cells hold an error (such as #N/A) and were read as empty: deliver values"
        yield Note("error_cells", message)
    if found.uncomputed:
        message = f"{found.uncomputed} formulas have no stored value and were read as empty: open the book, save it, deliver that"
        yield Note("formula_cells", message)
    if found.merged and kind in {"ods", "xlsb"}:  # of the others the ranges are known: see sheets.py
        yield Note("merged_cells", f"{found.merged} merged ranges: the value stands in the first cell of each")
