"""Admit: the delta of a delivery into `source.<resource>`, the live pointer and the batch's counts, in the caller's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pyarrow as pa

from shuyuan.catalog import Resource
from shuyuan.db.copy import copy_in
from shuyuan.db.engine import Connection
from shuyuan.db.sql import Identifier, assignments_from, columns, statement, table
from shuyuan.lake.delta import Counts, Delta, Shape
from shuyuan.ledger.batches import Batch
from shuyuan.publish.bare import keys_last
from shuyuan.publish.rows import stamped
from shuyuan.publish.tables import postgres_type

CARRIED = {"_key": "text", "_line": "int8", "_raw": "jsonb", "_verdicts": "jsonb", "_hash": "text"}
COPY_TYPES = {
    "date": "date",
    "numeric(20,6)": "numeric",
    "bigint": "int8",
    "double precision": "float8",
    "text": "text",
}


def shape(resource: Resource, links: tuple[str, ...]) -> Shape:
    """What the lake needs to know of a resource. `links`: its items that hold keys of libraries."""
    items = tuple(item.name for item in resource.items)
    return Shape(items, resource.bucket_item, resource.delivery.mode == "change", links, resource.moves)


def copy_types(resource: Resource) -> dict[str, str]:
    """Column → PostgreSQL type for a binary COPY of the delta."""
    return {item.name: COPY_TYPES[postgres_type(item.type)] for item in resource.items} | CARRIED


def stage(connection: Connection, resource: Resource, batch: Batch, delta: Delta) -> str | None:
    """Put what is new or changed into the unlogged `staging.batch_<id>`, where suites and stewards see it. None when empty."""
    types = copy_types(resource)
    name = f"batch_{batch.batch_id}"
    staging = table("staging", name)
    connection.execute(statement("steps/drop_staging", staging=staging))
    connection.execute(statement("steps/create_staging", staging=staging, like=table("source", resource.table)))
    if copy_in(connection, staging, delta.reader(list(types), "IU"), list(types.values()), frozen=True):
        return name
    connection.execute(statement("steps/drop_staging", staging=staging))
    return None


def is_judged(connection: Connection, batch: Batch, counts: Counts) -> bool:
    """Whether the staging table still holds all rows that the delta brings: unlogged, it is empty after a crash of the server."""
    name = f"batch_{batch.batch_id}"
    found = connection.execute("SELECT to_regclass(%s)", [f"staging.{name}"]).fetchone()
    if not counts.inserted or not found or found[0] is None:
        return False
    order = statement("steps/judged_rows", staging=table("staging", name))
    return connection.execute(order, {"batch": batch.batch_id}).fetchone() == (counts.inserted,)


def begin(connection: Connection, resource: Resource, batch: Batch, counts: Counts) -> None:
    """The first rows of a resource, out of the staging table. Raises LostRows when another number of them was new."""
    target = table("source", resource.table)
    parts = {"staging": table("staging", f"batch_{batch.batch_id}"), "columns": columns(copy_types(resource))}
    with keys_last(connection, target):
        order = statement("steps/begin_source", table=target, **parts)
        done = connection.execute(order, {"batch": batch.batch_id, "as_of": batch.business_date}).rowcount
    if done != counts.inserted:
        raise LostRows(resource.id, {"I": counts.inserted}, {"I": done})


def apply(connection: Connection, resource: Resource, batch: Batch, delta: Delta, counts: Counts) -> None:
    """Apply the delta to the current rows. Raises LostRows when PostgreSQL changed another number of rows than the delta has.

    A resource of which nothing is known yet is loaded straight and gets its keys afterwards.
    """
    done = Counter[str]()
    if counts.inserted and not counts.updated and not counts.deleted:
        done = _begin(connection, resource, batch, delta)
    if not done:
        done = _merge(connection, resource, batch, delta)
    expected = {"I": counts.inserted, "U": counts.updated, "D": counts.deleted}
    if done != Counter(expected):
        raise LostRows(resource.id, expected, done)


def _begin(connection: Connection, resource: Resource, batch: Batch, delta: Delta) -> Counter[str]:
    """The first rows. Nothing is done, and nothing counted, when there are rows already."""
    types, target = copy_types(resource), table("source", resource.table)
    with keys_last(connection, target) as empty:
        if not empty:
            return Counter()
        marks = {"_batch": pa.scalar(batch.batch_id, pa.int64()), "_as_of": pa.scalar(batch.business_date, pa.date32())}
        rows = stamped(delta.reader(list(types), "I"), **marks)
        return Counter(I=copy_in(connection, target, rows, [*types.values(), "int8", "date"]))


def _merge(connection: Connection, resource: Resource, batch: Batch, delta: Delta) -> Counter[str]:
    types, target = copy_types(resource), table("source", resource.table)
    connection.execute(statement("steps/create_delta", like=target))
    copy_in(connection, Identifier("delta"), delta.reader([*types, "_change"], "IUD"), [*types.values(), "text"])
    connection.execute("ANALYZE delta (_key, _change)")
    parts = {"columns": columns(types), "values": columns(types, "delta"), "changes": assignments_from("delta", types)}
    order = statement("steps/merge_source", table=target, **parts)
    done = connection.execute(order, {"batch": batch.batch_id, "as_of": batch.business_date}).fetchall()
    connection.execute("DROP TABLE delta")
    return Counter({str(letter): int(rows) for letter, rows in done})


class LostRows(Exception):
    """The warehouse did not change by exactly the delta: the lake and the warehouse disagree about what is current."""

    def __init__(self, name: str, expected: Mapping[str, int], done: Mapping[str, int]) -> None:
        super().__init__(
            f"{name}: the delta is {dict(expected)}, but PostgreSQL did {dict(done)} to its rows; nothing was kept. "
            "Somebody changed the table by hand: put its rows back as the live snapshot has them (ledger.snapshot), then run the step again"
        )
