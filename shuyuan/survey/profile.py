"""Columns as they go by, batch by batch: counts, lengths, different values, candidate types. Memory does not grow with the rows.

On the first rows every type is tried; only what they do not rule out is counted over all rows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan import standards
from shuyuan.standards import ARROW_TYPES
from shuyuan.survey import shapes
from shuyuan.survey.distinct import Distinct, Hashes
from shuyuan.survey.words import Hint

FIRST: Final = 10_000  # rows on which every type is tried
GLANCE: Final = 1_000  # rows after which types that explain next to nothing are given up
HARDLY: Final = 0.2
LIKELY: Final = 0.5  # share of the non-empty cells of those rows that a type must explain to stay
FEW: Final = 200  # different values that are remembered with their counts
SAMPLES: Final = 5
STRICT: Final = (
    *("citizen_id", "uscc", "org_code", "reg_no", "bank_card", "real_estate_unit_no", "parcel_code"),
    *("email", "phone", "date", "amount", "integer"),
)
"""Types that are tried on every column; the others fit nearly anything, so a header or a shape must speak for them."""
CHECKED: Final = ("citizen_id", "uscc", "org_code", "reg_no", "bank_card", "real_estate_unit_no")
"""Types with a check character inside."""
FIGURES: Final = frozenset({"integer", "amount"})

Mask = npt.NDArray[np.bool_]


@dataclass
class Count:
    """One type over the cells so far."""

    valid: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def explained(self) -> int:
        """Cells that are of the type, were before they were masked, or say in its words that there is none."""
        return self.valid + self.reasons["masked"] + self.reasons["date_sentinel"]


class ColumnProfile:
    """What is known of one column so far."""

    def __init__(self, label: str, hint: Hint, as_of: date) -> None:
        self.label, self.hint = label, hint
        self._as_of = as_of
        self.rows = self.empty = self.nulls = 0
        self.shortest, self.longest = 0, 0
        self.distinct = Distinct()
        self.counts: dict[str, Count] = {name: Count() for name in self._tried()}
        self.shapes: Counter[str] = Counter()
        self.shaped: Counter[str] = Counter()  # cells over which each shape was counted
        self.values: Counter[str] | None = Counter()
        self.samples: list[str] = []
        self._shapes = shapes.ALL

    def _tried(self) -> list[str]:
        """The identifier is always among them: it tells what a spreadsheet has mangled."""
        said = [self.hint.type] if self.hint.type else []
        wanted = [*STRICT, "identifier", *(t for t in said if t not in ("code", "text"))]
        return [name for name in dict.fromkeys(wanted) if name in ARROW_TYPES]

    @property
    def nonempty(self) -> int:
        """Cells with a value, masked ones included."""
        return self.rows - self.empty - self.nulls

    def add(self, cells: pa.StringArray, hashed: Hashes) -> Mask:
        """Take the next cells. → which of them say something."""
        said = _says_something(cells)
        self.rows += len(cells)
        self.empty += cells.null_count
        self.nulls += len(cells) - cells.null_count - int(said.sum())
        spoken = cells.filter(pa.array(said))
        self.distinct.add(hashed[said])
        if len(spoken):
            self._measure(spoken)
        return said

    def _measure(self, cells: pa.StringArray) -> None:
        lengths = pc.min_max(pc.utf8_length(cells)).as_py()
        self.shortest = min(self.shortest or lengths["min"], lengths["min"])
        self.longest = max(self.longest, lengths["max"])
        self.shapes += shapes.counts(cells, self._shapes)
        self.shaped.update(dict.fromkeys(self._shapes, len(cells)))
        self._spare()
        self._tally(cells)
        self._collect(cells)

    def _spare(self) -> None:
        """Types whose shape hardly any cell of the first rows has need not be tried."""
        for name, shape in shapes.NEEDED.items():
            if name in self.counts and name != self.hint.type and self.shapes[shape] < LIKELY * self.shaped[shape]:
                del self.counts[name]

    def _tally(self, cells: pa.StringArray) -> None:
        for name, count in self.counts.items():
            parsed = standards.parse(name, cells, unit=self.hint.unit if name == "amount" else None, as_of=self._as_of)
            count.valid += len(cells) - parsed.values.null_count
            for reason in pc.value_counts(parsed.verdicts.drop_null()).to_pylist():
                count.reasons[reason["values"]] += reason["counts"]

    def _collect(self, cells: pa.StringArray) -> None:
        if len(self.samples) < SAMPLES:
            fresh = [text for text in pc.unique(cells.slice(0, 200)).to_pylist() if text not in self.samples]
            self.samples += fresh[: SAMPLES - len(self.samples)]
        if self.values is None:
            return
        for entry in pc.value_counts(cells).to_pylist():
            self.values[entry["values"]] += entry["counts"]
        if len(self.values) > FEW:
            self.values = None

    def glance(self) -> None:
        """Give up the types that hardly any cell so far is of: trying them costs most where they do not fit."""
        least = HARDLY * self.nonempty
        kept = {self.hint.type, "identifier"}
        self.counts = {n: c for n, c in self.counts.items() if n in kept or c.explained >= least}

    def narrow(self, likely: str) -> None:
        """Keep what the rows so far do not rule out beside the type they make likely; a column that is empty so far keeps all."""
        if not self.nonempty:
            return
        kept = {likely, self.hint.type, *(FIGURES if likely in FIGURES else ())}
        kept |= {n for n in CHECKED if n in self.counts and self.counts[n].explained >= LIKELY * self.nonempty}
        if likely not in STRICT or likely in FIGURES:
            kept.add("identifier")
        self.counts = {n: c for n, c in self.counts.items() if n in kept}
        worth = {n for n in shapes.ALL if self.shapes[n] >= 0.1 * self.nonempty} | shapes.ALWAYS
        self._shapes = frozenset(worth & shapes.telling(likely))

    def share(self, shape: str) -> float:
        """Share of the cells with that shape, among those that were looked at for it."""
        return self.shapes[shape] / self.shaped[shape] if self.shaped[shape] else 0.0


def _says_something(cells: pa.StringArray) -> Mask:
    """Neither empty nor a token that stands for nothing; a masked cell says that there is something."""
    parsed = standards.parse("text", cells)
    masked = pc.fill_null(pc.equal(parsed.verdicts, "masked"), False)
    return np.asarray(pc.or_(parsed.values.is_valid(), masked).to_numpy(zero_copy_only=False), np.bool_)
