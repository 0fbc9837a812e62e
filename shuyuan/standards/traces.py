"""What a column of texts gives away: citizens' numbers, mobile numbers, bank cards, e-mail addresses, secrecy markings, anywhere inside.

A clean column costs a look at its bytes: only runs of eleven digits or more, an @ and the character 密 are read closer.
What belongs here: finding. Whether something may be there is in the catalog. Masked values are no trace; digits of full width and
numbers broken by spaces are not looked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.standards import citizen
from shuyuan.standards.cells import matches
from shuyuan.standards.options import Options
from shuyuan.standards.rawbytes import Bytes, Mask, texts_of
from shuyuan.standards.screen import Positions, Seen, rows_holding
from shuyuan.standards.uscc import is_uscc
from shuyuan.standards.words import Rows, Words

KINDS: Final = ("citizen_id", "phone", "bank_card", "email", "secrecy")
SAMPLES: Final = 5
"""Rows that a trace names."""

_BLOCK: Final = 1 << 16  # bytes looked at in one go
_SHORTEST: Final = 11  # digits of a mobile number
_ZERO, _AT = np.uint8(ord("0")), np.uint8(ord("@"))
_CHINA, _UNION_PAY = (np.uint64(int.from_bytes(digits, "little")) for digits in (b"86", b"62"))
_OLD_ISSUERS: Final = np.frombuffer(b"95589559436745636013", "<u4").astype(np.uint64)  # of before 62, still in use
_INSIDE: Final = "内".encode()
_EMAIL: Final = r"[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}"
# 党政机关公文格式 GB/T 9704-2012, 7.2.2: 密级★保密期限. The same word inside a sentence is no marking.
_GRADE: Final = "(?:绝|机|秘)密"
_MARKING: Final = rf"{_GRADE}[级件]?★|密级[:：]?[(（【\[]?{_GRADE}|^[(（【\[]?(?:{_GRADE}[级件]?|工作秘密)[)）】\]]?$"
_INTERNAL: Final = r"^[(（【\[]?内部(?:资料|文件|材料|使用)(?:[,，、!！;；]?请?(?:注意保存|妥善保管|(?:勿|不得|严禁)(?:外传|转载|公开)))?[)）】\]]?[!！。]?$"
_GAPS: Final = r"[\s\p{Z}]+"
_LONGEST_CELL: Final = 90  # bytes of a cell that is nothing but a marking


@dataclass(frozen=True)
class Trace:
    """How many cells hold something of a kind: `rows` certainly, `tried` have its form. `first`: positions of the first of them."""

    rows: int
    tried: int
    first: tuple[int, ...]


@dataclass(frozen=True)
class _Runs:
    """Runs of at least eleven digits, each inside one row: where they begin, how long they are, and their rows."""

    starts: Positions
    sizes: Positions
    rows: Positions

    def only(self, chosen: Mask) -> _Runs:
        return _Runs(self.starts[chosen], self.sizes[chosen], self.rows[chosen])


def traces(values: pa.Array | pa.ChunkedArray, *, numbers: bool = True) -> dict[str, Trace]:
    """Kind → trace, for the kinds of `KINDS` that occur in a column of texts. Counts are of cells, not of occurrences.

    Without `numbers` only e-mail addresses and markings are looked for: for columns in which numbers are expected.
    """
    texts = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    texts = texts if texts.type == pa.string() else texts.cast(pa.string())
    seen = Seen.of(texts)
    if not len(seen.data):
        return {}
    runs, at_signs = _looked_through(seen, numbers)
    found = {**_numbers(texts, seen, runs), "email": _emails(texts, at_signs), "secrecy": _markings(texts, seen)}
    return {kind: trace for kind, trace in found.items() if trace.rows}


def _trace(size: int, rows: Positions, tried: Positions) -> Trace:
    held, formed = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    held[rows], formed[tried] = True, True
    first = np.flatnonzero(held)[:SAMPLES]
    return Trace(int(held.sum()), int(formed.sum()), tuple(int(row) for row in first))


def _looked_through(seen: Seen, numbers: bool) -> tuple[_Runs, Positions]:
    """The runs of digits, and the rows with an @."""
    runs, signs = [], [np.zeros(0, np.int64)]
    for first, last in _blocks(seen):
        begin = int(seen.bounds[first])
        data = seen.data[begin : seen.bounds[last]]
        if numbers:
            runs.append(_runs(data, seen.bounds[first:last].astype(np.int64) - begin) + begin)
        signs.append(np.flatnonzero(data == _AT) + begin)
    starts, ends = np.concatenate([np.zeros((0, 2), np.int64), *runs]).T
    rows = np.searchsorted(seen.bounds, starts, side="right") - 1
    at = np.searchsorted(seen.bounds, np.concatenate(signs), side="right") - 1
    return _Runs(starts, ends - starts, rows), np.unique(at)


def _blocks(seen: Seen) -> Iterator[tuple[int, int]]:
    """Rows from and to, of about one block of bytes each."""
    cuts = np.searchsorted(seen.bounds, np.arange(0, len(seen.data), _BLOCK), side="right") - 1
    edges = np.unique(np.append(cuts, len(seen.lengths)))
    yield from zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)


def _runs(data: Bytes, row_starts: Positions) -> Positions:
    """Start and end of each run of at least eleven digits: ten links in a row, where a row's first byte links to nothing."""
    if len(data) < _SHORTEST:
        return np.zeros((0, 2), np.int64)
    digits = (data - _ZERO) <= 9
    if not digits.any():
        return np.zeros((0, 2), np.int64)
    links = digits[1:] & digits[:-1]
    links[row_starts[(row_starts > 0) & (row_starts < len(data))] - 1] = False
    for step in (1, 2, 4, 2):  # windows of 2, 4, 8, 10 links
        links = links[:-step] & links[step:]
        if not links.any():
            return np.zeros((0, 2), np.int64)
    edges = np.flatnonzero(np.diff(links, prepend=False, append=False)).reshape(-1, 2)
    edges[:, 1] += _SHORTEST - 1
    return edges


