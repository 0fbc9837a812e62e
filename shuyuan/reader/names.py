"""The names of columns that no contract names: merged from the header's rows, unique, never empty."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shuyuan.reader.header import normalise
from shuyuan.reader.rows import BLANKS, show

_SPACES = re.compile(r"[\s\u200b\ufeff]+")
_QUOTES = "\"“”'"


def merged(rows: Sequence[Sequence[str]]) -> list[str]:
    """One name per column from header rows, uppermost first: levels joined by `/`, an upper cell spread right over the empty ones.

    A cell spreads only while the row below has something under it, and never over the next cell of its own row.
    """
    width = max(len(r) for r in rows)
    levels = [_spread(rows, at, width) for at in range(len(rows))]
    return [_joined([level[i] for level in levels]) for i in range(width)]


def unique(given: Sequence[str]) -> tuple[str, ...]:
    """`given` without empty and double names: `column_3` for the third, `x_2` for the second `x`, told apart as `header` compares them."""
    taken: set[str] = set()
    found: list[str] = []
    for at, name in enumerate(given, 1):
        base = tidy(name)
        base = base if normalise(base) else f"column_{at}"
        free = base
        number = 2
        while normalise(free) in taken:
            free, number = f"{base}_{number}", number + 1
        taken.add(normalise(free))
        found.append(free)
    return tuple(found)


def tidy(name: str) -> str:
    """`name` without line breaks, double blanks and quotes at its edges; undecodable bytes appear as `\\xNN`."""
    return _SPACES.sub(" ", show(name)).strip(BLANKS + _QUOTES)


def _spread(rows: Sequence[Sequence[str]], at: int, width: int) -> list[str]:
    row = [tidy(c) for c in rows[at]] + [""] * (width - len(rows[at]))
    below = rows[at + 1 :]
    for i in range(1, width):
        above_is_one = not row[i] and row[i - 1] and any(i < len(b) and tidy(b[i]) for b in below)
        if above_is_one and not any(i < len(u) and tidy(u[i]) for u in rows[:at]):
            row[i] = row[i - 1]
    return row


def _joined(levels: Sequence[str]) -> str:
    parts: list[str] = []
    for level in levels:
        if level and level not in parts:
            parts.append(level)
    return "/".join(parts)
