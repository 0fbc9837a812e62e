"""Division codes over time: which codes were in force at a date, and which of today's codes hold that territory now.

GB/T 2260 is revised every year; people, enterprises and files keep the code of the day on which they were registered.
What belongs here: the meaning of a history table. The table itself is the user's data, never part of the package.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.standards.rawbytes import Mask, Numbers, decimal_number, matrix, rows_that, unmarked

COLUMNS: Final = ("代码", "启用时间", "变更/弃用时间", "新代码")
"""The columns a history table must have; others are ignored."""
_LISTS: Final = pa.list_(pa.string())


@dataclass(frozen=True)
class Entry:
    """A code under one name. In force from 31 December of `start` until the year `end` (None: still in force).

    `moves` are (year, code): in that year its territory, or a part of it, came under that code.
    """

    code: int
    start: int
    end: int | None
    moves: tuple[tuple[int, int], ...]

    def in_force(self, year: int) -> bool:
        """Whether the code was in force on 31 December of `year`."""
        return self.start <= year and (self.end is None or year < self.end)


class History:
    """Every division code with when it was in force and which codes took over, by year."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """`entries` of one code must not overlap."""
        self._of: dict[int, list[Entry]] = defaultdict(list)
        for entry in sorted(entries, key=lambda entry: (entry.code, entry.start)):
            self._of[entry.code].append(entry)
        self._since = lru_cache(maxsize=None)(self._since_uncached)

    @classmethod
    def load(cls, path: Path) -> History:
        """Read a table in the layout of the areacodes data set (UTF-8 CSV, columns `COLUMNS`, years; `code[year]` in 新代码).

        Raises ValueError naming file, line, column and value for anything that is not such a table, OSError if there is none.
        """
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return cls(_entries(csv.DictReader(lines), path))

    @cached_property
    def ever(self) -> Mask:
        """A table of a million: whether the six digits were ever a division code."""
        return _table(self._of)

    @cached_property
    def in_use(self) -> Mask:
        """A table of a million: whether the six digits are a division code today."""
        return _table(code for code, entries in self._of.items() if entries[-1].end is None)

    def superseded(self, codes: pa.StringArray) -> Mask:
        """Rows whose first six digits were a division once and are none today."""
        numbers = _numbers(pc.utf8_slice_codeunits(codes, 0, 6))
        return self.ever[numbers] & ~self.in_use[numbers]

    def current(self, codes: pa.StringArray) -> Mask:
        """Rows whose first six digits are a division today."""
        return self.in_use[_numbers(pc.utf8_slice_codeunits(codes, 0, 6))]

    def today(self, codes: pa.StringArray, at: date | pa.Array) -> pa.ListArray:
        """The six-digit codes in use today for the territory of each code as it was on the day `at` (one day, or date32 per row).

        A code that was renumbered gives its successor, one that was split several; a part transferred later to a neighbour adds
        the neighbour; a code still in use gives itself too. A prefecture abolished without a successor gives the codes of the
        counties it then had. Null where the code was not in force in that year. Sorted, no code twice.

        The table knows years: a day counts as 31 December of its year, except for a code that was given up in that very year.
        """
        years = np.full(len(codes), at.year) if isinstance(at, date) else pc.fill_null(pc.year(at), 0).to_numpy()
        keys = pa.array(_numbers(codes).astype(np.int64) * 10000 + years).dictionary_encode()
        known = [self._texts(*divmod(key, 10000)) for key in keys.dictionary.to_pylist()]
        return pa.array(known, _LISTS).take(keys.indices)

    def _texts(self, code: int, year: int) -> list[str] | None:
        found = self._as_of(code, year)
        return None if found is None else [f"{one:06d}" for one in sorted(found)]

    def _as_of(self, code: int, year: int) -> frozenset[int] | None:
        if entry := self._in_force(code, year):
            return self._since(entry, year)
        given_up = next((entry for entry in self._of.get(code, ()) if entry.end == year), None)
        return self._since(given_up, year - 1) if given_up else None

    def _in_force(self, code: int, year: int) -> Entry | None:
        return next((entry for entry in self._of.get(code, ()) if entry.in_force(year)), None)

    def _since_uncached(self, entry: Entry, year: int) -> frozenset[int]:
        """Today's codes of what was the entry's territory on 31 December of `year`."""
        found = {entry.code} if entry.end is None else set()
        for moved, code in entry.moves:
            if moved > year and (successor := self._in_force(code, moved)):
                found |= self._since(successor, moved)
        if entry.end is not None and not any(moved == entry.end for moved, _ in entry.moves):
            found |= self._left_behind(entry, entry.end, year)
        return frozenset(found)

    def _left_behind(self, entry: Entry, end: int, year: int) -> set[int]:
        """Of an entry that names no successor: the same code under its next name, else the counties it had."""
        if renamed := self._in_force(entry.code, end):
            return set(self._since(renamed, end))
        members = (self._in_force(code, year) for code in self._counties[entry.code // 100])
        return {one for member in members if member for one in self._since(member, year)}

    @cached_property
    def _counties(self) -> Mapping[int, list[int]]:
        counties = defaultdict(list)
        for code in self._of:
            if code % 100:
                counties[code // 100].append(code)
        return counties


def _table(codes: Iterable[int]) -> Mask:
    table = np.zeros(1_000_000, np.bool_)
    table[list(codes)] = True
    return table


def _numbers(codes: pa.StringArray) -> Numbers:
    """Six digits as a number, 0 for anything else."""
    six = rows_that(codes, 6, lambda rows: unmarked((rows - np.uint8(48)) > 9))
    numbers = np.zeros(len(codes), np.int32)
    numbers[six] = decimal_number(matrix(codes.filter(pa.array(six)), 6))
    return numbers


def _entries(rows: csv.DictReader[str], path: Path) -> Iterator[Entry]:
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise ValueError(f"{path}:1: no column {'、'.join(missing)}; a history of divisions has {'、'.join(COLUMNS)}")
    for row in rows:
        try:
            yield _entry(row)
        except ValueError as error:
            raise ValueError(f"{path}:{rows.line_num}: {error}") from None


def _entry(row: Mapping[str, str]) -> Entry:
    end = _whole(row, "变更/弃用时间") if row["变更/弃用时间"] else None
    return Entry(_whole(row, "代码"), _whole(row, "启用时间"), end, tuple(_moves(row["新代码"], end)))


def _whole(row: Mapping[str, str], column: str) -> int:
    if not (row[column].isascii() and row[column].isdigit()):
        raise ValueError(f"column {column}: `{row[column]}` is not a number")
    return int(row[column])


def _moves(text: str, end: int | None) -> Iterator[tuple[int, int]]:
    """`110101;110102[2010]` as (year, code); without a year it is the year in which the entry ended."""
    for part in filter(None, text.split(";")):
        code, _, year = part.rstrip("]").partition("[")
        if not code.isdigit() or not (year.isdigit() or (end is not None and not year)):
            raise ValueError(f"column 新代码: `{part}` is neither a code nor code[year]")
        yield (int(year) if year else end or 0), int(code)
