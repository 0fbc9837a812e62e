"""One column on its way from text to value: values, worst verdict and changed flag per row, and how parts are joined.

What belongs here: bookkeeping that every item type needs. What a type means is in its own module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from shuyuan.standards.rawbytes import Mask
from shuyuan.standards.reasons import REASONS

Ranks = npt.NDArray[np.uint8]

_CODES: Final = pa.array([None, *REASONS], pa.string())
_FIRST_UNUSABLE: Final = min(reason.severity_rank for reason in REASONS.values() if not reason.usable)


@dataclass(frozen=True)
class Parsed:
    """What `parse` gives: three Arrow arrays of the length of what was read."""

    values: pa.Array
    """Canonical and typed; null where there is no usable value."""
    verdicts: pa.Array
    """String: the most severe reason code of `REASONS` that applies, null when the cell is fine."""
    changed: pa.Array
    """Boolean: the canonical text differs from the text as read (an empty cell read as null is no change)."""


@dataclass
class Column:
    """Values with, for each row, the rank of its worst reason (0: fine) and whether its text was changed."""

    values: pa.Array
    ranks: Ranks
    changed: Mask

    @classmethod
    def of(cls, values: pa.Array, changed: Mask | None = None) -> Column:
        """A column without verdicts."""
        size = len(values)
        return cls(values, np.zeros(size, np.uint8), np.zeros(size, np.bool_) if changed is None else changed)

    @classmethod
    def empty(cls, size: int, arrow_type: pa.DataType) -> Column:
        """A column of `size` nulls."""
        return cls.of(pa.nulls(size, arrow_type))

    def flag(self, rows: Mask, reason: str) -> None:
        """Give `reason` to `rows`; a row keeps the more severe of two reasons."""
        rank = np.uint8(REASONS[reason].severity_rank)
        np.maximum(self.ranks, np.where(rows, rank, np.uint8(0)), out=self.ranks)

    def put(self, rows: Mask, part: Column) -> None:
        """Replace `rows` by the rows of `part`, in order."""
        if not len(part.values):
            return
        if len(part.values) == len(self.values):
            self.values, self.ranks, self.changed = part.values, part.ranks, part.changed
            return
        self.values = pc.replace_with_mask(self.values, pa.array(rows), part.values)
        self.ranks[rows] = part.ranks
        self.changed[rows] = part.changed

    def take(self, places: pa.Array) -> Column:
        """The column in which row i is this column's row `places[i]`."""
        at = places.to_numpy()
        return Column(self.values.take(places), self.ranks.take(at), self.changed.take(at))

    def drop_unusable(self) -> None:
        """Null every value whose reason says it cannot be used; the text as read is kept as changed."""
        rows = self.ranks >= _FIRST_UNUSABLE
        if rows.any():
            self.values = pc.if_else(pa.array(rows), pa.scalar(None, self.values.type), self.values)
            self.changed = self.changed | rows

    def parsed(self) -> Parsed:
        """The three arrays handed out."""
        size = len(self.ranks)
        verdicts = _CODES.take(pa.array(self.ranks)) if self.ranks.any() else pa.nulls(size, pa.string())
        return Parsed(self.values, verdicts, pa.array(self.changed))


def mask_of(flags: pa.Array) -> Mask:
    """An Arrow boolean array as a numpy mask; null counts as false."""
    filled = flags.fill_null(False) if flags.null_count else flags
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.bool_)


def differs(one: pa.Array, other: pa.Array) -> Mask:
    """Rows whose texts differ; null differs from text, not from null."""
    if one is other:
        return np.zeros(len(one), np.bool_)
    nulls: Mask = mask_of(one.is_null()) != mask_of(other.is_null())
    return mask_of(pc.not_equal(one, other)) | nulls
