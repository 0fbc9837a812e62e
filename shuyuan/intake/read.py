"""The one door of reading: any real file in, rows as text out, every physical row accounted for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from shuyuan.intake import archives, formats, lanes, records, sheets, text
from shuyuan.intake.errors import ConservationError
from shuyuan.intake.rows import Account, Column, Contract, Dialect, Form, Head, Note, Parts, RawRows, Reject

__all__ = ["Account", "Column", "Dialect", "Form", "Note", "RawRows", "Reading", "Reject", "read", "stream"]


class Reading:
    """A file being read: take `batches()` once to the end, then `account()` says what became of every physical row."""

    def __init__(self, rows: RawRows) -> None:
        self._rows = rows

    def batches(self) -> Iterator[pa.Table]:
        """Rows in file order: one string column per asked column (empty cell → null) and `_line` int64."""
        yield self._rows.table

    def account(self) -> Account:
        """Rejects, counts and notes of the whole file. Raises ConservationError when the equation does not hold."""
        rows = self._rows
        return Account(
            rows.table.num_rows,
            rows.rejects,
            rows.physical,
            rows.blank,
            rows.preamble,
            rows.notes,
            rows.format,
            rows.encoding,
            rows.lane,
        )


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
) -> Iterator[Reading]:
    """Read a delivery batch by batch, in memory that does not grow with the file. Arguments and errors as for `read`.

    `form`: the table lies there, under these names; no header is searched and the columns are found by name in `form.names`.
    """
    yield Reading(read(path, columns, encoding=encoding, sheet=sheet, header_row=header_row, constants=constants))


def read(
    path: Path,
    columns: Sequence[Column],
    *,
    encoding: str | None = None,
    sheet: str | None = None,
    header_row: int | None = None,
    constants: Mapping[str, str] | None = None,
) -> RawRows:
    """Read a delivery (csv, xlsx, xls, jsonl, parquet, or one of them in a zip or gzip) as rows of text.

    Format and encoding are found by content; `encoding` is only a hint. `header_row` (1-based physical line) and `sheet`
    force what is otherwise found by matching the contract's headers in the first 30 rows. `constants` fills columns that the
    delivery does not carry. Values come exactly as written: nothing is trimmed or guessed; an empty cell is null.

    A damaged row is a `Reject`; a file that cannot be read or is not the promised table raises a `ReadError`
    (see `shuyuan.intake.errors`). A table without rows is not an error: it has the note `header_only`.
    """
    contract = Contract(tuple(columns), encoding, sheet, header_row, dict(constants or {}))
    kind = formats.detect(path, path.name)
    with archives.opened(path, kind) as (table, file, inner):
        notes = _format_notes(kind, inner, path.name, file)
        result = _read(table, file, inner, contract)
    return conserve(file, replace(result, notes=(*notes, *result.notes)))


def conserve(file: str, rows: RawRows) -> RawRows:
    """`rows`, if every physical row is accounted for; raises ConservationError with both numbers if not."""
    accounted = rows.table.num_rows + len(rows.rejects) + rows.blank + rows.preamble
    if rows.physical != accounted:
        raise ConservationError(
            file,
            f"{rows.physical} physical rows, but {accounted} accounted for ({rows.table.num_rows} read, "
            f"{len(rows.rejects)} rejected, {rows.blank} blank, {rows.preamble} above and below the data)",
            "keep the file and report it: this is a fault of the reader, no row was taken",
            value=str(rows.physical - accounted),
        )
    return rows


def _format_notes(kind: str, inner: str, name: str, file: str) -> list[Note]:
    notes = [Note("archive", f"the table was packed: {file}")] if kind in formats.ARCHIVES else []
    if not formats.suits_name(kind, name):
        notes.append(Note("format_by_content", f"{name} is {inner if kind == inner else kind} by content"))
    return notes


def _read(path: Path, file: str, kind: str, contract: Contract) -> RawRows:
    if kind in formats.BOOKS:
        if kind == "xlsx":
            archives.check_book(path, file)
        head, parts = sheets.read_book(path, file, contract)
        return _result(head, parts, kind, None, "sheet")
    if kind == "parquet":
        return _result(*records.read_parquet(path, file, contract), kind, None, kind)
    source = text.load(path, file, contract.encoding)
    if kind == "jsonl":
        head, parts = records.read_jsonl(source, contract)
        lane = kind
    else:
        head, parts, lane = lanes.read_delimited(source, contract)
    parts.notes[:0] = source.notes
    return _result(head, parts, kind, source.encoding, lane)


def _result(head: Head, parts: Parts, kind: str, encoding: str | None, lane: str) -> RawRows:
    notes = [*head.notes, *parts.notes]
    if not parts.table.num_rows and not parts.rejects:
        notes.append(Note("header_only", "the header is there and no row follows"))
    return RawRows(
        table=parts.table,
        rejects=tuple(sorted(parts.rejects, key=lambda r: r.line)),
        physical=parts.physical,
        blank=parts.blank,
        preamble=parts.preamble,
        notes=tuple(notes),
        format=kind,
        encoding=encoding,
        lane=lane,
    )
