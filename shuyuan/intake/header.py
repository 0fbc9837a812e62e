"""Find the header row and map its cells to the contract. Header texts are compared without width, blanks, quotes and case."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from shuyuan.intake.errors import AmbiguousColumn, HeaderNotFound, MissingColumn
from shuyuan.intake.rows import BLANKS, Column, Head, Note

DEPTH = 30  # physical rows searched for the header
_NOISE = re.compile(r"[\s\u200b\ufeff\"'“”]+")


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


def score(cells: Sequence[str], columns: Sequence[Column]) -> int:
    """How many contract columns this row names."""
    return len(places(cells, columns))


def locate(records: Sequence[tuple[int, Sequence[str]]], columns: Sequence[Column], row: int | None) -> tuple[int, int]:
    """(index into `records`, score) of the row that best matches; `row` forces the physical line. (-1, 0) when there is none."""
    best = (-1, 0)
    for at, (line, cells) in enumerate(records):
        if row is not None and line != row:
            continue
        points = score(cells, columns)
        if points > best[1]:
            best = (at, points)
    return best


def enough(points: int, columns: Sequence[Column], constants: Mapping[str, str]) -> bool:
    """Is a row with `points` matches a header at all? Half of the required columns; fewer is a data row that looks like one."""
    required = sum(1 for c in columns if c.required and c.name not in constants)
    return points >= 1 and 2 * points >= required


def settle(
    file: str,
    records: Sequence[tuple[int, Sequence[str]]],
    columns: Sequence[Column],
    row: int | None = None,
    constants: Mapping[str, str] | None = None,
) -> Head:
    """The head of a table, from its first physical rows `(line, cells)`.

    Raises HeaderNotFound (no row has half of the required headers), MissingColumn, AmbiguousColumn.
    """
    fixed = constants or {}
    at, points = locate(records, columns, row)
    if not enough(points, columns, fixed):
        raise _not_found(file, records, columns, row, fixed)
    line, cells = records[at]
    found = places(cells, columns)
    _refuse_twice(file, line, cells, found)
    _refuse_missing(file, line, cells, columns, found, fixed)
    return _head(line, at, cells, columns, found, fixed)


def _not_found(
    file: str,
    records: Sequence[tuple[int, Sequence[str]]],
    columns: Sequence[Column],
    row: int | None,
    fixed: Mapping[str, str],
) -> HeaderNotFound:
    at = locate(records, columns, row)[0]
    seen = places(records[at][1], columns) if at >= 0 else {}
    missing = "、".join(_label(c) for c in columns if c.required and c.name not in seen and c.name not in fixed)
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


def _label(column: Column) -> str:
    return column.headers[0] if column.headers else column.name


def _refuse_twice(file: str, line: int, cells: Sequence[str], found: Mapping[str, list[int]]) -> None:
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


def _refuse_missing(
    file: str,
    line: int,
    cells: Sequence[str],
    columns: Sequence[Column],
    found: Mapping[str, list[int]],
    fixed: Mapping[str, str],
) -> None:
    missing = [c for c in columns if c.required and c.name not in found and c.name not in fixed]
    if missing:
        raise MissingColumn(
            file,
            f"required header {'、'.join(_label(c) for c in missing)} is not in the header row",
            "deliver the column, or add the department's wording as an alias in the resource's contract",
            line=line,
            column="、".join(c.name for c in missing),
            value=",".join(cells)[:200],
        )


def _head(
    line: int,
    at: int,
    cells: Sequence[str],
    columns: Sequence[Column],
    found: Mapping[str, list[int]],
    fixed: Mapping[str, str],
) -> Head:
    named = max(i for i, c in enumerate(cells) if c.strip(BLANKS)) + 1
    return Head(
        places={n: i[0] for n, i in found.items()},
        names=tuple(c.name for c in columns),
        width=len(cells),
        named=named,
        line=line,
        index=at,
        notes=tuple(_drift(cells[:named], columns, found, fixed)),
        constants={n: v for n, v in fixed.items() if n not in found},
    )


def _drift(
    cells: Sequence[str], columns: Sequence[Column], found: Mapping[str, list[int]], fixed: Mapping[str, str]
) -> Iterator[Note]:
    absent = [c.name for c in columns if c.name not in found and c.name not in fixed]
    if absent:
        yield Note("missing_column", f"optional columns not delivered: {'、'.join(absent)}")
    taken = {i for indexes in found.values() for i in indexes}
    rest = [(i, c) for i, c in enumerate(cells) if i not in taken]
    extra = [c for _, c in rest if c.strip(BLANKS)]
    if extra:
        yield Note("extra_column", f"columns outside the contract ignored: {'、'.join(extra)}")
    if len(set(extra)) < len(extra):
        yield Note(
            "duplicate_header", f"headers given twice: {'、'.join(sorted({c for c in extra if extra.count(c) > 1}))}"
        )
    if len(rest) > len(extra):
        numbers = ", ".join(str(i + 1) for i, c in rest if not c.strip(BLANKS))
        yield Note("empty_header", f"columns without a header ignored: {numbers}")
    yield from _order(columns, found)
    for name in fixed:
        if name in found:
            yield Note("constant_unused", f"{name} is delivered; the contract's constant is not used")


def _order(columns: Sequence[Column], found: Mapping[str, list[int]]) -> Iterator[Note]:
    delivered = sorted(found, key=lambda n: found[n][0])
    expected = [c.name for c in columns if c.name in found]
    if delivered != expected:
        yield Note("reordered", f"columns came as {'、'.join(delivered)} instead of {'、'.join(expected)}")