def _numbers(texts: pa.StringArray, seen: Seen, runs: _Runs) -> dict[str, Trace]:
    """What is written in digits."""
    if not len(runs.starts):
        return {}
    alone = runs.only(_stands_alone(seen, runs))
    written, ids = _citizens(seen, runs)
    words = Rows.of(texts).word(alone.starts)
    phones = _are_phones(words, alone.sizes)
    cards = alone.only(_from_issuers(words, alone.sizes) & ~np.isin(alone.starts, written.starts[ids]))
    right = _luhn(seen, cards)
    return {
        "citizen_id": _trace(len(seen.lengths), written.rows[ids], written.rows),
        "phone": _trace(len(seen.lengths), alone.rows[phones], alone.rows[(alone.sizes == 11) | (alone.sizes == 13)]),
        "bank_card": _trace(len(seen.lengths), cards.rows[right], cards.rows),
    }


def _figures(seen: Seen, runs: _Runs, width: int) -> Bytes:
    """The first `width` bytes of each run, one row each."""
    places = runs.starts[:, None] + np.arange(width)
    figures: Bytes = seen.data[np.minimum(places, len(seen.data) - 1)]
    return figures


def _stands_alone(seen: Seen, runs: _Runs) -> Mask:
    """Runs that are no part of a word, of a document's number or of a decimal."""
    before, after = runs.starts - 1, runs.starts + runs.sizes
    joined = _JOINING[seen.data[np.maximum(before, 0)]] & (before >= seen.bounds[runs.rows])
    inside = after < seen.bounds[runs.rows + 1]
    joined |= _JOINING[seen.data[np.minimum(after, len(seen.data) - 1)]] & inside
    return ~joined


