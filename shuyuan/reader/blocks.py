"""Rows that came as columns of one length (sheets, records, tables of a database): judged column by column, not row by row.

The verdict on a row is that of `rows.judge`; here only the few rows that need it are found and handed to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.reader import footer
from shuyuan.reader.batched import Row, Tally
from shuyuan.reader.rows import BLANK, BLANKS, MAX_FIELD, Head, judge, reject, schema, with_constants

Columns = Sequence[pa.Array]
Raw = Callable[[int, list[str]], str]
Mask = npt.NDArray[np.bool_]


def tabbed(_: int, cells: list[str]) -> str:
    """A row as a reject shows it where the file has no text of its own: cells with tabs between."""
    return "\t".join(cells)


def admit(
    columns: Columns, lines: pa.Array, head: Head, tally: Tally, raw: Raw = tabbed, *, blanks: bool = True
) -> pa.Table:
    """The sound rows in contract order, with `_line`; blank and faulty rows go to the tally.

    `columns` are text in cell order, null where empty; `lines` the physical line of each row; `raw(index, cells)` the row as text.
    Without `blanks` a row without content is a row like any other.
    """
    gone = blank(columns, len(lines)) if blanks else np.zeros(len(lines), bool)
    tally.blank += int(gone.sum())
    tally.ends_with(_last(columns, lines, gone) if blanks else [])
    for at in np.flatnonzero(_odd(columns, len(lines)) & ~gone):
        cells = row(columns, int(at))
        fault = judge(cells, head)
        if fault is not None and fault is not BLANK:
            gone[at] = True
            tally.rejects.append(reject(lines[int(at)].as_py(), raw(int(at), cells), fault))
    table = _contracted(columns, lines, head)
    return table.filter(pa.array(~gone)) if gone.any() else table


def row(columns: Columns, at: int) -> list[str]:
    """The cells of one row."""
    return [c[at].as_py() or "" for c in columns]


def blank(columns: Columns, height: int) -> Mask:
    """Rows without content in any cell; narrowed column by column, so that a filled first column settles it."""
    left: npt.NDArray[np.int64] = np.arange(height, dtype=np.int64)
    for column in columns:
        cells = column if len(left) == height else column.take(pa.array(left))
        left = left[_void(cells)]
        if not len(left):
            break
    mask = np.zeros(height, bool)
    mask[left] = True
    return mask


def _void(cells: pa.Array) -> Mask:
    """Null or nothing but blanks. Trimming looks only at short cells: a cell of content is mostly longer than its first blank."""
    trimmed = pc.utf8_ltrim(cells, characters=BLANKS)
    return pc.fill_null(pc.equal(pc.binary_length(trimmed), 0), True).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _odd(columns: Columns, height: int) -> Mask:
    """Rows with a cell that `rows.judge` may refuse: NUL or over-long. A look at each column's bytes spares most of it."""
    mask = np.zeros(height, bool)
    for column in columns:
        if _has_nul(column):
            mask |= pc.fill_null(pc.match_substring(column, "\0"), False).to_numpy(zero_copy_only=False)
        if (pc.max(pc.binary_length(column)).as_py() or 0) > MAX_FIELD:
            long = pc.greater(pc.utf8_length(column), MAX_FIELD)
            mask |= pc.fill_null(long, False).to_numpy(zero_copy_only=False)
    return mask


def _has_nul(column: pa.Array) -> bool:
    _, offsets, data = column.buffers()
    if data is None or not len(column):
        return False
    bounds = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    return not np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]].all()


def _last(columns: Columns, lines: pa.Array, gone: Mask) -> list[Row]:
    """The last rows with content, as many as may be footer."""
    filled = np.flatnonzero(~gone)[-footer.DEPTH :]
    return [(lines[int(at)].as_py(), row(columns, int(at))) for at in filled]


def _contracted(columns: Columns, lines: pa.Array, head: Head) -> pa.Table:
    absent = pa.nulls(len(lines), pa.string())
    at = head.places
    cells = [columns[at[n]] if n in at and at[n] < len(columns) else absent for n in head.names]
    return with_constants(pa.table([*cells, lines], schema=schema(head.names)), head)
