"""How far a sheet spreads, seen while its bytes go by: the book reader allocates rows times columns at once, so two cells in
far corners, or one cell repeated a billion times, must be refused before it opens the book.

One watcher per family of books (xlsx and ods are XML, xlsb and xls are binary records). A watcher is fed pieces in order; what it counts on
the way (cells that hold an error, formulas without a value, merged ranges) is for the notes.
"""

from __future__ import annotations

import re
import struct
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NoReturn

from shuyuan.reader.errors import Bomb, CorruptFile

LONGEST_TAG = 64 << 10
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]+)(\d+)["']""")
_ROW = re.compile(rb"""\sr\s*=\s*["'](\d+)["']""")
_XLSX = re.compile(
    rb"<(?:(/?)(?:[^ \t\r\n:>\"']{0,256}:)?(?:(row)|(c)|(f)|v|is|(mergeCell))(?=[\s/>])([^>]*+)>"
    rb"|(?![!?])[^ \t\r\n:>\"']{0,256}+(?P<strange>[^ \t\r\n:>]))"  # a quote in a name, or a name without end
)
_WORDS = re.compile(rb"""(?:\s+[^\s=<>"']+\s*=\s*(?:"[^"'<>]*+"|'[^"'<>]*+'))*+\s*/?""")
_ODS_WORDS = re.compile(rb"""(?:\s+[^\s=<>"']+\s*=\s*(?:"[^"<>]*+"|'[^'<>]*+'))*+\s*/?""")
_PLACED = re.compile(rb"\sr\s*=")
_ASIDE = re.compile(rb"<(!--|!\[CDATA\[|[!?])([^<]*+)")
_ASIDE_ENDS = {b"!--": b"-->", b"![CDATA[": b"]]>", b"?": b"?>", b"!": b">"}
_ERROR = re.compile(rb"""\st\s*=\s*["']e["']""")
_ODS = re.compile(rb"<(/?)table:(?:(table-row)|(table)|(?:covered-)?table-cell)(?=[\s/>])([^>]*+)>")
_REPEATED = re.compile(rb"""\stable:number-(?:rows|columns)-repeated\s*=\s*["']\+?(\d+)["']""")
_SPANNED = re.compile(rb"""\stable:number-(?:rows|columns)-spanned\s*=\s*["'](?!1["'])\d+["']""")


@dataclass
class Oddities:
    """What a book holds that its values do not show: cells with an error, formulas nobody computed, merged ranges."""

    errors: int = 0
    uncomputed: int = 0
    merged: int = 0


class Extent(ABC):
    """The corner that the cells of one sheet reach; refuses more than `limit` cells."""

    def __init__(self, file: str, member: str, limit: int, found: Oddities) -> None:
        self.file, self.member, self.limit, self.found = file, member, limit, found
        self._rows = self._columns = 0
        self._rest = b""

    def reach(self, row: int, column: int) -> None:
        """A filled cell stands there (1-based). Raises Bomb."""
        self._rows, self._columns = max(self._rows, row), max(self._columns, column)
        if self._rows * self._columns > self.limit:
            size = f"{self._rows} rows by {self._columns} columns"
            problem = f"sheet {self.member} spans {size}, more than {self.limit} cells"
            raise Bomb(self.file, problem, "delete stray cells far from the table, or deliver csv", value=size)

    def restart(self) -> None:
        """Another sheet begins in the same member."""
        self._rows = self._columns = 0

    def write(self, chunk: bytes, /) -> None:
        """Look at the next piece; a tag or record cut in two is seen with the piece after."""
        data = self._rest + chunk
        self._rest = data[self.look(data) :]

    @abstractmethod
    def look(self, data: bytes) -> int:
        """Take what is whole in `data`; how many bytes that was."""

    def whole_tags(self, data: bytes) -> int:
        """Where the last tag begins if it is not closed yet, else the end."""
        cut = data.rfind(b"<")
        if cut < 0 or data.find(_end_of(data, cut), cut) >= 0:
            return len(data)
        if len(data) - cut > LONGEST_TAG:
            raise CorruptFile(
                self.file, f"{self.member} holds a tag without end", "open it, save it again and deliver that"
            )
        return cut

    def refuse_asides(self, data: bytes, end: int) -> None:
        """Comments and the like may hold text, not tags: those would be counted here and not by the book reader. Raises CorruptFile."""
        if any(_ASIDE_ENDS[m[1]] not in m[2] for m in _ASIDE.finditer(data, 0, end)):
            self.refuse("a comment with tags in it")

    def refuse(self, what: str) -> NoReturn:
        """What two readers may understand in two ways cannot be measured. Raises CorruptFile."""
        problem = f"{self.member} holds {what}, which no spreadsheet program writes"
        raise CorruptFile(self.file, problem, "open it, save it again and deliver that")


