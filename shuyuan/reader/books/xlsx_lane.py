"""The fast lane of xlsx: sheets as columns straight from their XML, in memory that does not grow with the sheet.

A first pass over the package counts its bytes and learns what stands below the cells (merged ranges, the last filled row); rows come
with a second pass, block by block. A book or a block of rows that is not plainly written (`xlsx_scan.Irregular`) is calamine's work.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.reader import archives
from shuyuan.reader.books.extents import column_number
from shuyuan.reader.books.grid import Block, Grid, Merge
from shuyuan.reader.books.xlsx_parts import LAST_DAY, SMALL, Dates, Package, SharedTexts, SheetPart, package, text
from shuyuan.reader.books.xlsx_scan import (
    BOOLEAN,
    ERROR,
    NUMBER,
    SHARED,
    Ints,
    Irregular,
    Piece,
    long_integers,
    scan,
    shortest,
    spans,
)
from shuyuan.reader.cells import no_empty, number
from shuyuan.reader.errors import CorruptFile
from shuyuan.reader.rows import Note

CHUNK = 4 << 20
DENSE = 16 << 20  # cells of one block; 4 MB of XML hold far fewer, unless somebody means harm
_MERGED = re.compile(rb'<mergeCell ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_ROW = re.compile(rb'<row(?: r="(\d{1,7})")?')
_SPELLED, _MARKS = (b"&", b"_x", b"\r"), "&|_x|\r"  # texts that are not as they stand
_OPENING, _ENDING = b"<sheetData>", b"</sheetData>"
Careful = Callable[[str], tuple[Iterator[Block], list[Note]]]


def grids(path: Path, file: str, careful: Careful) -> list[Grid]:
    """All worksheets; `careful(name)` gives a sheet's blocks, and what must be told of them, by another way. Raises Irregular, Bomb, CorruptFile."""
    with archives.zipped(path) as archive:
        parts = package(archive)
    shared = SharedTexts()
    seen = {s.part: _Seen() for s in parts.sheets}
    nowhere = archives.Nowhere()

    def sink(name: str) -> archives.Sink:
        return shared if name == parts.shared else seen.get(name, nowhere)

    archives.unfold(path, file, sink, chunk=CHUNK)
    book = _Book(path, file, parts, shared.array(), careful)
    found: list[Grid] = [_sheet(book, s, seen[s.part]) for s in parts.sheets]
    for grid in found:
        next(grid.blocks(), None)  # what is irregular mostly is so from the first row on
    return found


class _Book:
    """What all sheets of a book share."""

    def __init__(self, path: Path, file: str, parts: Package, shared: pa.Array, careful: Careful) -> None:
        self.path, self.file, self.shared, self.careful = path, file, shared, careful
        self.dates = Dates(parts)
        self.is_date = np.array([*self.dates.kinds(), False], bool)


class _Seen:
    """Watches a sheet go by: its last row with a value, and what follows the cells. Rows must rise."""

    def __init__(self) -> None:
        self.height = 0
        self.after = b""
        self._rows = [np.zeros(1, np.int64)]
        self._rest = b""
        self._body = True

    def write(self, chunk: bytes, /) -> None:
        """The next piece. Raises Irregular."""
        if self._body:
            data = self._rest + chunk
            end = data.find(_ENDING)
            cut = end if end >= 0 else data.rfind(b"<row ")
            if cut > 0:
                self._look(data[:cut])
            self._body, self._rest, self.after = end < 0, data[max(cut, 0) :], data[end:] if end >= 0 else b""
        else:
            self.after += chunk
        if len(self.after) > SMALL:
            raise Irregular

    def _look(self, data: bytes) -> None:
        """Whole rows."""
        numbers = _ROW.findall(data)
        rows = np.array([self._rows[-1][-1], *filter(None, numbers)], np.int64)
        if len(rows) <= len(numbers) or (np.diff(rows) <= 0).any():
            raise Irregular
        self._rows.append(rows[1:] if len(rows) > 1 else rows)
        value = data.rfind(b"</v>")
        value = max(value, data.rfind(b"</is>", max(value, 0)))
        if value >= 0:
            found = _ROW.match(data, data.rfind(b"<row", 0, value))
            self.height = int(found[1]) if found else self.height

    def rows(self) -> Ints:
        """Numbers of the rows down to the last one with a value."""
        numbers = np.unique(np.concatenate(self._rows))
        return numbers[(numbers > 0) & (numbers <= self.height)]


