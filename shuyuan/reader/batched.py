"""A table on its way in, batch by batch: what every format's reader returns, and the end of a table, where footers are.

A reader of a format is a function `rows(…, contract) -> Batched`. Header errors are raised by the call; rows are read while
`batches` is taken, in memory that does not grow with the file; `tally` is final once `batches` is exhausted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from shuyuan.reader import footer
from shuyuan.reader.rows import Head, Note, Parts, Reject, schema

Row = tuple[int, list[str]]


@dataclass
class Tally:
    """What became of the physical rows; at the end `physical == rows of the batches + len(rejects) + blank + preamble`.

    `physical` is counted apart from the parse where the format lets it; `preamble` counts header and footer rows too.
    """

    physical: int = 0
    blank: int = 0
    preamble: int = 0
    rejects: list[Reject] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    tail: deque[Row] = field(default_factory=lambda: deque(maxlen=footer.DEPTH))

    def ends_with(self, rows: Sequence[Row]) -> None:
        """Remember rows with content, in order: the last of them may turn out to be a footer."""
        self.tail.extend(rows)


@dataclass(frozen=True)
class Batched:
    """One table being read: take `batches` (contract columns as text and `_line`) once to the end, then look at `tally`."""

    head: Head
    batches: Iterator[pa.Table]
    tally: Tally

    def collect(self) -> tuple[Head, Parts]:
        """The whole table at once."""
        tables = list(self.batches)
        table = pa.concat_tables(tables) if tables else schema(self.head.names).empty_table()
        t = self.tally
        return self.head, Parts(table, t.rejects, t.physical, t.blank, t.preamble, t.notes)


def without_footer(batches: Iterable[pa.Table], head: Head, tally: Tally) -> Iterator[pa.Table]:
    """The batches, of which the last rows are held back until it is known that they are no footer (`footer.cut`)."""
    held: deque[pa.Table] = deque()
    for batch in batches:
        held.append(batch)
        while len(held) > 1 and _settled(held[0], tally):
            yield held.popleft()
    if not held and not tally.tail:
        return
    last = pa.concat_tables(held) if held else schema(head.names).empty_table()
    parts = footer.cut(Parts(last, tally.rejects, 0, 0, 0), tally.tail, head)
    tally.tail.clear()
    tally.rejects = parts.rejects
    tally.preamble += parts.preamble
    tally.notes.extend(parts.notes)
    yield parts.table


def _settled(batch: pa.Table, tally: Tally) -> bool:
    """Do all rows of the batch stand above the rows that may be footer? (Lines rise within and across batches.)"""
    return bool(tally.tail) and (not batch.num_rows or batch["_line"][-1].as_py() < tally.tail[0][0])