class XlsxExtent(Extent):
    """Cells by their reference, or by their place where they have none."""

    _row = _column = 0
    _formula = _begun = False

    def look(self, data: bytes) -> int:
        end = self.whole_tags(data)
        self._begun = self._begun or b"sheetData" in data
        if not self._begun:
            return end
        self.refuse_asides(data, end)
        for tag in _XLSX.finditer(data, 0, end):
            self._take(tag)
        return end

    def _take(self, tag: re.Match[bytes]) -> None:
        closing, row, cell, formula, merged, words, strange = tag.groups()
        if strange or ((row or cell) and not closing and not _WORDS.fullmatch(words)):
            self.refuse(f"the tag {tag[0][:80]!r}")
        if row or cell:
            self._close()
        if closing:
            return
        if row:
            found = self._place(_ROW, words)
            self._row, self._column = self._number(found[1]) if found else self._row + 1, 0
        elif cell:
            self._cell(words)
        elif merged:
            self.found.merged += 1
        else:
            self._formula = bool(formula)

    def _cell(self, words: bytes) -> None:
        found = self._place(_REFERENCE, words)
        self._column = column_number(found[1][:9]) if found else self._column + 1
        self._row = self._number(found[2]) if found else self._row
        if not words.endswith(b"/"):
            self.reach(self._row, self._column)
            self.found.errors += _ERROR.search(words) is not None

    def _place(self, pattern: re.Pattern[bytes], words: bytes) -> re.Match[bytes] | None:
        found = pattern.search(words)
        if not found and _PLACED.search(words):
            self.refuse(f"a place that is none ({words[:80]!r})")
        return found

    def _number(self, digits: bytes) -> int:
        return int(digits) if len(digits) < 20 else self.refuse(f"the row {digits[:80]!r}")

    def _close(self) -> None:
        """The cell before is over: was a formula its last word?"""
        self.found.uncomputed += self._formula
        self._formula = False


class OdsExtent(Extent):
    """Cells and rows that stand for many; empty ones count only when something filled follows."""

    _row = _times = 1
    _column = _filled = 0

    def look(self, data: bytes) -> int:
        end = self.whole_tags(data)
        self.refuse_asides(data, end)
        for tag in _ODS.finditer(data, 0, end):
            closing, row, table, words = tag.groups()
            if not _ODS_WORDS.fullmatch(words):
                self.refuse(f"the tag {tag[0][:80]!r}")
            if table:
                self._row = 1
                self.restart()
            elif row and not closing:
                self._column, self._times = 0, _repeats(words)
                if words.endswith(b"/"):
                    self._row += self._times
            elif row:
                self._row += self._times
            elif not closing:
                self._cell(words)
        return end

    def _cell(self, words: bytes) -> None:
        self._column += _repeats(words)
        if not words.endswith(b"/") or b"value-type" in words:
            self.reach(self._row + self._times - 1, self._column)
            self.found.errors += b'calcext:value-type="error"' in words
        self.found.merged += _SPANNED.search(words) is not None


def _repeats(words: bytes) -> int:
    """The most that is said, should one of them stand inside of another attribute."""
    return max((int(digits[:18]) for digits in _REPEATED.findall(words)), default=1)


