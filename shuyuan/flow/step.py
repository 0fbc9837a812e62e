"""One step of the line: in its turn, alone on its batch, timed, audited in its own transaction, its failure in another. Nothing fails silently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TypeVar

from shuyuan import settings
from shuyuan.catalog import Catalog, Library, Resource, load_catalog
from shuyuan.db.engine import Role, transaction
from shuyuan.ledger import batches, locks
from shuyuan.ledger.batches import Batch
from shuyuan.ledger.loads import Step
from shuyuan.reader.errors import ReadError

LOADER: Role = "shuyuan_loader"
NEXT = {"received": "read", "read": "check", "checked": "admit"}
"""State of a batch that has not come to its end → the step it waits for, in the order of the line."""

Declared = TypeVar("Declared")


class Rejected(Exception):
    """A delivery was refused for what it is: recorded, and repeating the step cannot help. `reason` is a stable code."""

    def __init__(self, reason: str, message: str, *, batch_id: int | None = None) -> None:
        self.reason, self.batch_id = reason, batch_id
        super().__init__(message)


class Unproven(Exception):
    """A library was published, and its suite's critical expectations do not hold over it. Recorded; a steward must look."""


class OutOfOrder(Exception):
    """A step was asked for before the one it builds on."""


@contextmanager
def audited(step: Step) -> Iterator[Step]:
    """Run a block as `step`. The block records its success itself, in its transaction; here every failure gets its row.

    Whatever ends the block counts as failure, a scheduler's timeout too. A refusal that is recorded with the batch's state is not recorded twice.
    """
    try:
        yield step
    except Rejected as refusal:
        if step.outcome != "refused":
            step.record_alone("refused", f"{refusal.reason}: {refusal}")
        raise
    except BaseException as error:
        step.record_alone("failed", f"{type(error).__name__}: {error}")
        raise


@contextmanager
def alone(kind: str, name: object) -> Iterator[None]:
    """Let one worker at a time do this to that thing; the others wait. Whoever dies lets go by dying: the lock is its connection's."""
    with transaction(LOADER) as connection:
        locks.hold(connection, kind, str(name))
        yield


def resource_named(catalog: Catalog, name: str) -> Resource:
    """The resource of an id. Raises LookupError that names the nearest ids."""
    return _named(catalog.resources, "resource", name)


def library_named(catalog: Catalog, name: str) -> Library:
    """The library of an id. Raises LookupError that names the nearest ids."""
    return _named(catalog.libraries, "library", name)


def _named(declared: Mapping[str, Declared], kind: str, name: str) -> Declared:
    if name in declared:
        return declared[name]
    near = " or ".join(f"`{close}`" for close in get_close_matches(name, declared))
    meant = f"did you mean {near}? " if near else ""
    raise LookupError(f"no {kind} `{name}` in the catalog; {meant}`shuyuan catalog show` lists them")


def of_batch(batch_id: int) -> tuple[Catalog, Batch, Resource]:
    """The catalog in force, the batch, and its resource."""
    catalog = load_catalog(settings.load().catalog)
    with transaction(LOADER) as connection:
        batch = batches.get(connection, batch_id)
    return catalog, batch, resource_named(catalog, batch.resource)


def is_due(batch: Batch, state: str) -> bool:
    """Whether the step that begins at `state` is the batch's next; False when the batch is beyond it.

    Raises OutOfOrder when an earlier step is missing, and Rejected again for a rejected batch: repeating cannot make it good.
    """
    if batch.state == "rejected":
        code, _, message = (batch.reason or "").partition(": ")
        raise Rejected(code, message, batch_id=batch.batch_id)
    order = list(NEXT)
    if batch.state in order and order.index(batch.state) < order.index(state):
        first = f"shuyuan {NEXT[batch.state]} {batch.batch_id}"
        raise OutOfOrder(f"batch {batch.batch_id} is {batch.state}, not yet {state}; first run: {first}")
    return batch.state == state


def batch_step(name: str, batch: Batch) -> Step:
    """The audit row of a step of a batch."""
    return Step(
        name, resource=batch.resource, batch_id=batch.batch_id, file_name=batch.file_name, file_sha256=batch.file_sha256
    )


@contextmanager
def refusing(batch: Batch, step: Step) -> Iterator[None]:
    """Turn a file that cannot be read, or is not what was promised, into a rejected batch, audited in the same transaction."""
    try:
        yield
    except ReadError as error:
        _reject(batch, step, error.code, str(error))
        raise Rejected(error.code, str(error), batch_id=batch.batch_id) from error
    except Rejected as refusal:
        _reject(batch, step, refusal.reason, str(refusal))
        raise


def _reject(batch: Batch, step: Step, code: str, message: str) -> None:
    with transaction(LOADER) as connection:
        batches.advance(connection, batch.batch_id, "rejected", reason=f"{code}: {message}")
        step.outcome, step.message = "refused", f"{code}: {message}"
        step.record(connection)
