"""The one door of reading: any real file in, rows as text out, every physical row accounted for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from shuyuan.reader import archives, formats
from shuyuan.reader.batched import Batched
from shuyuan.reader.books import sheets
from shuyuan.reader.errors import ConservationError
from shuyuan.reader.records import dbf, json_rows, records
from shuyuan.reader.rows import Account, Column, Contract, Dialect, Form, Note, RawRows, Reject, schema
from shuyuan.reader.texts import lanes, text

__all__ = ["Account", "Column", "Dialect", "Form", "Note", "RawRows", "Reading", "Reject", "read", "stream"]


class Reading:
    """A file being read: take `batches()` once to the end, then `account()` says what became of every physical row."""

    def __init__(self, work: Batched, finish: Callable[[Batched], Account]) -> None:
        self._work, self._finish = work, finish
        self._rows = self._taken = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of every batch, `_line` left out."""
        return self._work.head.names

    def batches(self) -> Iterator[pa.Table]:
        """Rows in file order: one string column per asked column (empty cell → null) and `_line` int64. At least one batch comes."""
        none = True
        for table in self._work.batches:
            self._rows, none = self._rows + table.num_rows, False
            yield table
        if none:
            yield schema(self.columns).empty_table()

    def take_rejects(self) -> list[Reject]:
        """Rejects since the last call, so that they need not pile up; what may still turn out to be a footer waits."""
        tally = self._work.tally
        edge = tally.tail[0][0] if tally.tail else None
        ripe = [r for r in tally.rejects if edge is None or r.line < edge]
        if ripe:
            tally.rejects = [r for r in tally.rejects if edge is not None and r.line >= edge]
            self._taken += len(ripe)
        return ripe

    def account(self) -> Account:
        """Counts and notes of the whole file, and the rejects not taken. Raises ConservationError when the equation does not hold."""
        account = self._finish(self._work)
        return conserve(replace(account, rows=self._rows, rejected=self._taken + len(account.rejects)))


@contextmanager
def stream(
    path: Path,
    columns: Sequence[Column],
    *,
    encoding: str | None = None,
    sheet: str | None = None,
    header_row: int | None = None,
    constants: Mapping[str, str] | None = None,
    form: Form | None = None,
    compact: bool = False,
) -> Iterator[Reading]:
    """Read a delivery batch by batch, in memory that does not grow with the file.

    A delivery is csv or any other delimited or fixed-width text, xlsx, xls, ods, json, jsonl, parquet, dbf, or one of them in a zip or
    gzip. Format and encoding are found by content; `encoding` is only a hint. `header_row` (1-based physical line) and `sheet` force what
    is otherwise found by matching the contract's headers in the first 30 rows. `constants` fills columns that the delivery does not carry.
    `form`: the table lies there, under these names; no header is searched and the columns are found by name in `form.names`.
    `compact`: columns with few values may come as dictionaries instead of strings.

    Values come exactly as written: nothing is trimmed or guessed; an empty cell is null. A damaged row is a `Reject`; a file that cannot
    be read or is not the promised table raises a `ReadError` (see `shuyuan.reader.errors`). A table without rows is not an error: it has
    the note `header_only`.
    """
    contract = Contract(tuple(columns), encoding, sheet, header_row, dict(constants or {}), form)
    kind = formats.detect(path, path.name)
    with archives.opened(path, kind) as (table, file, inner):
        said = _format_notes(kind, inner, path.name, file)
        yield _open(table, file, inner, contract, said, compact=compact)


def read(
    path: Path,
    columns: Sequence[Column],
    *,
    encoding: str | None = None,
    sheet: str | None = None,
    header_row: int | None = None,
    constants: Mapping[str, str] | None = None,
    form: Form | None = None,
) -> RawRows:
    """The whole delivery at once; arguments, errors and promises as for `stream`."""
    asked = {"encoding": encoding, "sheet": sheet, "header_row": header_row, "constants": constants, "form": form}
    with stream(path, columns, **asked) as reading:  # type: ignore[arg-type]
        table = pa.concat_tables(list(reading.batches()))
        a = reading.account()
    return RawRows(table, a.rejects, a.physical, a.blank, a.preamble, a.notes, a.format, a.encoding, a.lane)


def conserve(account: Account) -> Account:
    """`account`, if every physical row is in it; raises ConservationError with both numbers if not."""
    a = account
    accounted = a.rows + a.rejected + a.blank + a.preamble
    if a.physical != accounted:
        raise ConservationError(
            a.file,
            f"{a.physical} physical rows, but {accounted} accounted for ({a.rows} read, "
            f"{a.rejected} rejected, {a.blank} blank, {a.preamble} above and below the data)",
            "keep the file and report it: this is a fault of the reader, no row was taken",
            value=str(a.physical - accounted),
        )
    return account


def _format_notes(kind: str, inner: str, name: str, file: str) -> list[Note]:
    notes = [Note("archive", f"the table was packed: {file}")] if kind in formats.ARCHIVES else []
    if not formats.suits_name(kind, name):
        notes.append(Note("format_by_content", f"{name} is {inner if kind == inner else kind} by content"))
    return notes


def _open(path: Path, file: str, kind: str, contract: Contract, said: list[Note], *, compact: bool) -> Reading:
    if kind in formats.BOOKS:
        return _reading(sheets.rows(path, file, contract), file, kind, said, lane="sheet")
    if kind == "parquet":
        return _reading(records.parquet_rows(path, file, contract), file, kind, said)
    if kind == "dbf":
        return _reading(dbf.rows(path, file, contract), file, kind, said)
    source = text.load(path, file, contract.encoding)
    said += source.notes
    if kind in _JSON:
        work = _JSON[kind](text.as_utf8(source), contract)
        return _reading(work, file, kind, said, encoding=source.encoding)
    cut = lanes.rows(source, contract, compact=compact)
    return _reading(cut.batched(), file, kind, said, encoding=source.encoding, lane=lambda: cut.lane)


_JSON = {"json": json_rows.rows, "jsonl": records.jsonl_rows}


def _reading(
    work: Batched,
    file: str,
    kind: str,
    said: list[Note],
    *,
    encoding: str | None = None,
    lane: str | Callable[[], str] | None = None,
) -> Reading:
    def finish(work: Batched) -> Account:
        tally = work.tally
        notes = [*said, *work.head.notes, *tally.notes]
        if tally.physical == tally.blank + tally.preamble:
            notes.append(Note("header_only", "the header is there and no row follows"))
        return Account(
            file=file,
            rows=0,
            rejected=0,
            rejects=tuple(sorted(tally.rejects, key=lambda r: r.line)),
            physical=tally.physical,
            blank=tally.blank,
            preamble=tally.preamble,
            notes=tuple(notes),
            format=kind,
            encoding=encoding,
            lane=(lane() if callable(lane) else lane) or kind,
        )

    return Reading(work, finish)
