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

from shuyuan.reader import header
from shuyuan.reader.rows import Contract, Head
from shuyuan.reader.texts.text import Text, lines

DELIMITERS = (",", ";", "\t", "|")
csv.field_size_limit(2**31 - 1)  # the csv module must not refuse a file for one long cell: `rows.judge` refuses the row


@dataclass(frozen=True)
class Record:
    """One logical record: first physical line (1-based), cells, text as read, whether its quotes are well formed, its physical lines."""

    line: int
    cells: list[str]
    raw: str
    sound: bool
    height: int = 1


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
        yield Record(line, cells, "".join(feed.taken).rstrip("\r\n"), sound, len(feed.taken))
        line += len(feed.taken)


def find_head(text: Text, contract: Contract) -> tuple[str, Head]:
    """(delimiter, head): the delimiter whose reading of the first rows names most contract columns."""
    depth = max(header.DEPTH, contract.header_row or 0)
    tops = {d: [(r.line, r.cells) for r in islice(records(lines(text), d), depth)] for d in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda d: _fit(tops[d], contract))
    return delimiter, header.settle(text.file, tops[delimiter], contract)


def head_lines(text: Text, delimiter: str, head: Head) -> int:
    """Physical lines down to the end of the header record."""
    if head.index < 0:
        return 0
    last = next(islice(records(lines(text), delimiter), head.index, None))
    return last.line - 1 + last.height


def _fit(top: Sequence[tuple[int, Sequence[str]]], contract: Contract) -> tuple[int, int]:
    at, points = header.locate(top, contract)
    return points, len(top[at][1]) if at >= 0 else 0


def count(text: Text, delimiter: str) -> int:
    """Logical records of a UTF-8 text, by pattern over the bytes: the control count of the careful lane, which parses with `csv`."""
    record, line = pattern(delimiter), _LINE
    data, at, total = text.data, text.start, 0
    while at < len(data):
        found = record.match(data, at) or line.match(data, at)
        assert found is not None and found.end() > at, "the line pattern matches anywhere before the end"  # noqa: S101
        at = found.end()
        total += 1
    return total


_LINE = re.compile(rb"[^\r\n]*+(?:\r\n|\r|\n|\Z)")


def pattern(delimiter: str) -> re.Pattern[bytes]:
    """A well-formed record with its line end."""
    d, cell = _cell(delimiter)
    return re.compile(cell + rb"(?:" + d + cell + rb")*+(?:\r\n|\r|\n|\Z)")


def unfinished(delimiter: str) -> re.Pattern[bytes]:
    """A record that is well formed as far as it is seen: it runs into the end inside a cell."""
    d, cell = _cell(delimiter)
    return re.compile(rb"(?:" + cell + d + rb')*+(?:"(?:[^"]++|"")*+"?+|[^"' + d + rb"\r\n][^" + d + rb"\r\n]*+|)\Z")


def _cell(delimiter: str) -> tuple[bytes, bytes]:
    d = re.escape(delimiter.encode())
    return d, rb'(?:"(?:[^"]++|"")*+"(?=[%b\r\n]|\Z)|(?!")[^%b\r\n]*+)' % (d, d)
