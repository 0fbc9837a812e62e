"""What must hold of any file, however damaged: it is read or refused by name, and every mark that is left in its bytes is told.

Checks look at the file on their own (decoded text, openpyxl, the marks of `fuzz_corpus`), never through the reader's counts.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import openpyxl
import pyarrow as pa
from fuzz_corpus import COLUMNS

from shuyuan.reader import archives, discover, formats
from shuyuan.reader import rows as row_module
from shuyuan.reader.books import books, html_tables, xlsx_lane
from shuyuan.reader.errors import ConservationError, ReadError
from shuyuan.reader.read import Note, Reject, read
from shuyuan.reader.records import dbf, json_rows, objects, records
from shuyuan.reader.texts import lanes, layout, text
from shuyuan.survey import encodings, look, tables
from shuyuan.survey.books import extents

MARK = re.compile(r"[KN]\d{4}[QZ]")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_DROPPED = str.maketrans("", "", "\"'\\")
_OF_2022 = re.compile(
    "[\ufe10-\ufe19\u1e3f\u9fb4-\u9fbb\U00020087-\U000241fe]"
)  # what Python decodes by the GB 18030 of 2000
_TELLS_LESS = {"extra_column", "empty_header", "beyond_header"}  # notes on columns that are not read
Marks = Counter[str]
T = TypeVar("T")


class Broken(Exception):
    """A promise that does not hold: its name, and what was seen."""

    def __init__(self, promise: str, detail: str) -> None:
        super().__init__(f"{promise}: {detail}")
        self.promise = promise


@dataclass(frozen=True)
class Got:
    """One table as read: `lines` of its rows, cells by row, rejects, notes and counts."""

    lines: list[int]
    cells: list[list[str | None]]
    rejects: tuple[Reject, ...]
    notes: tuple[Note, ...]
    counts: tuple[int, int, int]  # physical, blank, preamble

    def comparable(self) -> tuple[object, ...]:
        """All but how it was read."""
        told = [n for n in self.notes if n.kind != "careful_lane"]
        return self.lines, self.cells, self.rejects, self.counts, told

    def marks(self, between: str = "\t") -> dict[int, Marks]:
        """Line → marks, of rows and rejects; `between`: what may stand between two cells of a mark that was cut in two."""
        rows = zip(self.lines, self.cells, strict=True)
        found = {n: _marks(between.join(c or "\t" for c in cells)) for n, cells in rows}
        return found | {r.line: _marks(r.raw.replace("\t", between)) for r in self.rejects}


def check(path: Path, *, measured: bool = True) -> str:
    """What became of a file (`read` or the code of its refusal), once every promise held. Raises Broken.

    `measured`: its columns are profiled too, which takes most of the time.
    """
    outcome, got = refused(lambda: contracted(path))
    with small_pieces(path.stat().st_size):
        again = refused(lambda: contracted(path))
    _same(outcome, again[0])
    if got is not None and again[1] is not None:
        _accounted(got)
        if not {n.kind for n in (*got.notes, *again[1].notes)} & {
            "error_cells"
        }:  # the two lanes of xlsx tell errors differently
            _same(got.comparable(), again[1].comparable())
    if measured:
        refused(lambda: look.inspect(path))
    refused(lambda: _inside(path, got))
    return outcome


def refused(call: Callable[[], T]) -> tuple[str, T | None]:
    """(`read`, what was read) or (why not, None). Raises Broken for a refusal that is none."""
    try:
        return "read", call()
    except ConservationError as error:
        raise Broken("every physical row is accounted for", str(error)) from error
    except ReadError as error:
        if "Way out" not in str(error) or not str(error).encode():
            raise Broken("a refusal names the way out", str(error)) from error
        return error.code, None


def contracted(path: Path) -> Got:
    """The file read by the contract of the corpus."""
    raw = read(path, COLUMNS)
    raw.table.validate(full=True)
    return _got(raw.table, raw.rejects, raw.notes, (raw.physical, raw.blank, raw.preamble))


def _got(table: pa.Table, rejects: Sequence[Reject], notes: Sequence[Note], counts: tuple[int, int, int]) -> Got:
    columns = [table[n].to_pylist() for n in table.column_names if n != "_line"]
    cells = [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in range(table.num_rows)]
    return Got(table["_line"].to_pylist(), cells, tuple(rejects), tuple(notes), counts)


def _same(one: object, other: object) -> None:
    if one != other:
        raise Broken("small pieces give what one piece gives", f"{str(one)[:300]} / {str(other)[:300]}")


def _accounted(got: Got) -> None:
    physical, blank, preamble = got.counts
    if physical != len(got.lines) + len(got.rejects) + blank + preamble:
        raise Broken("every physical row is accounted for", str(got.counts))
    if any(a >= b for a, b in zip(got.lines, got.lines[1:], strict=False)):
        raise Broken("lines rise", str(got.lines))
    if set(got.lines) & {r.line for r in got.rejects} or len({r.line for r in got.rejects}) < len(got.rejects):
        raise Broken("a line is a row or a reject, once", str(got.lines))
    for reject in got.rejects:
        f"{reject.raw}{reject.value}{reject.message}".encode()
    for note in got.notes:
        note.message.encode()


_SIZES: tuple[tuple[Any, str, int], ...] = (
    (layout, "PIECE", 997), (json_rows, "CHUNK", 61), (objects, "BLOCK", 3), (books, "BLOCK", 4), (html_tables, "BLOCK", 4),
    (html_tables, "CHUNK", 97), (xlsx_lane, "CHUNK", 499), (dbf, "BLOCK", 3), (lanes, "BATCH", 5), (row_module, "BATCH", 5),
    (records, "BATCH", 3), (text, "CHUNK", 211),
)  # fmt: skip


@contextmanager
def small_pieces(size: int) -> Iterator[None]:
    """The reader works on pieces so small that even a small file has many."""
    scale = 1 + size // 50_000
    patches = [patch.object(module, name, value * scale) for module, name, value in _SIZES]
    for p in patches:
        p.start()
    try:
        yield
    finally:
        for p in patches:
            p.stop()


def _inside(path: Path, got: Got | None) -> None:
    """Promises that need the unpacked file."""
    kind = formats.detect(path, path.name)
    with archives.opened(path, kind) as (inner, _, inner_kind):
        if inner_kind in formats.BOOKS:
            extents(inner, inner_kind)
        elif inner_kind not in {"parquet", "dbf"}:
            encodings.count(inner)
        _CHECKS.get(inner_kind, _books)(inner, got)


def _formed(path: Path, kind: str) -> list[tuple[tables.Found, Got]]:
    """Every table of the file by its own form."""
    return [(found, _by_form(path, found)) for found in tables.found(path, kind)]


def _by_form(path: Path, found: tables.Found) -> Got:
    with tables.rows(path, found) as reading:
        table = pa.concat_tables(list(reading.batches()))
        a = reading.account()
    got = _got(table, a.rejects, a.notes, (a.physical, a.blank, a.preamble))
    _accounted(got)
    return got


def _marks(words: str) -> Marks:
    return Counter(MARK.findall(words))


# ── texts ───────────────────────────────────────────────────────────────────────────────────────


def _text(path: Path, got: Got | None) -> None:
    found = discover.forms(path)
    source = text.load(path, path.name)
    lines = _LINE.findall(decoded(path.read_bytes(), source.encoding))
    if got is not None and not _TELLS_LESS & {n.kind for n in got.notes}:
        _owned(lines, got.marks(), _footers(got) | _preamble(lines, got), "by contract", _cut(got))
    if got is not None:
        _verbatim(lines, got)
    if not found.complete or not found.tables:
        return
    kept: dict[int, Marks] = {}
    excused, cut = set(found.comments), set[int]()
    for table, (_, one) in zip(found.tables, _formed(path, "csv"), strict=True):
        marks = one.marks()
        if kept.keys() & marks.keys():
            raise Broken("a row belongs to one table", str(sorted(kept.keys() & marks.keys())))
        kept |= marks
        excused |= {*table.preamble, *table.form.header, *_footers(one)}
        cut |= _cut(one)
        _verbatim(lines, one)
    _owned(lines, kept, excused, "by form", cut)


def _cut(got: Got) -> set[int]:
    """Lines of rejects that keep only their first characters."""
    return {r.line for r in got.rejects if r.reason == "field_too_large"}


def decoded(data: bytes, encoding: str) -> str:
    """A text as its encoding says; what does not decode as lone surrogates."""
    if encoding == "utf-16":
        little = data[:2] == b"\xff\xfe" or (data[:2] != b"\xfe\xff" and data[1::2].count(0) > data[::2].count(0))
        words = data.decode("utf-16-le" if little else "utf-16-be", "replace")
    else:
        words = data.decode(encoding, "surrogateescape")
    return words.removeprefix("\ufeff")


def _footers(got: Got) -> set[int]:
    return {int(n) for note in got.notes if note.kind == "footer" for n in re.findall(r"line (\d+):", note.message)}


def _preamble(lines: list[str], got: Got) -> set[int]:
    """Lines above the first row; not more records than the reader says stand there."""
    first = min(got.marks(), default=len(lines) + 1)
    marked = [n for n, line in enumerate(lines[: first - 1], 1) if MARK.search(line)]
    quoted = any(c in line for line in lines[: first - 1] for c in "\"'")
    if len(marked) > got.counts[2] and not quoted:
        raise Broken(
            "no row above the first is lost", f"lines {marked} stand above line {first}, preamble {got.counts[2]}"
        )
    comments = {n for n, line in enumerate(lines, 1) if line.startswith(("#", "//", "%"))}
    return set(marked) | (comments if any("comment" in n.message for n in got.notes if n.kind == "dialect") else set())


def _owned(lines: list[str], kept: Mapping[int, Marks], excused: set[int], how: str, cut: set[int]) -> None:
    """Every mark stands in the row, or the reject, that begins on its line or on the nearest one above."""
    starts = sorted(kept.keys() | excused)
    wanted: dict[int, Marks] = {}
    for number, line in enumerate(lines, 1):
        if marks := _marks(line):
            at = bisect_right(starts, number)
            wanted.setdefault(starts[at - 1] if at else 0, Counter()).update(marks)
    for start in (wanted.keys() | kept.keys()) - excused - cut:
        if wanted.get(start, Counter()) != kept.get(start, Counter()):
            seen = f"line {start}: {dict(wanted.get(start, {}))} in the file, {dict(kept.get(start, {}))} told"
            raise Broken(f"what stands in a line is told of that line, {how}", seen)


def _verbatim(lines: list[str], got: Got) -> None:
    """No cell holds what the file does not."""
    whole = "".join(lines).translate(_DROPPED)
    for number, cells in zip(got.lines, got.cells, strict=True):
        for cell in cells:
            if cell and not _OF_2022.search(cell) and cell.translate(_DROPPED) not in whole:
                raise Broken("no cell is altered", f"line {number}: {cell[:80]!r}")


# ── records and books ───────────────────────────────────────────────────────────────────────────


def _json(path: Path, got: Got | None) -> None:
    source = text.load(path, path.name)
    present = _marks(decoded(path.read_bytes(), source.encoding))
    (_, formed), *_ = _formed(path, formats.detect(path, path.name))
    for one in (got, formed):
        if one is not None and not _cut(one) and (one is formed or not _TELLS_LESS & {n.kind for n in one.notes}):
            kept = _all(one)
            if kept != present:
                raise Broken(
                    "every mark of a JSON file is told", f"missing {present - kept}, too many {kept - present}"
                )


def _all(got: Got) -> Marks:
    return Counter(chain.from_iterable(m.elements() for m in got.marks().values()))


def _html(path: Path, _: Got | None) -> None:
    page = decoded(path.read_bytes(), text.load(path, path.name).encoding)
    formed = _formed(path, "html")
    kept: Marks = sum((_all(one) for _, one in formed), Counter())
    if kept - _marks(page):
        raise Broken("no mark is invented", str(kept - _marks(page)))
    titled = any(found.form.begin > 2 or _cut(one) for found, one in formed)  # what stands above a header is no row
    if titled or re.search(r"<(?:script|style|!)(?!.*<body>)|<[^<>]*<|rowspan|colspan", page, re.S):
        return
    inner = page.partition("<table")[2].partition("</table")[0]
    cells = Counter(m for words in re.findall(r"<td>([^<>]*)", inner) for m in MARK.findall(words))
    if lost := cells - kept - _heads(formed):
        raise Broken("every mark of a page's table is told", str(lost))


def _heads(formed: list[tuple[tables.Found, Got]]) -> Marks:
    return _marks("\n".join(name for found, _ in formed for name in (*found.form.names, *found.labels)))


def _dbf(path: Path, got: Got | None) -> None:
    data = path.read_bytes()
    number, body, length = (int.from_bytes(data[a:b], "little") for a, b in ((4, 8), (8, 10), (10, 12)))
    ((_, formed),) = _formed(path, "dbf")
    hidden = b"0" in data[43:body:32]  # a system column, which is no column
    if hidden or got is None or any(n.kind == "memo_absent" for n in formed.notes):
        return
    kept = formed.marks(between="")
    for n in range(number):
        record = data[body + n * length + 1 : body + (n + 1) * length].decode("gb18030", "surrogateescape")
        if _marks(record) - kept.get(n + 1, Counter()):
            raise Broken("every mark of a dBase record is told", f"record {n + 1}: {_marks(record)}")


def _books(path: Path, got: Got | None) -> None:
    kind = formats.detect(path, path.name)
    formed = _formed(path, kind)
    if kind != "xlsx":
        return
    oracle = _by_openpyxl(path)
    for found, one in formed:
        begin = found.form.begin
        rows = {n: m for n, m in oracle.get(found.form.sheet or "", {}).items() if n >= begin}
        kept = one.marks()
        lost = {n: m - kept.get(n, Counter()) for n, m in rows.items() if m - kept.get(n, Counter())}
        if lost and "beyond_header" not in {n.kind for n in one.notes}:
            raise Broken("every mark of a sheet is told", f"{found.form.sheet}: {lost}")


def _by_openpyxl(path: Path) -> dict[str, dict[int, Marks]]:
    """Sheet → row → marks, as openpyxl sees them; nothing where it does not open the book."""
    found: dict[str, dict[int, Marks]] = {}
    try:
        with path.open("rb") as handle:
            book = openpyxl.load_workbook(handle, read_only=True)
            for sheet in book.worksheets:
                rows = (r for r in sheet.iter_rows(max_row=2_000, max_col=40))
                found[sheet.title] = {
                    r[0].row: _marks("\n".join(str(c.value) for c in r)) for r in rows if r and hasattr(r[0], "row")
                }
    except Exception:  # whatever it does not open is no oracle
        return {}
    return found


_CHECKS: dict[str, Callable[[Path, Got | None], None]] = {
    "csv": _text, "json": _json, "jsonl": _json, "html": _html, "dbf": _dbf, "parquet": lambda _p, _g: None,
}  # fmt: skip
