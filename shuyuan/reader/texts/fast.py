"""One piece of delimited text to rows: pyarrow cuts the cells, the layout says what pyarrow does not.

Blank lines, physical line numbers, rows of another width and the last rows come from the piece's `Layout`; records that pyarrow must not
see (stray quotes, NUL, bytes that do not decode, over-long ones) are taken out of its way and judged one by one by the careful grammar, so
damage costs the damaged rows and their neighbours keep the fast way.
"""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from threading import local

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from shuyuan.reader import footer
from shuyuan.reader.rows import (
    BLANK,
    BLANKS,
    MAX_FIELD,
    STRAY,
    TORN,
    Fault,
    Gather,
    Head,
    Reject,
    Told,
    judge,
    reject,
    schema,
    with_constants,
)
from shuyuan.reader.texts import delimited, text
from shuyuan.reader.texts.delimited import Record
from shuyuan.reader.texts.layout import REACH, Irregular, Layout, Mask, Offsets, regular
from shuyuan.reader.texts.shift import LEARN, Profile, surplus
from shuyuan.reader.texts.text import Text

BLOCK = 32 << 20  # bytes per pyarrow block: more than a piece
_FEW = 0.2  # share of distinct values below which a column is read as a dictionary
_LOOK = 20_000
_BLANK_LEADS = np.zeros(256, np.bool_)
_BLANK_LEADS[[c.encode()[0] for c in BLANKS]] = True
_noted = local()


@dataclass
class Piece:
    """What one piece yields. Lines are the file's, `line` its first; `stop` is the offset where the next begins, `height` its physical lines.

    `tail`: its last rows with content, for the footer; `irregular`: records that were judged one by one because of their form.
    """

    table: pa.Table
    rejects: list[Reject]
    physical: int
    blank: int
    trailing: Told
    beyond: Told
    tail: list[tuple[int, list[str]]]
    height: int
    stop: int
    irregular: int
    line: int


