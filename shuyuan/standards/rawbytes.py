"""Texts seen as the bytes Arrow keeps them in: fixed-width matrices, digit tests, quick looks for a byte.

What belongs here: reading Arrow's UTF-8 buffers with numpy without copying. No meaning of any item type.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

_HIGH_HALVES: Final = np.uint64(0xF0F0F0F0F0F0F0F0)
_DIGIT_HALVES: Final = np.uint64(0x3030303030303030)
_TO_TEN: Final = np.uint64(0x0606060606060606)
_BLOCK: Final = 1 << 13  # rows that stay in the processor's cache
_PRODUCT: Final = 1 << 17
"""Multiplications of one product. Beyond 2^18 the linear-algebra library calls its threads, which then spin until the next one
and take the cores from the reader: for eighteen digits and four weights a third of all reading."""


def lengths(texts: pa.StringArray) -> Numbers:
    """Bytes of each text; -1 for null."""
    if len(texts) and not texts.null_count:
        return np.diff(_offsets(texts))
    return np.asarray(pc.binary_length(texts).fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int32)


def holds_any(texts: pa.StringArray, leads: bytes) -> bool:
    """Whether any of these bytes occurs anywhere in the column: cheap, so that costly patterns run only when they may.

    A multi-byte character is looked for by its first byte.
    """
    used = _used(texts)
    return any(bool((used == lead).any()) for lead in leads)


def holds_below(texts: pa.StringArray, limit: int) -> bool:
    """Whether a byte smaller than `limit` occurs anywhere in the column."""
    used = _used(texts)
    return bool(len(used) and used.min() < limit)


def is_ascii(texts: pa.StringArray) -> bool:
    """Whether the whole column is ASCII."""
    used = _used(texts)
    return not len(used) or bool(used.max() < 128)


def first_bytes(texts: pa.StringArray) -> Bytes:
    """The first byte of each text, 0 for an empty text or null."""
    if not len(texts) or not len(_used(texts)):
        return np.zeros(len(texts), np.uint8)
    starts = _offsets(texts)[:-1]
    data = np.frombuffer(texts.buffers()[2], np.uint8)
    firsts: Bytes = np.where(lengths(texts) > 0, data[np.minimum(starts, len(data) - 1)], np.uint8(0))
    return firsts


def matrix(texts: pa.StringArray, width: int) -> Bytes:
    """Texts that all have `width` bytes and no null, one row each, over Arrow's own buffer."""
    return _used(texts).reshape(-1, width) if len(texts) else np.zeros((0, width), np.uint8)


def rows_that(texts: pa.StringArray, width: int, fit: Callable[[Bytes], Mask]) -> Mask:
    """Rows of `width` bytes that `fit` accepts. It sees them block by block, so that its temporaries stay small and in the cache."""
    found: Mask = lengths(texts) == width
    for start in range(0, len(texts), _BLOCK):
        block, part = found[start : start + _BLOCK], texts.slice(start, _BLOCK)
        if block.all():
            block[:] = fit(matrix(part, width))
        elif block.any():
            block[block] = fit(matrix(part.filter(pa.array(block)), width))
    return found


def unmarked(marks: Bytes | Mask) -> Mask:
    """Rows of a matrix in which every byte is zero: eight bytes at once."""
    size, width = marks.shape
    if width < 8 or not size:
        none: Mask = np.count_nonzero(marks, axis=1) == 0
        return none
    flat = np.ascontiguousarray(marks).view(np.uint8)
    words = [np.ndarray((size,), np.uint64, flat, at, (width,)) for at in (*range(0, width - 8, 8), width - 8)]
    seen: npt.NDArray[np.uint64] = reduce(np.bitwise_or, words)
    clear: Mask = seen == np.uint64(0)
    return clear


def texts_of(rows: Bytes) -> pa.StringArray:
    """The texts behind a matrix of ASCII bytes."""
    size, width = rows.shape
    offsets = pa.py_buffer(np.arange(0, (size + 1) * width, width, dtype=np.int32))
    return pa.StringArray.from_buffers(size, offsets, pa.py_buffer(np.ascontiguousarray(rows)))


def all_digits(rows: Bytes) -> Mask:
    """Rows of eight bytes that are all digits 0-9: eight at once in one 64-bit word."""
    words = np.ascontiguousarray(rows).view(np.uint64).ravel()
    high = (words & _HIGH_HALVES) == _DIGIT_HALVES
    ok: Mask = high & (((words + _TO_TEN) & _HIGH_HALVES) == _DIGIT_HALVES)
    return ok


def decimal_number(digits: Bytes) -> Numbers:
    """The number written by the digit columns of a matrix, most significant first."""
    total = np.zeros(len(digits), np.int32)
    for place in range(digits.shape[1]):
        total = total * 10 + (digits[:, place] - np.uint8(48))
    return total


def products(rows: Bytes, weights: npt.NDArray[np.float32]) -> Numbers:
    """Matrix product of bytes and a matrix of weights, block by block; exact below 2**24."""
    sums = np.empty((len(rows), weights.shape[1]), np.int32)
    step = _PRODUCT // weights.size
    for start in range(0, len(rows), step):
        sums[start : start + step] = rows[start : start + step].astype(np.float32) @ weights
    return sums


def _offsets(texts: pa.StringArray) -> Numbers:
    every: Numbers = np.frombuffer(texts.buffers()[1], np.int32)
    return every[texts.offset : texts.offset + len(texts) + 1]


def _used(texts: pa.StringArray) -> Bytes:
    if not len(texts) or texts.buffers()[2] is None:
        return np.zeros(0, np.uint8)
    bounds = _offsets(texts)
    return np.frombuffer(texts.buffers()[2], np.uint8)[bounds[0] : bounds[-1]]
