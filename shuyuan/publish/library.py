"""Publish: the delta of a run into `library.<id>`, `history.<id>` and the discrepancies, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from shuyuan.catalog import Library
from shuyuan.db.copy import copy_in
from shuyuan.db.engine import Connection
from shuyuan.db.sql import Identifier, assignments_from, columns, statement, table
from shuyuan.ledger import discrepancies
from shuyuan.ledger.runs import Run
from shuyuan.publish.source import COPY_TYPES, LostRows
from shuyuan.publish.tables import postgres_type

DISPUTE = ("_op", *discrepancies.COLUMNS)


def apply(connection: Connection, library: Library, run: Run, paths: list[Path], expected: dict[str, int]) -> None:
    """Bring current rows and history up to the run. `expected`: {"I": …, "U": …, "D": …}. Raises LostRows on any other count."""
    types = {item.name: COPY_TYPES[postgres_type(item.type)] for item in library.items}
    types |= {"_key": "text", "_filled": "jsonb", "_hash": "text"}
    connection.execute(statement("steps/create_library_delta", like=table("library", library.id)))
    for part in _parts(paths, [*types, "_op"]):
        copy_in(connection, Identifier("delta"), part, [*types.values(), "text"])
    deleted, written = _apply(connection, library, run, list(types))
    connection.execute("DROP TABLE delta")
    if (deleted, written) != (expected["D"], expected["I"] + expected["U"]):
        raise LostRows(library.id, expected, deleted, written)


def _apply(connection: Connection, library: Library, run: Run, names: list[str]) -> tuple[int, int]:
    target, values = table("library", library.id), {"run": run.run_id, "as_of": run.business_date}
    parts = {"columns": columns(names), "changes": assignments_from("excluded", names)}
    deleted = connection.execute(statement("steps/delete_from_library", table=target)).rowcount
    written = connection.execute(statement("steps/upsert_library", table=target, **parts), values).rowcount
    history = statement("steps/append_history", history=table("history", library.id), columns=parts["columns"])
    connection.execute(history, values)
    return deleted, written


def settle(connection: Connection, library: Library, run: Run, paths: list[Path]) -> tuple[int, int]:
    """Close the discrepancies that ended or changed, open the new ones. → (opened, closed)."""
    connection.execute(statement("steps/create_dispute_delta"))
    for part in _parts(paths, DISPUTE):
        copy_in(connection, Identifier("dispute"), part, ["text"] * len(DISPUTE))
    counts = discrepancies.settle(connection, library.id, run.run_id, Identifier("dispute"))
    connection.execute("DROP TABLE dispute")
    return counts


def _parts(paths: list[Path], names: list[str] | tuple[str, ...]) -> Iterator[pa.Table]:
    for path in paths:
        yield pq.read_table(path, columns=list(names)).select(list(names))