def _end_of(data: bytes, at: int) -> bytes:
    """What closes the tag, comment or other markup that begins there."""
    aside = _ASIDE.match(data, at)
    return _ASIDE_ENDS[aside[1]] if aside else b">"


class XlsbExtent(Extent):
    """Records of [MS-XLSB]: type and size in 7-bit groups, then the body. A row header is followed by its cells."""

    _row = 0
    _ROW_HEADER, _BLANK, _LAST_CELL, _MERGED = 0, 1, 11, 176
    _ERRORS = frozenset({3, 11})

    def look(self, data: bytes) -> int:
        at = 0
        while (after := self._record(data, at)) is not None:
            at = after
        return at

    def _record(self, data: bytes, at: int) -> int | None:
        """Take the record at `at`; where the next begins, None if this one is not whole yet."""
        kind, body = _grouped(data, at, 2)
        size, body = _grouped(data, body, 4)
        if body + size > len(data) or body == at:
            return None
        if kind <= self._LAST_CELL and size >= 4:
            (number,) = struct.unpack_from("<I", data, body)
            self._cell(kind, number)
        self.found.merged += kind == self._MERGED
        return body + size

    def _cell(self, kind: int, number: int) -> None:
        if kind == self._ROW_HEADER:
            self._row = number
        elif kind != self._BLANK:
            self.reach(self._row + 1, number + 1)
            self.found.errors += kind in self._ERRORS


class XlsExtent(Extent):
    """Records of [MS-XLS]: type, size, body; a cell's begins with row and column. Cells that are only formatted do not count.

    The book reader makes room for what a sheet says its dimensions are, and dies where there is none.
    """

    _SHEET = 0x0809
    _DIMENSIONS = (
        0x0200  # first row, row after the last, first column, column after the last; rows have four bytes since BIFF8
    )
    _MANY = 0x00BD  # numbers side by side; the last column stands at the end
    _CELLS = frozenset({0x0006, 0x0203, 0x0204, 0x0205, 0x027E, 0x00FD, 0x00D6, _MANY})
    _TRUTH, _FORMULA = 0x0205, 0x0006

    def look(self, data: bytes) -> int:
        at, size = 0, len(data)
        while at + 4 <= size:
            kind, length = struct.unpack_from("<HH", data, at)
            if at + 4 + length > size:
                break
            if kind in self._CELLS and length >= 6:
                self._cell(kind, data, at + 4, length)
            elif kind == self._SHEET:
                self.restart()
            elif kind == self._DIMENSIONS and length in (10, 14):
                self._sized(*struct.unpack_from("<IIHH" if length == 14 else "<HHHH", data, at + 4))
            at += 4 + length
        return at

    def _sized(self, top: int, below: int, left: int, behind: int) -> None:
        """Raises Bomb, CorruptFile."""
        if below < top or behind < left:
            problem = f"a sheet says it begins at row {top + 1}, column {left + 1} and ends above or before that"
            raise CorruptFile(self.file, problem, "open it, save it again and deliver that")
        self.reach(below - top, behind - left)
        self.restart()

    def _cell(self, kind: int, data: bytes, at: int, length: int) -> None:
        row, column = struct.unpack_from("<HH", data, at)
        if kind == self._MANY:
            (column,) = struct.unpack_from("<H", data, at + length - 2)
        self.reach(row + 1, column + 1)
        if kind == self._TRUTH and length >= 8:
            self.found.errors += data[at + 7]
        elif kind == self._FORMULA and length >= 14:
            self.found.errors += data[at + 6] == 2 and data[at + 12 : at + 14] == b"\xff\xff"


def _grouped(data: bytes, at: int, most: int) -> tuple[int, int]:
    """(number in 7-bit groups, where it ends); it is taken to end where the data does."""
    number = 0
    for shift in range(most):
        if at >= len(data):
            return 1 << 30, at
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            break
    return number, at


def column_number(letters: bytes) -> int:
    """A → 1, XFD → 16384."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
