"""Batches: one delivery of one resource, with a named state from which a crash resumes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from shuyuan.db.engine import Connection
from shuyuan.db.rows import one, rows
from shuyuan.db.sql import assignments, columns, statement


@dataclass(frozen=True)
class Batch:
    """A row of ledger.batch."""

    batch_id: int
    resource: str
    business_date: date
    mode: str
    file_name: str
    file_sha256: str
    file_bytes: int
    control_rows: int | None
    state: str
    reason: str | None
    physical: int | None
    loaded: int | None
    quarantined: int | None
    blank: int | None
    preamble: int | None
    inserted: int | None
    updated: int | None
    deleted: int | None
    unchanged: int | None
    snapshot: str | None

    @property
    def table(self) -> str:
        return self.resource.replace(".", "__")

    @property
    def folder(self) -> str:
        """Where the batch's staged files live, relative to the lake."""
        return f"staged/{self.batch_id}"


FIELDS = tuple(Batch.__dataclass_fields__)


def open_batch(connection: Connection, **values: object) -> tuple[int, bool]:
    """Insert a batch in state `received`; if this file came before for this date, return that batch. → (batch_id, is new)."""
    row = connection.execute(statement("ledger/open_batch"), values).fetchone()
    if row is not None:
        return int(row[0]), True
    known = connection.execute(statement("ledger/known_batch"), values).fetchone()
    if known is None:
        raise RuntimeError("a batch vanished while it was opened; run the step again")
    return int(known[0]), False


def is_known(connection: Connection, resource: str, business_date: date, sha256: str, mode: str) -> bool:
    """Whether these bytes came before for this resource and date. A marker that nothing changed is not the empty file that it looks like."""
    values = {"resource": resource, "business_date": business_date, "file_sha256": sha256, "mode": mode}
    return connection.execute(statement("ledger/known_batch"), values).fetchone() is not None


def is_taken(connection: Connection, resource: str, business_date: date) -> bool:
    """Whether a delivery for this date has come to its end, whatever that was."""
    values = {"resource": resource, "business_date": business_date}
    return connection.execute(statement("ledger/is_taken"), values).fetchone() is not None


def confirmed(connection: Connection, resource: str, business_date: date) -> Batch | None:
    """What a department confirms when it says for a date that nothing changed: the last it delivered for that date or before; or None."""
    order = statement("ledger/confirmed_batch", fields=columns(FIELDS))
    return one(connection, Batch, order, {"resource": resource, "business_date": business_date})


def get(connection: Connection, batch_id: int, *, lock: bool = False) -> Batch:
    """One batch; `lock` holds it until the transaction ends. Raises LookupError for an unknown id."""
    order = statement("ledger/lock_batch" if lock else "ledger/get_batch", fields=columns(FIELDS))
    batch = one(connection, Batch, order, {"batch_id": batch_id})
    if batch is None:
        raise LookupError(f"no batch {batch_id}; `shuyuan status` lists the batches")
    return batch


def waiting(connection: Connection, resource: str, business_date: date) -> list[Batch]:
    """Batches of a resource and date that have not reached an end state, oldest first."""
    order = statement("ledger/waiting_batches", fields=columns(FIELDS))
    return rows(connection, Batch, order, {"resource": resource, "business_date": business_date})


def ended(connection: Connection, resource: str) -> list[Batch]:
    """What a resource has delivered and was let in, in the order of the days it speaks of; replaced and outdated deliveries too."""
    order = statement("ledger/ended_batches", fields=columns(FIELDS))
    return rows(connection, Batch, order, {"resource": resource})


def advance(connection: Connection, batch_id: int, state: str, **values: object) -> None:
    """Move a batch to a state and set its counts."""
    changes = {"state": state, **values}
    connection.execute(
        statement("ledger/advance_batch", assignments=assignments(changes)), {"batch_id": batch_id, **changes}
    )


def supersede(connection: Connection, batch: Batch) -> int:
    """Mark the earlier full deliveries of the same resource and date as superseded by this one. → how many."""
    values = {"resource": batch.resource, "business_date": batch.business_date, "batch_id": batch.batch_id}
    return connection.execute(statement("ledger/supersede"), values).rowcount
