"""Text of any dialect cut into records: delimiters of several characters, any quote, escapes, comments, fixed widths.

The promise is that of `delimited.records`: nothing raises, no line is lost, a cell that opens with a quote and is not closed
before a delimiter or a line end costs only its first physical line. A record is given up after `MAX_FIELD` characters, so a
stray quote never makes the reader look at the rest of the file again and again.

An escape character counts only before a quote, itself and, outside quotes, the delimiter; elsewhere it is a letter (`C:\\new`, `8\\'`)
and stays. Before a line end it is a letter too: a path that ends in it must not swallow the next row.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from shuyuan.reader.rows import MAX_FIELD, Dialect

WIDE = frozenset("WF")  # East Asian widths that take two columns of a fixed-width file


@dataclass(frozen=True)
class Record:
    """One logical record: first physical line (1-based), cells, text as read, well formed?, a comment line (then one cell)?, its lines."""

    line: int
    cells: list[str]
    raw: str
    sound: bool
    comment: bool = False
    height: int = 1


class _Feed:
    """Lines with push-back."""

    def __init__(self, source: Iterator[str]) -> None:
        self._source = source
        self._waiting: deque[str] = deque()

    def take(self) -> str | None:
        return self._waiting.popleft() if self._waiting else next(self._source, None)

    def give_back(self, lines: list[str]) -> None:
        self._waiting.extendleft(reversed(lines))


def records(lines: Iterator[str], dialect: Dialect, line: int = 1) -> Iterator[Record]:
    """Every logical record of `lines` (physical lines with their line ends), blank and comment ones included, in order.

    An unsound record has the cells of its first line cut at every delimiter.
    """
    feed = _Feed(lines)
    cut = _fixed(dialect) if dialect.widths else _grammar(dialect).cut
    while (first := feed.take()) is not None:
        body = first.rstrip("\r\n")
        if dialect.comment and body.startswith(dialect.comment):
            yield Record(line, [body], body, True, True)
            line += 1
            continue
        record = cut(line, first, body, feed)
        yield record
        line += record.height


Cut = Callable[[int, str, str, _Feed], Record]


class _Delimited:
    """The grammar of one delimited dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self.delimiter, self.quote, self.escape = dialect.delimiter, dialect.quote, dialect.escape
        d, q, e = re.escape(self.delimiter), re.escape(self.quote), re.escape(self.escape)
        d0 = re.escape(self.delimiter[:1])
        outside = "|".join(x for x in (q, e, d) if x)
        inside = f"(?:[^{q}{e}]++|{e}[{q}{e}]|{e})*+" if e else f"(?:[^{q}]++|{q}{q})*+"
        bare = f"(?:[^{e}{d0}]++|{e}(?:{outside})|{e}|(?!{d}){d0})*+" if e else f"(?:[^{d0}]++|(?!{d}){d0})*+"
        self._inside, self._bare = re.compile(inside) if q else None, re.compile(bare)
        self._outside, self._within = re.compile(f"{e}({outside})"), re.compile(f"{e}([{q}{e}])" if q else "")
        cell = f"(?:{q}{inside}{q}|(?!{q}){bare})" if q else bare
        self._line = re.compile(f"{cell}(?:{d}{cell})*+")
        self._each = re.compile(f"(?:^|{d})(?:{q}({inside}){q}|(?!{q})({bare}))(?={d}|\\Z)") if q else None
        self._by_csv = bool(q) and not e and len(self.delimiter) == 1
        apostrophe = self.quote == "'" and not self.escape
        self._on_a_line = re.compile(f"(?:[^'\r\n]++|''|'(?!{d}|[\r\n]|\\Z))*+") if apostrophe else None

    def cut(self, line: int, first: str, body: str, feed: _Feed) -> Record:
        """The record that begins with the line `first`, `body` without its line end; further lines come from `feed`."""
        if self._is_plain(body):
            return Record(line, body.split(self.delimiter) if body else [], body, True)
        if (cells := self._on_one_line(body)) is not None:
            return Record(line, cells, body, True)
        taken = [first]
        if (cells := self._cells(taken, feed)) is None:
            feed.give_back(taken[1:])
            return Record(line, body.split(self.delimiter), body, False)
        return Record(line, cells, "".join(taken).rstrip("\r\n"), True, height=len(taken))

    def _is_plain(self, body: str) -> bool:
        return not (self.quote and self.quote in body) and not (self.escape and self.escape in body)

    def _on_one_line(self, body: str) -> list[str] | None:
        """The fast way of most records: cells of a sound record that ends with its first line, else None."""
        if self._by_csv:
            try:
                return next(csv.reader((body,), delimiter=self.delimiter, quotechar=self.quote, strict=True))
            except csv.Error:
                return None
        if self._each is None or self._line.fullmatch(body) is None:
            return None
        found: list[tuple[str, str]] = self._each.findall(body)
        if self.escape and self.escape not in body:
            return [quoted or bare for quoted, bare in found]
        return [self._inner(quoted) if quoted else self._unescaped(bare) for quoted, bare in found]

    def _inner(self, inside: str) -> str:
        if self.escape:
            return self._within.sub(r"\1", inside) if self.escape in inside else inside
        return inside.replace(self.quote * 2, self.quote)

    def _unescaped(self, bare: str) -> str:
        return self._outside.sub(r"\1", bare) if self.escape and self.escape in bare else bare

    def unquoted(self, raw: str) -> list[str] | None:
        """The cells of a record that stand without quotes; None if it is not sound."""
        bare: list[str] = []
        first, *rest = raw.splitlines(keepends=True) or [""]
        cells = self._cells([first], _Feed(iter(rest)), bare)
        return None if cells is None else bare

    def _cells(self, taken: list[str], feed: _Feed, bare: list[str] | None = None) -> list[str] | None:
        """Cells of the record that starts with `taken[0]`; further lines are appended to `taken`. None: a stray quote.

        `bare` collects the cells without quotes.
        """
        cells: list[str] = []
        body, at = taken[0].rstrip("\r\n"), 0
        while True:
            if self.quote and body.startswith(self.quote, at):
                found = self._quoted(body, at + len(self.quote), taken, feed)
                if found is None:
                    return None
                cell, body, at = found
            else:
                cell, at = self._unquoted(body, at)
                if bare is not None:
                    bare.append(cell)
            cells.append(cell)
            if at == len(body):
                return cells
            at += len(self.delimiter)

    def _unquoted(self, body: str, at: int) -> tuple[str, int]:
        found = self._bare.match(body, at)
        assert found is not None, "the pattern matches the empty text"  # noqa: S101
        return self._unescaped(found[0]), found.end()

    def _quoted(self, body: str, at: int, taken: list[str], feed: _Feed) -> tuple[str, str, int] | None:
        """(cell, the line it ends on, where there); None when it does not end as it must."""
        if self._on_a_line is not None and (closed := self._with_apostrophes(taken[-1], at)) is not None:
            return closed
        assert self._inside is not None, "only called where there is a quote"  # noqa: S101
        text, begin, size = taken[-1], at, len(taken[-1])
        pieces: list[str] = []
        while True:
            found = self._inside.match(text, begin)
            assert found is not None, "the pattern matches the empty text"  # noqa: S101
            pieces.append(found[0])
            stop = found.end()
            if stop < len(text):  # only a quote stops the pattern
                return self._closed("".join(pieces), text.rstrip("\r\n"), stop + len(self.quote))
            more = feed.take()
            if more is None:
                return None
            taken.append(more)
            size += len(more)
            if size > MAX_FIELD:
                return None
            text, begin = more, 0

    def _with_apostrophes(self, text: str, at: int) -> tuple[str, str, int] | None:
        """The cell, if it closes on its own line: there a `'` before a letter is an apostrophe (`'won't do'`), nobody doubles it."""
        assert self._on_a_line is not None, "only called where the quote is an apostrophe"  # noqa: S101
        found = self._on_a_line.match(text, at)
        if found is None or not text.startswith(self.quote, found.end()):
            return None
        return self._closed(found[0], text.rstrip("\r\n"), found.end() + 1)

    def _closed(self, inside: str, body: str, at: int) -> tuple[str, str, int] | None:
        if at != len(body) and not body.startswith(self.delimiter, at):
            return None
        return self._inner(inside), body, at