def _note(error: UnicodeError) -> tuple[str, int]:
    """Codec error handler that remembers where: `_noted.at` of this thread."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    _noted.at.append(error.start)
    return "\ufffd", error.end


codecs.register_error("reader.note", _note)


class Cutter:
    """Cuts pieces of one text, whose header is known. The columns `few` come as dictionaries."""

    def __init__(self, source: Text, delimiter: str, head: Head) -> None:
        self.text, self.delimiter, self.head = source, delimiter, head
        self.few = frozenset[str]()
        self._profile: Profile | None = None

    def cut(self, at: int, stop: int, line: int) -> Piece:
        """The records that begin in bytes `at` to `stop`; `line` is the physical line at `at`."""
        buffer = b"\n" + self.text.utf8(at, stop)
        where = regular(buffer, 1, self.delimiter)
        if where is None:
            buffer, where, stop = self._irregular(at, stop, len(buffer))
        return _Cutting(self, buffer, where, line).piece(stop)

    def typed(self, table: pa.Table) -> pa.Table:
        """`table` with the types that the pieces after it will have."""
        few = pa.dictionary(pa.int32(), pa.string())
        kinds = [pa.field(f.name, few if f.name in self.few else f.type) for f in table.schema]
        return table.cast(pa.schema(kinds))

    def surplus(self, cells: Sequence[str]) -> Fault | None:
        """May a row with empty cells beyond the header be taken as it stands?"""
        self._profile = self._profile or learned(self.text, self.delimiter, self.head)
        return surplus(cells, self._profile)

    def _irregular(self, at: int, stop: int, edge: int) -> tuple[bytes, Layout, int]:
        size = len(self.text.data)
        buffer = b"\n" + self.text.utf8(at, min(stop + REACH, size))
        where = Irregular(buffer, 1, edge, self.delimiter, final=stop + REACH >= size).layout()
        beyond = len(text.LINE_END.findall(buffer, edge, where.stop))
        for _ in range(beyond):
            found = text.LINE_END.search(self.text.data, stop)
            stop = found.end() if found else size
        return buffer, where, size if where.stop == len(buffer) and stop + REACH >= size else stop


class _Cutting:
    """The work on one piece."""

    def __init__(self, cutter: Cutter, buffer: bytes, where: Layout, line: int) -> None:
        self.cutter, self.buffer, self.where, self.line = cutter, buffer, where, line
        self.head = cutter.head
        self.gather = Gather(self.head, cutter.surplus)
        self.irregular = 0
        self.spare = pa.table({})  # columns right of the last named one

    def piece(self, stop: int) -> Piece:
        filled = self.where.ends > self.where.starts
        odd = self._odd() & filled
        even, table = self._even(np.flatnonzero(filled & ~odd))
        odd = filled.copy()
        odd[even] = False
        self._judge(np.flatnonzero(odd))
        self._look_beyond(even)
        self.gather.blank += int(len(filled) - filled.sum())  # empty lines: pyarrow skips them
        table = table.append_column("_line", pa.array(self.where.lines[even] + (self.line - 1), pa.int64()))
        table = self._merge(self._without_blank(table, even))
        gather, tail = self.gather, self._tail(np.flatnonzero(filled))
        return Piece(
            table,
            gather.rejects,
            len(filled),
            gather.blank,
            gather.trailing,
            gather.beyond,
            tail,
            self.where.height,
            stop,
            self.irregular,
            self.line,
        )

    def _odd(self) -> Mask:
        """Records that pyarrow must not see."""
        odd = np.zeros(len(self.where.starts), np.bool_) if self.where.stray is None else self.where.stray.copy()
        odd |= self.where.ends - self.where.starts > MAX_FIELD
        hurt = np.array([*_all(self.buffer, b"\0"), *_undecodable(self.buffer)], np.int64)
        hurt = hurt[hurt < self.where.stop]
        odd[np.searchsorted(self.where.starts, hurt, "right") - 1] = True
        self.irregular = int(odd.sum())
        return odd

    def _even(self, sound: Offsets) -> tuple[Offsets, pa.Table]:
        """(records that are rows as wide as the header, those rows); none at all if pyarrow sees other records than the layout."""
        table, ordinals = self._arrow(sound)
        even = np.delete(sound, np.array(ordinals, np.int64) - 1)
        if table.num_rows == len(even):
            return even, table
        self.irregular += len(sound)
        return sound[:0], table.slice(0, 0)

    def _arrow(self, sound: Offsets) -> tuple[pa.Table, list[int]]:
        """(rows as wide as the header, ordinals of the others), ordinals from 1 over the `sound` records."""
        names = tuple(self.head.places)
        cells = [f"c{i}" for i in range(self.head.width)]
        types = {cells[i]: self._type(name) for name, i in self.head.places.items()}
        spare = cells[self.head.named :]
        if not len(sound):
            return pa.schema(zip(names, types.values(), strict=True)).empty_table(), []
        odd: list[int] = []

        def note_odd(row: pacsv.InvalidRow) -> str:
            odd.append(row.number)
            return "skip"

        table = pacsv.read_csv(
            pa.BufferReader(self._body(sound)),
            read_options=pacsv.ReadOptions(column_names=cells, use_threads=False, block_size=BLOCK),
            parse_options=pacsv.ParseOptions(
                delimiter=self.cutter.delimiter, newlines_in_values=True, invalid_row_handler=note_odd
            ),
            convert_options=_as_text(types | dict.fromkeys(spare, pa.string())),
        )
        self.spare, table = table.select(spare), table.drop_columns(spare)
        return table.rename_columns(names).unify_dictionaries().combine_chunks(), odd

    def _type(self, name: str) -> pa.DataType:
        return pa.dictionary(pa.int32(), pa.string()) if name in self.cutter.few else pa.string()

    def _body(self, sound: Offsets) -> pa.Buffer:
        """The sound records behind an empty line: at the very start pyarrow would eat a U+FEFF."""
        where = self.where
        whole = pa.py_buffer(self.buffer).slice(0, where.stop)
        if len(sound) == int((where.ends > where.starts).sum()):
            return whole
        cut = np.flatnonzero(np.diff(sound) > 1)  # runs of neighbours
        first, last = np.append(sound[:1], sound[cut + 1]), np.append(sound[cut], sound[-1:])
        runs = zip(where.starts[first].tolist(), where.next[last].tolist(), strict=True)
        view = memoryview(self.buffer)
        return pa.py_buffer(b"\n" + b"".join(view[a:b] for a, b in runs))

    def _judge(self, odd: Offsets) -> None:
        """Records out of the ordinary, one by one."""
        stray = self.where.stray
        for at in odd.tolist():
            record = self._record(at)
            if stray is not None and stray[at]:
                fault = TORN if record.sound else STRAY
                self.gather.rejects.append(reject(record.line, record.raw, fault))
            else:
                self.gather.add(record.line, record.cells, record.raw)

    def _look_beyond(self, even: Offsets) -> None:
        """Count rows with content where the header has no more names."""
        filled = np.zeros(len(even), np.bool_)
        for column in self.spare.columns if len(even) else ():
            filled |= ~blank_cells(column.combine_chunks())
        if filled.any():
            lines = self.where.lines[even[filled]]
            self.gather.beyond.add(len(lines), int(lines[0]) + self.line - 1)

    def _record(self, at: int) -> Record:
        """One record by the careful grammar."""
        where = self.where
        raw = self.buffer[int(where.starts[at]) : int(where.ends[at])].decode("utf-8", "surrogateescape")
        source = iter(_lines(raw))
        return next(delimited.records(source, self.cutter.delimiter, int(where.lines[at]) + self.line - 1))

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

    def _void(self, table: pa.Table) -> Offsets:
        """Rows whose contract columns are all blank: candidates for blank rows, narrowed column by column."""
        left: Offsets = np.arange(table.num_rows, dtype=np.int64)
        for name in self.head.places:
            if not len(left):
                break
            column = table[name].combine_chunks()
            left = left[blank_cells(column if len(left) == table.num_rows else column.take(pa.array(left)))]
        return left

    def _merge(self, table: pa.Table) -> pa.Table:
        """Contract order, absent columns null, and rows of another width that turned out sound back in their places."""
        absent = pa.nulls(table.num_rows, pa.string())
        columns = [table[n] if n in self.head.places else absent for n in self.head.names]
        names = [*self.head.names, "_line"]
        wide = with_constants(pa.table([*columns, table["_line"]], names=names), self.head)
        extra = self.gather.table()
        if not extra.num_rows:
            return wide
        joined = pa.concat_tables([wide.cast(schema(self.head.names)), extra]).sort_by("_line")
        return joined.cast(wide.schema)

    def _tail(self, filled: Offsets) -> list[tuple[int, list[str]]]:
        """The last rows with content; padding below the table is walked over."""
        tail: deque[tuple[int, list[str]]] = deque()
        for at in filled[::-1]:
            record = self._record(int(at))
            if record.raw.strip(BLANKS + self.cutter.delimiter + '"'):
                tail.appendleft((record.line, record.cells))
            if len(tail) == footer.DEPTH:
                break
        return list(tail)


def learned(source: Text, delimiter: str, head: Head) -> Profile:
    """What the columns hold, from the first rows below the header."""
    found = delimited.records(text.lines(source), delimiter)
    return Profile(head.width, (r.cells for r in islice(found, head.index + 1, head.index + 1 + LEARN) if r.sound))


def _lines(raw: str) -> list[str]:
    """Physical lines of one record, as the csv module wants them: cut at LF, and at CR where the file uses it."""
    return [found[0] for found in text.TEXT_LINE.finditer(raw)] or [raw]


def _all(buffer: bytes, byte: bytes) -> Iterator[int]:
    """Every place of a rare byte."""
    at = buffer.find(byte)
    while at >= 0:
        yield at
        at = buffer.find(byte, at + 1)


def _undecodable(buffer: bytes) -> list[int]:
    """Offsets of bytes that are not UTF-8."""
    whole = [None, pa.array([0, len(buffer)], pa.int32()).buffers()[1], pa.py_buffer(buffer)]
    try:
        pa.Array.from_buffers(pa.binary(), 1, whole).cast(pa.string())  # looks at the bytes where they are
    except pa.ArrowInvalid:
        _noted.at = []
        buffer.decode("utf-8", "reader.note")
        return list(_noted.at)
    return []


def blank_cells(column: pa.Array) -> Mask:
    """Cells without content: null, or nothing but blanks."""
    if pa.types.is_dictionary(column.type):
        coded: Mask = np.asarray(pc.fill_null(pa.array(blank_cells(column.dictionary)).take(column.indices), True))
        return coded
    blank: Mask = np.equal(np.asarray(pc.fill_null(pc.binary_length(column), 0)), 0)
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column)]
    rest = np.flatnonzero(~blank)
    if rest.size:
        leads = np.frombuffer(column.buffers()[2], np.uint8)[offsets[rest]]
        rest = rest[_BLANK_LEADS[leads]]
        trimmed = pc.utf8_trim(column.take(pa.array(rest)), characters=BLANKS)
        blank[rest] = np.asarray(pc.equal(trimmed, ""))
    return blank


def few_values(table: pa.Table) -> frozenset[str]:
    """Columns that repeat their values: cheaper as dictionaries."""
    look = table.slice(0, _LOOK)
    if look.num_rows < _LOOK:
        return frozenset()
    columns = [name for name in look.column_names if name != "_line"]
    return frozenset(n for n in columns if pc.count_distinct(look[n]).as_py() < _FEW * look.num_rows)


def _as_text(types: dict[str, pa.DataType]) -> pacsv.ConvertOptions:
    """Every column as text, empty → null, nothing guessed."""
    return pacsv.ConvertOptions(
        column_types=types,
        include_columns=list(types),
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
        null_values=[""],
        check_utf8=False,  # `_undecodable` has looked
    )
