"""Arrow columns → rows of PostgreSQL's binary COPY, a batch at a time and column by column: no value becomes a Python object.

The format is PostgreSQL's own (manual, "COPY", "Binary Format"; what each type looks like is its `…_recv` function). Belongs here: bytes.
Does not belong here: connections.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NULL = pa.scalar(b"\xff\xff\xff\xff", pa.binary())  # the length -1
EPOCH = 10_957  # days from 1970-01-01 to PostgreSQL's 2000-01-01
GROUPS = 10  # of four decimal digits: what a decimal128 holds
Field = list[pa.Array]


def rows(batch: pa.RecordBatch, types: list[str]) -> memoryview:
    """The rows of a batch, one type of TYPES per column. Raises pa.ArrowInvalid when a column is not of that type."""
    count = pa.scalar(len(types).to_bytes(2, "big"), pa.binary())
    parts = [part for column, kind in zip(batch.columns, types, strict=True) for part in TYPES[kind](column)]
    joined = pc.binary_join_element_wise(count, *parts, b"") if parts else pa.array([], pa.binary())
    _, offsets, data = joined.buffers()
    first, last = (
        np.frombuffer(offsets, np.int32)[[joined.offset, joined.offset + len(joined)]] if len(joined) else (0, 0)
    )
    return memoryview(data or b"")[first:last]


def _text(column: pa.Array) -> Field:
    return _sized(_bytes(column))


def _jsonb(column: pa.Array) -> Field:
    """A version byte, then the text."""
    return _sized(pc.binary_join_element_wise(b"\1", _bytes(column), b""))


def _bytes(column: pa.Array) -> pa.Array:
    return column.cast(pa.string()).cast(pa.binary())


def _sized(values: pa.Array) -> Field:
    """Lengths and values, to be joined."""
    offsets = (
        np.frombuffer(values.buffers()[1], np.int32, len(values) + 1, values.offset * 4) if len(values) else np.zeros(1)
    )
    lengths = np.diff(offsets).astype(">i4")
    if values.null_count:
        lengths[np.asarray(values.is_null())] = -1
    return [_fixed(lengths), values.fill_null(b"")]


def _fixed(records: npt.NDArray[Any]) -> pa.Array:
    width = pa.binary(records.dtype.itemsize)
    return pa.Array.from_buffers(width, len(records), [None, pa.py_buffer(records)]).cast(pa.binary())


def _of_width(column: pa.Array, kind: str, values: npt.NDArray[Any]) -> Field:
    """One field of a fixed width, nulls replaced by the length -1."""
    records = np.empty(len(values), [("length", ">i4"), ("value", kind)])
    records["length"], records["value"] = np.dtype(kind).itemsize, values
    return [_or_null(column, _fixed(records))]


def _or_null(column: pa.Array, fields: pa.Array) -> pa.Array:
    return pc.if_else(column.is_null(), NULL, fields) if column.null_count else fields


def _int8(column: pa.Array) -> Field:
    return _of_width(column, ">i8", np.asarray(column.cast(pa.int64()).fill_null(0)))


def _float8(column: pa.Array) -> Field:
    return _of_width(column, ">f8", np.asarray(column.cast(pa.float64()).fill_null(0)))


def _date(column: pa.Array) -> Field:
    days = np.asarray(column.cast(pa.date32()).cast(pa.int32()).fill_null(0))
    return _of_width(column, ">i4", days - np.int32(EPOCH))


def _numeric(column: pa.Array) -> Field:
    """Groups of four decimal digits, aligned to the point; PostgreSQL drops the zeros around them."""
    scale = column.type.scale if pa.types.is_decimal(column.type) else 0
    groups_after = -(-scale // 4)
    values = column.cast(pa.decimal128(38, groups_after * 4)).fill_null(0)
    digits, negative = _digits(values)
    shape = [
        ("length", ">i4"),
        *((name, ">i2") for name in ("groups", "weight", "sign", "scale")),
        ("digits", ">i2", GROUPS),
    ]
    records = np.empty(len(values), shape)
    records["length"], records["groups"] = 8 + 2 * GROUPS, GROUPS
    records["weight"], records["scale"] = GROUPS - groups_after - 1, scale
    records["sign"], records["digits"] = np.where(negative, 0x4000, 0), digits
    return [_or_null(column, _fixed(records))]


def _digits(values: pa.Array) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
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
"""PostgreSQL type → the fields of an Arrow column as arrays of bytes, to be joined side by side."""
