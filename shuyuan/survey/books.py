"""The sheets of a book as the book itself describes them, hidden ones too."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from shuyuan.intake import panics, sheets
from shuyuan.intake.grid import Grid
from shuyuan.survey.report import Sheet

BOOKS: Final = frozenset({"xlsx", "xlsb", "xls", "ods"})


def extents(path: Path, kind: str) -> tuple[Sheet, ...]:
    """Name, used rows and columns counted from A1, and visibility of every worksheet; nothing for what is no book."""
    if kind not in BOOKS:
        return ()
    try:
        with panics.as_errors(), CalamineWorkbook.from_path(str(path)) as book:
            kept = [m for m in book.sheets_metadata if m.typ == SheetTypeEnum.WorkSheet]
            return tuple(_extent(book, m.name, m.visible != SheetVisibleEnum.Visible) for m in kept)
    except CalamineError:  # a damaged book that could be read all the same
        return tuple(_as_read(grid) for grid in sheets.sheets_of(path, path.name, None))


def _as_read(grid: Grid) -> Sheet:
    """A sheet that holds anything, by its cells."""
    return Sheet(grid.name, grid.height, max((len(columns) for _, columns in grid.blocks()), default=0), grid.hidden)


def _extent(book: CalamineWorkbook, name: str, hidden: bool) -> Sheet:
    end = book.get_sheet_by_name(name).end
    rows, columns = (0, 0) if end is None else (end[0] + 1, end[1] + 1)
    return Sheet(name, rows, columns, hidden)
