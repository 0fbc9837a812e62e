"""Delimited text from beginning to end: pieces cut side by side, in file order, in memory that does not grow with the file.

Two lanes give the same rows. Fast: pyarrow over pieces of the bytes (`fast.py`). Careful: record by record through the csv module, for
whoever asks for it. The fast lane itself looks at irregular records one by one.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice, takewhile

import pyarrow as pa

from shuyuan.reader import footer, header
from shuyuan.reader.batched import Batched, Tally, without_footer
from shuyuan.reader.errors import HeaderNotFound
from shuyuan.reader.rows import (
    BATCH,
    BLANKS,
    STRAY,
    TORN,
    Contract,
    Dialect,
    Form,
    Gather,
    Head,
    Note,
    Parts,
    Told,
    reject,
)
from shuyuan.reader.texts import delimited, dialect, layout, text, tokens
from shuyuan.reader.texts.fast import Cutter, Piece, few_values, learned
from shuyuan.reader.texts.shift import Profile, surplus
from shuyuan.reader.texts.text import Text, lines

WORKERS = min(4, os.cpu_count() or 1)


def rows(source: Text, contract: Contract, *, compact: bool = False) -> Work:
    """A text of any dialect; `compact`: columns with few values may come as dictionaries. Raises the header errors."""
    if contract.form is not None:
        return _of_form(source, contract, contract.form, compact)
    try:
        delimiter, head = delimited.find_head(source, contract)
    except HeaderNotFound:
        found = _of_another_dialect(source, contract)
        if found is None:
            raise
        return found
    return Delimited(source, delimiter, head, delimited.head_lines(source, delimiter, head), compact=compact)


def _of_form(source: Text, contract: Contract, form: Form, compact: bool) -> Work:
    cut = form.dialect or Dialect()
    if not is_plain(cut) or form.last is not None:
        return AnyDialect(source, cut, header.of_form(source.file, contract, form, -1), form.begin, form.last)
    above = sum(1 for _ in takewhile(lambda r: r.line < form.begin, delimited.records(lines(source), cut.delimiter)))
    head = header.of_form(source.file, contract, form, above - 1)
    return Delimited(source, cut.delimiter, head, form.begin - 1, compact=compact)


def _of_another_dialect(source: Text, contract: Contract) -> Work | None:
    """A file that none of the usual delimiters cuts into the contract's columns: its dialect is found by content."""
    sniffed = dialect.sniff(list(islice(lines(source), dialect.SAMPLE))).dialect
    if is_plain(sniffed) and sniffed.delimiter in delimited.DELIMITERS:
        return None
    depth = max(header.DEPTH, contract.header_row or 0)
    top = list(islice((r for r in tokens.records(lines(source), sniffed) if not r.comment), depth))
    try:
        head = header.settle(source.file, [(r.line, r.cells) for r in top], contract)
    except HeaderNotFound:
        return None
    return AnyDialect(source, sniffed, head, top[head.index].line + top[head.index].raw.count("\n") + 1, None)


def is_plain(cut: Dialect) -> bool:
    """Does pyarrow's reader speak this dialect as we do?"""
    return cut == Dialect(cut.delimiter) and len(cut.delimiter) == 1 and cut.delimiter.isascii()


class Work(ABC):
    """A text being read. `batched` once; `lane` is known at its end."""

    head: Head
    tally: Tally

    def batched(self) -> Batched:
        """Its rows, piece by piece."""
        return Batched(self.head, without_footer(self._tables(), self.head, self.tally), self.tally)

    @property
    @abstractmethod
    def lane(self) -> str:
        """`fast`, or `careful` if records were looked at one by one."""

    @abstractmethod
    def _tables(self) -> Iterator[pa.Table]: ...


class AnyDialect(Work):
    """A text of a dialect that only the general grammar speaks: record by record. Data are lines `first` to `last`; lines outside are
    counted, not cut, so that many tables in one file do not cost as many readings of it."""

    lane = "careful"

    def __init__(self, source: Text, cut: Dialect, head: Head, first: int, last: int | None) -> None:
        self.source, self.dialect, self.head, self.first, self.last = source, cut, head, first, last
        self.tally = Tally()

    def _tables(self) -> Iterator[pa.Table]:
        profile = Profile(self.head.width)
        gather = Gather(self.head, lambda cells: surplus(cells, profile))
        source = lines(self.source)
        above = self._outside(islice(source, self.first - 1))
        inside = source if self.last is None else islice(source, max(self.last - above, 0))
        for record in tokens.records(inside, self.dialect, above + 1):
            self.tally.physical += 1
            if record.comment:
                self.tally.preamble += 1
                continue
            self._take(gather, record)
            profile.learn(record.cells)
            if len(gather.rejects) + gather.blank + gather.held >= BATCH:
                yield self._drain(gather)
        self._outside(source)
        yield self._drain(gather)
        self.tally.notes += gather.notes()
        self.tally.notes.append(Note("dialect", f"read record by record: {_said(self.dialect)}"))

    def _outside(self, found: Iterator[str]) -> int:
        """Count lines that are no data."""
        number = sum(1 for _ in found)
        self.tally.physical += number
        self.tally.preamble += number
        return number

    def _take(self, gather: Gather, record: tokens.Record) -> None:
        take(gather, record, self.dialect)
        if any(cell.strip(BLANKS) for cell in record.cells):
            self.tally.ends_with([(record.line, record.cells)])

    def _drain(self, gather: Gather) -> pa.Table:
        self.tally.rejects += gather.rejects
        self.tally.blank += gather.blank
        gather.rejects, gather.blank = [], 0
        return gather.drain()


