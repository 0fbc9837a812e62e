"""What reading yields: columns asked for, rows, rejects, notes; and the one place that judges and gathers a physical row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

MAX_FIELD = 1_000_000  # characters; a longer cell is a broken file, not a value
RAW_KEPT = 1_000  # characters of an over-long row that a reject keeps
BATCH = 65_536
BLANKS = " \t\r\n\v\f\u3000\xa0\u200b\ufeff"
_ESCAPED = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Column:
    """A column the contract asks for: the catalog item's name and every header text it may carry (label, name, aliases)."""

    name: str
    headers: tuple[str, ...]
    required: bool = True


@dataclass(frozen=True)
class Dialect:
    """How text is cut into cells; the default is RFC 4180.

    `delimiter`: one or more characters. `quote`: empty where cells are never quoted. `escape`: the character that makes a letter of a
    quote, of itself and, outside quotes, of the delimiter; empty where a quote inside a quoted cell is doubled. `comment`: lines that
    start with it are no rows. `widths`: display columns of each column (a Chinese character takes two); the delimiter then means nothing
    and padding is stripped.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    comment: str = ""
    widths: tuple[int, ...] = ()


@dataclass(frozen=True)
class Form:
    """Where one table lies in a file, found without a contract.

    `names`: one per column in order, unique, never empty. `header`: 1-based physical lines of the header rows, empty if there is none.
    `dialect` of text, `sheet` of a book. `first`, `last`: physical lines of the data where they do not follow the header or do not go on
    to the end of the file; what stands outside is preamble.
    """

    names: tuple[str, ...]
    header: tuple[int, ...]
    dialect: Dialect | None = None
    sheet: str | None = None
    first: int | None = None
    last: int | None = None

    @property
    def begin(self) -> int:
        """Physical line at which the data begin."""
        return self.first or max(self.header, default=0) + 1


@dataclass(frozen=True)
class Contract:
    """What is asked of a file: its columns and what the resource's contract, or a look at the file, says of its form."""

    columns: tuple[Column, ...]
    encoding: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    constants: Mapping[str, str] = field(default_factory=dict)
    form: Form | None = None

    @property
    def required(self) -> tuple[Column, ...]:
        """Columns that the file itself must carry."""
        return tuple(c for c in self.columns if c.required and c.name not in self.constants)


@dataclass(frozen=True)
class Reject:
    """A physical row that could not become a row. `line` is 1-based; `raw` is the row as text; `reason` is a stable code."""

    line: int
    raw: str
    reason: str
    column: str | None
    value: str | None
    message: str


@dataclass(frozen=True)
class Note:
    """Something the steward should know that costs no row: drift, encoding, format, lane."""

    kind: str
    message: str


@dataclass(frozen=True)
class RawRows:
    """Every row of a delivery as text.

    `table` has one string column per contract column (empty cell → null, absent optional column → all null) and `_line` int64.
    Always `physical == table.num_rows + len(rejects) + blank + preamble`, with `physical` counted apart from the parse.
    `preamble` holds everything above the data, the header row(s) included, and footer rows.
    """

    table: pa.Table
    rejects: tuple[Reject, ...]
    physical: int
    blank: int
    preamble: int
    notes: tuple[Note, ...]
    format: str
    encoding: str | None
    lane: str


@dataclass(frozen=True)
class Account:
    """What became of every physical row of a file that was read to its end: `physical == rows + rejected + blank + preamble`.

    `rejects`: those that were not taken on the way (`Reading.take_rejects`).
    """

    file: str
    rows: int
    rejected: int
    rejects: tuple[Reject, ...]
    physical: int
    blank: int
    preamble: int
    notes: tuple[Note, ...]
    format: str
    encoding: str | None
    lane: str


@dataclass(frozen=True)
class Head:
    """Where the contract's columns sit: `places` column → cell index, `width` cells in the header, `named` up to the last named one.

    `line` is the physical line of the header, `index` the number of physical records above it.
    """

    places: Mapping[str, int]
    names: tuple[str, ...]
    width: int
    named: int
    line: int
    index: int
    notes: tuple[Note, ...]
    constants: Mapping[str, str]


@dataclass(frozen=True)
class Fault:
    """Why one row is refused."""

    reason: str
    column: str | None
    value: str | None
    message: str


@dataclass
class Parts:
    """The share of a RawRows that a lane produces; `read` adds the rest."""

    table: pa.Table
    rejects: list[Reject]
    physical: int
    blank: int
    preamble: int
    notes: list[Note] = field(default_factory=list)


BLANK = Fault("blank", None, None, "blank row")
STRAY = Fault(
    "stray_quote",
    None,
    None,
    'a cell that starts with " is not closed before a delimiter or line end; double the quotes inside cells',
)

TORN = Fault(
    "stray_quote",
    None,
    None,
    "a quote inside a cell pairs with one in a later cell: a delimiter is missing before it, and the cells behind are shifted",
)


def show(raw: str) -> str:
    """`raw` as storable text: bytes that no encoding gave a meaning appear as `\\xNN`, NUL as `\\x00`."""
    return _ESCAPED.sub(lambda m: f"\\x{ord(m[0]) & 0xFF:02x}", raw).replace("\0", "\\x00")


def judge(cells: Sequence[str], head: Head) -> Fault | None:
    """None if the row is sound, `BLANK` if it has no content, else the first fault. Never looks at meaning."""
    joined = "".join(cells)
    if not joined.strip(BLANKS):
        return BLANK
    if not joined.isascii() and _ESCAPED.search(joined):
        return _cell_fault(cells, head, _undecoded, "undecodable", "bytes that the file's encoding does not decode")
    if "\0" in joined:
        return _cell_fault(cells, head, lambda c: "\0" in c, "nul_byte", "a NUL byte")
    if len(joined) > MAX_FIELD and any(len(c) > MAX_FIELD for c in cells):
        return _cell_fault(cells, head, _too_large, "field_too_large", f"more than {MAX_FIELD} characters")
    return _ragged(cells, head)


