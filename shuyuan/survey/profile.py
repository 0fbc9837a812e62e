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
LIKELY: Final = 0.5  # share of the non-empty cells of those rows that a type must explain to stay
FEW: Final = 200  # different values that are remembered with their counts
SAMPLES: Final = 5
LOOSE: Final = frozenset({"text", "identifier", "address", "person_name", "org_name", "code", "division", "coordinate"})
"""Types that nearly anything is: a header or a shape must speak for them."""
STRICT: Final = tuple(name for name in ARROW_TYPES if name not in LOOSE)

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
        self.values: Counter[str] | None = Counter()
        self.samples: list[str] = []
        self._shapes = shapes.ALL

    def _tried(self) -> list[str]:
        """The identifier is always among them: it tells what a spreadsheet has mangled."""
        said = [self.hint.type] if self.hint.type else []
        return list(dict.fromkeys([*STRICT, "identifier", *(t for t in said if t not in ("code", "text"))]))

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
        self._spare()
        self._tally(cells)
        self._collect(cells)

    def _spare(self) -> None:
        """Types whose shape hardly any cell of the first rows has need not be tried."""
        for name, shape in shapes.NEEDED.items():
            if name in self.counts and name != self.hint.type and self.shapes[shape] < LIKELY * self.nonempty:
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

    def narrow(self) -> None:
        """Give up the types and shapes that the rows so far rule out; a column that is empty so far keeps all."""
        if not self.nonempty:
            return
        least = LIKELY * self.nonempty
        kept = {"identifier", self.hint.type}
        self.counts = {n: c for n, c in self.counts.items() if n in kept or c.explained >= least}
        self._shapes = frozenset(n for n in shapes.ALL if n in shapes.ALWAYS or self.shapes[n] >= 0.1 * self.nonempty)


def _says_something(cells: pa.StringArray) -> Mask:
    """Neither empty nor a token that stands for nothing; a masked cell says that there is something."""
    parsed = standards.parse("text", cells)
    masked = pc.fill_null(pc.equal(parsed.verdicts, "masked"), False)
    return np.asarray(pc.or_(parsed.values.is_valid(), masked).to_numpy(zero_copy_only=False), np.bool_)
