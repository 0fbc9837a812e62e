"""Which rows of a column certainly stand as they are: a cheap look at bytes, so that costly patterns run on the few others.

A screen never decides what a cell means. It is made by asking the slow path itself what it would do to every character of the
Basic Multilingual Plane; rows with a character that it would touch, or that begins with or looks like something special, are left to it.
What belongs here: looking at bytes and characters. What an item type forbids is in its module.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.standards.cells import NULL_TOKENS, matches, null_tokens
from shuyuan.standards.column import mask_of
from shuyuan.standards.rawbytes import Bytes, Mask, Numbers

Tidy = Callable[[pa.StringArray], pa.StringArray]
Positions = npt.NDArray[np.int64]

_BLOCK: Final = 1 << 16  # bytes looked at in one go: they stay in the processor's cache from pass to pass
_ASKED: Final = (*range(0x4000), *range(0xA000, 0xAC00), *range(0xD7B0, 0xD800), *range(0xE000, 0x10000))
_MARKS: Final = r"\p{M}|[\x{1100}-\x{11FF}]"  # may fuse with the character before them
_SHORT: Final = max(len(token.encode()) for token in NULL_TOKENS)
_SPACES: Final = "".join(chr(point) for point in (*range(0x21), *range(0x7F, 0x10000)) if chr(point).isspace())
_ODD, _BEYOND, _NOTHING = np.uint8(1), np.uint8(2), np.uint8(4)  # what the first byte of a row can say


@dataclass(frozen=True)
class Screen:
    """What makes a row worth a closer look.

    `tidy` is the slow path's own; `touchy` a pattern of single characters that it must judge; `suspects` are ranges of bytes
    (first, last; may wrap over 255) that hold the first byte of each of these characters; `firsts` the characters with which a
    row must not begin. `ends` says that only white space at the ends matters, not inside.
    """

    tidy: Tidy
    touchy: str
    suspects: tuple[tuple[int, int], ...]
    firsts: str = ""
    ends: bool = False

    def plain(self, texts: pa.StringArray) -> Mask:
        """Rows that the slow path would hand back untouched and without a verdict; nulls and empty texts are among them."""
        seen = Seen.of(texts)
        if not len(seen.data):
            return np.ones(len(texts), np.bool_)
        plain = np.ones(len(texts), np.bool_)
        plain[self._touched(seen)] = False
        plain &= ~self._begins_oddly(seen, texts)
        if self.ends:
            plain &= ~_ends_oddly(seen)
        return plain

    @cached_property
    def table(self) -> Bytes:
        """For each character of the plane whether the slow path must see it; unified ideographs and Hangul syllables need not be asked."""
        characters = [chr(point) for point in _ASKED]
        touched = self._changes([f"字{character}字" for character in characters])
        if not self.ends:
            touched |= self._changes(characters)
        touched |= matches(pa.array(characters), f"{self.touchy}|{_MARKS}")
        table = np.zeros(0x10000, np.uint8)
        table[list(_ASKED)] = touched
        return table

    def _changes(self, cells: list[str]) -> Mask:
        texts = pa.array(cells)
        return mask_of(pc.not_equal(self.tidy(texts), texts))

    def _touched(self, seen: Seen) -> Positions:
        """The rows with a character that must be seen."""
        found = [self._hits(seen.data, start) for start in range(0, len(seen.data), _BLOCK)]
        at = np.concatenate(found)
        if len(at):
            at = at[self.table[_points(seen.data, at)] != 0]
        rows: Positions = np.searchsorted(seen.bounds, at, side="right") - 1
        return rows

    def _hits(self, data: Bytes, start: int) -> Positions:
        block = data[start : start + _BLOCK]
        hits = np.zeros(len(block), np.bool_)
        for first, last in self.suspects:
            hits |= _between(block, first, last)
        return np.flatnonzero(hits) + start

    def _begins_oddly(self, seen: Seen, texts: pa.StringArray) -> Mask:
        """Rows that begin with one of `firsts`, and short ones that say "nothing"."""
        kinds = self._kinds_of_firsts[seen.first_bytes()]
        odd: Mask = (kinds == _ODD) & (seen.lengths > 0)
        beyond = np.flatnonzero(((kinds & _BEYOND) != 0) & (seen.lengths > 0))
        odd[beyond] = self._odd_points[_points(seen.data, seen.bounds[beyond].astype(np.int64))]
        maybe = ((kinds & _NOTHING) != 0) & (seen.lengths <= _SHORT) & (seen.lengths > 0)
        if maybe.any():
            odd[maybe] |= null_tokens(texts.filter(pa.array(maybe)))
        return odd

    @cached_property
    def _kinds_of_firsts(self) -> Bytes:
        kinds = np.zeros(256, np.uint8)
        kinds[[token.encode()[0] for token in NULL_TOKENS]] |= _NOTHING
        for lead in {character.encode()[0] for character in self._odd_firsts}:
            kinds[lead] = _ODD if lead < 0x80 else kinds[lead] | _BEYOND
        return kinds

    @cached_property
    def _odd_points(self) -> Mask:
        table = np.zeros(0x10000, np.bool_)
        table[[ord(character) for character in self._odd_firsts]] = True
        return table

    @property
    def _odd_firsts(self) -> str:
        return self.firsts + (_SPACES if self.ends else "")


@dataclass(frozen=True)
class Seen:
    """A column as bytes: `bounds` are the places in `data` where rows begin and end."""

    data: Bytes
    bounds: Numbers
    lengths: Numbers

    @classmethod
    def of(cls, texts: pa.StringArray) -> Seen:
        if not len(texts):
            return cls(np.zeros(0, np.uint8), np.zeros(1, np.int32), np.zeros(0, np.int32))
        every = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
        bounds = every - every[0]
        data = np.frombuffer(texts.buffers()[2] or b"", np.uint8)[every[0] : every[-1]]
        return cls(data, bounds, np.diff(bounds))

    def first_bytes(self) -> Bytes:
        """First byte of each row; of an empty row whatever follows."""
        return self.data[np.minimum(self.bounds[:-1], len(self.data) - 1)]


def _between(block: Bytes, first: int, last: int) -> Mask:
    """Bytes of a range that may wrap over 255, in as few passes as it takes."""
    shifted = block - np.uint8(first) if first and first != last else block
    found: Mask = block == first if first == last else shifted <= np.uint8((last - first) % 256)
    return found


def rows_holding(texts: pa.StringArray, character: str) -> Mask:
    """Rows with this character of three bytes."""
    seen, wanted = Seen.of(texts), np.frombuffer(character.encode(), np.uint8)
    found = [
        places_of(seen.data[start : start + _BLOCK + 2], wanted) + start for start in range(0, len(seen.data), _BLOCK)
    ]
    rows = np.zeros(len(texts), np.bool_)
    if found:
        rows[np.searchsorted(seen.bounds, np.concatenate(found), side="right") - 1] = True
    return rows


def places_of(block: Bytes, wanted: Bytes) -> Positions:
    """Where three bytes stand in a block. The middle one is looked for: it is the rarest in Chinese text."""
    hits = block[1:-1] == wanted[1]
    hits &= block[:-2] == wanted[0]
    at = np.flatnonzero(hits)
    there: Positions = at[block[at + 2] == wanted[2]]
    return there


def second_is(texts: pa.StringArray, wanted: bytes) -> Mask:
    """Rows whose second byte is one of `wanted`; rows of one byte may be taken for them."""
    seen = Seen.of(texts)
    if not len(seen.data):
        return np.zeros(len(texts), np.bool_)
    table = np.zeros(256, np.bool_)
    table[np.frombuffer(wanted, np.uint8)] = True
    found: Mask = table[seen.data[np.minimum(seen.bounds[:-1] + 1, len(seen.data) - 1)]]
    return found


def empty_as_null(texts: pa.StringArray) -> pa.StringArray:
    """The same texts over the same buffers, an empty one as null."""
    if not len(texts):
        return texts
    bounds = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    said = bounds[1:] > bounds[:-1]
    if said.all():
        return texts
    if texts.null_count:
        said &= mask_of(texts.is_valid())
    validity = pa.py_buffer(np.packbits(said, bitorder="little"))
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(bounds), texts.buffers()[2], validity)


def _ends_oddly(seen: Seen) -> Mask:
    """Rows with white space at the end. A few others are taken for it: a closer look costs little."""
    last = seen.data[np.maximum(seen.bounds[1:] - 1, 0)]
    odd: Mask = _LAST_OF_SPACES[last] & (seen.lengths > 0)
    beyond = np.flatnonzero(odd & (last >= 0x80))
    odd[beyond] = _LAST_BUT_ONE[seen.data[np.maximum(seen.bounds[1:][beyond] - 2, 0)]]
    return odd


def _points(data: Bytes, at: Positions) -> Positions:
    """The code points whose first bytes stand at `at`; 0 (always seen) beyond the plane."""
    last = len(data) - 1
    one, two, three = (data[np.minimum(at + step, last)].astype(np.int64) for step in range(3))
    wide = ((one & 0x0F) << 12) | ((two & 0x3F) << 6) | (three & 0x3F)
    points = np.where(one < 0x80, one, np.where(one < 0xE0, ((one & 0x1F) << 6) | (two & 0x3F), wide))
    return np.where(one >= 0xF0, 0, points)


def _bytes_of_spaces(place: int) -> Mask:
    table = np.zeros(256, np.bool_)
    table[[space.encode()[place] for space in _SPACES if len(space.encode()) >= -place]] = True
    return table


_LAST_OF_SPACES: Final = _bytes_of_spaces(-1)
_LAST_BUT_ONE: Final = _bytes_of_spaces(-2)
