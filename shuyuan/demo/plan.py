"""Which rows go wrong: chosen once on the first day, kept on every later day as long as the department sends the row.

Belongs here: choosing rows so that no subject has two defects and every defect has one unambiguous detection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from shuyuan.demo.defects import CellDefect, RowDefect, cell_defects, row_defects
from shuyuan.demo.disagreements import Contradiction, contradictions
from shuyuan.demo.draw import Ints, Mask, generator
from shuyuan.demo.feeds import FEEDS, spoilable, take
from shuyuan.demo.frame import Frame
from shuyuan.demo.thematic import Case, cases
from shuyuan.demo.world import World

_LEAST = 3  # of every kind, where rows suffice
_MOST = 0.18  # of a feed's rows; a fifth of bad rows and the whole file would rightly be refused
_TRIES = 40  # candidates looked at per wanted row, since not every text fits every defect


@dataclass
class Plan:
    """The planted defects: `ids` are those of the resource's feed."""

    cells: list[tuple[CellDefect, Ints]] = field(default_factory=list)
    rows: list[tuple[RowDefect, Ints]] = field(default_factory=list)
    contradictions: list[Contradiction] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)


def plan(world: World, dirt: float) -> Plan:
    """Choose all defects on the first day's world; marks their subjects as taken. `dirt` scales the counts, 0 plants nothing."""
    planned = Plan()
    if dirt <= 0:
        return planned
    planned.contradictions = list(contradictions(world))
    planned.cases = list(cases(world, planned.contradictions))
    for resource in FEEDS:
        wanted: list[RowDefect | CellDefect] = [d for d in row_defects() if d.resource == resource]
        wanted += [d for d in cell_defects() if d.resource == resource]
        if wanted:
            _plan_feed(world, planned, FEEDS[resource](world), wanted, dirt)
    return planned


def _plan_feed(world: World, planned: Plan, frame: Frame, wanted: list[RowDefect | CellDefect], dirt: float) -> None:
    fallow = spoilable(world, frame.resource, frame.ids)
    budget = int(len(frame) * _MOST)
    for number, defect in enumerate(wanted):
        rng = generator(world.seed, frame.resource, defect.kind, number)
        want = min(budget, max(_LEAST, int(len(frame) * defect.count * dirt / 10_000)))
        at = np.array(sorted(_fitting(frame, defect, fallow, rng, want)), np.int64)
        ids = frame.ids[at]
        budget -= len(ids)
        take(world, frame.resource, ids)
        fallow &= spoilable(world, frame.resource, frame.ids)
        if isinstance(defect, CellDefect):
            planned.cells.append((defect, ids))
        else:
            planned.rows.append((defect, ids))


def _fitting(
    frame: Frame, defect: RowDefect | CellDefect, fallow: Mask, rng: np.random.Generator, want: int
) -> Iterator[int]:
    """Up to `want` positions of rows that are free and fit the defect."""
    free = np.flatnonzero(fallow)
    tried = rng.choice(free, min(len(free), want * _TRIES), replace=False)
    seen: set[int] = set()
    for position in tried.tolist():
        if len(seen) == want:
            return
        if _fits(frame, defect, position):
            seen.add(position)
            yield position


def _fits(frame: Frame, defect: RowDefect | CellDefect, position: int) -> bool:
    if isinstance(defect, RowDefect):
        return True
    text = frame.columns[defect.item][position].as_py()
    return text is not None and defect.fits(text) and defect.spoil(text, 0) != text
