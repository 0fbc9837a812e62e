"""The tables of a file, found without a contract, and their rows: the one place of this room that asks `intake`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from shuyuan.intake import discover, formats, heads, sheets
from shuyuan.intake.errors import EmptyFile
from shuyuan.intake.read import Column, Form, Reading, stream

BOOKS: Final = formats.BOOKS | {"ods", "xlsb"}
NAMED: Final = frozenset({"parquet", "jsonl", "json", "dbf"})  # formats whose fields have names of their own
OBJECTS: Final = 1_000  # lines of objects whose keys are the columns
_AGAIN: Final = re.compile(r"(.+)_(\d+)")


@dataclass(frozen=True)
class Found:
    """One table of a file. `labels`: the text by which a header row names each column, empty where it has none of its own;
    `levels`: the whole path of a header of several rows."""

    form: Form
    labels: tuple[str, ...]
    levels: tuple[str, ...]
    evidence: tuple[str, ...]

    @property
    def by_name(self) -> bool:
        """Are the fields named by the format, so that no header has to be placed?"""
        return not self.form.header and self.form.dialect is None and self.form.sheet is None


def found(path: Path, kind: str, sheet: str | None = None) -> list[Found]:
    """The tables of an unpacked file of that format, in file order; of a book, of its sheets (or of the one asked for).

    Raises EmptyFile where there is none, and the errors of reading.
    """
    if kind in BOOKS:
        tops = [(g.name, heads.table_in(g.spread(g.top(heads.LOOK)))) for g in sheets.sheets_of(path, path.name, sheet)]
        tables = [_table(Form(t.names, t.header, None, name), t.named, t.why) for name, t in tops if t.names]
    elif kind in NAMED:
        names = tuple(_fields(path, kind))
        tables = [Found(Form(names, ()), names, names, (f"the fields that {kind} names",))] if names else []
    else:
        tables = _of_text(path)
    if not tables:
        raise EmptyFile(path.name, "no table was found in it", "deliver a file with a header row and rows", line=1)
    return tables


def _of_text(path: Path) -> list[Found]:
    """The first table of a text; others below it are told, as reading takes their rows for rows of the first."""
    look = discover.forms(path)
    if not look.tables:
        return []
    first, *others = look.tables
    below = [f"another table begins on line {min((*t.form.header, t.first or 0))}" for t in others]
    return [_table(first.form, first.named, (look.why, *first.why, *below))]


def _table(form: Form, named: bool, why: Sequence[str]) -> Found:
    labels = tuple(_label(form, at) if named else "" for at in range(len(form.names)))
    return Found(form, labels, form.names if named else labels, tuple(why))


def _label(form: Form, at: int) -> str:
    """What the lowest header row calls the column; names that reading made up to have one for every column are no labels."""
    name = form.names[at]
    repeated = _AGAIN.fullmatch(name)
    if repeated and repeated[1] in form.names[:at]:
        name = repeated[1]
    if name == f"column_{at + 1}":
        return ""
    return name.rsplit("/", 1)[-1] if len(form.header) > 1 else name


def _fields(path: Path, kind: str) -> list[str]:
    if kind == "parquet":
        return list(pq.read_schema(path).names)
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        objects = (_object(line) for line in islice(lines, OBJECTS))
        return list(dict.fromkeys(key for entry in objects for key in entry))


def _object(line: str) -> dict[str, object]:
    try:
        read = json.loads(line)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


@contextmanager
def rows(path: Path, table: Found) -> Iterator[Reading]:
    """The rows of one table, under its form's names."""
    columns = [Column(name, (name,), required=False) for name in table.form.names]
    form = None if table.by_name else table.form
    with stream(path, columns, sheet=table.form.sheet, form=form) as reading:
        yield reading
