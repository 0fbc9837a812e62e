"""Cells of a piece of sheet XML, found by array arithmetic instead of an XML parser: where each stands and where its value lies.

The grammar is the one spreadsheet programs and exporters write (ECMA-376 §18.3.1: `<row r>`, `<c r s t>`, `<v>`, `<f>`, `<is><t>`). Anything
else (comments, prefixes, other quotes, rich inline text, cells out of order, …) raises Irregular: then an XML parser has to read the book.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

NUMBER, SHARED, TEXT, INLINE, BOOLEAN, ERROR = range(6)
PAD = 32  # bytes after the data, so that eight bytes can be read at any of them
MOST_COLUMNS, MOST_ROWS = 16_384, 1 << 20

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Bits = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]


class Irregular(Exception):
    """Not the grammar above."""


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text, "little"))


_ONES = np.uint64(0x0101010101010101)
_HIGH = np.uint64(0x8080808080808080)
_ROW, _CELL, _STYLE, _TYPE = _word(b'<row r="'), _word(b'<c r="'), _word(b' s="'), _word(b' t="')
_TYPES = ((b's"', SHARED), (b'str"', TEXT), (b'n"', NUMBER), (b'b"', BOOLEAN), (b'e"', ERROR), (b"inlineSt", INLINE))
_KNOWN = np.zeros(256, bool)
_KNOWN[list(b"crvf/it")] = True


@dataclass(frozen=True)
class Piece:
    """`rows`: numbers of the rows, rising. Per cell: `row` (index into rows), `column` from 0, `kind`, `style`, and where its value
    begins and ends in `data` (both 0 if it has none); `formula`: a formula stands before."""

    data: bytes
    rows: Ints
    row: Ints
    column: Ints
    kind: npt.NDArray[np.int8]
    style: Ints
    begin: Ints
    end: Ints
    formula: Bits
    words: Words


@dataclass(frozen=True)
class _Tags:
    bytes: Bytes
    words: Words
    opens: Ints
    closes: Ints
    first: Bytes  # the byte after each `<`


def scan(data: bytes) -> Piece:
    """The cells of whole rows. Raises Irregular."""
    tags = _tags(data)
    is_row = (tags.first == ord("r")) & (tags.bytes[tags.opens + 2] == ord("o"))
    is_cell = tags.first == ord("c")
    rows = _rows(tags, tags.opens[is_row])
    cells = np.flatnonzero(is_cell)
    row = (np.cumsum(is_row) - 1)[cells]
    _need(not len(cells) or row[0] >= 0)
    column, after = _references(tags, tags.opens[cells], rows[row] if len(rows) else row)
    _need(bool(((np.diff(column) > 0) | (np.diff(row) > 0)).all()))
    kind, style = _attributes(tags, after, tags.closes[cells])
    owner = np.cumsum(is_cell) - 1
    begin, end = _values(tags, owner, kind, is_row)
    formula = np.zeros(len(cells), bool)
    formula[owner[tags.first == ord("f")]] = True
    return Piece(data, rows, row, column, kind, style, begin, end, formula, tags.words)


def _need(holds: bool) -> None:
    if not holds:
        raise Irregular


def _tags(data: bytes) -> _Tags:
    padded = data + bytes(PAD)
    array = np.frombuffer(padded, np.uint8)
    words: Words = np.ndarray((len(padded) - 7,), "<u8", padded, strides=(1,))
    opens, closes = np.flatnonzero(array == ord("<")), np.flatnonzero(array == ord(">"))
    _need(len(opens) == len(closes) and bool((opens < closes).all() and (closes[:-1] < opens[1:]).all()))
    first = array[opens + 1]
    _need(bool(_KNOWN[first].all()))
    ending = first == ord("/")
    alone = array[closes - 1] == ord("/")
    _need(2 * int(ending.sum()) + int(alone.sum()) == len(opens))
    return _Tags(array, words, opens, closes, first)


def _rows(tags: _Tags, at: Ints) -> Ints:
    _need(bool((tags.words[at] == _ROW).all()))
    numbers, digits = integers(tags.words, at + 8)
    _need(bool((tags.bytes[at + 8 + digits] == ord('"')).all() and (digits < 8).all() and (np.diff(numbers) > 0).all()))
    _need(not len(numbers) or (numbers[0] > 0 and numbers[-1] <= MOST_ROWS))
    return numbers


def _references(tags: _Tags, at: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """(column from 0, where the attributes after the reference begin); the row in the reference must be the row's own."""
    _need(bool(((tags.words[at] & np.uint64(0xFFFFFFFFFFFF)) == _CELL).all()))
    column, place = np.zeros(len(at), np.int64), at + 6
    waiting = np.arange(len(at))
    for letter in range(3):
        byte = tags.bytes[place[waiting]].astype(np.int64)
        is_letter = (byte >= ord("A")) & (byte <= ord("Z"))
        _need(letter > 0 or bool(is_letter.all()))
        waiting, byte = waiting[is_letter], byte[is_letter]
        column[waiting] = column[waiting] * 26 + byte - 64
        place[waiting] += 1
        if not len(waiting):
            break
    numbers, digits = integers(tags.words, place)
    _need(bool((numbers == rows).all() and (tags.bytes[place + digits] == ord('"')).all()))
    _need(not len(column) or int(column.max()) <= MOST_COLUMNS)
    return column - 1, place + digits + 1


