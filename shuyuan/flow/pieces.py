"""The archived bytes of a batch as one reading, whether the delivery came in one piece, as several files, or as the members of one zip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shuyuan.catalog import Resource
from shuyuan.db.engine import Connection, transaction
from shuyuan.flow.step import LOADER
from shuyuan.intake import parts as intake
from shuyuan.intake import receive as inbox
from shuyuan.intake.parts import InParts, Open
from shuyuan.ledger import parts
from shuyuan.ledger.batches import Batch
from shuyuan.ledger.parts import Part
from shuyuan.reader.read import Reading


@contextmanager
def opened(batch: Batch, resource: Resource, one: Open) -> Iterator[Reading]:
    """Read a batch's bytes; `one` opens the reading of a single file by the resource's contract. Raises ReadError."""
    with transaction(LOADER) as connection:
        files = [(p.file_sha256, p.file_name) for p in parts.of_batch(connection, batch.batch_id) if p.file_sha256]
    if files:
        with (
            inbox.all_as_delivered(files) as paths,
            intake.stream(intake.of_files(paths), batch.file_name, one) as reading,
        ):
            yield reading
    else:
        with inbox.as_delivered(batch.file_sha256, batch.file_name) as path:
            in_parts = resource.delivery.parts
            with (
                intake.stream(intake.of_archive(path, in_parts), batch.file_name, one)
                if in_parts
                else one(path) as reading
            ):
                yield reading


def record_lines(connection: Connection, batch: Batch, reading: Reading) -> None:
    """Write down how many lines each part has, so that a line of the batch can be found in its part (`ledger.place`)."""
    if isinstance(reading, InParts):
        members = enumerate(reading.pieces, start=1)
        parts.put(connection, batch.batch_id, [Part(n, piece.name, None, piece.size) for n, piece in members])
        parts.put_lines(connection, batch.batch_id, reading.lines)
