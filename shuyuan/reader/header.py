"""Find the header row and map its cells to the contract. Header texts are compared without width, blanks, quotes and case."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shuyuan.reader.errors import AmbiguousColumn, HeaderNotFound, MissingColumn
from shuyuan.reader.rows import BLANKS, Column, Contract, Form, Head, Note, show

Records = Sequence[tuple[int, Sequence[str]]]
Found = Mapping[str, list[int]]
DEPTH = 30  # physical rows searched for the header
_NOISE = re.compile(r"[\s\u200b\ufeff\"'“”]+")


@dataclass(frozen=True)
class ColumnsNote(Note):
    """A note about columns: names of those that were asked for, or header texts of those that were not, as often as they come."""

    columns: tuple[str, ...] = ()


class ColumnsMissing(MissingColumn):
    """A required column is not in the header. `missing`: names of all such columns; `strangers`: header texts that no column claims."""

    def __init__(
        self,
        file: str,
        problem: str,
        way_out: str,
        *,
        line: int,
        value: str,
        missing: tuple[str, ...],
        strangers: tuple[str, ...],
    ) -> None:
        self.missing, self.strangers = missing, strangers
        super().__init__(file, problem, way_out, line=line, column="、".join(missing), value=value)


def normalise(text: str) -> str:
    """The form in which header texts are compared: NFKC (full-width brackets and underscore become plain), no blanks or quotes."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text)).casefold()


def _index(columns: Sequence[Column]) -> dict[str, str]:
    """Header text → column. Where two columns share a text, the one that lists it earlier has it: a label beats an alias."""
    ranked = [(rank, normalise(h), c.name) for c in columns for rank, h in enumerate((c.name, *c.headers))]
    index: dict[str, str] = {}
    for _, text, name in sorted(ranked, key=lambda r: r[0]):
        index.setdefault(text, name)
    return index


def places(cells: Sequence[str], columns: Sequence[Column]) -> dict[str, list[int]]:
    """Column name → indexes of the header cells that claim it."""
    index = _index(columns)
    found: dict[str, list[int]] = {}
    for at, cell in enumerate(cells):
        name = index.get(normalise(cell)) if cell else None
        if name is not None:
            found.setdefault(name, []).append(at)
    return found


def locate(records: Records, contract: Contract) -> tuple[int, int]:
    """(index into `records`, contract columns named) of the best row, or of the row the contract forces; (-1, 0) for none.

    `header_row` 0 says that there is no header: columns are named `column_1`, `column_2`, … by their place.
    """
    if contract.header_row == 0:
        return (0, len(places(by_place(records), contract.columns))) if records else (-1, 0)
    best = (-1, 0)
    for at, (line, cells) in enumerate(records):
        if contract.header_row is not None and line != contract.header_row:
            continue
        points = len(places(cells, contract.columns))
        if points > best[1]:
            best = (at, points)
    return best


def by_place(records: Records) -> list[str]:
    """Names of the columns of a table without a header."""
    widths = Counter(len(cells) for _, cells in records if any(cell.strip(BLANKS) for cell in cells))
    width = widths.most_common(1)[0][0] if widths else 0
    return [f"column_{n}" for n in range(1, width + 1)]


def enough(points: int, contract: Contract) -> bool:
    """Is a row with `points` matches a header at all? Half of the required columns; fewer is a data row that looks like one."""
    return points >= 1 and 2 * points >= len(contract.required)


def complete(records: Records, contract: Contract) -> bool:
    """Does the header, of one row or of several, carry every required column?"""
    found = places(_header(records, contract)[1], contract.columns)
    return enough(len(found), contract) and not _missing(found, contract)


def _header(records: Records, contract: Contract) -> tuple[int, Sequence[str]]:
    """(index of its last row, its cells) of the best row, or of two or three rows one below the other if only together they name
    every required column. In the latter a name is the path of its cells (`退税信息/退税金额`), or the lowest of them."""
    at, _ = locate(records, contract)
    cells = by_place(records) if contract.header_row == 0 else records[at][1] if at >= 0 else []
    if contract.header_row == 0 or not _missing(places(cells, contract.columns), contract):
        return at, cells
    for height in (2, 3):
        for first in range(len(records) - height + 1):
            last = first + height - 1
            joined = _joined([row for _, row in records[first : last + 1]], contract)
            forced = contract.header_row is not None and records[last][0] != contract.header_row
            if not forced and not _missing(places(joined, contract.columns), contract):
                return last, joined
    return at, cells


def _joined(rows: Sequence[Sequence[str]], contract: Contract) -> list[str]:
    from shuyuan.reader.names import merged  # noqa: PLC0415  # names are told apart as this module compares them

    index = _index(contract.columns)
    return [name if normalise(name) in index else name.rpartition("/")[2] for name in merged(rows)]


