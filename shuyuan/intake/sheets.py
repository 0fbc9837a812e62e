"""Books (xlsx, xls) through calamine: which sheets belong to the contract, and every cell as the text it stands for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import islice
from pathlib import Path

import pyarrow as pa
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum

from shuyuan.intake import footer, header
from shuyuan.intake.cells import render
from shuyuan.intake.errors import CorruptFile, EmptyFile, SheetNotFound
from shuyuan.intake.rows import BLANKS, Contract, Gather, Head, Note, Parts


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name and its height, counted from row 1, as the book's own dimensions give it."""

    name: str
    cells: CalamineSheet
    height: int

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """(row number, cells as text), blank rows included."""
        for number, row in enumerate(self.cells.iter_rows(), 1):
            yield number, [render(v) for v in row]


def read_book(path: Path, file: str, contract: Contract) -> tuple[Head, Parts]:
    """All sheets whose header has every required column, one below the other.

    Raises CorruptFile, EmptyFile, SheetNotFound and the header errors (of the sheet that matches best).
    """
    depth = max(header.DEPTH, contract.header_row or 0)
    tops = [(s, list(islice(s.rows(), depth))) for s in sheets_of(path, file, contract.sheet)]
    matching = [(s, top) for s, top in tops if header.complete(top, contract)]
    if not matching:  # the best sheet says what is missing
        matching = [max(tops, key=lambda t: header.locate(t[1], contract)[1])]
    heads = [header.settle(f"{file}[{s.name}]", top, contract) for s, top in matching]
    taken = [s for s, _ in matching]
    parts = _join(taken, heads)
    parts.notes.extend(_sheet_notes([s for s, _ in tops], taken))
    return heads[0], parts


def sheets_of(path: Path, file: str, wanted: str | None) -> list[Sheet]:
    """The worksheets that hold anything (or the one named `wanted`). Raises CorruptFile, EmptyFile, SheetNotFound."""
    try:
        book = CalamineWorkbook.from_path(str(path))
        tables = [m.name for m in book.sheets_metadata if m.typ == SheetTypeEnum.WorkSheet]
        names = [n for n in tables if wanted is None or n == wanted]
        sheets = [_sheet(n, book.get_sheet_by_name(n)) for n in names]
    except (CalamineError, OSError) as error:
        raise CorruptFile(
            file, f"the book does not open ({error})", "open it, save it again and deliver that"
        ) from error
    if not names and wanted is not None:
        known = "、".join(book.sheet_names)
        raise SheetNotFound(
            file, f"no sheet {wanted!r}; there are: {known}", "name the sheet as the contract does", value=wanted
        )
    if not tables:
        raise CorruptFile(file, "the book has no worksheet", "open it, save it again and deliver that")
    filled = [s for s in sheets if s.height]
    if not filled:
        raise EmptyFile(file, "every sheet is empty", "deliver the file again", line=1)
    return filled


def _sheet(name: str, cells: CalamineSheet) -> Sheet:
    return Sheet(name, cells, 0 if cells.end is None else cells.end[0] + 1)


def _join(sheets: Sequence[Sheet], heads: Sequence[Head]) -> Parts:
    offset = 0
    joined: list[Parts] = []
    for sheet, head in zip(sheets, heads, strict=True):
        joined.append(_one(sheet, head, offset))
        offset += sheet.height
    for parts, sheet, head in list(zip(joined, sheets, heads, strict=True))[1:]:
        parts.notes.extend(Note(n.kind, f"sheet {sheet.name}: {n.message}") for n in head.notes)
    return reduce(_add, joined)


def _one(sheet: Sheet, head: Head, offset: int) -> Parts:
    gather = Gather(head)
    tail: deque[tuple[int, list[str]]] = deque(maxlen=footer.DEPTH)
    for row_number, cells in sheet.rows():
        if row_number <= head.line:
            continue
        gather.add(offset + row_number, cells)
        if "".join(cells).strip(BLANKS):
            tail.append((offset + row_number, cells))
    parts = Parts(gather.table(), gather.rejects, sheet.height, gather.blank, head.line)
    return footer.cut(parts, tail, head)


def _add(left: Parts, right: Parts) -> Parts:
    return replace(
        left,
        table=pa.concat_tables([left.table, right.table]),
        rejects=left.rejects + right.rejects,
        physical=left.physical + right.physical,
        blank=left.blank + right.blank,
        preamble=left.preamble + right.preamble,
        notes=left.notes + right.notes,
    )


def _sheet_notes(sheets: Sequence[Sheet], matching: Sequence[Sheet]) -> Iterator[Note]:
    ignored = [s.name for s in sheets if s not in matching]
    if ignored:
        yield Note("sheet_ignored", f"sheets without the contract's header not read: {'、'.join(ignored)}")
    if len(matching) > 1:
        spans, offset = [], 0
        for sheet in matching:
            spans.append(f"{sheet.name} (its row 1 is line {offset + 1})")
            offset += sheet.height
        yield Note("several_sheets", f"sheets read one below the other: {'、'.join(spans)}")
