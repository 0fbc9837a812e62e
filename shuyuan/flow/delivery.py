"""Receive: the next delivery of a resource from the inbox, its bytes into the archive, a batch into the ledger.

What is not as its control file promises is refused here, before anybody reads it; what says that nothing changed comes to its end here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from shuyuan import settings
from shuyuan.catalog import Resource, load_catalog
from shuyuan.db.engine import Connection, transaction
from shuyuan.flow.step import LOADER, Rejected, alone, audited, resource_named
from shuyuan.intake import receive as inbox
from shuyuan.ledger import batches, parts
from shuyuan.ledger.batches import Batch
from shuyuan.ledger.loads import Step
from shuyuan.ledger.parts import Part
from shuyuan.reader.errors import ReadError

NOTHING_CHANGED = ("physical", "loaded", "quarantined", "blank", "preamble", "inserted", "updated", "deleted")


def receive(resource_id: str, business_date: date) -> int | None:
    """Take the next delivery of a resource for a business date from the inbox. → batch id, or None when nothing new has come.

    A batch that was left halfway comes first, whether its file still lies in the inbox or not. A new delivery is archived byte for byte and
    a batch opened; one that came before is noted once as a duplicate. Raises LookupError for an unknown resource, and, once everything
    else has been taken, Rejected for a control file that cannot be understood or bytes that are not as it promises.
    """
    resource = resource_named(load_catalog(settings.load().catalog), resource_id)
    with audited(Step("receive", resource=resource_id)) as step, alone("receive", resource_id):
        halfway = _halfway(resource, business_date)
        return halfway if halfway is not None else _take_next(resource, business_date, step)


def is_taken(resource_id: str, business_date: date) -> bool:
    """Whether a delivery for this date has come to its end already, so that nobody need wait for the first."""
    with transaction(LOADER) as connection:
        return batches.is_taken(connection, resource_id, business_date)


def _halfway(resource: Resource, business_date: date) -> int | None:
    with transaction(LOADER) as connection:
        waiting = batches.waiting(connection, resource.id, business_date)
    return waiting[0].batch_id if waiting else None


def _take_next(resource: Resource, business_date: date, step: Step) -> int | None:
    """Open a batch for the first new delivery. The others are looked at too: what came before is noted, what is new waits its turn."""
    taken: int | None = None
    refusal: Rejected | None = None
    try:
        for delivery in _deliveries(resource, business_date):
            if taken is None or _came_before(resource, business_date, delivery):
                try:
                    opened = _take(resource, business_date, delivery, step)
                    taken = taken if opened is None else opened
                except Rejected as error:
                    refusal = refusal or error
    except Rejected as error:
        refusal = refusal or error
    if refusal is not None and taken is None:  # else the next look names the bad control file: it holds up nobody
        step.outcome = "refused" if refusal.batch_id is not None else step.outcome
        raise refusal
    return taken


def _came_before(resource: Resource, business_date: date, delivery: inbox.Delivery) -> bool:
    with transaction(LOADER) as connection:
        return batches.is_known(connection, resource.id, business_date, delivery.sha256, _mode(resource, delivery))


def _take(resource: Resource, business_date: date, delivery: inbox.Delivery, step: Step) -> int | None:
    """Archive a delivery and open its batch; None when it came before, which is noted, or must wait.

    Raises Rejected when it is refused at once; the batch, and why, are then in the ledger.
    """
    if delivery.nochange and _must_wait(resource, business_date):
        return None
    inbox.archive(delivery)
    with transaction(LOADER) as connection:
        batch, new = _open(connection, resource, business_date, delivery)
        receipt = _receipt(connection, step, batch, delivery, new=new)
        refused = _refusal(connection, resource, business_date, delivery) if new else None
        if refused:
            reason = f"{refused.reason}: {refused}"
            batches.advance(connection, batch.batch_id, "rejected", reason=reason)
            receipt.outcome, receipt.message, refused.batch_id = "refused", reason, batch.batch_id
        elif new and delivery.nochange:
            batches.advance(connection, batch.batch_id, "admitted", **dict.fromkeys(NOTHING_CHANGED, 0))
        if new or receipt.outcome == "duplicate":
            receipt.record(connection)
    if refused:
        raise refused
    return batch.batch_id if new else None


def _deliveries(resource: Resource, business_date: date) -> Iterator[inbox.Delivery]:
    try:
        yield from inbox.deliveries(resource, business_date, settings.load().inbox)
    except ReadError as error:
        raise Rejected(error.code, str(error)) from error


def _mode(resource: Resource, delivery: inbox.Delivery) -> str:
    return "nochange" if delivery.nochange else resource.delivery.mode


def _open(
    connection: Connection, resource: Resource, business_date: date, delivery: inbox.Delivery
) -> tuple[Batch, bool]:
    batch_id, new = batches.open_batch(
        connection,
        resource=resource.id,
        business_date=business_date,
        mode=_mode(resource, delivery),
        file_name=delivery.name,
        file_sha256=delivery.sha256,
        file_bytes=delivery.size,
        control_rows=delivery.control_rows,
    )
    if new and len(delivery.files) > 1:
        files = enumerate(delivery.files, start=1)
        parts.put(connection, batch_id, [Part(n, file.path.name, file.sha256, file.size) for n, file in files])
    return batches.get(connection, batch_id), new


def _refusal(
    connection: Connection, resource: Resource, business_date: date, delivery: inbox.Delivery
) -> Rejected | None:
    """Why a new delivery cannot be read or believed; None when it can."""
    if delivery.nochange:
        return _unbelievable(connection, resource, business_date, delivery)
    code, words = delivery.broken_promise() or (None, "")
    words = f"{words}; ask {resource.id} to send it again"
    if code is None:
        return None
    return Rejected("checksum", words) if code == "checksum" else Rejected("truncated", words)


def _unbelievable(
    connection: Connection, resource: Resource, business_date: date, delivery: inbox.Delivery
) -> Rejected | None:
    """Why the word that nothing changed cannot be believed: what the department means is not what is live."""
    before = batches.confirmed(connection, resource.id, business_date)
    if resource.delivery.mode == "change" or (before and before.state in ("admitted", "superseded")):
        return None
    standing = f"batch {before.batch_id} ({before.file_name}) is {before.state}" if before else "nothing came before"
    words = f"{delivery.name} says that the register is unchanged, but {standing}; ask for the whole register"
    return Rejected("nothing_to_confirm", words)


def _must_wait(resource: Resource, business_date: date) -> bool:
    """Whether what the department confirms is still under way: then nobody knows yet what there is to confirm."""
    with transaction(LOADER) as connection:
        before = batches.confirmed(connection, resource.id, business_date)
    return before is not None and before.state in ("received", "read", "checked")


def _receipt(connection: Connection, step: Step, batch: Batch, delivery: inbox.Delivery, *, new: bool) -> Step:
    """The audit row of one delivery: `ok`, or `duplicate` when the same bytes have come again under a name that was not noted yet."""
    receipt = Step("receive", resource=step.resource, batch_id=batch.batch_id, began=step.began)
    receipt.file_name, receipt.file_sha256 = delivery.name, delivery.sha256
    if not new and delivery.name != batch.file_name and not _noted(connection, batch.batch_id, delivery.name):
        words = f"{delivery.name} is {batch.file_name} again; batch {batch.batch_id} stands"
        receipt.outcome, receipt.message = "duplicate", words
    return receipt


def _noted(connection: Connection, batch_id: int, file_name: str) -> bool:
    query = "SELECT FROM ledger.load WHERE batch_id = %s AND outcome = 'duplicate' AND file_name = %s"
    return connection.execute(query, [batch_id, file_name]).fetchone() is not None