def _undecoded(cell: str) -> bool:
    return _ESCAPED.search(cell) is not None


def _too_large(cell: str) -> bool:
    return len(cell) > MAX_FIELD


def _cell_fault(cells: Sequence[str], head: Head, bad: Callable[[str], bool], reason: str, what: str) -> Fault:
    at = next(i for i, c in enumerate(cells) if bad(c))
    name = next((n for n, i in head.places.items() if i == at), None)
    where = name or f"number {at + 1}"
    message = f"column {where} holds {what}; deliver the row again with the cell repaired"
    return Fault(reason, name, show(cells[at][:RAW_KEPT]), message)


def _ragged(cells: Sequence[str], head: Head) -> Fault | None:
    if len(cells) >= head.named and not "".join(cells[head.width :]).strip(BLANKS):
        return None
    message = (
        f"{len(cells)} cells where the header on line {head.line} has {head.width}; quote cells that hold the delimiter"
    )
    return Fault("ragged_row", None, None, message)


def reject(line: int, raw: str, fault: Fault) -> Reject:
    """The reject of one row; of an over-long row only the first characters are kept."""
    kept = raw[:RAW_KEPT] if fault.reason == "field_too_large" else raw
    return Reject(line, show(kept), fault.reason, fault.column, fault.value, f"line {line}: {fault.message}")


Surplus = Callable[
    [Sequence[str]], Fault | None
]  # may a sound row with empty cells beyond the header be taken as it stands?


@dataclass
class Told:
    """Sound rows that are told together: how many, the first one's line."""

    rows: int = 0
    first: int = 0

    def add(self, rows: int, first: int) -> None:
        """Count more of them; none is none."""
        if rows:
            self.rows, self.first = self.rows + rows, min(self.first or first, first)


class Gather:
    """Collects sound rows into Arrow batches, and counts blanks and rejects on the way. Memory per row is Arrow's, not Python's."""

    def __init__(self, head: Head, surplus: Surplus | None = None) -> None:
        self.head, self.surplus = head, surplus
        self.rejects: list[Reject] = []
        self.blank = 0
        self.trailing = Told()  # rows with empty cells beyond the header
        self.beyond = Told()
        self._places = [head.places.get(n) for n in head.names]
        self._batches: list[pa.RecordBatch] = []
        self._clear()

    def _clear(self) -> None:
        self._lines: list[int] = []
        self._cells: list[list[str | None]] = [[] for _ in self._places]

    def add(self, line: int, cells: Sequence[str], raw: str | None = None) -> None:
        """Judge one physical row and put it where it belongs."""
        fault = judge(cells, self.head)
        if fault is None and len(cells) > self.head.width and self.surplus:
            fault = self.surplus(cells)
        if fault is BLANK:
            self.blank += 1
        elif fault is not None:
            self.rejects.append(reject(line, "\t".join(cells) if raw is None else raw, fault))
        else:
            if len(cells) > self.head.width:
                self.trailing.add(1, line)
            if self.head.width > self.head.named and "".join(cells[self.head.named :]).strip(BLANKS):
                self.beyond.add(1, line)
            self.keep(line, [None if i is None or i >= len(cells) else cells[i] or None for i in self._places])

    def keep(self, line: int, values: Sequence[str | None]) -> None:
        """Take a sound row whose values are already in contract order."""
        self._lines.append(line)
        for column, value in zip(self._cells, values, strict=True):
            column.append(value)
        if len(self._lines) >= BATCH:
            self._flush()

    def notes(self) -> list[Note]:
        """A row with a delimiter too many ends in an empty cell when its last column is empty, or pushes a value out of its column: told."""
        trailing, beyond, found = self.trailing, self.beyond, []
        if trailing.rows:
            message = f"{trailing.rows} rows have empty cells beyond the header, the first on line {trailing.first}: "
            found.append(Note("trailing_cells", message + "look whether their values are shifted"))
        if beyond.rows:
            message = (
                f"{beyond.rows} rows hold cells right of the last header, the first on line {beyond.first}; not read"
            )
            found.append(Note("beyond_header", message))
        return found

    @property
    def held(self) -> int:
        """Sound rows not yet drained."""
        return len(self._lines) + sum(int(batch.num_rows) for batch in self._batches)

    def drain(self) -> pa.Table:
        """The rows so far; the next ones start anew."""
        table = self.table()
        self._batches = []
        return table

    def _flush(self) -> None:
        arrays = [pa.array(c, pa.string()) for c in self._cells] + [pa.array(self._lines, pa.int64())]
        self._batches.append(pa.RecordBatch.from_arrays(arrays, schema=schema(self.head.names)))
        self._clear()

    def table(self) -> pa.Table:
        """All rows so far; absent columns null, or the contract's constant."""
        if self._lines:
            self._flush()
        return with_constants(pa.Table.from_batches(self._batches, schema=schema(self.head.names)), self.head)


def schema(names: Iterable[str]) -> pa.Schema:
    """String columns `names` and `_line`."""
    return pa.schema([*((n, pa.string()) for n in names), ("_line", pa.int64())])


def with_constants(table: pa.Table, head: Head) -> pa.Table:
    """Fill columns that the delivery does not carry and the contract fixes."""
    for name, value in head.constants.items():
        filled = pa.array([value] * table.num_rows, pa.string())
        table = table.set_column(table.schema.get_field_index(name), name, filled)
    return table
