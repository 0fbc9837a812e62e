"""A JSON document as a table: its one array of objects, wherever it lies (`[…]`, `{"data": […]}`, `{"result": {"list": […]}}`).

The document is never built in memory. Brackets, commas and quotes are found by array arithmetic, chunk by chunk: a first pass finds
the array and counts its elements, the next ones cut out its elements, and each is parsed alone, so a damaged element costs only itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shuyuan.reader import placed
from shuyuan.reader.batched import Batched, Tally
from shuyuan.reader.errors import CorruptFile, EmptyFile, UnknownFormat
from shuyuan.reader.records import objects
from shuyuan.reader.rows import Contract
from shuyuan.reader.texts.text import Bytes, Text

CHUNK = 4 << 20
AROUND = 64 << 20  # bytes of a document outside of its array of objects
MANY = 5  # arrays of objects that a refusal names
_OPEN, _CLOSE, _COMMA, _QUOTE, _BACKSLASH = b"[{", b"]}", ord(","), ord('"'), ord("\\")
_MARKS = np.zeros(256, bool)
_MARKS[list(b"[]{},")] = True
_STEP = np.zeros(256, np.int8)
_STEP[list(_OPEN)], _STEP[list(_CLOSE)] = 1, -1
_SPACES = re.compile(rb"\s*+")
_NAME = re.compile(rb'"([^"\\]{1,80})"\s*:\s*\Z')

Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Array:
    """An array of objects: `start` is the offset after its `[`, `end` that of its `]`, `size` its elements, `name` the key it stands under."""

    start: int
    end: int
    size: int
    name: str


def rows(text: Text, contract: Contract) -> Batched:
    """The elements of the one array of objects (UTF-8 bytes); `_line` is the element's number from 1.

    An element that is no object is a `bad_json` reject. Without a form the array is gone through once more before, for its keys.
    Raises CorruptFile, EmptyFile (no such array), UnknownFormat (several), HeaderNotFound, MissingColumn, AmbiguousColumn, Bomb.
    """
    array = the_array(text)
    form = contract.form
    keys = list(form.names) if form else objects.keys_of(text.file, elements(text.data, array.start))
    head, tally = placed.by_keys(text.file, keys, contract), Tally(physical=array.size)
    batches = objects.tables(elements(text.data, array.start), keys, head, tally, "element")
    return Batched(head, batches, tally)


def the_array(text: Text) -> Array:
    """The one array of objects of a document. Raises CorruptFile, EmptyFile, UnknownFormat."""
    found = _Search(text).arrays()
    if not found:
        raise EmptyFile(text.file, "no array of objects in it", "deliver the rows as an array of objects", line=1)
    if len(found) > 1:
        names = "、".join(a.name or "?" for a in found[:MANY])
        problem = f"{len(found)} arrays of objects in it ({names}): which one is the table cannot be told"
        raise UnknownFormat(text.file, problem, "deliver one array of objects per file", value=names)
    _refuse_rubble(text, found[0])
    return found[0]


def _refuse_rubble(text: Text, array: Array) -> None:
    """What stands around the array must be JSON too: in a damaged document it is rows, and the array is a piece of one. Raises CorruptFile."""
    around = len(text.data) - text.start - (array.end - array.start)
    try:
        if around > AROUND:
            raise ValueError(f"{around} bytes")
        words = text.data[text.start : array.start] + text.data[array.end :]
        json.loads(words.decode("utf-8", "replace").rstrip("; \t\r\n\0\x1a"), strict=False)
    except (ValueError, RecursionError) as error:
        problem = f"what stands around its array of objects is not JSON ({error})"
        raise CorruptFile(text.file, problem, "export and deliver the file again") from error


def elements(data: Bytes, start: int) -> Iterator[objects.Piece]:
    """(number from 1, bytes) of every element of the array whose `[` is before `start`."""
    begin, number = start, 1
    for marks in _scan(data, start):
        ends = np.flatnonzero((marks.depth == 0) & (marks.kind == _COMMA) | (marks.depth < 0))
        for end in marks.at[ends].tolist():
            yield number, data[begin:end]
            begin, number = end + 1, number + 1
        if marks.depth.size and marks.depth.min() < 0:
            return


@dataclass(frozen=True)
class _Marks:
    """Brackets and commas outside of strings: offsets, bytes, depth after each."""

    at: Offsets
    kind: npt.NDArray[np.uint8]
    depth: Offsets
    in_string: bool


def _scan(data: Bytes, start: int) -> Iterator[_Marks]:
    """The marks from `start`, which is outside of strings and at depth 0; up to the end of the data or of the array around `start`."""
    quotes = depth = 0
    while start < len(data):
        end = _cut(data, start)
        chunk = np.frombuffer(data[start:end], np.uint8)
        real = _real_quotes(chunk)
        at = np.flatnonzero(_MARKS[chunk])
        at = at[(np.searchsorted(real, at) + quotes) % 2 == 0]
        kind = chunk[at]
        depths = depth + np.cumsum(_STEP[kind], dtype=np.int64)
        below = np.flatnonzero(depths < 0)
        upto = int(below[0]) + 1 if below.size else len(at)
        quotes += len(real)
        yield _Marks(at[:upto] + start, kind[:upto], depths[:upto], quotes % 2 == 1)
        if below.size:
            return
        depth = int(depths[-1]) if depths.size else depth
        start = end


def _cut(data: Bytes, start: int) -> int:
    """Where a chunk ends: never between a backslash and what it escapes."""
    end = min(start + CHUNK, len(data))
    while end < len(data) and data[end - 1] == _BACKSLASH:
        end += 1
    return end


def _real_quotes(chunk: npt.NDArray[np.uint8]) -> Offsets:
    """Quotes that open or close a string: those after an odd number of backslashes do not."""
    quotes = np.flatnonzero(chunk == _QUOTE)
    escaped = np.zeros(len(quotes), bool)
    waiting = np.arange(len(quotes))
    for back in range(1, len(chunk) + 1):
        before = quotes[waiting] - back
        waiting = waiting[(before >= 0) & (chunk[np.maximum(before, 0)] == _BACKSLASH)]
        if not len(waiting):
            break
        escaped[waiting] ^= True
    return quotes[~escaped]


class _Search:
    """One pass over a document for its arrays of objects that lie in no other."""

    def __init__(self, text: Text) -> None:
        self.text, self.data = text, text.data
        self.found: list[Array] = []
        self._open: tuple[int, int] | None = None  # offset after the `[`, depth before it
        self._size = 0

    def arrays(self) -> list[Array]:
        """All of them. Raises CorruptFile where brackets or quotes are left open or closed twice."""
        depth, in_string = 0, False
        for marks in _scan(self.data, self.text.start):
            self._take(marks)
            depth = int(marks.depth[-1]) if marks.depth.size else depth
            in_string = marks.in_string
        if depth or in_string:
            what = "a string" if in_string else f"{abs(depth)} brackets"
            problem = (
                f"the JSON document leaves {what} open" if depth >= 0 else "a bracket is closed that was never opened"
            )
            raise CorruptFile(self.text.file, problem, "export and deliver the file again")
        return self.found

    def _take(self, marks: _Marks) -> None:
        at = 0
        while at < len(marks.at):
            at = self._opening(marks, at) if self._open is None else self._closing(marks, at)

    def _opening(self, marks: _Marks, at: int) -> int:
        for bracket in np.flatnonzero(marks.kind[at:] == ord("[")).tolist():
            offset = int(marks.at[at + bracket]) + 1
            spaces = _SPACES.match(self.data, offset)
            if spaces is not None and self.data[spaces.end() : spaces.end() + 1] == b"{":
                self._open, self._size = (offset, int(marks.depth[at + bracket]) - 1), 1
                return at + int(bracket) + 1
        return len(marks.at)

    def _closing(self, marks: _Marks, at: int) -> int:
        assert self._open is not None  # noqa: S101
        start, outside = self._open
        depth, kind = marks.depth[at:], marks.kind[at:]
        closed = np.flatnonzero(depth == outside)
        upto = int(closed[0]) if closed.size else len(depth)
        self._size += int(((depth[:upto] == outside + 1) & (kind[:upto] == _COMMA)).sum())
        if closed.size:
            self.found.append(Array(start, int(marks.at[at + upto]), self._size, self._name(start)))
            self._open = None
        return at + upto + 1

    def _name(self, start: int) -> str:
        named = _NAME.search(self.data[max(0, start - 200) : start - 1])
        return named[1].decode("utf-8", "replace") if named else ""
