"""Findings, evidence, quarantine and validations of a batch or run: what was noticed, counted and set aside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import pyarrow as pa

from shuyuan.db.copy import copy_in
from shuyuan.db.engine import Connection
from shuyuan.db.sql import statement, table

QUARANTINE = pa.schema(
    [("line", pa.int64()), *((n, pa.string()) for n in ("item", "value", "reason", "message", "raw"))]
)
UNMAPPED = pa.schema([*((n, pa.string()) for n in ("item", "value", "reason")), ("rows", pa.int64())])
EVIDENCE = pa.schema([("item", pa.string()), ("reason", pa.string()), ("rows", pa.int64())])


@dataclass(frozen=True)
class Finding:
    """Something noticed. `severity`: critical | warning | info; `dimension` of GB/T 36344-2018; `rows` concerned."""

    kind: str
    severity: str
    message: str
    dimension: str | None = None
    item: str | None = None
    rows: int | None = None


def record(
    connection: Connection, findings: Iterable[Finding], *, batch_id: int | None = None, run_id: int | None = None
) -> None:
    """Append findings."""
    rows = [asdict(finding) | {"batch_id": batch_id, "run_id": run_id} for finding in findings]
    with connection.cursor() as cursor:
        cursor.executemany(statement("ledger/record_finding"), rows)


def quarantine(connection: Connection, batch_id: int, rejects: pa.Table) -> int:
    """Set rows aside with the raw row, the column, the value and the reason. `rejects` has schema QUARANTINE."""
    types = ["int8", "int8", "text", "text", "text", "text", "text"]
    return copy_in(connection, table("ledger", "quarantine"), _of(batch_id, rejects), types)


def lines_aside(connection: Connection, batch_id: int) -> pa.Array:
    """Every line of a batch that was set aside, whenever that was."""
    lines = connection.execute("SELECT line FROM ledger.quarantine WHERE batch_id = %s", [batch_id]).fetchall()
    return pa.array([line for (line,) in lines], pa.int64())


def evidence(connection: Connection, batch_id: int, counted: pa.Table) -> int:
    """Keep the verdict counts. `counted` has schema EVIDENCE."""
    return copy_in(connection, table("ledger", "evidence"), _of(batch_id, counted), ["int8", "text", "text", "int8"])


def unmapped(connection: Connection, batch_id: int, found: pa.Table) -> int:
    """Keep what no code list and no crosswalk names. `found` has schema UNMAPPED."""
    return copy_in(
        connection, table("ledger", "unmapped"), _of(batch_id, found), ["int8", "text", "text", "text", "int8"]
    )


def _of(batch_id: int, data: pa.Table) -> pa.Table:
    return data.add_column(0, "batch_id", pa.repeat(pa.scalar(batch_id, pa.int64()), data.num_rows))
