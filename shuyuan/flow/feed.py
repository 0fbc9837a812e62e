"""Read: the archived bytes of a batch → typed rows. Resumes from the batch's state and may be repeated; what comes before is `delivery.py`.

Between steps only the batch id travels. Staged files stand in `lake/staged/<batch>`; the ledger says which of them count.
"""

from __future__ import annotations

from shuyuan.catalog import Catalog, Resource
from shuyuan.db.engine import Connection, transaction
from shuyuan.flow.delivery import receive
from shuyuan.flow.step import LOADER, Rejected, alone, audited, batch_step, is_due, of_batch, refusing
from shuyuan.intake import receive as inbox
from shuyuan.intake.read import Column, RawRows
from shuyuan.intake.read import read as read_rows
from shuyuan.intake.staged import Staged
from shuyuan.intake.standardise import Standardised, standardise
from shuyuan.ledger import batches, findings
from shuyuan.ledger.batches import Batch
from shuyuan.ledger.findings import Finding
from shuyuan.ledger.loads import Step

__all__ = ["read", "receive"]


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
