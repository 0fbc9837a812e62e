"""Which columns tell rows apart: single ones over all rows, combinations over the first rows of the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

import numpy as np

from shuyuan.survey.distinct import Hashes, together
from shuyuan.survey.report import Column, Key

ROWS: Final = 200_000  # rows on which combinations are tried
CELLS: Final = 8 << 20  # hashes kept for that: 64 MB
WIDEST: Final = 5  # columns of a key
TRIED: Final = 10  # columns that pairs are made of
NAMES: Final = (
    "citizen_id",
    "uscc",
    "identifier",
    "org_code",
    "reg_no",
    "bank_card",
    "org_name",
    "person_name",
    "date",
    "phone",
)


def candidates(columns: Sequence[Column], first: Hashes, unique: Sequence[bool], rows: int) -> tuple[Key, ...]:
    """Keys, best first. `first`: hashes of the first rows, one column per column; `unique`: columns without a repetition in all `rows`."""
    single = [c for c in columns if unique[c.position] and c.full]
    keys = [Key((c.label,), (c.position,), rows, rows, 0) for c in sorted(single, key=_liking)]
    if keys and not all(c.running for c in single):
        return tuple(keys[:5])
    return tuple([*_combined(columns, first), *keys][:5])


def _combined(columns: Sequence[Column], first: Hashes) -> Iterator[Key]:
    """The smallest combination that names every row which does not repeat another one whole."""
    if not len(first) or not columns:
        return
    whole = _different(first, [c.position for c in columns if not c.running] or [c.position for c in columns])
    usable = sorted((c for c in columns if _may_be_key(c)), key=lambda c: (*_liking(c), -c.distinct))[:TRIED]
    for size in (1, 2):
        found = [
            combo for combo in combinations(usable, size) if _different(first, [c.position for c in combo]) == whole
        ]
        if found:
            yield from (_key(combo, first, whole) for combo in found[:3])
            return
    grown = _grown(usable, first, whole)
    if grown:
        yield _key(grown, first, whole)


def _grown(usable: Sequence[Column], first: Hashes, whole: int) -> list[Column]:
    """Column after column, each the one that tells most rows apart."""
    taken: list[Column] = []
    reached = 0
    while len(taken) < WIDEST and reached < whole:
        rest = [c for c in usable if c not in taken]
        best = max(rest, key=lambda c: _different(first, [t.position for t in [*taken, c]]), default=None)
        if best is None or (told := _different(first, [t.position for t in [*taken, best]])) <= reached:
            break
        taken.append(best)
        reached = told
    return taken


def _key(columns: Sequence[Column], first: Hashes, whole: int) -> Key:
    positions = tuple(c.position for c in columns)
    told = _different(first, list(positions))
    return Key(tuple(c.label for c in columns), positions, len(first), told, len(first) - whole)


def _different(first: Hashes, positions: list[int]) -> int:
    return len(np.unique(together(first[:, positions])))


def _may_be_key(column: Column) -> bool:
    return column.full and not column.running and column.longest <= 200


def _liking(column: Column) -> tuple[bool, int]:
    """Running numbers last: a row that moves up gets another one. Identifiers before names and dates."""
    return column.running, NAMES.index(column.type) if column.type in NAMES else len(NAMES)
