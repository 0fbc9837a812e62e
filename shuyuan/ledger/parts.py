"""`ledger.part`: the files that a batch of several is made of, and through which of them a line of the batch counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from shuyuan.db.engine import Connection
from shuyuan.db.rows import rows
from shuyuan.db.sql import columns, statement


@dataclass(frozen=True)
class Part:
    """A row of ledger.part. `file_sha256`: None for a member of the one archive that was delivered. `lines`: None until it is read."""

    part: int
    file_name: str
    file_sha256: str | None
    file_bytes: int
    lines: int | None = None


def of_batch(connection: Connection, batch_id: int) -> list[Part]:
    """The parts of a batch in their order; none for a delivery in one piece."""
    order = statement("ledger/parts", fields=columns(Part.__dataclass_fields__))
    return rows(connection, Part, order, {"batch_id": batch_id})


def put(connection: Connection, batch_id: int, parts: Iterable[Part]) -> None:
    """Write down what a batch is made of. Repeatable."""
    with connection.cursor() as cursor:
        cursor.executemany(statement("ledger/put_part"), [{"batch_id": batch_id, **asdict(part)} for part in parts])


def put_lines(connection: Connection, batch_id: int, lines: Iterable[int]) -> None:
    """Write down how many physical lines each part has, in their order, when they have been read."""
    values = [{"batch_id": batch_id, "part": part, "lines": count} for part, count in enumerate(lines, start=1)]
    with connection.cursor() as cursor:
        cursor.executemany(statement("ledger/put_part_lines"), values)
