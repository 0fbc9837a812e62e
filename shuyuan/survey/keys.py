"""Which columns tell rows apart: single ones over all rows, combinations over the first rows of the file.

The best key is the one under which the fewest rows would be set aside: for want of a key, as repetitions, or as contradictions.
"""

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
TRIED: Final = 9  # columns that pairs are made of
SHOWN: Final = 4
BEARABLE: Final = 0.005  # share of rows set aside under a natural key, before a running number is preferred
FILLED: Final = 0.9  # share of usable cells that a column of a key must have
NOTHING: Final = np.uint64(0)  # the hash of a cell that says nothing
# Types that alone tell rows apart by chance only.
CHANCE: Final = frozenset({"date", "amount", "integer", "code", "coordinate", "person_name", "phone"})
DAY: Final = 11  # characters of a written day; what is longer loses its time
NAMES: Final = ("citizen_id", "uscc", "identifier", "org_code", "reg_no", "bank_card", "org_name")  # fmt: skip


def candidates(columns: Sequence[Column], first: Hashes, unique: Sequence[bool], rows: int) -> tuple[Key, ...]:
    """Keys, best first. `first`: hashes of the first rows, one column per column; `unique`: columns without a repetition in all `rows`."""
    proven = [c for c in sorted(columns, key=_liking) if unique[c.position] and c.full]
    naming = (c for c in proven if not c.running and c.type not in CHANCE)
    natural = [Key((c.label,), (c.position,), rows, rows, 0, 0, 0) for c in naming]
    running = [Key((c.label,), (c.position,), rows, rows, 0, 0, 0) for c in proven if c.running]
    if not natural and len(first):
        natural = _combined(columns, first)
    bearable = [key for key in natural if key.aside <= BEARABLE * key.rows]
    found = [*bearable, *running, *natural] if running else natural
    return tuple(dict.fromkeys(found))[:SHOWN]


def _combined(columns: Sequence[Column], first: Hashes) -> list[Key]:
    """Singles, pairs and one grown combination, those that set the fewest rows aside first."""
    usable = sorted((c for c in columns if _may_be_key(c)), key=lambda c: (*_liking(c), -c.distinct))
    tried = usable[:TRIED]
    whole = together(first)
    keys = [_key(combo, first, whole) for size in (1, 2) for combo in combinations(tried, size)]
    least = min((key.aside for key in keys), default=len(first))
    if least > BEARABLE * len(first):
        keys += [_key(combo, first, whole) for combo in _grown(usable, first, whole)]
    return sorted(keys, key=lambda key: (key.aside, len(key.positions)))[:SHOWN]


def _grown(usable: Sequence[Column], first: Hashes, whole: Hashes) -> Iterator[list[Column]]:
    """Column after column, each the one that leaves the fewest rows aside."""
    taken: list[Column] = []
    least = len(first) + 1
    while len(taken) < WIDEST and least:
        rest = [c for c in usable if c not in taken]
        tried = [(_key([*taken, c], first, whole).aside, at, c) for at, c in enumerate(rest)]
        if not tried or min(tried)[0] >= least:
            return
        least, _, best = min(tried)
        taken = [*taken, best]
        yield taken


def _key(columns: Sequence[Column], first: Hashes, whole: Hashes) -> Key:
    """What would become of the first rows under this key."""
    positions = tuple(c.position for c in columns)
    named = (first[:, positions] != NOTHING).all(axis=1)
    keys, rows = together(first[:, positions])[named], whole[named]
    pairs = np.unique(np.column_stack([keys, rows]), axis=0) if len(keys) else np.zeros((0, 2), np.uint64)
    held, versions = np.unique(pairs[:, 0], return_counts=True)
    torn = held[versions > 1]
    conflicts = int(np.isin(keys, torn).sum())
    distinct = len(held) - len(torn)
    missing = len(first) - int(named.sum())
    repeated = len(keys) - conflicts - distinct
    return Key(tuple(c.label for c in columns), positions, len(first), distinct, missing, repeated, conflicts)


def _may_be_key(column: Column) -> bool:
    rows = column.nonempty + column.empty + column.nulls
    if column.type == "date" and column.longest > DAY:  # two moments of one day become one key
        return False
    return not column.running and column.usable >= FILLED * rows and column.nonempty > 0


def _liking(column: Column) -> tuple[bool, bool, bool, int]:
    """Running numbers last: a row that moves up gets another one. Identifiers before names, what fits by chance and prose after all."""
    rank = NAMES.index(column.type) if column.type in NAMES else len(NAMES)
    return column.running, column.longest > 100, column.type in CHANCE, rank
