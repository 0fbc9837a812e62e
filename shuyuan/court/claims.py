"""Claims as numbers: who says what about which cell, encoded once so that everything after it is arithmetic on arrays.

Belongs here: the shape of the court's input. Does not belong here: what a claim is worth (`learn.py`, `copying.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Floats: TypeAlias = npt.NDArray[np.float64]

COLUMNS = ("object", "item", "source", "value")


@dataclass(frozen=True)
class Claims:
    """One entry per claim: `source` says that `cell` (an object's item) has the value of `group`.

    Claims of one cell that agree share a group. `weight` is how many objects the claim stands for (1, or a pattern's count).
    `group` numbers rise with the order in which values are first claimed, which settles ties.
    """

    cell: Ints
    source: Ints
    group: Ints
    weight: Floats
    cell_of_group: Ints
    item_of_cell: Ints
    sources: tuple[str, ...]
    items: tuple[str, ...]
    values: pa.Array
    objects: pa.Array

    @property
    def item(self) -> Ints:
        """Item of every claim."""
        return self.item_of_cell[self.cell]

    @property
    def slot(self) -> Ints:
        """(source, item) of every claim as one number."""
        return self.source * len(self.items) + self.item

    @property
    def cells(self) -> int:
        return len(self.item_of_cell)

    @property
    def groups(self) -> int:
        return len(self.cell_of_group)


def encode(table: pa.Table) -> Claims:
    """Number a table of claims: columns `object`, `item`, `source`, `value` (any type each) and, where claims count more than
    once, `weight`. A null value is no claim. A source that repeats itself about a cell counts once, by its first word.

    Raises ValueError when a column is missing.
    """
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise ValueError(f"claims have no column {missing}; they need {list(COLUMNS)}")
    table = table.filter(pc.is_valid(table["value"]))
    (objects, about), (items, item), (sources, source), (values, value) = (_codes(table[name]) for name in COLUMNS)
    first, cell = _numbers(about * max(1, len(items)) + item)
    kept = _first_words(cell * max(1, len(sources)) + source)
    first_said, group = _numbers((cell * max(1, len(values)) + value)[kept])
    weight = _weights(table)[kept]
    return Claims(
        cell=cell[kept],
        source=source[kept],
        group=group,
        weight=weight,
        cell_of_group=cell[kept][first_said],
        item_of_cell=item[first],
        sources=tuple(map(str, sources.to_pylist())),
        items=tuple(map(str, items.to_pylist())),
        values=values.take(pa.array(value[kept][first_said])),
        objects=objects.take(pa.array(about[first])),
    )


def total(amounts: Floats, by: Ints, size: int) -> Floats:
    """Sum of amounts per number of `by`, for the numbers below `size`."""
    return np.bincount(by, amounts, size).astype(np.float64)


def _codes(column: pa.ChunkedArray) -> tuple[pa.Array, Ints]:
    """Distinct values in order of appearance, and the number of each row's."""
    encoded = pc.dictionary_encode(column.combine_chunks())
    return encoded.dictionary, np.asarray(encoded.indices, np.int64)


def _numbers(keys: Ints) -> tuple[Ints, Ints]:
    """Distinct keys numbered by first appearance: (position of each one's first row, number of each row)."""
    _, first, number = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return first[order].astype(np.int64), rank[number.reshape(-1)]


def _first_words(keys: Ints) -> Ints:
    """Positions of the first row of every key, in row order."""
    return np.sort(np.unique(keys, return_index=True)[1]).astype(np.int64)


def _weights(table: pa.Table) -> Floats:
    if "weight" in table.column_names:
        return np.asarray(table["weight"].combine_chunks(), np.float64)
    return np.ones(table.num_rows)
