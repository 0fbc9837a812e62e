"""One step of the line: timed, audited in its own transaction, its failure audited in another. Nothing fails silently."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shuyuan import settings
from shuyuan.catalog import Catalog, Resource, load_catalog
from shuyuan.db.engine import Role, transaction
from shuyuan.intake.errors import ReadError
from shuyuan.ledger import batches
from shuyuan.ledger.batches import Batch
from shuyuan.ledger.loads import Step

LOADER: Role = "shuyuan_loader"


class Rejected(Exception):
    """A delivery was refused for what it is: recorded, and repeating the step cannot help. `reason` is a stable code."""

    def __init__(self, reason: str, message: str, *, batch_id: int | None = None) -> None:
        self.reason, self.batch_id = reason, batch_id
        super().__init__(message)


class Unproven(Exception):
    """A library was published, and its suite's critical expectations do not hold over it. Recorded; a steward must look."""


@contextmanager
def audited(step: Step) -> Iterator[Step]:
    """Run a block as `step`. The block records success itself, in its transaction; here every failure gets its row."""
    try:
        yield step
    except Rejected as refusal:
        step.record_alone("refused", f"{refusal.reason}: {refusal}")
        raise
    except Exception as error:
        step.record_alone("failed", f"{type(error).__name__}: {error}")
        raise


def of_batch(batch_id: int) -> tuple[Catalog, Batch, Resource]:
    """The catalog in force, the batch, and its resource."""
    catalog = load_catalog(settings.load().catalog)
    with transaction(LOADER) as connection:
        batch = batches.get(connection, batch_id)
    return catalog, batch, catalog.resources[batch.resource]


def batch_step(name: str, batch: Batch) -> Step:
    """The audit row of a step of a batch."""
    return Step(
        name, resource=batch.resource, batch_id=batch.batch_id, file_name=batch.file_name, file_sha256=batch.file_sha256
    )


@contextmanager
def refusing(batch: Batch) -> Iterator[None]:
    """Turn a file that cannot be read, or is not what was promised, into a rejected batch."""
    try:
        yield
    except ReadError as error:
        _reject(batch, error.code, str(error))
        raise Rejected(error.code, str(error), batch_id=batch.batch_id) from error
    except Rejected as refusal:
        _reject(batch, refusal.reason, str(refusal))
        raise


def _reject(batch: Batch, code: str, message: str) -> None:
    with transaction(LOADER) as connection:
        batches.advance(connection, batch.batch_id, "rejected", reason=f"{code}: {message}")
