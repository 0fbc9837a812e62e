"""Sheets of books: which of them belong to the contract, one below the other, and what a sheet hides that must be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.reader import blocks, formats, header, placed
from shuyuan.reader.batched import Batched, Row, Tally, without_footer
from shuyuan.reader.books import books
from shuyuan.reader.books.grid import Grid
from shuyuan.reader.rows import Contract, Head, Note, Parts


@dataclass(frozen=True)
class _Taken:
    """A sheet that is read: its head, how many rows of other sheets stand above it, and its rows of data (`last` None: to the end)."""

    grid: Grid
    head: Head
    offset: int
    first: int
    last: int | None


def read_book(path: Path, file: str, contract: Contract) -> tuple[Head, Parts]:
    """All rows of `rows` at once."""
    return rows(path, file, contract).collect()


def rows(path: Path, file: str, contract: Contract) -> Batched:
    """All sheets whose header has every required column, one below the other; with a form, its sheet alone.

    Raises CorruptFile, Bomb, EmptyFile, SheetNotFound and the header errors (of the sheet that matches best).
    """
    wanted = contract.form.sheet if contract.form is not None else contract.sheet
    book = books.open_book(path, file, formats.detect(path, file), wanted)
    return of_grids(book, file, contract)


def of_grids(book: books.Book, file: str, contract: Contract) -> Batched:
    """As `rows`, for a book that is open."""
    depth = max(header.DEPTH, contract.header_row or 0)
    tops = [(g, _top(g, depth, contract)) for g in book.grids]
    matching = tops[:1] if contract.form else [(g, top) for g, top in tops if header.complete(top, contract)]
    if not matching:  # the best sheet says what is missing
        matching = [max(tops, key=lambda t: header.locate(t[1], contract)[1])]
    taken: list[_Taken] = []
    for grid, top in matching:
        offset = taken[-1].offset + taken[-1].grid.height if taken else 0
        head = _head(f"{file}[{grid.name}]", grid, top, contract)
        form = contract.form
        first, last = (form.begin, form.last) if form is not None else (head.line + 1, None)
        taken.append(_Taken(grid, head, offset, first, last))
    tally = Tally(notes=[*book.notes, *_notes(book.grids, taken)])
    return Batched(taken[0].head, _batches(taken, tally), tally)


def sheets_of(path: Path, file: str, wanted: str | None) -> list[Grid]:
    """The worksheets that hold anything (or the one named `wanted`). Raises CorruptFile, Bomb, EmptyFile, SheetNotFound."""
    return books.open_book(path, file, formats.detect(path, file), wanted).grids


def _top(grid: Grid, depth: int, contract: Contract) -> list[Row]:
    """The first rows; where they do not carry the contract's headers, with headers merged downwards in each of their rows."""
    top = grid.top(depth)
    if not grid.merges or header.complete(top, contract):
        return top
    down = grid.spread(top, across=False)
    return down if header.locate(down, contract)[1] > header.locate(top, contract)[1] else top


def _head(where: str, grid: Grid, top: Sequence[Row], contract: Contract) -> Head:
    head = placed.settle(where, top, contract)
    if contract.form is not None:
        return head
    return replace(head, line=grid.last_header_row(head.line))


def _batches(taken: Sequence[_Taken], tally: Tally) -> Iterator[pa.Table]:
    for sheet in taken:
        yield from without_footer(_one(sheet, tally), sheet.head, tally)


def _one(sheet: _Taken, tally: Tally) -> Iterator[pa.Table]:
    head, height = sheet.head, sheet.grid.height
    beyond = _Beyond(head)
    above = min(sheet.first - 1, height)
    last = max(above, height if sheet.last is None else min(sheet.last, height))
    for numbers, cells in sheet.grid.blocks():
        start = int(pc.sum(pc.less(numbers, sheet.first)).as_py())
        size = int(pc.sum(pc.less_equal(numbers, last)).as_py()) - start
        if size <= 0:
            continue
        lines, columns = pc.add(numbers.slice(start, size), sheet.offset), [c.slice(start, size) for c in cells]
        beyond.look(columns, lines)
        yield blocks.admit(columns, lines, head, tally)
    tally.physical += height
    tally.preamble += above + height - last
    tally.blank += last - above - sheet.grid.present(above + 1, last)
    tally.notes.extend([*sheet.grid.told(), *beyond.notes(sheet.grid.name)])


class _Beyond:
    """Counts rows with content right of the last named header cell, which belongs to no column."""

    def __init__(self, head: Head) -> None:
        self._named, self._rows, self._first = head.named, 0, 0

    def look(self, columns: Sequence[pa.Array], lines: pa.Array) -> None:
        """Count the next rows."""
        right = [c for c in columns[self._named :] if c.null_count < len(c)]
        if not right:
            return
        filled = pa.array(~blocks.blank(right, len(lines)))
        number = int(pc.sum(filled).as_py())
        if number and not self._rows:
            self._first = lines.filter(filled)[0].as_py()
        self._rows += number

    def notes(self, name: str) -> Iterator[Note]:
        """What was found."""
        if self._rows:
            message = f"sheet {name}: {self._rows} rows hold cells right of the last header, the first on line {self._first}; not read"
            yield Note("beyond_header", message)


def _notes(grids: Sequence[Grid], taken: Sequence[_Taken]) -> Iterator[Note]:
    ignored = [g.name for g in grids if all(g is not t.grid for t in taken)]
    hidden = [t.grid.name for t in taken if t.grid.hidden]
    if ignored:
        yield Note("sheet_ignored", f"sheets without the contract's header not read: {'、'.join(ignored)}")
    if hidden:
        yield Note("hidden_sheet", f"read though a spreadsheet program does not show them: {'、'.join(hidden)}")
    if len(taken) > 1:
        spans = "、".join(f"{t.grid.name} (its row 1 is line {t.offset + 1})" for t in taken)
        yield Note("several_sheets", f"sheets read one below the other: {spans}")
    for t in taken[1:]:
        yield from (Note(n.kind, f"sheet {t.grid.name}: {n.message}") for n in t.head.notes)
    for t in taken:
        merged = t.grid.merged_below(t.head.line)
        if merged:
            message = f"sheet {t.grid.name}: {len(merged)} merged ranges in the data, the first in {merged[0]}: "
            yield Note("merged_cells", message + "the value stands in the first cell only and is not repeated")
