"""The first half of a delivery's line: receive → read. Each step resumes from the batch's state and may be repeated.

Between steps only the batch id travels. Staged files stand in `lake/staged/<batch>`; the ledger says which of them count.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from shuyuan import settings
from shuyuan.catalog import Catalog, Resource, load_catalog
from shuyuan.db.engine import Connection, transaction
from shuyuan.flow.step import (
    LOADER,
    Rejected,
    alone,
    audited,
    batch_step,
    is_due,
    of_batch,
    refusing,
    resource_named,
)
from shuyuan.intake import receive as inbox
from shuyuan.intake.errors import ReadError
from shuyuan.intake.read import Column, RawRows
from shuyuan.intake.read import read as read_rows
from shuyuan.intake.staged import Staged
from shuyuan.intake.standardise import Standardised, standardise
from shuyuan.ledger import batches, findings
from shuyuan.ledger.batches import Batch
from shuyuan.ledger.findings import Finding
from shuyuan.ledger.loads import Step


def receive(resource_id: str, business_date: date) -> int | None:
    """Take the next delivery of a resource for a business date from the inbox. → batch id, or None when nothing new has come.

    A batch that was left halfway comes first, whether its file still lies in the inbox or not. A new file is archived byte for byte and
    a batch opened; one that came before is noted once as a duplicate. Raises LookupError for an unknown resource, and Rejected for a
    control file without a count once everything else has been taken.
    """
    resource = resource_named(load_catalog(settings.load().catalog), resource_id)
    with audited(Step("receive", resource=resource_id)) as step, alone("receive", resource_id):
        halfway = _halfway(resource, business_date)
        return halfway if halfway is not None else _take_next(resource, business_date, step)


def _halfway(resource: Resource, business_date: date) -> int | None:
    with transaction(LOADER) as connection:
        waiting = batches.waiting(connection, resource.id, business_date)
    return waiting[0].batch_id if waiting else None


def _take_next(resource: Resource, business_date: date, step: Step) -> int | None:
    """Open a batch for the first new file. The others are looked at too: what came before is noted, what is new waits its turn."""
    taken: int | None = None
    try:
        for delivery in _deliveries(resource, business_date):
            if taken is None or _came_before(resource, business_date, delivery):
                opened = _take(resource, business_date, delivery, step)
                taken = taken if opened is None else opened
    except Rejected:
        if taken is None:  # else the next look names the bad control file: it holds up nobody
            raise
    return taken


def _came_before(resource: Resource, business_date: date, delivery: inbox.Delivery) -> bool:
    with transaction(LOADER) as connection:
        return batches.is_known(connection, resource.id, business_date, delivery.sha256)


def _take(resource: Resource, business_date: date, delivery: inbox.Delivery, step: Step) -> int | None:
    """Archive a file and open its batch; None when it came before, which is noted."""
    inbox.archive(delivery)
    with transaction(LOADER) as connection:
        batch, new = _open(connection, resource, business_date, delivery)
        _note_receipt(connection, step, batch, delivery, new=new)
    return batch.batch_id if new else None


def _deliveries(resource: Resource, business_date: date) -> Iterator[inbox.Delivery]:
    try:
        yield from inbox.deliveries(resource, business_date, settings.load().inbox)
    except ReadError as error:
        raise Rejected(error.code, str(error)) from error


def _open(
    connection: Connection, resource: Resource, business_date: date, delivery: inbox.Delivery
) -> tuple[Batch, bool]:
    batch_id, new = batches.open_batch(
        connection,
        resource=resource.id,
        business_date=business_date,
        mode=resource.delivery.mode,
        file_name=delivery.path.name,
        file_sha256=delivery.sha256,
        file_bytes=delivery.size,
        control_rows=delivery.control_rows,
    )
    return batches.get(connection, batch_id), new


def _note_receipt(connection: Connection, step: Step, batch: Batch, delivery: inbox.Delivery, *, new: bool) -> None:
    again = not new and delivery.path.name != batch.file_name
    if not new and (not again or _noted(connection, batch.batch_id, delivery.path.name)):
        return
    receipt = Step("receive", resource=step.resource, batch_id=batch.batch_id, began=step.began)
    receipt.file_name, receipt.file_sha256 = delivery.path.name, delivery.sha256
    if again:
        receipt.outcome, receipt.message = (
            "duplicate",
            f"{delivery.path.name} is {batch.file_name} again; batch {batch.batch_id} stands",
        )
    receipt.record(connection)


def _noted(connection: Connection, batch_id: int, file_name: str) -> bool:
    query = "SELECT FROM ledger.load WHERE batch_id = %s AND outcome = 'duplicate' AND file_name = %s"
    return connection.execute(query, [batch_id, file_name]).fetchone() is not None


def read(batch_id: int) -> int:
    """Read and standardise the archived file: every physical row ends as loaded, quarantined, blank or preamble."""
    with alone("batch", batch_id):
        catalog, batch, resource = of_batch(batch_id)
        if is_due(batch, "received"):
            _read(catalog, batch, resource)
    return batch_id


def _read(catalog: Catalog, batch: Batch, resource: Resource) -> None:
    with audited(batch_step("read", batch)) as step, refusing(batch, step):
        raw = _read_file(batch, resource)
        _against_control(batch, raw)
        result = standardise(raw, resource, catalog, batch.business_date)
        Staged.of(batch.folder).save(result)
        with transaction(LOADER) as connection:
            _record_read(connection, batch, raw, result, step)


def _read_file(batch: Batch, resource: Resource) -> RawRows:
    delivery = resource.delivery
    wanted = [Column(item.name, item.headers, required=not item.optional_column) for item in resource.items]
    if delivery.op:
        wanted.append(Column("_op", (delivery.op,)))
    with inbox.as_delivered(batch.file_sha256, batch.file_name) as path:
        return read_rows(path, wanted, encoding=delivery.encoding, sheet=delivery.sheet, header_row=delivery.header_row)


def _against_control(batch: Batch, raw: RawRows) -> None:
    rows = raw.table.num_rows + len(raw.rejects)
    if batch.control_rows is not None and batch.control_rows != rows:
        raise Rejected(
            "truncated",
            f"{batch.file_name}: {rows} data rows, but its control file promises {batch.control_rows}; ask {batch.resource} to send it again",
        )
    if rows == 0 and batch.mode == "full":
        raise Rejected(
            "header_only",
            f"{batch.file_name}: a full delivery without rows; if the register is empty, say so in writing",
        )


def _record_read(connection: Connection, batch: Batch, raw: RawRows, result: Standardised, step: Step) -> None:
    counts = {"physical": raw.physical, "loaded": result.rows.num_rows, "quarantined": result.rejects.num_rows}
    counts |= {"blank": raw.blank, "preamble": raw.preamble}
    batches.advance(connection, batch.batch_id, "read", **counts)
    findings.evidence(connection, batch.batch_id, result.evidence)
    findings.quarantine(connection, batch.batch_id, result.rejects)
    findings.record(
        connection, [Finding(n.kind, "info", n.message, "规范性") for n in raw.notes], batch_id=batch.batch_id
    )
    step.rows_in, step.rows_out, step.counts = raw.physical, result.rows.num_rows, counts
    step.record(connection)
