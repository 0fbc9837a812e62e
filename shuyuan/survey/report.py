"""What a look at a file found: plain shapes that print and serialise. Nothing here reads or guesses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from shuyuan.reader.read import Form


@dataclass(frozen=True)
class Encoding:
    """How the lines of a text decode. `confidence`: share of lines beyond ASCII that decode as `name`; 1.0 when a mark says so.

    `lines`: counts by what a line decodes as: `ascii`, `utf-8`, `gb18030`, `either`, `neither`; of UTF-16 every line and the `neither`.
    `endings`: counts of `crlf`, `lf`, `cr`.
    """

    name: str
    bom: bool
    confidence: float
    mixed: bool
    lines: Mapping[str, int]
    endings: Mapping[str, int]


@dataclass(frozen=True)
class Sheet:
    """One sheet of a book: extent of its used range from A1, and whether the book hides it."""

    name: str
    rows: int
    columns: int
    hidden: bool


@dataclass(frozen=True)
class Tally:
    """One candidate type over all non-empty cells: how many have a usable value, and the reasons of those that have a verdict."""

    type: str
    valid: int
    reasons: Mapping[str, int]


@dataclass(frozen=True)
class Column:
    """One column; `position` counts from 0.

    `usable`: cells with a value as `type`. `nulls`: cells that say "nothing" (`\\N`, 暂无, …). `distinct` counts the other values, exactly where
    `exact`, else within 1 %. `why` tells in words, with counts, what `type` rests on; `candidates` are the types that the data did not rule out.
    `samples` are masked where they may speak of a person. `values`: the few values of a column that repeats itself, with counts.
    """

    position: int
    label: str
    type: str
    why: str
    nonempty: int
    usable: int
    empty: int
    nulls: int
    distinct: int
    exact: bool
    shortest: int
    longest: int
    unit: str | None
    sensitivity: str
    running: bool
    samples: tuple[str, ...]
    candidates: tuple[Tally, ...]
    values: Mapping[str, int] | None

    @property
    def full(self) -> bool:
        """Does every row have a value that can be used?"""
        return self.usable > 0 and self.usable == self.nonempty + self.empty + self.nulls


@dataclass(frozen=True)
class Key:
    """Columns that tell rows apart, and what would become of the `rows` looked at if they were the key.

    `distinct` rows would stay; set aside would be those with nothing in the key (`missing`), those that repeat another one whole
    (`repeated`), and those that share their key with a row of other content (`conflicting`).
    """

    labels: tuple[str, ...]
    positions: tuple[int, ...]
    rows: int
    distinct: int
    missing: int
    repeated: int
    conflicting: int

    @property
    def aside(self) -> int:
        """Rows that would be set aside."""
        return self.missing + self.repeated + self.conflicting

    @property
    def unique(self) -> bool:
        """Does the key name every row that is not a repetition?"""
        return not self.missing and not self.conflicting


@dataclass(frozen=True)
class Table:
    """One table of a file: where it lies, what became of every physical row, its columns and keys."""

    form: Form
    title: str
    evidence: tuple[str, ...]
    rows: int
    rejected: Mapping[str, int]
    blank: int
    preamble: int
    physical: int
    footer: tuple[str, ...]
    notes: tuple[str, ...]
    lane: str
    columns: tuple[Column, ...]
    keys: tuple[Key, ...]

    @property
    def accounted(self) -> bool:
        """Is every physical row loaded, rejected, blank, or above or below the data?"""
        return self.physical == self.rows + sum(self.rejected.values()) + self.blank + self.preamble


@dataclass(frozen=True)
class Survey:
    """A file: what it is, and every table in it."""

    file: str
    size: int
    format: str
    container: str | None
    member: str | None
    named_right: bool
    encoding: Encoding | None
    sheets: tuple[Sheet, ...]
    tables: tuple[Table, ...]

    def json(self) -> dict[str, Any]:
        """As JSON: keys are the attributes' names, in this order; stable."""
        tables = [
            asdict(table)
            | {"accounted": table.accounted, "keys": [asdict(k) | {"unique": k.unique} for k in table.keys]}
            for table in self.tables
        ]
        return asdict(self) | {"tables": tables}
