"""How many values of every declared pair were compared, and how many disagreed: counted anew, or brought up to date by what changed.

Reads the relations `checked` and `old` (`run.py`), on any engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from shuyuan.catalog import Library
from shuyuan.db.sql import SQL, Composable, Composed, Identifier, fragment, join, statement
from shuyuan.resolve import plan
from shuyuan.resolve.outcome import Counts

Ask = Callable[[Composable], Sequence[Sequence[Any]]]
"""Every row of a query, by the engine that runs the plan."""


class Tally:
    """Counts of one library. `whole`: everybody is counted anew, so nothing is taken off what was counted before."""

    def __init__(self, library: Library, ask: Ask, *, whole: bool) -> None:
        self.library, self.ask, self.whole = library, ask, whole
        self.pairs = plan.pairs(library)

    def now(self) -> Counts:
        """Of every pair, how many were compared and how many disagree."""
        if not self.pairs:
            return {}
        (row,) = self.ask(counts(self.library))
        return {(p.item.name, p.check.ref): (row[2 * i], row[2 * i + 1]) for i, p in enumerate(self.pairs)}

    def compared_before(self) -> Counts:
        """What the old rows of these entities had to the counts, to be taken off them."""
        if self.whole or not self.pairs:
            return {}
        (row,) = self.ask(compared(self.library))
        return {(p.item.name, p.check.ref): (-number, 0) for p, number in zip(self.pairs, row, strict=True)}

    def disagreed_before(self) -> Counts:
        """What their old disputes had, likewise."""
        if self.whole:
            return {}
        declared = {(p.item.name, p.check.ref) for p in self.pairs}
        counted = self.ask(SQL("SELECT item, claim_ref, count(*) FROM old GROUP BY item, claim_ref"))
        return {(item, ref): (0, -number) for item, ref, number in counted if (item, ref) in declared}


def counts(library: Library) -> Composed:
    """Per pair two numbers in a row: how many were compared, how many disagree."""
    return statement("steps/crosscheck_counts", counts=join(_counted(pair) for pair in plan.pairs(library)))


def _counted(pair: plan.Pair) -> Composed:
    names = {"c": Identifier(f"c{pair.number}"), "d": Identifier(f"d{pair.number}")}
    template = "count(CASE WHEN {compared} THEN 1 END) AS {c}, count({disputed}) AS {d}"
    return fragment(template, compared=pair.compared, disputed=pair.disputed, **names)


def compared(library: Library) -> Composed:
    """Per pair how many of the rows in `old` were compared."""
    every = [fragment("count(CASE WHEN {compared} THEN 1 END)", compared=pair.compared) for pair in plan.pairs(library)]
    return fragment("SELECT {counts} FROM old", counts=join(every))