def _citizens(seen: Seen, runs: _Runs) -> tuple[_Runs, Mask]:
    """Runs with the form of a citizen's number, and which of them are one. An enterprise's credit code of digits only is none."""
    ends = runs.starts + 17
    inside = ends < seen.bounds[runs.rows + 1]
    last = seen.data[np.minimum(ends, len(seen.data) - 1)] | np.uint8(0x20)
    written = runs.only((runs.sizes == 18) | ((runs.sizes == 17) & inside & (last == ord("x"))))
    figures = _figures(seen, written, 18)
    figures[:, 17] &= np.where(figures[:, 17] > ord("9"), np.uint8(0xDF), np.uint8(0xFF))  # x as X
    texts = texts_of(figures)
    enterprises = is_uscc(texts) & (figures[:, 0] == ord("9"))
    return written, citizen.stands(texts, Options()) & ~enterprises


def _are_phones(words: Words, sizes: Positions) -> Mask:
    """Runs of eleven digits from 13 on, or of thirteen with the country's 86."""
    home = np.where((words & np.uint64(0xFFFF)) == _CHINA, words >> np.uint64(16), words)
    first, second = home & np.uint64(0xFF), (home >> np.uint64(8)) & np.uint64(0xFF)
    right = (first == ord("1")) & (second >= ord("3"))
    found: Mask = right & np.where(home == words, sizes == 11, sizes == 13)
    return found


def _from_issuers(words: Words, sizes: Positions) -> Mask:
    """Runs of 16 to 19 digits that begin like a card issued in China (ISO/IEC 7812, 银联 62)."""
    four = words & np.uint64(0xFFFFFFFF)
    found: Mask = (sizes >= 16) & (sizes <= 19)
    found &= ((four & np.uint64(0xFFFF)) == _UNION_PAY) | np.isin(four, _OLD_ISSUERS)
    return found


def _luhn(seen: Seen, runs: _Runs) -> Mask:
    """Whether the last digit is right (ISO/IEC 7812-1 annex B)."""
    right = np.zeros(len(runs.starts), np.bool_)
    for size in range(16, 20):
        chosen = runs.sizes == size
        digits = (_figures(seen, runs.only(chosen), size) - _ZERO).astype(np.int64)
        doubled = digits[:, size % 2 :: 2] * 2
        digits[:, size % 2 :: 2] = doubled - 9 * (doubled > 9)
        right[chosen] = digits.sum(axis=1) % 10 == 0
    return right


def _emails(texts: pa.StringArray, rows: Positions) -> Trace:
    if not len(rows):
        return Trace(0, 0, ())
    return _trace(len(texts), rows[matches(texts.take(pa.array(rows)), _EMAIL)], rows)


def _markings(texts: pa.StringArray, seen: Seen) -> Trace:
    """Cells that bear a secrecy marking, or are nothing but the words of an internal paper."""
    graded = np.flatnonzero(rows_holding(texts, "密"))
    internal = _opens_inside(seen)
    found = [_matching(texts, graded, _MARKING), _matching(texts, internal, _INTERNAL)]
    return _trace(len(texts), np.concatenate(found), graded)


def _opens_inside(seen: Seen) -> Positions:
    """Short cells that begin with 内部, maybe behind a bracket."""
    last = len(seen.data) - 1
    begins = seen.bounds[:-1]
    firsts = seen.data[np.minimum(begins, last)]
    found = np.flatnonzero(_OPENING[firsts] & (seen.lengths <= _LONGEST_CELL))
    seconds = seen.data[np.minimum(begins[found] + 1, last)]
    inside: Positions = found[(firsts[found] != _INSIDE[0]) | (seconds == _INSIDE[1])]
    return inside


def _matching(texts: pa.StringArray, rows: Positions, pattern: str) -> Positions:
    if not len(rows):
        return rows
    bare = pc.replace_substring_regex(texts.take(pa.array(rows)), _GAPS, "")
    return rows[matches(bare, pattern)]


def _table(members: bytes) -> Mask:
    table = np.zeros(256, np.bool_)
    table[np.frombuffer(members, np.uint8)] = True
    return table


_JOINING: Final = _table(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.")
_OPENING: Final = _table(bytes({character.encode()[0] for character in "内([（【"}))
