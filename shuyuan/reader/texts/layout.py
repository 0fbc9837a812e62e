"""Where the records of a piece of delimited text lie, by offsets: whole pieces by array arithmetic, irregular ones record by record.

Both follow the grammar of `delimited.py`; the cells themselves are cut by pyarrow (`fast.py`), which counts records on its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shuyuan.reader.rows import Dialect
from shuyuan.reader.texts import delimited, text
from shuyuan.reader.texts.text import Bytes
from shuyuan.reader.texts.tokens import torn

PIECE = 8 << 20  # bytes of text worked on at once
REACH = 4 << 20  # bytes a quoted record may span; a quote that is not closed within is a stray one
NEAR = 64 << 10  # bytes behind its first line that are looked at first
PATIENCE = (
    32  # records that may look further than NEAR in vain: a file full of stray quotes must not be read a thousand times
)

Data = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Layout:
    """Records of a piece: byte offsets `starts`, `ends` (line end excluded), `next` (line end included); first physical line of each
    (from 1), physical lines in all; `stray`: records that are not well formed (None: all are)."""

    starts: Offsets
    ends: Offsets
    next: Offsets
    lines: Offsets
    height: int
    stray: Mask | None = None

    @property
    def stop(self) -> int:
        """Offset behind the last record."""
        return int(self.next[-1]) if len(self.next) else 0


def boundary(data: Bytes, at: int, quote: bytes = b'"') -> int:
    """Where the piece that starts at `at` ends: behind a line end that is outside quotes if the quotes are well formed."""
    size = len(data)
    if at + PIECE >= size:
        return size
    stop = data.rfind(b"\n", at, at + PIECE) + 1
    if not stop:
        return _line_end(data, at + PIECE)
    if _count(data, quote, at, stop) % 2:
        closing = data.find(quote, stop, stop + REACH)
        stop = _line_end(data, closing) if closing >= 0 else stop
    return stop


def _line_end(data: Bytes, at: int) -> int:
    found = text.LINE_END.search(data, at)
    return found.end() if found else len(data)


def feeds(data: Bytes, start: int, stop: int) -> int:
    """Lines that end between two offsets, of a text that ends them in one way."""
    return _count(data, b"\n", start, stop) or _count(data, b"\r", start, stop)


def _count(data: Bytes, byte: bytes, start: int, stop: int) -> int:
    return int(np.count_nonzero(np.frombuffer(data, np.uint8, stop - start, start) == byte[0]))


def regular(piece: bytes, start: int, delimiter: str) -> Layout | None:
    """The layout of a piece whose quotes are all well formed and whose lines end in LF or CR LF; None for any other."""
    data = np.frombuffer(piece, np.uint8)
    if b"\r" in piece and not _only_crlf(data, start):
        return None
    breaks = _where(data, ord("\n"), start)
    quotes = _where(data, ord('"'), start) if b'"' in piece else np.zeros(0, np.int64)
    if quotes.size and not _well_formed(data, quotes, ord(delimiter), start):
        return None
    stops = np.flatnonzero(np.searchsorted(quotes, breaks) & 1 == 0) if quotes.size else np.arange(breaks.size)
    return _positions(data, start, breaks, stops)


def _positions(data: Data, start: int, breaks: Offsets, stops: Offsets) -> Layout:
    starts = np.concatenate([[start], breaks[stops] + 1]).astype(np.int64)
    first_lines = np.concatenate([[1], stops + 2]).astype(np.int64)
    ends = np.concatenate([breaks[stops], [data.size]]).astype(np.int64)
    height = breaks.size + 1
    if starts[-1] >= data.size:  # the piece ends with a line end: nothing follows it
        starts, first_lines, ends, height = starts[:-1], first_lines[:-1], ends[:-1], height - 1
    carriage = (ends > starts) & (data[np.maximum(ends - 1, 0)] == ord("\r"))
    return Layout(starts, ends - carriage, np.append(starts[1:], data.size).astype(np.int64), first_lines, height)


def _where(data: Data, byte: int, start: int) -> Offsets:
    return (np.flatnonzero(data[start:] == byte) + start).astype(np.int64)


def _only_crlf(data: Data, start: int) -> bool:
    returns = _where(data, ord("\r"), start)
    if not returns.size:
        return True
    return bool(returns[-1] + 1 < data.size and (data[returns + 1] == ord("\n")).all())


def _well_formed(data: Data, quotes: Offsets, delimiter: int, start: int) -> bool:
    """Quotes alternate opening and closing; an opening one starts a cell, a closing one ends it, or both are a doubled quote."""
    if quotes.size % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    before = np.where(opening > start, data[np.maximum(opening - 1, 0)], ord("\n"))
    after = np.where(closing + 1 < data.size, data[np.minimum(closing + 1, data.size - 1)], ord("\n"))
    edge = np.zeros(256, np.bool_)
    edge[[delimiter, ord("\n"), ord('"')]] = True
    behind = edge.copy()
    behind[ord("\r")] = True
    return bool(edge[before].all() and behind[after].all())


class Irregular:
    """Line by line, but only lines with quotes are looked at by the grammar's pattern. `data` may reach beyond `stop`, for the record that
    begins before it; `final`: it ends where the file ends."""

    def __init__(self, data: bytes, start: int, stop: int, delimiter: str, *, final: bool) -> None:
        self.data, self.stop, self.final = data, stop, final
        self.record, self.unfinished = delimited.pattern(delimiter), delimited.unfinished(delimiter)
        d = re.escape(delimiter.encode())
        self.odd = re.compile(rb'[^%b"\r\n]"[^%b"\r\n]' % (d, d))
        self.dialect = Dialect(delimiter)
        self.patience = PATIENCE
        self.edges = _edges(np.frombuffer(data, np.uint8), start)  # where lines begin, and where the last one ends

    def layout(self) -> Layout:
        """The records that begin before `stop`."""
        own = int(np.searchsorted(self.edges[:-1], self.stop))
        first, behind = np.ones(own, np.bool_), np.arange(1, own + 1)
        stray = np.zeros(own, np.bool_)
        done = 0
        for at in self._quoted(own).tolist():
            if at >= done:
                done, sound = self._next(at)
                first[at + 1 : done], behind[at], stray[at] = False, done, not sound
        records = np.flatnonzero(first)
        starts, following = self.edges[records], self.edges[behind[records]]
        return Layout(
            starts=starts,
            ends=self._ends(starts, following),
            next=following,
            lines=records + 1,
            height=max(own, done),
            stray=stray[records],
        )

    def _quoted(self, own: int) -> Offsets:
        """Lines that hold a quote."""
        quotes = _where(np.frombuffer(self.data, np.uint8), ord('"'), 0)
        lines = np.unique(np.searchsorted(self.edges, quotes, "right") - 1)
        return lines[(lines >= 0) & (lines < own)].astype(np.int64)

    def _ends(self, starts: Offsets, following: Offsets) -> Offsets:
        """The records' ends without their line ends."""
        data = np.frombuffer(self.data, np.uint8)
        last = data[np.maximum(following - 1, 0)]
        feed, carriage = last == ord("\n"), last == ord("\r")
        both = feed & (following - 2 >= starts) & (data[np.maximum(following - 2, 0)] == ord("\r"))
        ends: Offsets = np.maximum(following - feed - carriage - both, starts)
        return ends

    def _next(self, at: int) -> tuple[int, bool]:
        """(the line behind the record that begins on line `at`, is it well formed?)."""
        start = int(self.edges[at])
        near = min(int(self.edges[at + 1]) + NEAR, len(self.data))
        behind = self._closed(start, near)
        if behind is None and self.patience and self.unfinished.match(self.data, start, near):
            behind = self._closed(start, min(start + REACH, len(self.data)))
            self.patience -= behind is None
        if behind is None:
            return at + 1, False
        return int(np.searchsorted(self.edges, behind)), not self._torn(start, behind)

    def _torn(self, at: int, behind: int) -> bool:
        """Does a quote between letters pair with one in a later cell?"""
        if not self.odd.search(self.data, at, behind):
            return False
        return torn(self.data[at:behind].decode("utf-8", "surrogateescape").rstrip("\r\n"), self.dialect)

    def _closed(self, at: int, limit: int) -> int | None:
        """Offset behind the record at `at` if it is well formed and ends before `limit`."""
        found = self.record.match(self.data, at, limit)
        if found is None:
            return None
        whole = found.end() < limit or found[0][-1:] in (b"\r", b"\n") or (self.final and limit == len(self.data))
        return found.end() if whole else None


def _edges(data: Data, start: int) -> Offsets:
    """Where lines begin, and where the last one ends. Lines end in LF, CR LF or CR."""
    ends = data == ord("\n")
    carriage = np.flatnonzero(data == ord("\r"))
    alone = carriage[(carriage + 1 == data.size) | (data[np.minimum(carriage + 1, data.size - 1)] != ord("\n"))]
    ends[alone] = True
    breaks = np.flatnonzero(ends[start:]) + start + 1
    last = [] if breaks.size and breaks[-1] == data.size else [data.size]
    return np.concatenate([[start], breaks, last]).astype(np.int64)
