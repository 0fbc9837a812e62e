"""What the court hears and what it says: open disputes counted by pattern, comparisons of a run, reliabilities and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from shuyuan.db.engine import Connection
from shuyuan.db.sql import Composed, Identifier, statement, table


class Said(Protocol):
    """What a court says of one library: tables with the columns of `ledger.reliability` and `ledger.verdict` but for run and library."""

    @property
    def reliability(self) -> pa.Table: ...
    @property
    def verdicts(self) -> pa.Table: ...


@dataclass(frozen=True)
class Evidence:
    """`patterns`: item, source_ref, pattern, count of entities. `crosschecks`: item, claim_ref, compared, disagreed.
    `values`: item, source_ref, source_value, claim_ref, claim_value, count, added (by the run)."""

    patterns: pa.Table
    crosschecks: pa.Table
    values: pa.Table


_EVIDENCE = {
    "patterns": ("item source_ref pattern", "count"),
    "crosschecks": ("item claim_ref", "compared disagreed"),
    "values": ("item source_ref source_value claim_ref claim_value", "count added"),
}


def count(connection: Connection, library: str, run_id: int, coded: Sequence[str]) -> int:
    """Append what the run opened and closed, by pattern; once per run, after its discrepancies are settled. `coded`: items of codes, whose values
    are counted too. → groups. Costs what the run changed, not what is open."""
    values = {"library": library, "run_id": run_id, "coded": list(coded)}
    return connection.execute(statement("court/count_changes"), values).rowcount


def move(connection: Connection, library: str, run_id: int, coded: Sequence[str], delta: Identifier) -> int:
    """Give open discrepancies the pattern of the delta's rows with `_op` P (entity, item, claim_ref, pattern), and count them from one pattern to the
    other. → how many were open. They are neither closed nor opened: what they say has not changed, only who else says what."""
    values = {"library": library, "run_id": run_id, "coded": list(coded)}
    row = connection.execute(statement("court/move_patterns", delta=delta), values).fetchone()
    return int(row[0]) if row else 0


def evidence(connection: Connection, library: str, run_id: int) -> Evidence:
    """What is open now, counted, and what the run compared."""
    values = {"library": library, "run_id": run_id}
    return Evidence(
        _read(connection, statement("court/open_patterns"), values, *_EVIDENCE["patterns"]),
        _read(connection, statement("court/crosschecks"), values, *_EVIDENCE["crosschecks"]),
        _read(connection, statement("court/open_values"), values, *_EVIDENCE["values"]),
    )


def _read(connection: Connection, order: Composed, values: dict[str, object], texts: str, counts: str) -> pa.Table:
    schema = _schema(texts, counts)
    rows = connection.execute(order, values).fetchall()
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema=schema)


def _schema(texts: str, counts: str) -> pa.Schema:
    return pa.schema([*((n, pa.string()) for n in texts.split()), *((n, pa.int64()) for n in counts.split())])


def cells_with(connection: Connection, library: str, item: str, value: str) -> tuple[int, int]:
    """(entities of a published library that have a value in the item, those that have this one)."""
    order = statement("court/cells_with_value", item=Identifier(item), library=table("library", library))
    row = connection.execute(order, {"value": value}).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def former(connection: Connection, library: str, run_id: int) -> pa.Table:
    """item, source_ref, claim_ref, opened, former: of the disputes that a run opened, how many repeat what the library held before it."""
    values: dict[str, object] = {"library": library, "run_id": run_id}
    texts, counts = "item source_ref claim_ref", "opened former"
    before = connection.execute(statement("court/has_earlier_run"), values).fetchone()
    if before is None or not before[0]:
        return _schema(texts, counts).empty_table()
    order = statement("court/former_values", history=table("history", library))
    return _read(connection, order, values, texts, counts)


def record(connection: Connection, library: str, run_id: int, said: Said) -> None:
    """Append what the court says of a run, in the caller's transaction. Rows per kind of dispute, not per discrepancy."""
    for name, rows in (("reliability", said.reliability), ("verdict", said.verdicts)):
        given = [row | {"run_id": run_id, "library": library} for row in rows.to_pylist()]
        with connection.cursor() as cursor:
            cursor.executemany(statement(f"court/record_{name}"), given)
