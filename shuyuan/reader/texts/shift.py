"""A row with a delimiter too many: harmless at its end, but in its middle every value behind it stands under the wrong name.

When the last column is empty both look alike, a row that is one empty cell too long. What the columns usually hold tells them apart.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from shuyuan.reader.rows import BLANKS, Fault
from shuyuan.reader.texts.kinds import EMPTY, kind

MARGIN = math.log(10)  # how much likelier the row as it stands must be than any other way to lose the surplus cells
LEARN = 1_000  # rows that make a profile


class Profile:
    """What the columns of a table hold, learned from sound rows as wide as the header."""

    def __init__(self, width: int, rows: Iterable[Sequence[str]] = ()) -> None:
        self.width, self.rows = width, 0
        self._counts: list[Counter[str]] = [Counter() for _ in range(width)]
        for cells in rows:
            self.learn(cells)

    def learn(self, cells: Sequence[str]) -> None:
        """Take in one sound row; after `LEARN` rows nothing more is learned."""
        if len(cells) == self.width and self.rows < LEARN:
            self.rows += 1
            for counts, cell in zip(self._counts, cells, strict=True):
                counts[kind(cell)] += 1

    def likelihood(self, cells: Sequence[str]) -> float:
        """Log-likelihood of a row, columns taken apart; kinds never seen in a column count as half a row."""
        return sum(math.log((n[kind(c)] + 0.5) / (self.rows + 4)) for n, c in zip(self._counts, cells, strict=True))


def surplus(cells: Sequence[str], profile: Profile) -> Fault | None:
    """None if the empty cells by which `cells` exceeds the profile's width stand at its end; else why the row cannot be taken.

    A row is refused unless its values fit their columns as they stand ten times better than after one of its other empty cells
    is taken out. It is never put right: which cell is the surplus one only the department knows.
    """
    width = profile.width
    if len(cells) <= width or "".join(cells[width:]).strip(BLANKS):
        return None  # not this question: short or ragged
    kept = list(cells[:width])
    others = [(i, o) for i, o in _without_one(cells, len(cells) - width, width) if _bare(o) != _bare(kept)]
    if not others:
        return None
    at, best = max(others, key=lambda other: profile.likelihood(other[1]))
    if profile.likelihood(kept) > profile.likelihood(best) + MARGIN:
        return None
    message = (
        f"{len(cells)} cells where the header has {width}; the empty cell {at + 1} may be one delimiter too many, "
        "then all values behind it are under the wrong column; deliver the row again with one cell per column"
    )
    return Fault("shifted_row", None, None, message)


def _bare(cells: Sequence[str]) -> list[str]:
    return [cell.strip(BLANKS) for cell in cells]


def _without_one(cells: Sequence[str], extra: int, width: int) -> list[tuple[int, list[str]]]:
    """(index, row) for every empty cell: the row as if `extra` delimiters too many began there."""
    empty = [i for i in range(width) if all(kind(c) == EMPTY for c in cells[i : i + extra])]
    return [(i, [*cells[:i], *cells[i + extra :]][:width]) for i in empty]
