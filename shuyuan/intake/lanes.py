"""The two lanes of delimited text. Both give the same rows; the fast one only takes files whose form is clean.

Careful: record by record through `csv`, any damage costs the damaged rows. Fast: pyarrow's reader over the bytes, rows it
finds odd are judged one by one by the careful grammar.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from shuyuan.intake import delimited, footer
from shuyuan.intake.rows import (
    BLANK,
    BLANKS,
    MAX_FIELD,
    Column,
    Fault,
    Gather,
    Head,
    Note,
    Parts,
    judge,
    reject,
    schema,
)
from shuyuan.intake.text import Text, lines

_STRAY = Fault(
    "stray_quote",
    None,
    None,
    'a cell that starts with " is not closed before a delimiter or line end; double the quotes inside cells',
)


def read_delimited(
    text: Text, columns: Sequence[Column], row: int | None, constants: Mapping[str, str] | None, lane: str | None = None
) -> tuple[Head, Parts, str]:
    """(head, parts, lane taken). `lane` forces one; by default the fast lane where it can. Raises the header errors."""
    delimiter, head = delimited.find_head(text, columns, row, constants)
    slow_because = "asked for" if lane == "careful" else _obstacle(text)
    if slow_because is None:
        parts, slow_because = _try_fast(text, delimiter, head)
        if parts is not None:
            return head, parts, "fast"
    parts = careful(text, delimiter, head)
    parts.notes.append(Note("careful_lane", f"read record by record: {slow_because}"))
    return head, parts, "careful"


def _obstacle(text: Text) -> str | None:
    if text.damaged:
        return "some bytes do not decode"
    return "NUL bytes" if text.data.find(b"\0") >= 0 else None


def _try_fast(text: Text, delimiter: str, head: Head) -> tuple[Parts | None, str]:
    where = delimited.layout(text, delimiter)
    if where is None:
        return None, "quotes or line ends are irregular"
    if int((where.ends - where.starts).max(initial=0)) > MAX_FIELD:
        return None, "a very long record"
    parts = fast(text, delimiter, head, where)
    return parts, "the two record counts differ"


def careful(text: Text, delimiter: str, head: Head) -> Parts:
    """Every record through the csv module; the control count comes from `delimited.count`, which does not use it."""
    gather = Gather(head)
    tail: deque[tuple[int, list[str]]] = deque(maxlen=footer.DEPTH)
    for at, record in enumerate(delimited.records(lines(text), delimiter)):
        if at <= head.index:
            continue
        if record.sound:
            gather.add(record.line, record.cells, record.raw)
        else:
            gather.rejects.append(reject(record.line, record.raw, _STRAY))
        if record.raw.strip(BLANKS + delimiter + '"'):
            tail.append((record.line, record.cells))
    parts = Parts(gather.table(), gather.rejects, delimited.count(text, delimiter), gather.blank, head.index + 1)
    return footer.cut(parts, tail, head)


def fast(text: Text, delimiter: str, head: Head, where: delimited.Layout) -> Parts | None:
    """pyarrow's reader over a clean file; the control count is `where`. None if pyarrow and `where` see different records."""
    first = head.index + 1
    filled = np.flatnonzero(where.ends[first:] > where.starts[first:]) + first  # pyarrow skips empty lines
    gather = Gather(head)
    gather.blank = len(where.starts) - first - len(filled)
    table, odd = _arrow(text, delimiter, head, where, first)
    odd_records = filled[np.array(odd, np.int64) - 1] if odd else np.zeros(0, np.int64)
    even = np.delete(filled, np.array(odd, np.int64) - 1) if odd else filled
    if table.num_rows != len(even):
        return None
    table = table.append_column("_line", pa.array(where.lines[even], pa.int64()))
    void = _void(table, head)
    for at in odd_records:
        _one(text, delimiter, where, int(at), gather)
    table = _drop_blank(text, delimiter, where, even, table, void, gather)
    table = _merge(table, gather, head)
    parts = Parts(table, gather.rejects, len(where.starts), gather.blank, first)
    return footer.cut(parts, _tail(text, delimiter, where, filled), head)


