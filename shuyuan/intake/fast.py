"""The fast lane of delimited text: pyarrow's reader over the bytes of a clean file.

What pyarrow does not say (blank lines, physical line numbers, rows of another width, the footer) comes from the file's
`Layout` and from judging just those records with the careful grammar, so both lanes give the same rows.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from shuyuan.intake import delimited, footer
from shuyuan.intake.delimited import Layout, Offsets, Record
from shuyuan.intake.rows import BLANK, BLANKS, Gather, Head, Parts, judge, schema, with_constants
from shuyuan.intake.text import Text

BLOCK = (
    16 << 20
)  # bytes per pyarrow block; a record never exceeds it (lanes.py sends very long records to the careful lane)


class FastLane:
    """One reading of one clean file. `where` is counted apart from pyarrow and gives the physical count and the line numbers."""

    def __init__(self, text: Text, delimiter: str, head: Head, where: Layout) -> None:
        self.text, self.delimiter, self.head, self.where = text, delimiter, head, where
        self.first = head.index + 1
        self.gather = Gather(head)
        body = slice(self.first, None)
        self.filled: Offsets = np.flatnonzero(where.ends[body] > where.starts[body]) + self.first

    def read(self) -> Parts | None:
        """Rows, rejects and counts; None if pyarrow and the layout see different records."""
        physical = len(self.where.starts)
        self.gather.blank = physical - self.first - len(self.filled)  # empty lines: pyarrow skips them
        table, ordinals = self._arrow()
        odd = np.array(ordinals, np.int64) - 1
        even = np.delete(self.filled, odd)
        if table.num_rows != len(even):
            return None
        for at in self.filled[odd]:
            record = self._record(int(at))
            self.gather.add(record.line, record.cells, record.raw)
        table = table.append_column("_line", pa.array(self.where.lines[even], pa.int64()))
        table = self._merge(self._without_blank(table, even))
        parts = Parts(table, self.gather.rejects, physical, self.gather.blank, self.first, self.gather.notes())
        return footer.cut(parts, self._tail(), self.head)

    def _arrow(self) -> tuple[pa.Table, list[int]]:
        """(rows as wide as the header, ordinals of the others), ordinals from 1 over the records that are not empty lines."""
        names = tuple(self.head.places)
        if not len(self.filled):
            return pa.schema([(n, pa.string()) for n in names]).empty_table(), []
        odd: list[int] = []

        def note_odd(row: pacsv.InvalidRow) -> str:
            odd.append(row.number)
            return "skip"

        cells = [f"c{i}" for i in range(self.head.width)]
        table = pacsv.read_csv(
            pa.BufferReader(pa.py_buffer(self.text.data).slice(self._body())),
            read_options=pacsv.ReadOptions(column_names=cells, use_threads=False, block_size=BLOCK),
            parse_options=pacsv.ParseOptions(
                delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=note_odd
            ),
            convert_options=_as_text([cells[i] for i in self.head.places.values()]),
        )
        return table.rename_columns(names), odd

    def _body(self) -> int:
        """Where pyarrow starts: at the header's line end, an empty line to it. At the row itself it would eat a U+FEFF there."""
        return int(self.where.starts[self.first]) - 1

    def _record(self, at: int) -> Record:
        """One record by the careful grammar."""
        raw = bytes(self.text.data[int(self.where.starts[at]) : int(self.where.ends[at])]).decode("utf-8")
        *upper, last = raw.split("\n")
        source = iter([*(line + "\n" for line in upper), last])
        return next(delimited.records(source, self.delimiter, int(self.where.lines[at])))

    def _void(self, table: pa.Table) -> Offsets:
        """Rows whose contract columns are all blank: candidates for blank rows, narrowed column by column."""
        left: Offsets = np.arange(table.num_rows, dtype=np.int64)
        for name in self.head.places:
            column = table[name] if len(left) == table.num_rows else table[name].take(pa.array(left))
            trimmed = pc.utf8_trim(pc.fill_null(column, ""), characters=BLANKS)
            left = left[pc.equal(trimmed, "").to_numpy(zero_copy_only=False)]
            if not len(left):
                break
        return left

    def _without_blank(self, table: pa.Table, records: Offsets) -> pa.Table:
        """A row is blank when the cells outside the contract are blank too: that takes a look at the record."""
        void = self._void(table)
        blank = [i for i in void if judge(self._record(int(records[i])).cells, self.head) is BLANK]
        if not blank:
            return table
        self.gather.blank += len(blank)
        keep = np.ones(table.num_rows, bool)
        keep[blank] = False
        return table.filter(pa.array(keep))

    def _merge(self, table: pa.Table) -> pa.Table:
        """Contract order, absent columns null, and rows of another width that turned out sound back in their places."""
        absent = pa.nulls(table.num_rows, pa.string())
        columns = [table[n] if n in self.head.places else absent for n in self.head.names]
        wide = with_constants(pa.table([*columns, table["_line"]], schema=schema(self.head.names)), self.head)
        extra = self.gather.table()
        return pa.concat_tables([wide, extra]).sort_by("_line") if extra.num_rows else wide

    def _tail(self) -> list[tuple[int, list[str]]]:
        """The last rows with content; padding below the table is walked over."""
        tail: deque[tuple[int, list[str]]] = deque()
        for at in reversed(self.filled):
            record = self._record(int(at))
            if record.raw.strip(BLANKS + self.delimiter + '"'):
                tail.appendleft((record.line, record.cells))
            if len(tail) == footer.DEPTH:
                break
        return list(tail)


def _as_text(columns: list[str]) -> pacsv.ConvertOptions:
    """Every column as text, empty → null, nothing guessed."""
    return pacsv.ConvertOptions(
        column_types=dict.fromkeys(columns, pa.string()),
        include_columns=columns,
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
        null_values=[""],
    )
