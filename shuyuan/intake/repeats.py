"""Rows of one delivery that share a key: found by a 64-bit mark of every key, in memory that does not grow with the file."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
import pyarrow as pa

from shuyuan.db.sql import SQL, statement, text_of
from shuyuan.lake import duck

_SHARDS = 16


class Marks:
    """Marks of all keys, on disk by their last bits: equal marks meet in one shard, and one shard at a time is in memory."""

    def __init__(self) -> None:
        self._open = ExitStack()
        folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="marks-")))
        self._shards = [self._open.enter_context((folder / str(n)).open("w+b")) for n in range(_SHARDS)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, marks: pa.Array) -> None:
        """Take in the marks of a batch."""
        values = np.asarray(marks)
        shard = values % _SHARDS
        for number, file in enumerate(self._shards):
            file.write(values[shard == number].tobytes())

    def repeated(self) -> pa.Table:
        """Marks that came more than once: column `_mark`."""
        found = [_twice(file) for file in self._shards]
        return pa.table({"_mark": pa.array(np.concatenate(found), pa.uint64())})


def _twice(file: IO[bytes]) -> np.ndarray[Any, np.dtype[np.uint64]]:
    file.seek(0)
    values = np.frombuffer(file.read(), np.uint64).copy()
    values.sort()
    return np.unique(values[1:][values[1:] == values[:-1]])


def repeats(engine: duck.Duck, scan: str, marks: Marks, *, change: bool) -> pa.Table:
    """Rows that cannot stay because of another one with their key: columns _line, reason, first_line, _key."""
    repeated = marks.repeated()
    query = statement("steps/repeated_keys", change=SQL("true" if change else "false"))
    engine.register("repeated", repeated)
    return duck.table(engine, text_of(query).replace(":rows", scan))
