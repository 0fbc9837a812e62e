"""What a text file is, found without a contract: its dialect, its tables, their headers, and what stands above, between and below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, takewhile
from pathlib import Path

from shuyuan.reader import footer, heads
from shuyuan.reader.errors import EmptyFile
from shuyuan.reader.rows import BLANKS, Dialect, Form, Note
from shuyuan.reader.texts import dialect, text
from shuyuan.reader.texts.tokens import Record, records

SCAN = 100_000  # records looked at for further tables and the footer; a longer file is read no further here
RUN = 3  # rows of another width that make another table; fewer are damaged rows
_PROBE = 40  # rows that tell whether a table begins
TABLES = 32  # of one file; what is below the last of them belongs to it
PROBES = (
    1_000  # places at which another table may begin that are looked at: a long file full of gaps must not take minutes
)
_SEARCHED = f"not searched for further tables below: {TABLES} tables, or {PROBES} places where one may begin, are as far as it goes"


@dataclass(frozen=True)
class Table:
    """One table of a file.

    `form`: what reading needs. `first`: physical line of the first data row with content, None if there is none; `last`: that of the
    table's end, None if it goes on to the end of the file. `preamble`: lines above the header
    that belong to no table. `footer`: lines of totals and signatures. `named`: the names are the file's own.
    """

    form: Form
    first: int | None
    last: int | None
    preamble: tuple[int, ...]
    footer: tuple[int, ...]
    width: int
    named: bool
    why: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """What a file holds. `tables` is empty if there is none, `why` then says so; `complete` if the whole file was looked at."""

    tables: tuple[Table, ...]
    sniffed: dialect.Sniffed | None
    encoding: str | None
    comments: tuple[int, ...]
    complete: bool
    notes: tuple[Note, ...]
    why: str


def forms(path: Path, encoding: str | None = None) -> Found:
    """The tables of a delimited or fixed-width text file; `encoding` is a hint. Raises WrongEncoding; an empty file has no tables."""
    try:
        source = text.load(path, path.name, encoding)
    except EmptyFile as error:
        return Found((), None, None, (), True, (), str(error))
    lines = text.lines(source)
    sample = list(islice(lines, dialect.SAMPLE))
    sniffed = dialect.sniff(sample)
    rows, comments, complete = _rows(records(chain(sample, lines), sniffed.dialect))
    tables = tuple(_tables(rows, sniffed.dialect, complete))
    why = sniffed.why if tables else "no row has content"
    return Found(tables, sniffed, source.encoding, comments, complete, source.notes, why)


def _rows(found: Iterator[Record]) -> tuple[list[Record], tuple[int, ...], bool]:
    """(the first `SCAN` records without comments, lines of the comments, was that all?)."""
    rows: list[Record] = []
    comments: list[int] = []
    for record in islice(found, SCAN):
        if record.comment:
            comments.append(record.line)
        else:
            rows.append(record)
    return rows, tuple(comments), next(found, None) is None


def _tables(rows: Sequence[Record], cut: Dialect, complete: bool) -> Iterator[Table]:
    """Tables one below the other."""
    at, number, tries = 0, 1, iter(range(PROBES))
    while at < len(rows):
        top = heads.table_in(_content(rows[at:]))
        if not top.names:
            return
        top = _small_one_above(rows[at:], top) or top
        begin = _index(rows, at, max((*top.header, top.first or 0)))
        more = top.first is not None and number < TABLES
        stop = _next_table(rows, begin + 1, top, tries) if more else len(rows)
        if number == TABLES or next(tries, None) is None:
            top = replace(top, why=(*top.why, _SEARCHED))
        yield _table(rows[at:stop], top, cut, stop == len(rows), complete)
        at, number = stop, number + 1


def _small_one_above(rows: Sequence[Record], top: heads.Top) -> heads.Top | None:
    """A table of few rows that the search took for the preamble of a longer one below it."""
    edge = min((*top.header, top.first or 0))
    above = list(takewhile(lambda r: r.line < edge, rows))
    if not any(_run(above, i) for i in range(len(above))):
        return None
    small = heads.table_in(_content(above))
    named = small.named and small.contrast > 0 and small.first is not None
    return small if named and not any(heads.is_label(r.cells) for r in above if r.line >= small.header[0]) else None


def _content(rows: Sequence[Record]) -> list[tuple[int, list[str]]]:
    """The first rows with content, as many as a search for the header looks at."""
    return list(islice(((r.line, r.cells) for r in rows if _filled(r)), heads.LOOK))


def _filled(record: Record) -> bool:
    return any(c.strip(BLANKS) for c in record.cells)


def _index(rows: Sequence[Record], start: int, line: int) -> int:
    return next(i for i in range(start, len(rows)) if rows[i].line >= line)


def _table(rows: Sequence[Record], top: heads.Top, cut: Dialect, to_end: bool, complete: bool) -> Table:
    edge = min((*top.header, top.first or rows[-1].line + 1))
    above = tuple(r.line for r in rows if r.line < edge and _filled(r))
    tail = tuple(_footer(rows, top)) if complete or not to_end else ()
    last = None if to_end else rows[-1].line + rows[-1].height - 1
    form = Form(top.names, top.header, cut, None, _begin(rows, top), last)
    return Table(form, top.first, last, above, tail, top.width, top.named, top.why)


def _begin(rows: Sequence[Record], top: heads.Top) -> int | None:
    """The line at which the data begin, where it is not the line after the header's last: a header record may have several lines."""
    if not top.header:
        return top.first if top.first != 1 else None
    head = next(r for r in rows if r.line == top.header[-1])
    return head.line + head.height if head.height > 1 else None


