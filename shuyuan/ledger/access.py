"""ledger.access: every read, granted, refused or failed, from every door (深圳市办法 第二十九条: 用途、人员、批准人、内容、时间、方式、介质).

Belongs here: writing those rows. Does not belong here: who may read (`share`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from shuyuan.db.engine import Connection
from shuyuan.db.sql import statement

Method = Literal["cli", "http", "console", "psql"]
Outcome = Literal["granted", "refused", "failed"]


@dataclass(frozen=True, kw_only=True)
class Access:
    """One read. `rows` and `seconds` are None where nobody knows them; `origin` names the log line of a harvested one.

    `entity`: the key of the one entity that was asked for; None for a read that names none (a list, a statement of psql).
    """

    user_name: str
    statement: str
    method: Method
    outcome: Outcome
    reason: str
    at: datetime | None = None
    department: str | None = None
    role: str | None = None
    purpose: str | None = None
    approver: str | None = None
    objects: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: int | None = None
    seconds: float | None = None
    medium: str | None = None
    origin: str | None = None
    entity: str | None = None


def record(connection: Connection, access: Access) -> int:
    """Insert one row in the caller's transaction; returns its access_id. The reader sees nothing unless that transaction commits."""
    row = connection.execute(statement("ledger/record_access"), _values(access)).fetchone()
    if row is None:
        raise RuntimeError("ledger.access took a row and gave no id")
    return int(row[0])


def record_harvested(connection: Connection, accesses: Iterable[Access]) -> int:
    """Insert harvested rows whose origin is not known yet; returns how many were new."""
    rows = [_values(access) for access in accesses]
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.executemany(statement("ledger/record_harvested"), rows)
        return max(cursor.rowcount, 0)


def harvest_offsets(connection: Connection) -> dict[str, int]:
    """Take the harvest lock until the transaction ends; return file name → bytes already harvested."""
    connection.execute(statement("ledger/harvest_lock"))
    return {str(name): int(read) for name, read in connection.execute(statement("ledger/harvest_offsets"))}


def move_harvest_offset(connection: Connection, file_name: str, bytes_read: int) -> None:
    """Remember how far a log file has been harvested."""
    connection.execute(statement("ledger/put_harvest_offset"), {"file_name": file_name, "bytes_read": bytes_read})


def _values(access: Access) -> dict[str, object]:
    values = asdict(access)
    return values | {"objects": list(access.objects), "columns": list(access.columns)}