def settle(file: str, records: Records, contract: Contract) -> Head:
    """The head of a table, from its first physical rows `(line, cells)`.

    Raises HeaderNotFound (no row has half of the required headers), MissingColumn, AmbiguousColumn.
    """
    at, cells = _header(records, contract)
    found = places(cells, contract.columns)
    if not enough(len(found), contract):
        raise _not_found(file, records, contract)
    line = 0 if contract.header_row == 0 else records[at][0]
    _refuse_twice(file, line, cells, found)
    missing = _missing(found, contract)
    if missing:
        raise _missing_error(file, line, cells, missing, found)
    return Head(
        places={n: i[0] for n, i in found.items()},
        names=tuple(c.name for c in contract.columns),
        width=len(cells),
        named=_named(cells),
        line=line,
        index=at if line else -1,
        notes=tuple(_drift(cells[: _named(cells)], contract, found)),
        constants={n: v for n, v in contract.constants.items() if n not in found},
    )


def of_form(file: str, contract: Contract, form: Form, index: int) -> Head:
    """The head of a table whose place is known; columns are found among its names. `index`: physical records above the data, less one.

    Raises MissingColumn.
    """
    found = places(form.names, contract.columns)
    missing = _missing(found, contract)
    line = max(form.header, default=0)
    if missing:
        raise _missing_error(file, line or 1, form.names, missing, found)
    return Head(
        places={n: i[0] for n, i in found.items()},
        names=tuple(c.name for c in contract.columns),
        width=len(form.names),
        named=len(form.names),
        line=line,
        index=index,
        notes=(),
        constants={n: v for n, v in contract.constants.items() if n not in found},
    )


def _named(cells: Sequence[str]) -> int:
    return max(i for i, c in enumerate(cells) if c.strip(BLANKS)) + 1


def _missing(found: Found, contract: Contract) -> list[Column]:
    return [c for c in contract.required if c.name not in found]


def _label(column: Column) -> str:
    return column.headers[0] if column.headers else column.name


def _not_found(file: str, records: Records, contract: Contract) -> HeaderNotFound:
    at = locate(records, contract)[0]
    seen = places(records[at][1], contract.columns) if at >= 0 else {}
    missing = "、".join(_label(c) for c in _missing(seen, contract))
    row = contract.header_row
    where = f"line {row}" if row is not None else f"the first {DEPTH} rows"
    first = next((cells for _, cells in records if any(c.strip(BLANKS) for c in cells)), [])
    return HeaderNotFound(
        file,
        f"no header row in {where}; expected headers not found: {missing}",
        "put the contract's header texts on one line, or add the department's wording as aliases in the resource's contract",
        line=row or (records[at][0] if at >= 0 else 1),
        column=missing or None,
        value=",".join(first)[:80],
    )


def _missing_error(
    file: str, line: int, cells: Sequence[str], missing: Sequence[Column], found: Found
) -> ColumnsMissing:
    return ColumnsMissing(
        file,
        f"required header {'、'.join(_label(c) for c in missing)} is not in the header row",
        "deliver the column, or add the department's wording as an alias in the resource's contract",
        line=line,
        value=",".join(cells)[:200],
        missing=tuple(c.name for c in missing),
        strangers=tuple(_unclaimed(cells, found)),
    )


def _refuse_twice(file: str, line: int, cells: Sequence[str], found: Found) -> None:
    for name, indexes in found.items():
        if len(indexes) > 1:
            texts = "、".join(f"{cells[i]!r} (column {i + 1})" for i in indexes)
            raise AmbiguousColumn(
                file,
                f"{len(indexes)} header cells claim the same column: {texts}",
                "rename or remove one of them, or take the wrong alias out of the contract",
                line=line,
                column=name,
                value=cells[indexes[1]],
            )


def _drift(cells: Sequence[str], contract: Contract, found: Found) -> Iterator[Note]:
    absent = tuple(c.name for c in contract.columns if c.name not in found and c.name not in contract.constants)
    if absent:
        yield ColumnsNote("missing_column", f"optional columns not delivered: {'、'.join(absent)}", absent)
    yield from _strangers(cells, found)
    yield from _order(contract.columns, found)
    for name in contract.constants:
        if name in found:
            yield Note("constant_unused", f"{name} is delivered; the contract's constant is not used")


def _strangers(cells: Sequence[str], found: Found) -> Iterator[Note]:
    extra = _unclaimed(cells, found)
    nameless = [str(i + 1) for i, c in enumerate(cells) if not c.strip(BLANKS)]
    twice = sorted({c for c in extra if extra.count(c) > 1})
    if extra:
        yield ColumnsNote("extra_column", f"columns outside the contract ignored: {'、'.join(extra)}", tuple(extra))
    if twice:
        yield Note("duplicate_header", f"headers given twice: {'、'.join(twice)}")
    if nameless:
        yield Note("empty_header", f"columns without a header ignored: {', '.join(nameless)}")


def _unclaimed(cells: Sequence[str], found: Found) -> list[str]:
    taken = {i for indexes in found.values() for i in indexes}
    return [show(c) for i, c in enumerate(cells) if i not in taken and c.strip(BLANKS)]


def _order(columns: Sequence[Column], found: Found) -> Iterator[Note]:
    delivered = sorted(found, key=lambda n: found[n][0])
    expected = [c.name for c in columns if c.name in found]
    if delivered != expected:
        yield Note("reordered", f"columns came as {'、'.join(delivered)} instead of {'、'.join(expected)}")