def _sheet(book: _Book, part: SheetPart, seen: _Seen) -> Grid:
    merges = [
        Merge(int(top), column_number(left) - 1, int(bottom), column_number(right) - 1)
        for left, top, right, bottom in _MERGED.findall(seen.after)
    ]
    return _XmlGrid(part.name, seen.height, part.hidden, merges, book=book, part=part.part, numbers=seen.rows())


@dataclass
class _XmlGrid(Grid):
    book: _Book = field(kw_only=True, repr=False)
    part: str = field(kw_only=True)
    numbers: Ints = field(kw_only=True, repr=False)
    values: int = 0
    errors: int = 0
    uncomputed: int = 0
    heard: list[Note] = field(default_factory=list)  # what the careful way tells

    def blocks(self) -> Iterator[Block]:
        self.errors = self.uncomputed = self.values = last = 0
        self.heard = []
        try:
            for data in self._pieces():
                block = self._block(scan(data))
                if len(block[0]):
                    last = block[0][-1].as_py()
                    self.values += sum(len(c) - c.null_count for c in block[1])
                    yield block
        except Irregular:
            if not last:
                raise
            yield from self._below(last)

    def present(self, first: int, last: int) -> int:
        low, high = np.searchsorted(self.numbers, [first, last + 1])
        return int(high - low)

    def told(self) -> list[Note]:
        """Errors are read as the text they show; a formula without a stored value is an empty cell that should not be one."""
        notes = list(self.heard)
        if self.errors:
            notes.append(
                Note(
                    "error_cells",
                    f"sheet {self.name}: {self.errors} cells hold an error (such as #N/A): deliver values",
                )
            )
        if self.uncomputed:
            message = f"sheet {self.name}: {self.uncomputed} formulas have no stored value and were read as empty: "
            notes.append(Note("formula_cells", message + "open the book, save it, deliver that"))
        return notes

    def _below(self, last: int) -> Iterator[Block]:
        """The rows below `last` by the careful way, which must have met the same values above. Raises CorruptFile."""
        values = 0
        blocks, self.heard = self.book.careful(self.name)
        for numbers, columns in blocks:
            above = int(pc.sum(pc.less_equal(numbers, last)).as_py())
            values += sum(above - c.slice(0, above).null_count for c in columns)
            if numbers[-1].as_py() > last and values != self.values - self.errors:
                problem = f"sheet {self.name}: cells above row {last} are not in the rows they stand in"
                raise CorruptFile(self.book.file, problem, "open it, save it again and deliver that")
            written = pc.and_(pc.greater(numbers, last), pc.is_in(numbers, pa.array(self.numbers, pa.int64())))
            if pc.any(written).as_py():
                yield numbers.filter(written), [c.filter(written) for c in columns]

    def _pieces(self) -> Iterator[bytes]:
        """Whole rows, about CHUNK bytes at a time. Raises Irregular."""
        rest, inside = b"", False
        with archives.zipped(self.book.path) as archive, archive.open(self.part) as source:
            while chunk := source.read(CHUNK):
                rest += chunk
                if not inside:
                    at = rest.find(_OPENING)
                    if at < 0:
                        continue
                    if b"<!" in rest[:at]:
                        raise Irregular
                    rest, inside = rest[at + len(_OPENING) :], True
                end = rest.find(_ENDING)
                if end >= 0:
                    yield rest[:end]
                    return
                cut = rest.rfind(b"<row ")
                if cut > 0:
                    yield rest[:cut]
                    rest = rest[cut:]
        if inside or b"<sheetData/>" not in rest:
            raise Irregular

    def _block(self, piece: Piece) -> Block:
        inner = piece.rows <= self.height
        self.errors += int((piece.kind == ERROR).sum())
        self.uncomputed += int((piece.formula & (piece.begin == 0)).sum())
        height = int(inner.sum())
        order = np.argsort(piece.column, kind="stable")
        order = order[(piece.begin[order] > 0) & (piece.row[order] < height)]
        width = int(piece.column.max()) + 1 if len(piece.column) else 0
        bounds = np.searchsorted(piece.column[order], np.arange(width + 1))
        if height * int((np.diff(bounds) > 0).sum()) > DENSE:
            raise Irregular
        cells = _Column(self.book, piece, height)
        columns = [cells.texts(order[a:b]) for a, b in pairwise(bounds)]
        return pa.array(piece.rows[:height], pa.int64()), columns


