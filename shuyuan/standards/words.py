"""Texts read eight bytes at a time: rows loaded as 64-bit words from anywhere in Arrow's buffer, digits tested and read in one go.

What belongs here: loading and digit arithmetic. What the digits mean is in the module of a type. The first character of a text is
the lowest byte of its word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shuyuan.standards.rawbytes import Bytes, Mask

Words = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

_WIDTH: Final = 8
_HIGH_HALVES: Final = np.uint64(0xF0F0F0F0F0F0F0F0)
_DIGIT_HALVES: Final = np.uint64(0x3030303030303030)
_TO_TEN: Final = np.uint64(0x0606060606060606)
_ONES: Final = np.uint64(0x0101010101010101)
_HIGH_BITS: Final = np.uint64(0x8080808080808080)
_PAIRS: Final = np.uint64(0x00FF00FF00FF00FF)
_QUADS: Final = np.uint64(0x0000FFFF0000FFFF)


@dataclass(frozen=True)
class Rows:
    """The rows of a column as places in its bytes; a null is an empty row."""

    starts: Places
    lengths: Places
    _words: Words
    _last: Words
    """The words that begin in the last seven bytes, zeros beyond the end."""

    @classmethod
    def of(cls, texts: pa.StringArray) -> Rows:
        """Over the buffers of `texts`; nothing is copied but the places."""
        if not len(texts):
            return cls(_nowhere(), _nowhere(), _overlapping(b"\0" * _WIDTH), _overlapping(b"\0" * 2 * _WIDTH))
        bounds = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
        data = np.frombuffer(texts.buffers()[2] or b"", np.uint8)[bounds[0] : bounds[-1]]
        places = bounds.astype(np.int64) - bounds[0]
        return cls(places[:-1], np.diff(places), _overlapping(data), _overlapping(_tail(data)))

    def word(self, places: Places) -> Words:
        """The eight bytes from each of `places`; zeros beyond the end of the column, whatever follows the row before it."""
        whole = len(self._words)
        words: Words = self._words[np.minimum(places, whole - 1)]
        beyond = np.flatnonzero(places >= whole)
        if len(beyond):
            words[beyond] = self._last[np.minimum(places[beyond] - whole, _WIDTH)]
        return words

    def word_before(self, ends: Places, lengths: Places) -> Words:
        """The last (at most eight) bytes before each of `ends`, as the highest bytes; ASCII zeros where `lengths` are smaller."""
        early = np.maximum(_WIDTH - ends, 0)
        words = self.word(np.maximum(ends - _WIDTH, 0)) << (early * 8).astype(np.uint64)
        foreign = np.clip(_WIDTH - lengths, 0, _WIDTH)
        return keep_high(words, foreign) | (_DIGIT_HALVES & ~keep_high(np.uint64(0xFFFFFFFFFFFFFFFF), foreign))


def keep_high(words: Words | np.uint64, dropped: Places) -> Words:
    """Words without their lowest `dropped` bytes (0 to 8)."""
    shifts = (np.minimum(dropped, _WIDTH - 1) * 8).astype(np.uint64)
    kept = (words >> shifts) << shifts
    return np.where(dropped >= _WIDTH, np.uint64(0), kept)


def first_byte_at(words: Words, byte: np.uint8) -> Places:
    """The place (0 to 7) of the first such byte in each word, 8 where there is none."""
    differing = words ^ (_ONES * np.uint64(byte))
    found = (differing - _ONES) & ~differing & _HIGH_BITS  # exact up to the first; what the borrow adds lies behind it
    below = np.bitwise_count((found & (~found + np.uint64(1))) - np.uint64(1))
    places: Places = (below // 8).astype(np.int64)
    return places


def are_digits(words: Words) -> Mask:
    """Words of eight ASCII digits."""
    high = (words & _HIGH_HALVES) == _DIGIT_HALVES
    ok: Mask = high & (((words + _TO_TEN) & _HIGH_HALVES) == _DIGIT_HALVES)
    return ok


def pairs(words: Words) -> Words:
    """Eight digits as four numbers of two digits, at bits 0, 16, 32 and 48."""
    digits = words - _DIGIT_HALVES
    read: Words = (digits * np.uint64(10) + (digits >> np.uint64(8))) & _PAIRS
    return read


def number(words: Words) -> Words:
    """The number that eight digits write."""
    fours = (pairs(words) * np.uint64(100) + (pairs(words) >> np.uint64(16))) & _QUADS
    read: Words = (fours * np.uint64(10000) + (fours >> np.uint64(32))) & np.uint64(0xFFFFFFFF)
    return read


def _nowhere() -> Places:
    return np.zeros(0, np.int64)


def _tail(data: Bytes) -> bytes:
    """The last seven bytes, and zeros after them, so that eight words begin in it after the last whole word of the data."""
    rest = data[-(_WIDTH - 1) :] if len(data) >= _WIDTH else data[1:]
    return rest.tobytes().ljust(2 * _WIDTH, b"\0")


def _overlapping(data: Bytes | bytes) -> Words:
    """The words that begin at each byte of `data` (at least one)."""
    if len(data) < _WIDTH:
        data = np.frombuffer(bytes(data).ljust(_WIDTH, b"\0"), np.uint8)
    return np.ndarray((len(data) - _WIDTH + 1,), "<u8", data, strides=(1,))