def _attributes(tags: _Tags, after: Ints, close: Ints) -> tuple[npt.NDArray[np.int8], Ints]:
    """(kind, style): `s` and `t` in any order, nothing else."""
    kind, style = np.zeros(len(after), np.int8), np.zeros(len(after), np.int64)
    place = after.copy()
    waiting = np.arange(len(after))
    for _ in range(3):
        waiting = waiting[tags.bytes[place[waiting]] == ord(" ")]
        if not len(waiting):
            break
        key = tags.words[place[waiting]] & np.uint64(0xFFFFFFFF)
        styled, typed = waiting[key == _STYLE], waiting[key == _TYPE]
        _need(len(styled) + len(typed) == len(waiting))
        style[styled], digits = integers(tags.words, place[styled] + 4)
        place[styled] += 4 + digits
        kind[typed], letters = _types(tags, place[typed] + 4)
        place[typed] += 4 + letters
        _need(bool((tags.bytes[place[waiting]] == ord('"')).all()))
        place[waiting] += 1
    _need(bool((place + (tags.bytes[place] == ord("/")) == close).all()))
    return kind, style


def _types(tags: _Tags, at: Ints) -> tuple[npt.NDArray[np.int8], Ints]:
    kind, letters = np.full(len(at), -1, np.int8), np.zeros(len(at), np.int64)
    words = tags.words[at]
    for text, code in _TYPES:
        found = (words & np.uint64((1 << 8 * len(text)) - 1)) == _word(text)
        kind[found], letters[found] = code, 9 if code == INLINE else len(text) - 1
    _need(bool((kind >= 0).all()))
    return kind, letters


def _values(tags: _Tags, owner: Ints, kind: npt.NDArray[np.int8], is_row: Bits) -> tuple[Ints, Ints]:
    """Where the value of each cell begins and ends: `<v>`, or the one `<t>` of an inline text."""
    begin, end = np.zeros(len(kind), np.int64), np.zeros(len(kind), np.int64)
    _need(not bool(((tags.first == ord("r")) & ~is_row).any()))
    for letter, inline in ((ord("v"), False), (ord("t"), True)):
        at = np.flatnonzero(tags.first == letter)
        cell = owner[at]
        _need(bool((cell[:1] >= 0).all() and (np.diff(cell) > 0).all() and ((kind[cell] == INLINE) == inline).all()))
        filled = tags.bytes[tags.closes[at] - 1] != ord("/")
        at, cell = at[filled], cell[filled]
        _need(bool((tags.first[at + 1] == ord("/")).all()))
        begin[cell], end[cell] = tags.closes[at] + 1, tags.opens[at + 1]
    return begin, end


