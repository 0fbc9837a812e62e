"""Books (xlsx, xlsb, xls, ods) through calamine: which sheets belong to the contract, and every cell as the text it stands for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from shuyuan.intake import footer, header
from shuyuan.intake.cells import render
from shuyuan.intake.errors import CorruptFile, EmptyFile, SheetNotFound
from shuyuan.intake.rows import BLANKS, Column, Gather, Head, Note, Parts, with_constants


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name, its first row (0-based) and its height from row 1 on, as the book's own dimensions give them."""

    name: str
    cells: CalamineSheet
    first: int
    height: int

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """(row number, cells as text), blank rows included."""
        for number in range(1, self.first + 1):
            yield number, []
        for number, row in enumerate(self.cells.iter_rows(), self.first + 1):
            yield number, [render(v) for v in row]


def read_book(
    path: Path,
    file: str,
    columns: Sequence[Column],
    sheet: str | None,
    row: int | None,
    constants: Mapping[str, str] | None,
) -> tuple[Head, Parts]:
    """All sheets whose header has every required column, one below the other.

    Raises CorruptFile, EmptyFile, SheetNotFound and the header errors (of the sheet that matches best).
    """
    sheets = _sheets(path, file, sheet)
    tops = [_top(s, max(header.DEPTH, row or 0)) for s in sheets]
    matching = [s for s, top in zip(sheets, tops, strict=True) if _complete(top, columns, row, constants)]
    if not matching:
        best = max(range(len(sheets)), key=lambda i: header.locate(tops[i], columns, row)[1])
        header.settle(
            f"{file}[{sheets[best].name}]", tops[best], columns, row, constants
        )  # raises: nothing is complete
    heads = [
        header.settle(f"{file}[{s.name}]", _top(s, max(header.DEPTH, row or 0)), columns, row, constants)
        for s in matching
    ]
    parts = _join(matching, heads)
    parts.notes.extend(_sheet_notes(sheets, matching))
    return heads[0], parts


def _sheets(path: Path, file: str, wanted: str | None) -> list[Sheet]:
    try:
        book = CalamineWorkbook.from_path(str(path))
        names = [n for n in book.sheet_names if wanted is None or n == wanted]
        sheets = [_sheet(n, book.get_sheet_by_name(n)) for n in names]
    except (CalamineError, OSError) as error:
        raise CorruptFile(
            file, f"the book does not open ({error})", "open it, save it again and deliver that"
        ) from error
    if not names and wanted is not None:
        known = "、".join(book.sheet_names)
        raise SheetNotFound(
            file, f"no sheet {wanted!r}; there are: {known}", "name the sheet as the contract does", value=wanted
        )
    filled = [s for s in sheets if s.height]
    if not filled:
        raise EmptyFile(file, "every sheet is empty", "deliver the file again", line=1)
    return filled


def _sheet(name: str, cells: CalamineSheet) -> Sheet:
    if cells.start is None or cells.end is None:
        return Sheet(name, cells, 0, 0)
    return Sheet(name, cells, cells.start[0], cells.end[0] + 1)


def _top(sheet: Sheet, depth: int) -> list[tuple[int, list[str]]]:
    return [r for r, _ in zip(sheet.rows(), range(depth), strict=False)]


def _complete(
    top: Sequence[tuple[int, Sequence[str]]],
    columns: Sequence[Column],
    row: int | None,
    constants: Mapping[str, str] | None,
) -> bool:
    at, points = header.locate(top, columns, row)
    if not header.enough(points, columns, constants or {}):
        return False
    found = header.places(top[at][1], columns)
    return all(c.name in found or c.name in (constants or {}) for c in columns if c.required)


def _join(sheets: Sequence[Sheet], heads: Sequence[Head]) -> Parts:
    offset = 0
    joined: Parts | None = None
    for sheet, head in zip(sheets, heads, strict=True):
        parts = _one(sheet, head, offset)
        joined = parts if joined is None else _add(joined, parts)
        offset += sheet.height
    assert joined is not None, "read_book refuses before this when no sheet matches"  # noqa: S101
    return joined


def _one(sheet: Sheet, head: Head, offset: int) -> Parts:
    gather = Gather(head)
    tail: deque[tuple[int, list[str]]] = deque(maxlen=footer.DEPTH)
    for row_number, cells in sheet.rows():
        if row_number <= head.line:
            continue
        gather.add(offset + row_number, cells)
        if "".join(cells).strip(BLANKS):
            tail.append((offset + row_number, cells))
    table = with_constants(gather.table(), head)
    return footer.cut(Parts(table, gather.rejects, sheet.height, gather.blank, head.line), tail, head)


def _add(left: Parts, right: Parts) -> Parts:
    return replace(
        left,
        table=pa.concat_tables([left.table, right.table]),
        rejects=left.rejects + right.rejects,
        physical=left.physical + right.physical,
        blank=left.blank + right.blank,
        preamble=left.preamble + right.preamble,
        notes=left.notes + right.notes,
    )


def _sheet_notes(sheets: Sequence[Sheet], matching: Sequence[Sheet]) -> Iterator[Note]:
    ignored = [s.name for s in sheets if s not in matching]
    if ignored:
        yield Note("sheet_ignored", f"sheets without the contract's header not read: {'、'.join(ignored)}")
    if len(matching) > 1:
        spans, offset = [], 0
        for sheet in matching:
            spans.append(f"{sheet.name} (its row 1 is line {offset + 1})")
            offset += sheet.height
        yield Note("several_sheets", f"sheets read one below the other: {'、'.join(spans)}")
