"""Read: the archived bytes of a batch → typed rows. Resumes from the batch's state and may be repeated; what comes before is `delivery.py`.

Between steps only the batch id travels. Staged files stand in `lake/staged/<batch>`; the ledger says which of them count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from shuyuan.catalog import Catalog, Resource
from shuyuan.db.engine import Connection, transaction
from shuyuan.db.sql import statement
from shuyuan.flow import pieces
from shuyuan.flow.delivery import is_taken, receive
from shuyuan.flow.step import LOADER, OutOfOrder, Rejected, alone, audited, batch_step, is_due, of_batch, refusing
from shuyuan.intake import retyped
from shuyuan.intake.drift import Drifted, Expected
from shuyuan.intake.likeness import Likeness
from shuyuan.intake.scan import Scan
from shuyuan.intake.stage import Standardised, stage
from shuyuan.intake.staged import Staged
from shuyuan.intake.standardise import Standardiser
from shuyuan.lake import snapshot
from shuyuan.lake.snapshot import Snapshot
from shuyuan.ledger import batches, findings, snapshots
from shuyuan.ledger.batches import Batch
from shuyuan.ledger.findings import Finding
from shuyuan.ledger.loads import Step
from shuyuan.reader.errors import ReadError
from shuyuan.reader.header import ColumnsMissing
from shuyuan.reader.read import Account, Column, Reading, stream

__all__ = ["is_taken", "read", "receive", "warnings"]


CURABLE = frozenset({"drift", "missing_column", "ambiguous_column", "header_not_found", "sheet_not_found"})
"""Reasons of refusal that a change of the contract may cure; a file that is broken stays refused."""


STAGED = ("read", "checked")
"""States of a batch whose staged files are still needed."""


def read(batch_id: int, *, again: bool = False) -> int:
    """Read and standardise the archived file: every physical row ends as loaded, quarantined, blank or preamble.

    `again`: a delivery that was refused for its columns is read once more, by the contract as it is now; of one that was read, staged files
    that are damaged are written anew. Raises OutOfOrder for any other.
    """
    with alone("batch", batch_id):
        catalog, batch, resource = of_batch(batch_id)
        if again and batch.state in STAGED:
            _restage(catalog, batch, resource)
            return batch_id
        batch = _reopened(batch) if again else batch
        if is_due(batch, "received"):
            _read(catalog, batch, resource)
    return batch_id


def _reopened(batch: Batch) -> Batch:
    code = (batch.reason or "").partition(":")[0]
    if batch.state != "rejected" or code not in CURABLE:
        state = f"{batch.state} ({code})" if code else batch.state
        raise OutOfOrder(
            f"batch {batch.batch_id} is {state}; only what was refused for its columns ({', '.join(sorted(CURABLE))}) can be read again"
        )
    with transaction(LOADER) as connection:
        batches.advance(connection, batch.batch_id, "received", reason=None)
    return replace(batch, state="received", reason=None)


def _restage(catalog: Catalog, batch: Batch, resource: Resource) -> None:
    """Staged files from the archived bytes once more. What the ledger has of the batch stays as it is, so they must be the same rows."""
    staged = Staged.of(batch.folder)
    if staged.is_whole():
        raise OutOfOrder(
            f"batch {batch.batch_id} is {batch.state} and its staged files are whole; there is nothing to read again"
        )
    with audited(batch_step("mend", batch)) as step, staged.whole():
        taken = _staged(catalog, batch, resource, staged, _expected(catalog, batch, resource))
        _as_before(batch, taken)
        step.rows_in, step.rows_out = taken.account.physical, taken.result.loaded
        step.record_alone("ok", "damaged staged files are written anew")


def _as_before(batch: Batch, taken: _Taken) -> None:
    """Rows that were set aside by the suite since count as read."""
    now = (taken.account.physical, taken.result.loaded + taken.result.rejects.num_rows)
    then = (batch.physical, (batch.loaded or 0) + (batch.quarantined or 0))
    if now != then:
        raise OutOfOrder(
            f"batch {batch.batch_id}: {now[1]} of {now[0]} lines are rows today, {then[1]} of {then[0]} when it was read; the contract of "
            f"{batch.resource} has changed since. Put it back, or ask for the delivery once more"
        )


def warnings(batch_id: int) -> list[str]:
    """What somebody should look at in a batch, as far as it has come: messages of its findings that are more than a note."""
    with transaction(LOADER) as connection:
        found = connection.execute(statement("ledger/warnings_of_batch"), {"batch_id": batch_id}).fetchall()
    return [str(message) for (message,) in found]


def _read(catalog: Catalog, batch: Batch, resource: Resource) -> None:
    staged = Staged.of(batch.folder)
    expected = _expected(catalog, batch, resource)
    with audited(batch_step("read", batch)) as step, refusing(batch, step), _told(batch, expected), staged.whole():
        taken = _staged(catalog, batch, resource, staged, expected)
        _against_control(batch, taken.account)
        _against_markings(batch, taken.scan.findings())
        told = [*expected.findings, *taken.result.findings, *taken.scan.findings()]
        with transaction(LOADER) as connection:
            pieces.record_lines(connection, batch, taken.reading)
            _record_read(connection, batch, taken.account, taken.result, told, step)


def stage_again(batch: Batch, folder: Path) -> Staged:
    """Read the archived bytes of a batch once more and stage them in another folder. Nothing is recorded. Raises ReadError."""
    catalog, _, resource = of_batch(batch.batch_id)
    staged = Staged(folder)
    with staged.whole():
        _staged(catalog, batch, resource, staged, _expected(catalog, batch, resource))
    return staged


class _Taken(NamedTuple):
    """A delivery that was read to its end."""

    reading: Reading
    account: Account
    result: Standardised
    scan: Scan


def _expected(catalog: Catalog, batch: Batch, resource: Resource) -> Expected:
    options = Standardiser(resource, catalog, batch.business_date).options
    likeness = Likeness(resource, options, lambda: _live(resource))
    return Expected(resource, batch.file_name, likeness, lambda columns: _opened(batch, resource, columns))


def _live(resource: Resource) -> Snapshot:
    """The resource's live rows."""
    with transaction(LOADER) as connection:
        manifest = snapshots.manifest(connection, "source", resource.id)
    return snapshot.load(manifest, by=resource.bucket_item)


