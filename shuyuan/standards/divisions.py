"""Division codes over time: which codes were in force at a date, and which of today's codes hold that territory now.

GB/T 2260 is revised every year; people, enterprises and files keep the code of the day on which they were registered.
What belongs here: the meaning of a history table. The table itself is the user's data, never part of the package.
"""

from __future__ import annotations

import csv
import re
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
_CODE: Final = re.compile(r"[1-9][0-9]{5}")
_YEAR: Final = re.compile(r"[12][0-9]{3}")
_MOVE: Final = re.compile(r"(?P<code>[1-9][0-9]{5})(?:\[(?P<year>[12][0-9]{3})\])?")
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
        history = cls(_entries(path))
        if lost := history.lost():
            raise ValueError(f"{path}: {'; '.join(lost)}; every successor needs a row that was in force then")
        return history

    def lost(self) -> list[str]:
        """Successors that were not in force when they took over, in words; empty for a sound table."""
        every = (
            (entry, year, code) for entries in self._of.values() for entry in entries for year, code in entry.moves
        )
        return [f"{e.code} moves in {year} to {code}" for e, year, code in every if not self.in_force(code, year)]

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
        if entry := self.in_force(code, year):
            return self._since(entry, year)
        given_up = next((entry for entry in self._of.get(code, ()) if entry.end == year), None)
        return self._since(given_up, year - 1) if given_up else None

    def in_force(self, code: int, year: int) -> Entry | None:
        """The entry of `code` that was in force on 31 December of `year`."""
        return next((entry for entry in self._of.get(code, ()) if entry.in_force(year)), None)

    def _since_uncached(self, entry: Entry, year: int) -> frozenset[int]:
        """Today's codes of what was the entry's territory on 31 December of `year`."""
        found = {entry.code} if entry.end is None else set()
        for moved, code in entry.moves:
            if moved > year and (successor := self.in_force(code, moved)):
                found |= self._since(successor, moved)
        if entry.end is not None and not any(moved == entry.end for moved, _ in entry.moves):
            found |= self._left_behind(entry, entry.end, year)
        return frozenset(found)

    def _left_behind(self, entry: Entry, end: int, year: int) -> set[int]:
        """Of an entry that names no successor: the same code under its next name, else the counties it had."""
        if renamed := self.in_force(entry.code, end):
            return set(self._since(renamed, end))
        members = (self.in_force(code, year) for code in self._counties[entry.code // 100])
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


def _entries(path: Path) -> Iterator[Entry]:
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 at byte {error.start}; save the table as UTF-8") from None
    rows = csv.DictReader(text.splitlines(), restval="")
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise ValueError(f"{path}:1: no column {'、'.join(missing)}; a history of divisions has {'、'.join(COLUMNS)}")
    for row in rows:
        try:
            yield _entry(row)
        except ValueError as error:
            raise ValueError(f"{path}:{rows.line_num}: {error}") from None


def _entry(row: Mapping[str, str]) -> Entry:
    start, ends, moves = (row[column] for column in COLUMNS[1:])
    end = _number(ends, COLUMNS[2], _YEAR) if ends else None
    return Entry(_number(row["代码"], "代码", _CODE), _number(start, COLUMNS[1], _YEAR), end, tuple(_moves(moves, end)))


def _number(text: str, column: str, form: re.Pattern[str]) -> int:
    if not form.fullmatch(text):
        raise ValueError(f"column {column}: `{text}` is not {'a year' if form is _YEAR else 'a code of six digits'}")
    return int(text)


def _moves(text: str, end: int | None) -> Iterator[tuple[int, int]]:
    """`110101;110102[2010]` as (year, code); without a year it is the year in which the entry ended."""
    for part in filter(None, text.split(";")):
        found = _MOVE.fullmatch(part)
        year = int(found["year"]) if found and found["year"] else end
        if found is None or year is None:
            raise ValueError(f"column 新代码: `{part}` is neither a code nor, for a code still in use, code[year]")
        yield year, int(found["code"])