def integers(words: Words, at: Ints) -> tuple[Ints, Ints]:
    """(number, digits) of the decimal digits that begin at each place, at most eight; 0 digits are number 0."""
    values: Words = words[at] ^ np.uint64(0x3030303030303030)
    others = ((values + np.uint64(0x7676767676767676)) | values) & _HIGH
    lowest = others & (~others + np.uint64(1))
    digits = np.bitwise_count(lowest - np.uint64(1)).astype(np.uint64) >> np.uint64(3)
    shift = (np.uint64(8) - digits) * np.uint64(8)
    values = np.where(digits > 0, values << np.minimum(shift, np.uint64(63)), np.uint64(0))
    return eight(values), digits.astype(np.int64)


def spans(piece: Piece, cells: Ints) -> pa.Array:
    """The values of the cells as strings, as they stand in the XML; nothing is copied but what Arrow keeps. Raises Irregular.

    Made as string views (Arrow columnar format, "Variable-size Binary View"): length, then either twelve bytes or a prefix and an offset.
    """
    begin = piece.begin[cells]
    size = piece.end[cells] - begin
    views = np.zeros((len(cells), 2), "<u8")
    first, second = piece.words[begin], piece.words[begin + 8]
    views[:, 0] = size.astype(np.uint64) | (_kept(first, np.minimum(size, 4)) << np.uint64(32))
    inline = _kept(first >> np.uint64(32), np.clip(size - 4, 0, 4)) | (
        _kept(second, np.clip(size - 8, 0, 4)) << np.uint64(32)
    )
    views[:, 1] = np.where(size <= 12, inline, begin.astype(np.uint64) << np.uint64(32))
    buffers = [None, pa.py_buffer(views.tobytes()), pa.py_buffer(piece.data)]
    try:
        texts = pa.Array.from_buffers(pa.string_view(), len(cells), buffers).cast(pa.string())
        texts.validate(full=True)
    except pa.ArrowInvalid as error:
        raise Irregular from error
    return texts


def _kept(words: Words, count: Ints) -> Words:
    """The first `count` (0 to 4) bytes of each word."""
    return words & ((np.uint64(1) << (count.astype(np.uint64) * np.uint64(8))) - np.uint64(1))


def eight(values: Words) -> Ints:
    """Eight digit values, the first in the lowest byte, as one number."""
    pairs = values * np.uint64(10) + (values >> np.uint64(8))
    mask = np.uint64(0x000000FF000000FF)
    high = (pairs & mask) * np.uint64(0x000F424000000064)
    low = ((pairs >> np.uint64(16)) & mask) * np.uint64(0x0000271000000001)
    return ((high + low) >> np.uint64(32)).astype(np.int64)


def long_integers(words: Words, begin: Ints, end: Ints) -> tuple[Ints, Bits]:
    """(number, is it one): spans of 1 to 15 digits and nothing else."""
    size = end - begin
    front, digits = integers(words, begin)
    short = (digits == size) & (size > 0) & (size <= 8)
    value: Any = np.where(short, front, 0)
    rest = np.flatnonzero((size > 8) & (size <= 15) & (digits == 8))
    if len(rest):
        low, tail = integers(words, end[rest] - 8)
        lead = end[rest] - begin[rest] - 8
        high = front[rest] // 10 ** (8 - lead)
        whole = tail == 8
        value[rest[whole]] = high[whole] * 10**8 + low[whole]
        short[rest[whole]] = True
    return value, short


def shortest(words: Words, begin: Ints, end: Ints) -> Bits:
    """Spans that are a decimal fraction just as Python writes it: `-12.5`, not `012.5`, `12.50`, `1.25E1` or seventeen digits."""
    text = words[begin] & np.uint64(0xFF)
    start = begin + (text == np.uint64(ord("-")))
    _, front = integers(words, start)
    point = start + front
    fraction, back = integers(words, point + 1)
    leading = words[start] & np.uint64(0xFF)
    dotted = (words[point] & np.uint64(0xFF)) == np.uint64(ord("."))
    exact = (point + 1 + back == end) & (front > 0) & (back > 0) & (back <= 7) & (fraction % 10 > 0)
    plain = (leading != np.uint64(ord("0"))) | ((front == 1) & (back <= 4))
    return np.asarray(dotted & exact & plain, bool)
