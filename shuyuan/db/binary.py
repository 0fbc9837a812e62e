"""Arrow columns → rows of PostgreSQL's binary COPY, a batch at a time and column by column: no value becomes a Python object.

The format is PostgreSQL's own (manual, "COPY", "Binary Format"; what each type looks like is its `…_recv` function). Belongs here: bytes.
Does not belong here: connections.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NULL = -1  # the length of a field that is null
EPOCH = 10_957  # days from 1970-01-01 to PostgreSQL's 2000-01-01
GROUPS = 10  # of four decimal digits: what a decimal128 holds
Numbers = npt.NDArray[Any]


class Field(NamedTuple):
    """One column as bytes: what is of the same width in every row (the length, often the value too), and what is not."""

    head: list[Numbers]
    body: pa.Array | None = None


def rows(batch: pa.RecordBatch, types: list[str]) -> memoryview:
    """The rows of a batch, one type of TYPES per column. Raises pa.ArrowInvalid when a column is not of that type."""
    if not batch.num_rows:
        return memoryview(b"")
    parts: list[pa.Array] = []
    heads = [_same(len(types).to_bytes(2, "big"), batch.num_rows)]
    for column, kind in zip(batch.columns, types, strict=True):
        field = _nulls(column) if column.null_count == len(column) else TYPES[kind](column)
        heads += field.head
        if field.body is not None:
            parts += [_joined(heads), field.body]
            heads = []
    parts += [_joined(heads)] if heads else []
    done = pc.binary_join_element_wise(*parts, b"")
    _, offsets, data = done.buffers()
    first, last = np.frombuffer(offsets, np.int32)[[done.offset, done.offset + len(done)]]
    return memoryview(data)[first:last]


def _same(value: bytes, times: int) -> Numbers:
    return np.broadcast_to(np.array(value, f"V{len(value)}"), times)


def _joined(heads: list[Numbers]) -> pa.Array:
    """Cells of bytes side by side. The fewer arrays are joined value by value, the faster."""
    beside = np.empty(len(heads[0]), [(f"f{i}", head.dtype) for i, head in enumerate(heads)])
    for name, head in zip(beside.dtype.names or (), heads, strict=True):
        beside[name] = head
    width = pa.binary(beside.dtype.itemsize)
    return pa.Array.from_buffers(width, len(beside), [None, pa.py_buffer(beside)]).cast(pa.binary())


def _nulls(column: pa.Array) -> Field:
    return Field([_same(NULL.to_bytes(4, "big", signed=True), len(column))])


def _text(column: pa.Array) -> Field:
    return _sized(_bytes(column))


def _jsonb(column: pa.Array) -> Field:
    """A version byte, then the text."""
    return _sized(pc.binary_join_element_wise(b"\1", _bytes(column), b""))


def _bytes(column: pa.Array) -> pa.Array:
    return column.cast(pa.string()).cast(pa.binary())


def _sized(values: pa.Array) -> Field:
    _, offsets, data = values.buffers()
    at = np.frombuffer(offsets, np.int32, len(values) + 1, values.offset * 4)
    lengths = np.diff(at)
    width = int(lengths[0])
    if width and not values.null_count and (lengths == width).all():
        return _fixed(np.frombuffer(data, f"V{width}", len(values), at[0]))
    return _or_null(values, lengths)


def _fixed(cells: Numbers) -> Field:
    return Field([_same(cells.dtype.itemsize.to_bytes(4, "big"), len(cells)), cells])


def _or_null(values: pa.Array, lengths: Numbers | int) -> Field:
    nulls = np.asarray(values.is_null())
    return Field([np.where(nulls, NULL, lengths).astype(">i4")], values.fill_null(b""))


def _of_width(column: pa.Array, values: Numbers, kind: Any) -> Field:
    cells = values.astype(kind, copy=False)
    if not column.null_count:
        return _fixed(cells)
    return _or_null(pc.if_else(column.is_null(), None, _joined([cells])), cells.dtype.itemsize)


def _int8(column: pa.Array) -> Field:
    return _of_width(column, np.asarray(column.cast(pa.int64()).fill_null(0)), ">i8")


def _float8(column: pa.Array) -> Field:
    return _of_width(column, np.asarray(column.cast(pa.float64()).fill_null(0)), ">f8")


def _date(column: pa.Array) -> Field:
    days = np.asarray(column.cast(pa.date32()).cast(pa.int32()).fill_null(0))
    return _of_width(column, days - np.int32(EPOCH), ">i4")


def _numeric(column: pa.Array) -> Field:
    """Groups of four decimal digits, aligned to the point; PostgreSQL drops the zeros around them."""
    scale = column.type.scale if pa.types.is_decimal(column.type) else 0
    groups_after = -(-scale // 4)
    digits, negative = _digits(column.cast(pa.decimal128(38, groups_after * 4)).fill_null(0))
    shape = [*((name, ">i2") for name in ("groups", "weight", "sign", "scale")), ("digits", ">i2", GROUPS)]
    records = np.empty(len(column), shape)
    records["groups"], records["weight"], records["scale"] = GROUPS, GROUPS - groups_after - 1, scale
    records["sign"], records["digits"] = np.where(negative, 0x4000, 0), digits
    return _of_width(column, records, records.dtype)


def _digits(values: pa.Array) -> tuple[Numbers, Numbers]:
    """(groups of four digits, highest first; which are negative) of a decimal's unscaled 128-bit number, by long division."""
    words = np.frombuffer(values.buffers()[1], np.uint64, 2 * len(values), values.offset * 16).reshape(-1, 2)
    low, high = words[:, 0], words[:, 1]
    negative = high >> np.uint64(63) == 1
    high = np.where(negative, ~high + (low == 0), high)
    low = np.where(negative, ~low + np.uint64(1), low)
    limbs = [half for word in (high, low) for half in (word >> np.uint64(32), word & np.uint64(0xFFFFFFFF))]
    digits = np.zeros((len(values), GROUPS), np.int64)
    for group in range(GROUPS - 2, -1, -2):
        rest = np.zeros(len(values), np.uint64)
        for i, limb in enumerate(limbs):
            limbs[i], rest = np.divmod(rest << np.uint64(32) | limb, np.uint64(10**8))
        digits[:, group], digits[:, group + 1] = np.divmod(rest, np.uint64(10**4))
        if not any(limb.any() for limb in limbs):
            break
    return digits, negative


TYPES: Mapping[str, Callable[[pa.Array], Field]] = {
    "text": _text,
    "jsonb": _jsonb,
    "int8": _int8,
    "float8": _float8,
    "date": _date,
    "numeric": _numeric,
}
"""PostgreSQL type → how an Arrow column of it becomes bytes. Columns are not empty; what is all null is seen to before."""
