"""The tables of a file, found without a contract, and their rows: the one place of this room that asks `reader`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from shuyuan.reader import discover, formats, heads
from shuyuan.reader.batched import Row
from shuyuan.reader.books import sheets
from shuyuan.reader.books.grid import Grid
from shuyuan.reader.errors import EmptyFile
from shuyuan.reader.names import tidy
from shuyuan.reader.read import Column, Dialect, Form, Reading, stream
from shuyuan.reader.records import dbf, json_rows, objects
from shuyuan.reader.records.records import parquet_names
from shuyuan.reader.texts import text
from shuyuan.reader.texts.tokens import records


@dataclass(frozen=True)
class Found:
    """One table of a file. `labels`: the text by which the lowest header row names each column, empty where none does."""

    form: Form
    labels: tuple[str, ...]
    evidence: tuple[str, ...]

    @property
    def by_name(self) -> bool:
        """Are the fields named by the format, so that no header has to be placed?"""
        return not self.form.header and self.form.dialect is None and self.form.sheet is None


def found(path: Path, kind: str, sheet: str | None = None) -> list[Found]:
    """The tables of an unpacked file of that format, in file order; of a book, of its sheets (or of the one asked for).

    Raises EmptyFile where there is none, and the errors of reading.
    """
    if kind in formats.BOOKS:
        tables = [table for grid in sheets.sheets_of(path, path.name, sheet) for table in _of_sheet(grid)]
    elif kind in formats.RECORDS:
        names = tuple(_fields(path, kind))
        tables = [Found(Form(names, ()), names, (f"the fields that {kind} names",))] if names else []
    else:
        tables = _of_text(path)
    if not tables:
        raise EmptyFile(path.name, "no table was found in it", "deliver a file with a header row and rows", line=1)
    return tables


def _of_sheet(grid: Grid) -> list[Found]:
    rows = grid.spread(grid.top(heads.LOOK), across=False)
    top = heads.table_in(rows)
    form = Form(top.names, top.header, None, grid.name)
    return [_table(form, rows, top.named, top.why)] if top.names else []


def _of_text(path: Path) -> list[Found]:
    """The tables of a text, one below the other."""
    look = discover.forms(path)
    forms = [replace(t.form, first=t.first or t.form.first, last=t.last) for t in look.tables]
    return [
        _table(form, _header_rows(path, form), t.named, (look.why, *t.why))
        for form, t in zip(forms, look.tables, strict=True)
    ]


def _header_rows(path: Path, form: Form) -> list[Row]:
    """The physical rows of a text's header."""
    if not form.header:
        return []
    cut = records(text.lines(text.load(path, path.name)), form.dialect or Dialect())
    return [(r.line, r.cells) for r in takewhile(lambda r: r.line <= max(form.header), cut)]


def _table(form: Form, top: Iterable[Row], named: bool, why: Sequence[str]) -> Found:
    """`top`: the first rows, those of the header among them."""
    lowest = [cells for line, cells in top if line in form.header][::-1]
    labels = [_label(lowest, at) if named else "" for at in range(len(form.names))]
    return Found(form, tuple(labels), tuple(why))


def _label(rows: Sequence[Sequence[str]], at: int) -> str:
    """What the lowest header row calls the column; where it is silent, the row above."""
    return next((tidy(cells[at]) for cells in rows if at < len(cells) and tidy(cells[at])), "")


def _fields(path: Path, kind: str) -> list[str]:
    """The fields that the rows name themselves."""
    if kind == "parquet":
        return parquet_names(path, path.name)
    if kind == "dbf":
        return dbf.fields(path, path.name)
    source = text.as_utf8(text.load(path, path.name))
    if kind == "json":
        pieces = json_rows.elements(source.data, json_rows.the_array(source).start)
    else:
        pieces = enumerate((line.encode("utf-8", "surrogateescape") for line in text.lines(source)), 1)
    return objects.keys_of(path.name, pieces)


@contextmanager
def rows(path: Path, table: Found) -> Iterator[Reading]:
    """The rows of one table; columns come in the form's order, whatever they are called."""
    if table.by_name:
        columns, form = [Column(name, (name,), required=False) for name in table.form.names], None
    else:  # by place: names of the file may differ in nothing but case or width
        places = tuple(f"c{at}" for at in range(len(table.form.names)))
        columns, form = [Column(name, ()) for name in places], replace(table.form, names=places)
    with stream(path, columns, sheet=table.form.sheet, form=form) as reading:
        yield reading
