"""One sheet of a book, whoever opened it: text columns by blocks of rows, merged ranges, and its first rows for the header."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import pyarrow as pa

from shuyuan.reader.batched import Row
from shuyuan.reader.blocks import row
from shuyuan.reader.rows import Note

Block = tuple[pa.Array, list[pa.Array]]
BLOCK = 16_384  # rows


@dataclass(frozen=True)
class Merge:
    """A merged range: sheet rows from 1, cell indexes from 0 as in the sheet's rows, both ends included."""

    top: int
    left: int
    bottom: int
    right: int

    def __str__(self) -> str:
        return f"rows {self.top}-{self.bottom}, columns {self.left + 1}-{self.right + 1}"


@dataclass
class Grid(ABC):
    """`height` counts rows from 1 to the last one with content; `hidden`: not shown by a spreadsheet program."""

    name: str
    height: int
    hidden: bool = False
    merges: list[Merge] = field(default_factory=list)

    @abstractmethod
    def blocks(self) -> Iterator[Block]:
        """(row numbers as int64, columns as text with null for empty), rows rising; rows without cells may be left out.

        Columns are counted from the sheet's first; a block has as many as its last filled one, so blocks may differ.
        """

    def present(self, first: int, last: int) -> int:
        """How many of these rows `blocks` will give, known apart from it; the others have no cells."""
        return last - first + 1

    def told(self) -> list[Note]:
        """What `blocks` met on the way that must be told, once it is exhausted."""
        return []

    def rows(self) -> Iterator[Row]:
        """(row number, cells as text), rows without cells included."""
        expected = 1
        for numbers, columns in self.blocks():
            for at, number in enumerate(numbers.to_pylist()):
                for blank in range(expected, number):
                    yield blank, [""] * len(columns)
                expected = number + 1
                yield number, row(columns, at)

    def top(self, depth: int) -> list[Row]:
        """The first rows as read."""
        return list(islice(self.rows(), depth))

    def spread(self, top: Sequence[Row], *, across: bool = True) -> list[Row]:
        """`top` with the value of a merged range in each of its cells: how a header of several rows reads.

        Without `across` only downwards: a title over several columns names none of them.
        """
        rows = {line: list(cells) for line, cells in top}
        for m in self.merges:
            if m.top not in rows or m.left >= len(rows[m.top]):
                continue
            value = rows[m.top][m.left]
            right = m.right if across else m.left
            for line in range(m.top, min(m.bottom, max(rows)) + 1):
                width = len(rows[line])
                rows[line][m.left : right + 1] = [value] * (min(right + 1, width) - m.left)
        return list(rows.items())

    def last_header_row(self, line: int) -> int:
        """Where the header that has `line` ends: cells merged downwards from it reach into rows that are header too."""
        return max((m.bottom for m in self.merges if m.top <= line <= m.bottom), default=line)

    def merged_below(self, line: int) -> list[Merge]:
        """Merged ranges in the data."""
        return [m for m in self.merges if m.top > line]