def _footer(rows: Sequence[Record], top: heads.Top) -> list[int]:
    found: list[int] = []
    below = [r for r in rows if top.first is not None and r.line >= top.first and _filled(r)]
    for record in reversed(below[-footer.DEPTH :]):
        if not footer.is_footer(record.cells, top.width):
            break
        found.insert(0, record.line)
    return found


def _next_table(rows: Sequence[Record], start: int, top: heads.Top, tries: Iterator[int]) -> int:
    """Index at which another table begins, its title lines included; the number of rows if none does. Each probe costs one of `tries`."""
    head = _header_cells(rows, top)
    usual = len(rows[start - 1].cells)
    for at in range(start, len(rows)):
        record = rows[at]
        if head and record.cells == head and record.line > max(top.header):
            return _back(rows, at, start)
        if record.sound and len(record.cells) != usual and _run(rows, at) and _begins(rows, at, tries):
            return _back(rows, at, start)
        if at > start and not _filled(rows[at - 1]) and _filled(record) and _begins(rows, at, tries, after_gap=True):
            return _back(rows, at, start)
    return len(rows)


def _header_cells(rows: Sequence[Record], top: heads.Top) -> list[str]:
    return next((r.cells for r in rows if top.header and r.line == top.header[-1]), [])


def _run(rows: Sequence[Record], at: int) -> bool:
    """Do at least `RUN` rows of one width, two cells or more, begin here?"""
    size = len(rows[at].cells)
    block = rows[at : at + RUN]
    return size > 1 and len(block) == RUN and all(len(r.cells) == size and _filled(r) and r.sound for r in block)


def _begins(rows: Sequence[Record], at: int, tries: Iterator[int], after_gap: bool = False) -> bool:
    """Does a header stand here, at once or after title lines? No, once there are no more `tries`."""
    if next(tries, None) is None:
        return False
    probe = _content(rows[at : at + _PROBE])
    top = heads.table_in(probe)
    if not (top.named and top.first is not None and top.header):
        return False
    return (
        top.header[0] == rows[at].line
        if not after_gap
        else top.contrast > 0 and top.header[0] <= rows[at].line + heads.MOST
    )


def _back(rows: Sequence[Record], at: int, start: int) -> int:
    """The table's own title lines: single cells directly above its header, after a gap."""
    begin = at
    while begin > start and sum(1 for c in rows[begin - 1].cells if c.strip(BLANKS)) == 1 and len(rows[at].cells) > 2:
        begin -= 1
    return begin
