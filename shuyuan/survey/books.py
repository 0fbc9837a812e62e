"""The sheets of a book as the book itself describes them, hidden ones too."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from shuyuan.reader import panics
from shuyuan.reader.books import sheets
from shuyuan.reader.books.grid import Grid
from shuyuan.survey.report import Sheet

BOOKS: Final = frozenset({"xlsx", "xlsb", "xls", "ods"})


def extents(path: Path, kind: str) -> tuple[Sheet, ...]:
    """Name, used rows and columns counted from A1, and visibility of every worksheet; nothing for what is no book.

    The library that lists the sheets is not asked for their cells: two cells in far corners would take all memory.
    """
    if kind not in BOOKS:
        return ()
    filled = {grid.name: _as_read(grid) for grid in sheets.sheets_of(path, path.name, None)}
    try:
        with panics.as_errors(), CalamineWorkbook.from_path(str(path)) as book:
            listed = [m for m in book.sheets_metadata if m.typ == SheetTypeEnum.WorkSheet]
            empty = {m.name: Sheet(m.name, 0, 0, m.visible != SheetVisibleEnum.Visible) for m in listed}
    except CalamineError:  # a damaged book that could be read all the same
        return tuple(filled.values())
    return tuple((empty | filled).values())


def _as_read(grid: Grid) -> Sheet:
    """A sheet that holds anything, by its cells."""
    return Sheet(grid.name, grid.height, max((len(columns) for _, columns in grid.blocks()), default=0), grid.hidden)