class _Column:
    """The cells of one column as text."""

    def __init__(self, book: _Book, piece: Piece, height: int) -> None:
        self.book, self.piece, self.height = book, piece, height
        self.empty = pa.nulls(height, pa.string())
        self.marked = any(mark in piece.data for mark in _SPELLED)

    def texts(self, cells: Ints) -> pa.Array:
        """`cells`: those of the column that have a value."""
        kinds = self.piece.kind[cells]
        found = []
        for kind in np.unique(kinds).tolist():
            own = cells[kinds == kind]
            found.extend(
                self._shared(own)
                if kind == SHARED
                else self._numbers(own)
                if kind == NUMBER
                else self._words(own, kind)
            )
        if not found:
            return self.empty
        return found[0] if len(found) == 1 else pc.coalesce(*found)

    def _shared(self, cells: Ints) -> list[pa.Array]:
        index, sound = long_integers(self.piece.words, self.piece.begin[cells], self.piece.end[cells])
        if not sound.all() or (len(index) and index.max() >= len(self.book.shared)):
            raise Irregular
        return [self.book.shared.take(self._spread(cells, index))]

    def _spread(self, cells: Ints, values: Ints) -> pa.Array:
        """Values at the rows of their cells, null elsewhere."""
        full, empty = np.zeros(self.height, np.int64), np.ones(self.height, bool)
        full[self.piece.row[cells]] = values
        empty[self.piece.row[cells]] = False
        return pa.array(full, mask=empty)

    def _numbers(self, cells: Ints) -> list[pa.Array]:
        style = np.minimum(self.piece.style[cells], len(self.book.is_date) - 1)
        dated = self.book.is_date[style]
        plain = cells[~dated]
        values, whole = long_integers(self.piece.words, self.piece.begin[plain], self.piece.end[plain])
        found = [self._spread(plain[whole], values[whole]).cast(pa.string())] if whole.any() else []
        rest = plain[~whole]
        if len(rest):
            found.append(self._fractions(rest))
        for one in np.unique(style[dated]).tolist():
            found.append(self._dates(cells[dated & (style == one)], one))
        return found

    def _fractions(self, cells: Ints) -> pa.Array:
        """Numbers with a point: those already in their shortest form as they stand."""
        words = spans(self.piece, cells)
        short = shortest(self.piece.words, self.piece.begin[cells], self.piece.end[cells])
        if not short.all():
            others = [_number(w) for w in self._raw(cells[~short])]
            words = pc.replace_with_mask(words, pa.array(~short), pa.array(others, pa.string()))
        return self._placed(cells, words)

    def _dates(self, cells: Ints, style: int) -> pa.Array:
        """Numbers of a style that is a date, each different one once."""
        days, whole = long_integers(self.piece.words, self.piece.begin[cells], self.piece.end[cells])
        if not whole.all() or int(days.max()) > LAST_DAY:
            words = [w.decode() for w in self._raw(cells) if _number(w)]
            return self._placed(cells, self.book.dates.spell(style, words))
        return self._placed(cells, self.book.dates.days(style, days))

    def _words(self, cells: Ints, kind: int) -> list[pa.Array]:
        if kind == BOOLEAN:
            return [self._placed(cells, ["TRUE" if w == b"1" else "FALSE" for w in self._raw(cells)])]
        words = spans(self.piece, cells)
        try:
            if self.marked and pc.any(pc.match_substring_regex(words, _MARKS)).as_py():
                return [self._placed(cells, [text(w) or None for w in self._raw(cells)])]
        except (ValueError, OverflowError) as error:
            raise Irregular from error
        return [self._placed(cells, no_empty(words))]

    def _raw(self, cells: Ints) -> list[bytes]:
        data = self.piece.data
        spans = zip(self.piece.begin[cells].tolist(), self.piece.end[cells].tolist(), strict=True)
        return [data[begin:end] for begin, end in spans]

    def _placed(self, cells: Ints, words: list[str] | list[str | None] | pa.Array) -> pa.Array:
        """Texts at the rows of their cells, null elsewhere."""
        if len(words) == self.height:
            return pa.array(words, pa.string())
        return pa.array(words, pa.string()).take(self._spread(cells, np.arange(len(words))))


def _number(raw: bytes) -> str:
    try:
        return number(float(raw))
    except ValueError as error:
        raise Irregular from error