def _arrow(text: Text, delimiter: str, head: Head, where: delimited.Layout, first: int) -> tuple[pa.Table, list[int]]:
    """(rows with the header's number of cells, ordinals of the others), counted from 1 over the non-empty records."""
    names = tuple(head.places)
    if first >= len(where.starts):
        return pa.schema([(n, pa.string()) for n in names]).empty_table(), []
    odd: list[int] = []

    def note_odd(row: pacsv.InvalidRow) -> str:
        odd.append(row.number)
        return "skip"

    body = pa.py_buffer(text.data).slice(int(where.starts[first]))
    if not bytes(body[: 1 << 16]).strip(b"\r\n") and not bytes(body).strip(b"\r\n"):
        return pa.schema([(n, pa.string()) for n in names]).empty_table(), []
    cells = [f"c{i}" for i in range(head.width)]
    wanted = [cells[i] for i in head.places.values()]
    table = pacsv.read_csv(
        pa.BufferReader(body),
        read_options=pacsv.ReadOptions(column_names=cells, use_threads=False, block_size=16 << 20),
        parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note_odd),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(wanted, pa.string()),
            include_columns=wanted,
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            null_values=[""],
        ),
    )
    return table.rename_columns(names), odd


def _record(text: Text, delimiter: str, where: delimited.Layout, at: int) -> delimited.Record:
    raw = bytes(text.data[int(where.starts[at]) : int(where.ends[at])]).decode("utf-8")
    source = iter(raw.splitlines(keepends=True) if "\n" not in raw else _split(raw))
    return next(delimited.records(source, delimiter, int(where.lines[at])))


def _split(raw: str) -> list[str]:
    pieces = raw.split("\n")
    return [p + "\n" for p in pieces[:-1]] + [pieces[-1]]


def _one(text: Text, delimiter: str, where: delimited.Layout, at: int, gather: Gather) -> None:
    record = _record(text, delimiter, where, at)
    gather.add(record.line, record.cells, record.raw)


def _void(table: pa.Table, head: Head) -> npt.NDArray[np.int64]:
    """Rows whose contract columns are all blank: candidates for blank rows, narrowed column by column."""
    left = np.arange(table.num_rows, dtype=np.int64)
    for name in head.places:
        column = table[name] if len(left) == table.num_rows else table[name].take(pa.array(left))
        trimmed = pc.utf8_trim(pc.fill_null(column, ""), characters=BLANKS)
        left = left[pc.equal(trimmed, "").to_numpy(zero_copy_only=False)]
        if not len(left):
            break
    return left


def _drop_blank(
    text: Text,
    delimiter: str,
    where: delimited.Layout,
    records: npt.NDArray[np.int64],
    table: pa.Table,
    void: npt.NDArray[np.int64],
    gather: Gather,
) -> pa.Table:
    blank = [i for i in void if judge(_record(text, delimiter, where, int(records[i])).cells, gather.head) is BLANK]
    if not blank:
        return table
    gather.blank += len(blank)
    keep = np.ones(table.num_rows, bool)
    keep[blank] = False
    return table.filter(pa.array(keep))


def _merge(table: pa.Table, gather: Gather, head: Head) -> pa.Table:
    """Contract order, absent columns null, and the odd rows that turned out sound back in their places."""
    absent = pa.nulls(table.num_rows, pa.string())
    wide = pa.table(
        [table[n] if n in head.places else absent for n in head.names] + [table["_line"]], schema=schema(head.names)
    )
    extra = gather.table()
    return pa.concat_tables([wide, extra]).sort_by("_line") if extra.num_rows else wide


def _tail(
    text: Text, delimiter: str, where: delimited.Layout, filled: npt.NDArray[np.int64]
) -> list[tuple[int, list[str]]]:
    """The last rows with content, as the careful lane sees them. Padding below the table is walked over, not collected."""
    tail: deque[tuple[int, list[str]]] = deque()
    for at in reversed(filled):
        record = _record(text, delimiter, where, int(at))
        if record.raw.strip(BLANKS + delimiter + '"'):
            tail.appendleft((record.line, record.cells))
        if len(tail) == footer.DEPTH:
            break
    return list(tail)