def torn(raw: str, dialect: Dialect) -> bool:
    """Is a quoted cell cut in two in this record, though every quote in it passes for a letter?

    So it looks where the delimiter before a quoted cell is missing: `8.20"Tee, long",x` reads as the cells `8.20"Tee`, ` long"`, `x`,
    every value behind it under the wrong name. A bare cell with a quote inside, followed by one that ends in a quote, is taken for that.
    """
    if not dialect.quote or dialect.quote not in raw or dialect.widths:
        return False
    bare = _grammar(dialect).unquoted(raw) or []
    odd = [c for c in bare if c.count(dialect.quote) % 2]
    begun = next((i for i, c in enumerate(odd) if not c.endswith(dialect.quote)), None)
    return begun is not None and any(c.endswith(dialect.quote) for c in odd[begun + 1 :])


@lru_cache(maxsize=16)
def _grammar(dialect: Dialect) -> _Delimited:
    return _Delimited(dialect)


def display(text: str) -> int:
    """Columns that `text` takes where a Chinese character takes two, as it takes two bytes in GBK."""
    return len(text) if text.isascii() else sum(2 if unicodedata.east_asian_width(c) in WIDE else 1 for c in text)


def _fixed(dialect: Dialect) -> Cut:
    stops = [sum(dialect.widths[: i + 1]) for i in range(len(dialect.widths) - 1)]

    def cut(line: int, first: str, body: str, feed: _Feed) -> Record:
        cells, sound = split(body, stops) if body.strip() else ([], True)
        return Record(line, cells, body, sound)

    return cut


def split(body: str, stops: list[int]) -> tuple[list[str], bool]:
    """(cells without their padding, sound?) of a fixed-width line; `stops` are the display columns at which cells begin.

    A line is unsound when text runs over the end of its column into the next one: its cells cannot be told apart.
    """
    shown = body if body.isascii() else body.translate(_COLUMNS)
    edges = [0, *stops, len(shown)]
    sound = all(s >= len(shown) or shown[s - 1] == " " or shown[s] == " " for s in stops)
    cells = [shown[a:b].strip(" ") for a, b in pairwise(edges)]
    return cells if shown is body else [c.replace(_SECOND, "") for c in cells], sound


_SECOND = "\ud800"  # the second column of a wide character: a surrogate that no decoded text holds


class _Columns(dict[int, str]):
    """For `str.translate`: every character as many times as it takes columns."""

    def __missing__(self, code: int) -> str:
        c = chr(code)
        self[code] = c + _SECOND if unicodedata.east_asian_width(c) in WIDE else c
        return self[code]


_COLUMNS = _Columns()
