"""How many different values, and whether any comes twice: by 64-bit hashes, in memory that is bounded whatever the file's size."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shuyuan.lake import duck

Hashes = npt.NDArray[np.uint64]

KEPT: Final = 1 << 16  # smallest hashes kept: exact below, an estimate with a standard error of 0.4 % above
_RANGE: Final = float(1 << 64)


def hashes(connection: duck.Duck, table: pa.Table) -> Hashes:
    """One row of hashes per row of `table`, one column per column; good within this process only."""
    names = ", ".join(f"hash(c{i})" for i in range(table.num_columns))
    connection.register("rows", table.rename_columns([f"c{i}" for i in range(table.num_columns)]))
    found = duck.table(connection, f"SELECT {names} FROM rows")  # noqa: S608 - names of our own
    connection.unregister("rows")
    return np.column_stack([np.asarray(column.to_numpy(), np.uint64) for column in found.columns])


def together(columns: Hashes) -> Hashes:
    """One hash per row over several columns."""
    mixed = np.zeros(len(columns), np.uint64)
    for one in columns.T:
        mixed = (mixed ^ one) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed


class Distinct:
    """The different values of one column as they go by: the `KEPT` smallest hashes."""

    def __init__(self) -> None:
        self._smallest: Hashes = np.zeros(0, np.uint64)
        self.exact = True

    def add(self, values: Hashes) -> None:
        """Take the next values."""
        if not self.exact:
            values = values[values < self._smallest[-1]]
        found = np.unique(np.concatenate([self._smallest, values]))
        if len(found) > KEPT:
            self.exact = False
        self._smallest = found[:KEPT]

    def count(self) -> int:
        """Different values, exact while there are fewer than `KEPT`."""
        if self.exact:
            return len(self._smallest)
        return round((KEPT - 1) * _RANGE / float(self._smallest[-1]))


class Budget:
    """Hashes that may be remembered, shared by all columns of a table."""

    def __init__(self, hashes: int) -> None:
        self.left = hashes


class Repeats:
    """Does a column ever repeat a value? Remembers every hash until one comes twice inside a batch or the memory is spent."""

    def __init__(self, memory: Budget) -> None:
        self._parts: list[Hashes] = []
        self._memory = memory
        self.rows = 0
        self.alive = True

    def add(self, values: Hashes) -> None:
        """Take the next values; give up, and give the memory back, when it is known that there is nothing to prove."""
        self.rows += len(values)
        if not self.alive:
            return
        if len(values) > self._memory.left or len(np.unique(values)) < len(values):
            self.alive = False
            self._memory.left += sum(map(len, self._parts))
            self._parts.clear()
        else:
            self._memory.left -= len(values)
            self._parts.append(values.copy())

    def unique(self) -> bool:
        """Was every value different from every other?"""
        if not self.alive or not self.rows:
            return False
        joined = np.sort(np.concatenate(self._parts))
        return bool((joined[1:] != joined[:-1]).all())