def _said(cut: Dialect) -> str:
    if cut.widths:
        return f"columns of fixed width {'、'.join(map(str, cut.widths))}"
    parts = [f"delimiter {cut.delimiter!r}", f"quote {cut.quote!r}"]
    parts += [f"escape {cut.escape!r}"] if cut.escape else []
    return ", ".join(parts + ([f"comment {cut.comment!r}"] if cut.comment else []))


class Delimited(Work):
    """A delimited text whose header is known and ends on physical line `above`."""

    def __init__(self, source: Text, delimiter: str, head: Head, above: int, *, compact: bool = False) -> None:
        self.source, self.delimiter, self.head, self.above, self.compact = source, delimiter, head, above, compact
        self.tally = Tally(physical=head.index + 1, preamble=head.index + 1)
        self.trailing = Told()
        self.beyond = Told()
        self.irregular = 0

    @property
    def lane(self) -> str:
        return "careful" if self.irregular else "fast"

    def _tables(self) -> Iterator[pa.Table]:
        for piece in self._pieces():
            self.tally.physical += piece.physical
            self.tally.blank += piece.blank
            self.tally.rejects += piece.rejects
            self.tally.ends_with(piece.tail)
            self.trailing.add(piece.trailing.rows, piece.trailing.first)
            self.beyond.add(piece.beyond.rows, piece.beyond.first)
            self.irregular += piece.irregular
            yield piece.table
        self._notes()

    def _notes(self) -> None:
        gather = Gather(self.head)
        gather.trailing, gather.beyond = self.trailing, self.beyond
        self.tally.notes += gather.notes()
        if self.irregular:
            count = f"{self.irregular} records"
            self.tally.notes.append(
                Note("careful_lane", f"{count} read one by one: irregular quotes, line ends or bytes")
            )

    def _pieces(self) -> Iterator[Piece]:
        """Pieces in order, the next ones cut ahead. Where one ends elsewhere than foreseen, those ahead are cut anew."""
        at, line = text.after(self.source, self.above), self.above + 1
        cutter = Cutter(self.source, self.delimiter, self.head)
        if self.compact and at < len(self.source.data):
            piece = cutter.cut(at, self._stop(at), line)
            cutter.few = few_values(piece.table).intersection(self.head.places)
            at, line = piece.stop, line + piece.height
            yield replace(piece, table=cutter.typed(piece.table))
        ahead: deque[tuple[int, int, Future[Piece]]] = deque()
        with ThreadPoolExecutor(WORKERS, "cut") as pool:
            while ahead or at < len(self.source.data):
                while len(ahead) <= WORKERS and at < len(self.source.data):
                    stop, first = self._stop(at), line
                    line += layout.feeds(self.source.data, at, stop)
                    ahead.append((stop, line, pool.submit(cutter.cut, at, stop, first)))
                    at = stop
                foreseen, below, future = ahead.popleft()
                piece = future.result()
                if ahead and (piece.stop, piece.line + piece.height) != (foreseen, below):
                    for *_, waste in ahead:
                        waste.cancel()
                    ahead.clear()
                    at, line = piece.stop, piece.line + piece.height
                self.source.forget(0, piece.stop)
                yield piece

    def _stop(self, at: int) -> int:
        return layout.boundary(self.source.data, at)


def read_delimited(source: Text, contract: Contract, lane: str | None = None) -> tuple[Head, Parts, str]:
    """(head, parts, lane taken), all at once. `lane="careful"`: record by record. Raises the header errors."""
    if lane == "careful":
        delimiter, head = delimited.find_head(source, contract)
        return head, careful(source, delimiter, head), lane
    work = rows(source, contract)
    return *work.batched().collect(), work.lane


def take(gather: Gather, record: delimited.Record | tokens.Record, cut: Dialect) -> None:
    """One record, with what its quotes say."""
    if not record.sound:
        gather.rejects.append(reject(record.line, record.raw, STRAY))
    elif tokens.torn(record.raw, cut):
        gather.rejects.append(reject(record.line, record.raw, TORN))
    else:
        gather.add(record.line, record.cells, record.raw)


def careful(source: Text, delimiter: str, head: Head) -> Parts:
    """Every record through the csv module; the control count comes from `delimited.count`, which does not use it."""
    profile = learned(source, delimiter, head)
    gather = Gather(head, lambda cells: surplus(cells, profile))
    tail: deque[tuple[int, list[str]]] = deque(maxlen=footer.DEPTH)
    for at, record in enumerate(delimited.records(lines(source), delimiter)):
        if at <= head.index:
            continue
        take(gather, record, Dialect(delimiter))
        if record.raw.strip(BLANKS + delimiter + '"'):
            tail.append((record.line, record.cells))
    total = delimited.count(text.as_utf8(source), delimiter)
    parts = Parts(gather.table(), gather.rejects, total, gather.blank, head.index + 1, gather.notes())
    return footer.cut(parts, tail, head)
