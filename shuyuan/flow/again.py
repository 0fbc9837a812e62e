"""A delivery that was let in long ago, row by row as it was let in: from what was staged, or read again from the archive.

Belongs here: batch → rows and the lines that were set aside. Does not belong here: what follows from many deliveries (`chain.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from shuyuan.catalog import Resource
from shuyuan.db.engine import transaction
from shuyuan.flow.feed import stage_again
from shuyuan.flow.step import LOADER
from shuyuan.intake.receive import archived
from shuyuan.intake.staged import Staged
from shuyuan.lake import duck
from shuyuan.lake.sealed import Damaged
from shuyuan.ledger import findings, parts
from shuyuan.ledger.batches import Batch
from shuyuan.reader.errors import ReadError


class Forgotten(Exception):
    """What a delivery said is not kept any more, or does not read as it did: a day cannot be told from it, and nothing is guessed."""


@dataclass(frozen=True)
class Again:
    """The rows of a delivery, and the lines of it that were set aside, by the reader or by its suite."""

    staged: Staged
    aside: pa.Array


def again(connection: duck.Duck, batch: Batch, resource: Resource, folder: Path) -> Again:
    """The rows that were let in: as they were staged, where upkeep has left them, else read again from the archive into `folder`.

    Raises Forgotten where they are gone or do not read as they did.
    """
    with transaction(LOADER) as ledger:
        aside = findings.lines_aside(ledger, batch.batch_id)
    for lying in (Staged.of(batch.folder), Staged(folder / str(batch.batch_id))):
        if _lies(connection, lying, resource, aside, batch):
            return Again(lying, aside)
    _ask_archive(batch)
    try:
        read = stage_again(batch, folder / str(batch.batch_id))
    except ReadError as error:
        raise Forgotten(f"{_named(batch)} can no longer be read as the contract is now: {error}") from error
    if (found := read.let_in(connection, aside)) != batch.loaded:
        raise Forgotten(
            f"{_named(batch)}: {batch.loaded} rows were let in, {found} are read by the contract of today; "
            "with the contract of that day the day can be told"
        )
    return Again(read, aside)


def _lies(connection: duck.Duck, staged: Staged, resource: Resource, aside: pa.Array, batch: Batch) -> bool:
    """Whether the staged rows of a delivery lie there, whole and with the items of today."""
    try:
        return staged.has([item.name for item in resource.items]) and staged.let_in(connection, aside) == batch.loaded
    except Damaged:
        return False


def _ask_archive(batch: Batch) -> None:
    """Raises Forgotten when bytes of a delivery are gone."""
    with transaction(LOADER) as connection:
        told = [part.file_sha256 for part in parts.of_batch(connection, batch.batch_id) if part.file_sha256]
    gone = [sha256 for sha256 in told or [batch.file_sha256] if not archived(sha256).exists()]
    if gone:
        raise Forgotten(
            f"{_named(batch)} is not kept any more ({', '.join(gone)} is not in the archive); put it back from a backup"
        )


def _named(batch: Batch) -> str:
    return f"{batch.resource}, batch {batch.batch_id} for {batch.business_date} ({batch.file_name})"
