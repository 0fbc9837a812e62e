"""Tables of a page that calls itself a book: many systems export HTML under the name .xls. Each `<table>` is a sheet.

Text comes as a browser shows it: entities decoded, runs of blanks as one, `<br>` as a line end. Cells over several rows or columns are
merged ranges, as in a book.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa

from shuyuan.reader import archives
from shuyuan.reader.books.grid import BLOCK, Block, Grid, Merge
from shuyuan.reader.cells import texts
from shuyuan.reader.errors import Bomb, CorruptFile, EmptyFile, UnknownFormat, WrongEncoding
from shuyuan.reader.texts.text import CHUNK, as_utf8, load

MAX_BYTES = 512 << 20  # of the page; its tables are held in memory
WIDEST = 16_384  # columns, as in a book
UNCLOSED = 64 << 10  # characters from a `<` on that may wait for their end; the parser goes over them with every piece
TORN = 4 << 10  # the same at the end of the page, where the parser takes time with the square of them
_RUN = re.compile(r"[ \t\r\n\f]+")
_CELLS = frozenset({"td", "th"})


@dataclass
class _HtmlGrid(Grid):
    held: list[Block] = field(default_factory=list, kw_only=True)

    def blocks(self) -> Iterator[Block]:
        yield from self.held


def grids(path: Path, file: str) -> list[Grid]:
    """The tables of a page with more than one cell. Raises UnknownFormat, EmptyFile, WrongEncoding, CorruptFile, Bomb."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise Bomb(file, f"the page has {size} bytes", "deliver the table as csv or xlsx", value=str(size))
    source = as_utf8(load(path, file))
    page = _Page(file)
    at = source.start
    while at < len(source.data):
        end = _cut(source.data.find(b"<", at + CHUNK), len(source.data))
        page.feed(_text(source.data[at:end], file))
        at = end
    page.close()
    found = [t.grid(f"table {n}") for n, t in enumerate(page.tables, 1) if t.cells > 1]
    if not found:
        raise UnknownFormat(file, "the content is html without a table", "deliver the table as csv or xlsx", line=1)
    if not any(g.height for g in found):
        raise EmptyFile(file, "every table is empty", "deliver the file again", line=1)
    return found


def _cut(found: int, size: int) -> int:
    return found if found >= 0 else size


def _text(raw: bytes, file: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        problem = "the page holds bytes that its encoding does not decode"
        raise WrongEncoding(
            file, problem, "export it again as UTF-8", value=raw[error.start : error.start + 8].hex(" ")
        ) from error


class _Table:
    """One table being read: rows, and for every column how many rows are still covered from above."""

    def __init__(self, file: str) -> None:
        self.file, self.cells, self.height, self.width = file, 0, 0, 0
        self.merges: list[Merge] = []
        self._rows: list[dict[int, str]] = []
        self._covered: dict[int, int] = {}
        self._column = 0

    def row(self) -> None:
        """A row begins. Raises Bomb."""
        self._rows.append({})
        self._refuse_area()
        self._column = 0
        self._covered = {c: n - 1 for c, n in self._covered.items() if n > 1}

    def cell(self, text: str, down: int, across: int) -> None:
        """The next cell of the row, `down` rows high and `across` columns wide. Raises Bomb."""
        if not self._rows:
            self.row()
        while self._column in self._covered:
            self._column += 1
        left, right, top = self._column, self._column + across - 1, len(self._rows)
        if right >= WIDEST:
            raise Bomb(self.file, f"a table row has more than {WIDEST} columns", "deliver csv", line=top)
        self.cells += 1
        self.width = max(self.width, right + 1)
        self._refuse_area()
        if text:
            self._rows[-1][left], self.height = text, top
        if down > 1 or across > 1:
            self.merges.append(Merge(top, left, top + down - 1, right))
        if down > 1:
            self._covered.update(dict.fromkeys(range(left, right + 1), down))
        self._column = right + 1

    def _refuse_area(self) -> None:
        """A wide cell costs its columns in every row below."""
        if self.width * len(self._rows) > archives.LIMITS.cells:
            size = f"{len(self._rows)} rows by {self.width} columns"
            problem = f"a table spans {size}, more than {archives.LIMITS.cells} cells"
            raise Bomb(self.file, problem, "deliver csv", line=len(self._rows), value=size)

    def grid(self, name: str) -> Grid:
        """The table as a sheet."""
        rows = self._rows[: self.height]
        held = []
        for first in range(0, len(rows), BLOCK):
            part = rows[first : first + BLOCK]
            numbers = pa.array(range(first + 1, first + len(part) + 1), pa.int64())
            filled, empty = {c for r in part for c in r}, pa.nulls(len(part), pa.string())
            columns = [texts([r.get(c, "") for r in part]) if c in filled else empty for c in range(self.width)]
            held.append((numbers, columns))
        return _HtmlGrid(name, self.height, False, self.merges, held=held)


class _Page(HTMLParser):
    """Goes through a page; a table inside a cell is a table of its own."""

    def __init__(self, file: str) -> None:
        super().__init__(convert_charrefs=True)
        self.file = file
        self.tables: list[_Table] = []
        self._stack: list[tuple[_Table, list[list[str]] | None, tuple[int, int]]] = []
        self._text: list[list[str]] | None = None  # lines of the open cell, in pieces
        self._span = (1, 1)
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append(_Table(self.file))
            self._stack.append((self.tables[-1], self._text, self._span))
            self._text = None
        elif tag in {"script", "style"}:
            self._hidden += 1
        elif self._stack and (tag == "tr" or tag in _CELLS):
            self._end_cell()
            if tag == "tr":
                self._stack[-1][0].row()
            else:
                words = dict(attrs)
                self._text, self._span = [[]], (_span(words.get("rowspan")), _span(words.get("colspan")))
        elif tag == "br" and self._text is not None:
            self._text.append([])

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style"}:
            self._hidden = max(0, self._hidden - 1)
        elif self._stack and tag in {"td", "th", "tr", "table"}:
            self._end_cell()
            if tag == "table":
                _, self._text, self._span = self._stack.pop()

    def handle_data(self, data: str) -> None:
        if self._text is not None and not self._hidden:
            self._text[-1].append(data)

    def feed(self, data: str) -> None:
        """The next piece. Raises CorruptFile, Bomb."""
        super().feed(data)
        self._refuse_unclosed(UNCLOSED)

    def _refuse_unclosed(self, most: int) -> None:
        if len(self.rawdata) > most and self.rawdata.startswith("<") and self.cdata_elem is None:
            line, _ = self.getpos()
            problem = f"a tag or comment is not closed within {most} characters"
            raise CorruptFile(
                self.file, problem, "deliver the table as csv or xlsx", line=line, value=self.rawdata[:80]
            )

    def close(self) -> None:
        """The page is over. Raises CorruptFile, Bomb."""
        self._refuse_unclosed(TORN)
        super().close()
        while self._stack:
            self.handle_endtag("table")

    def _end_cell(self) -> None:
        if self._text is not None:
            text = "\n".join(_collapsed("".join(line)) for line in self._text)
            self._stack[-1][0].cell(text.strip("\n"), *self._span)
            self._text = None


def _collapsed(line: str) -> str:
    """Runs of blanks as one; a no-break space is text."""
    return _RUN.sub(" ", line).strip(" ")


def _span(word: str | None) -> int:
    """HTML: at least 1, at most 1000; what is no number is 1."""
    return min(max(int(word), 1), 1_000) if word and word.isascii() and word.isdigit() else 1
