"""Opening books (xlsx, xlsb, xls, ods) through calamine: bombs refused first, then every cell as the text it stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pyarrow as pa
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from shuyuan.intake import archives, html_tables
from shuyuan.intake.cells import texts
from shuyuan.intake.errors import CorruptFile, EmptyFile, SheetNotFound
from shuyuan.intake.extents import Oddities
from shuyuan.intake.grid import BLOCK, Block, Grid, Merge
from shuyuan.intake.rows import Note

_AGAIN = "open it, save it again and deliver that"


@dataclass
class Book:
    """The worksheets of a book that hold anything, and what was seen in it that their values do not show."""

    grids: list[Grid]
    notes: list[Note]


@dataclass
class _CalamineGrid(Grid):
    cells: CalamineSheet = field(kw_only=True)

    def blocks(self) -> Iterator[Block]:
        rows, first = self.cells.iter_rows(), 1
        while chunk := list(islice(rows, BLOCK)):
            numbers = pa.array(range(first, first + len(chunk)), pa.int64())
            yield numbers, [texts(column) for column in zip(*chunk, strict=True)]
            first += len(chunk)


def open_book(path: Path, file: str, kind: str, wanted: str | None = None) -> Book:
    """The book, or only its sheet `wanted`. Raises CorruptFile, Bomb, EmptyFile, SheetNotFound."""
    if kind == "html":
        tables = html_tables.grids(path, file)
        return Book([g for g in tables if g.name in select(file, [t.name for t in tables], wanted)], [])
    found = archives.check_book(path, file, kind) if kind in archives.ZIPPED_BOOKS else Oddities()
    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = {m.name: m for m in book.sheets_metadata if m.typ == SheetTypeEnum.WorkSheet}
        names = select(file, list(sheets), wanted)
        grids = [_grid(book.get_sheet_by_name(n), sheets[n].visible != SheetVisibleEnum.Visible) for n in names]
    except (CalamineError, OSError) as error:
        raise CorruptFile(file, f"the book does not open ({error})", _AGAIN) from error
    return Book(filled(file, grids), list(oddity_notes(found, kind)))


def select(file: str, tables: list[str], wanted: str | None) -> list[str]:
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


def filled(file: str, grids: list[Grid]) -> list[Grid]:
    """The sheets that hold anything. Raises EmptyFile."""
    found = [g for g in grids if g.height]
    if not found:
        raise EmptyFile(file, "every sheet is empty", "deliver the file again", line=1)
    return found


def _grid(sheet: CalamineSheet, hidden: bool) -> Grid:
    height = 0 if sheet.end is None else sheet.end[0] + 1
    left = 0 if sheet.start is None else sheet.start[1]
    merges = [Merge(a[0] + 1, a[1] - left, b[0] + 1, b[1] - left) for a, b in sheet.merged_cell_ranges or []]
    return _CalamineGrid(sheet.name, height, hidden, [m for m in merges if m.left >= 0], cells=sheet)


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
