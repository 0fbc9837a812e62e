"""The tables of a file, found without a contract, and their rows: the one place of this room that asks `intake`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from shuyuan.intake import delimited, sheets, text
from shuyuan.intake.read import Column, Dialect, Form, Reading, stream
from shuyuan.intake.rows import BLANKS

Top = list[tuple[int, list[str]]]
DEPTH = 40


@dataclass(frozen=True)
class Found:
    """One table of a file. `labels`: the header's text per column (joined where it has several rows), empty where it has none."""

    form: Form
    labels: tuple[str, ...]
    evidence: tuple[str, ...]


def found(path: Path, kind: str, sheet: str | None = None) -> list[Found]:
    """The tables of an unpacked file of that format, in file order; of a book, of its sheets (or of the one asked for)."""
    if kind in ("xlsx", "xls", "ods"):
        return [_of(list(islice(s.rows(), DEPTH)), None, s.name) for s in sheets.sheets_of(path, path.name, sheet)]
    loaded = text.load(path, path.name)
    tops = {
        d: [(r.line, r.cells) for r in islice(delimited.records(text.lines(loaded), d), DEPTH)]
        for d in delimited.DELIMITERS
    }
    delimiter = max(tops, key=lambda d: Counter(len(c) for _, c in tops[d]).most_common(1)[0])
    return [_of(tops[delimiter], Dialect(delimiter), None)]


def _of(top: Top, dialect: Dialect | None, sheet: str | None) -> Found:
    filled = [(line, [c.strip(BLANKS) for c in cells]) for line, cells in top]
    widest = max((sum(map(bool, cells)) for _, cells in filled), default=0)
    line, cells = next(((n, c) for n, c in filled if sum(map(bool, c)) >= max(1, widest // 2)), filled[0])
    labels = tuple(c for i, c in enumerate(cells) if c and cells.index(c) == i)
    return Found(Form(labels, (line,), dialect, sheet), labels, (f"header on line {line}",))


@contextmanager
def rows(path: Path, table: Found) -> Iterator[Reading]:
    """The rows of one table, under its form's names."""
    columns = [Column(name, (name,)) for name in table.form.names]
    with stream(path, columns, sheet=table.form.sheet, header_row=table.form.header[-1], form=table.form) as reading:
        yield reading
