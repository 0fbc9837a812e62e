"""What the ledger may let go: whole months of its audit tables, and deliveries in the archive that nothing needs any more.

Belongs here: asking the ledger. Does not belong here: how long (the policy), files (`flow.upkeep`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from shuyuan.db.engine import Connection
from shuyuan.db.rows import rows
from shuyuan.db.sql import statement, table


@dataclass(frozen=True)
class Archived:
    """A delivery whose bytes are in the archive."""

    batch_id: int
    resource: str
    file_name: str
    file_sha256: str


def drop_months(connection: Connection, name: str, before: date) -> int:
    """Drop the months of `ledger.<name>` (load, access) that lie wholly before a day. Owner only. → partitions dropped."""
    row = connection.execute(statement("ledger/drop_months"), {"parent": name, "before": before}).fetchone()
    return int(row[0]) if row else 0


def unneeded(connection: Connection, before: date) -> list[Archived]:
    """Batches received before a day from which no current row comes, nor do their bytes serve any later or unfinished batch.

    A current row keeps the delivery it came from, however old: a value can always be shown in the bytes the department sent.
    """
    old = rows(connection, Archived, statement("ledger/archived_batches"), {"before": before})
    by_resource: defaultdict[str, list[int]] = defaultdict(list)
    for batch in old:
        by_resource[batch.resource].append(batch.batch_id)
    speaking = {batch for name, ids in by_resource.items() for batch in _in_use(connection, name, ids)}
    kept = {batch.file_sha256 for batch in old if batch.batch_id in speaking}
    return [batch for batch in old if batch.file_sha256 not in kept]


def _in_use(connection: Connection, resource: str, batches: list[int]) -> list[int]:
    source = table("source", resource.replace(".", "__"))
    order = statement("ledger/batches_in_use", table=source)
    return [int(batch) for (batch,) in connection.execute(order, {"batches": batches}).fetchall()]
