"""The grammar of delimited text, once for parsing and once, apart from it, for counting.

A record is well formed when every cell that starts with `"` ends with a `"` before a delimiter, a line end or the end of
the file (`""` inside is one quote); quotes elsewhere are letters. A record that is not well formed is a `stray_quote`: only
its first physical line is given up and reading goes on with the next line, so a stray quote never swallows rows.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from shuyuan.intake import header
from shuyuan.intake.rows import Contract, Head
from shuyuan.intake.text import Text, lines

DELIMITERS = (",", ";", "\t", "|")
csv.field_size_limit(2**31 - 1)  # the csv module must not refuse a file for one long cell: `rows.judge` refuses the row

Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Record:
    """One logical record: first physical line (1-based), cells, text as read, and whether its quotes are well formed."""

    line: int
    cells: list[str]
    raw: str
    sound: bool


class _Lines:
    """Lines with push-back: what the csv reader took since `mark` can be given back."""

    def __init__(self, source: Iterator[str]) -> None:
        self._source = source
        self._waiting: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else next(self._source)
        self.taken.append(line)
        return line

    def give_back_all_but_first(self) -> None:
        self._waiting.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]


def records(source: Iterator[str], delimiter: str, line: int = 1) -> Iterator[Record]:
    """Every logical record, blank ones included, in order. Never raises; never loses a line."""
    feed = _Lines(source)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.taken.clear()
        try:
            cells, sound = next(reader), True
        except StopIteration:
            return
        except csv.Error:
            feed.give_back_all_but_first()
            cells, sound = feed.taken[0].rstrip("\r\n").split(delimiter), False
        yield Record(line, cells, "".join(feed.taken).rstrip("\r\n"), sound)
        line += len(feed.taken)


def find_head(text: Text, contract: Contract) -> tuple[str, Head]:
    """(delimiter, head): the delimiter whose reading of the first rows names most contract columns."""
    depth = max(header.DEPTH, contract.header_row or 0)
    tops = {d: [(r.line, r.cells) for r in islice(records(lines(text), d), depth)] for d in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda d: _fit(tops[d], contract))
    return delimiter, header.settle(text.file, tops[delimiter], contract)


def _fit(top: Sequence[tuple[int, Sequence[str]]], contract: Contract) -> tuple[int, int]:
    at, points = header.locate(top, contract)
    return points, len(top[at][1]) if at >= 0 else 0


def count(text: Text, delimiter: str) -> int:
    """Logical records of any file, by pattern over the bytes: the control count of the careful lane, which parses with `csv`."""
    record, line = _patterns(delimiter)
    data, at, total = text.data, text.start, 0
    while at < len(data):
        found = record.match(data, at) or line.match(data, at)
        assert found is not None and found.end() > at, "the line pattern matches anywhere before the end"  # noqa: S101
        at = found.end()
        total += 1
    return total


def _patterns(delimiter: str) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    d = re.escape(delimiter.encode())
    cell = rb'(?:"(?:[^"]++|"")*+"(?=[%b\r\n]|\Z)|(?!")[^%b\r\n]*+)' % (d, d)
    end = rb"(?:\r\n|\r|\n|\Z)"
    return re.compile(cell + rb"(?:" + d + cell + rb")*+" + end), re.compile(rb"[^\r\n]*+" + end)


@dataclass(frozen=True)
class Layout:
    """Where the records of a clean file lie: `starts` byte offsets, `ends` (line end excluded), `lines` physical line of each."""

    starts: Offsets
    ends: Offsets
    lines: Offsets


def layout(text: Text, delimiter: str) -> Layout | None:
    """Record positions of a file whose quotes are all well formed, by array arithmetic; None if any is not (careful lane's work)."""
    data = np.frombuffer(text.data, np.uint8)
    breaks = _where(data, ord("\n"), text.start)
    if not _only_crlf(data, text.start):
        return None
    quotes = _where(data, ord('"'), text.start)
    if quotes.size and not _well_formed(data, quotes, ord(delimiter), text.start):
        return None
    inside = np.searchsorted(quotes, breaks) & 1 if quotes.size else np.zeros(breaks.size, np.int64)
    stops = np.flatnonzero(inside == 0)
    return _positions(data, text.start, breaks, stops)


def _positions(data: npt.NDArray[np.uint8], start: int, breaks: Offsets, stops: Offsets) -> Layout:
    starts = np.concatenate([[start], breaks[stops] + 1]).astype(np.int64)
    first_lines = np.concatenate([[1], stops + 2]).astype(np.int64)
    ends = np.concatenate([breaks[stops], [data.size]]).astype(np.int64)
    if starts[-1] >= data.size:  # the file ends with a line end: nothing follows it
        starts, first_lines, ends = starts[:-1], first_lines[:-1], ends[:-1]
    carriage = (ends > starts) & (data[np.maximum(ends - 1, 0)] == ord("\r"))
    return Layout(starts, ends - carriage, first_lines)


def _where(data: npt.NDArray[np.uint8], byte: int, start: int, chunk: int = 32 << 20) -> Offsets:
    parts = [np.flatnonzero(data[at : at + chunk] == byte) + at for at in range(start, data.size, chunk)]
    return np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, np.int64)


def _only_crlf(data: npt.NDArray[np.uint8], start: int) -> bool:
    returns = _where(data, ord("\r"), start)
    if not returns.size:
        return True
    return bool(returns[-1] + 1 < data.size and (data[returns + 1] == ord("\n")).all())


def _well_formed(data: npt.NDArray[np.uint8], quotes: Offsets, delimiter: int, start: int) -> bool:
    """Quotes alternate opening and closing; an opening one starts a cell, a closing one ends it, or both are a doubled quote."""
    if quotes.size % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    before = np.where(opening > start, data[np.maximum(opening - 1, 0)], ord("\n"))
    after = np.where(closing + 1 < data.size, data[np.minimum(closing + 1, data.size - 1)], ord("\n"))
    edges = np.array([delimiter, ord("\n"), ord("\r"), ord('"')], np.uint8)
    return bool(np.isin(before, edges[[0, 1, 3]]).all() and np.isin(after, edges).all())
