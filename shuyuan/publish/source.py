"""Admit: the delta of a delivery into `source.<resource>`, the live pointer and the batch's counts, in the caller's transaction."""

from __future__ import annotations

from dataclasses import asdict

from shuyuan.catalog import Resource
from shuyuan.db.copy import copy_in
from shuyuan.db.engine import Connection
from shuyuan.db.sql import Identifier, assignments_from, columns, statement, table
from shuyuan.lake.delta import Counts, Delta, Shape
from shuyuan.ledger.batches import Batch
from shuyuan.publish.tables import postgres_type

CARRIED = {"_key": "text", "_line": "int8", "_raw": "jsonb", "_verdicts": "jsonb", "_hash": "text"}
COPY_TYPES = {
    "date": "date",
    "numeric(20,6)": "numeric",
    "bigint": "int8",
    "double precision": "float8",
    "text": "text",
}


def shape(resource: Resource) -> Shape:
    """What the lake needs to know of a resource."""
    items = tuple(item.name for item in resource.items)
    return Shape(items, resource.bucket_item, change=resource.delivery.mode == "change")


def copy_types(resource: Resource) -> dict[str, str]:
    """Column → PostgreSQL type for a binary COPY of the delta."""
    return {item.name: COPY_TYPES[postgres_type(item.type)] for item in resource.items} | CARRIED


def stage(connection: Connection, resource: Resource, batch: Batch, delta: Delta) -> str | None:
    """Put what is new or changed into the unlogged `staging.batch_<id>`, where suites and stewards see it. None when empty."""
    types = copy_types(resource)
    rows = delta.table(list(types), "IU")
    name = f"batch_{batch.batch_id}"
    connection.execute(statement("steps/drop_staging", staging=table("staging", name)))
    if not rows.num_rows:
        return None
    connection.execute(
        statement("steps/create_staging", staging=table("staging", name), like=table("source", resource.table))
    )
    copy_in(connection, table("staging", name), rows, list(types.values()))
    return name


def apply(connection: Connection, resource: Resource, batch: Batch, delta: Delta, counts: Counts) -> None:
    """Apply the delta to the current rows. Raises LostRows when PostgreSQL changed another number of rows than the delta has."""
    types = copy_types(resource)
    connection.execute(statement("steps/create_delta", like=table("source", resource.table)))
    copy_in(connection, Identifier("delta"), delta.table([*types, "_change"], "IUD"), [*types.values(), "text"])
    parts = {
        "table": table("source", resource.table),
        "columns": columns(types),
        "changes": assignments_from("excluded", types),
    }
    values = {"batch": batch.batch_id, "as_of": batch.business_date}
    deleted = connection.execute(statement("steps/delete_gone", table=parts["table"])).rowcount
    written = connection.execute(statement("steps/upsert_source", **parts), values).rowcount
    connection.execute("DROP TABLE delta")
    if (deleted, written) != (counts.deleted, counts.inserted + counts.updated):
        raise LostRows(resource.id, asdict(counts), deleted, written)


class LostRows(Exception):
    """The warehouse did not change by exactly the delta: the lake and the warehouse disagree about what is current."""

    def __init__(self, name: str, expected: dict[str, int], deleted: int, written: int) -> None:
        super().__init__(
            f"{name}: the delta is {expected}, but PostgreSQL deleted {deleted} and wrote {written} rows; nothing was kept. "
            "Somebody changed the table by hand: put its rows back as the live snapshot has them (ledger.snapshot), then run the step again"
        )