def _staged(catalog: Catalog, batch: Batch, resource: Resource, staged: Staged, expected: Expected) -> _Taken:
    """Everything read and staged; where the policy lets columns come otherwise than the contract says, by the columns that came."""
    before = _unusable_before(resource)
    while True:
        scan = Scan(resource)
        try:
            with _opened(batch, resource, expected.columns) as reading:
                result = stage(reading, resource, catalog, batch.business_date, staged, scan.add, before)
                account = reading.account()
        except ColumnsMissing as error:
            expected.lacking(error)
            continue
        if expected.settled(account.notes):
            if expected.unknown is not None:
                scan.add(expected.unknown)
            return _Taken(reading, account, result, scan)


def _unusable_before(resource: Resource) -> dict[str, float]:
    """Item → cells per row that were not of their type in the live delivery."""
    asked = {"resource": resource.id, "reasons": list(retyped.UNFIT), "set_aside": retyped.SET_ASIDE}
    with transaction(LOADER) as connection:
        return dict(connection.execute(statement("ledger/unusable_rates"), asked).fetchall())


@contextmanager
def _told(batch: Batch, expected: Expected) -> Iterator[None]:
    """What was found of a delivery's columns is on record though the delivery is refused."""
    try:
        yield
    except ReadError as error:
        found = [*expected.findings, *(error.findings if isinstance(error, Drifted) else ())]
        with transaction(LOADER) as connection:
            findings.record(connection, found, batch_id=batch.batch_id)
        raise


@contextmanager
def _opened(batch: Batch, resource: Resource, columns: Sequence[Column]) -> Iterator[Reading]:
    """The batch's bytes as one reading, in however many parts they came."""
    asked = resource.delivery

    def one(path: Path) -> AbstractContextManager[Reading]:
        return stream(
            path, columns, encoding=asked.encoding, sheet=asked.sheet, header_row=asked.header_row, compact=True
        )

    with pieces.opened(batch, resource, one) as reading:
        yield reading


def _against_markings(batch: Batch, found: list[Finding]) -> None:
    """Classified data do not enter: the delivery is refused before a row of it can be shared."""
    grave = [finding.message for finding in found if finding.severity == "critical"]
    if grave:
        raise Rejected("secrecy_marking", f"{batch.file_name}: {'; '.join(grave)}")


def _against_control(batch: Batch, account: Account) -> None:
    rows = account.rows + account.rejected
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


def _record_read(
    connection: Connection, batch: Batch, account: Account, result: Standardised, told: list[Finding], step: Step
) -> None:
    counts = {"physical": account.physical, "loaded": result.loaded, "quarantined": result.rejects.num_rows}
    counts |= {"blank": account.blank, "preamble": account.preamble}
    batches.advance(connection, batch.batch_id, "read", **counts)
    findings.evidence(connection, batch.batch_id, result.evidence)
    findings.unmapped(connection, batch.batch_id, result.unmapped)
    findings.quarantine(connection, batch.batch_id, result.rejects)
    notes = [Finding(n.kind, "info", n.message, "规范性") for n in account.notes]
    findings.record(connection, [*notes, *told], batch_id=batch.batch_id)
    step.rows_in, step.rows_out, step.counts = account.physical, result.loaded, counts
    step.record(connection)
