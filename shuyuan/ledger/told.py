"""`ledger.told`: of which deliveries a library's history tells. What is not there yet, and speaks of a day that is over, corrects the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from shuyuan.db.engine import Connection
from shuyuan.db.rows import rows
from shuyuan.db.sql import statement


@dataclass(frozen=True)
class Untold:
    """A delivery of whose day a library's history does not tell yet."""

    batch_id: int
    resource: str
    business_date: date
    state: str


def untold(connection: Connection, library: str, members: Sequence[str]) -> list[Untold]:
    """What members delivered and history does not tell, oldest day first: part of the present, or `outdated` for it."""
    values = {"library": library, "members": list(members)}
    return rows(connection, Untold, statement("ledger/untold_batches"), values)


def tell(connection: Connection, library: str, run_id: int, batches: Sequence[int], since: date = date.min) -> None:
    """Note that history tells of these deliveries, those for `since` or later, because of that run. Repeatable."""
    values = {"library": library, "run_id": run_id, "batches": list(batches), "since": since}
    connection.execute(statement("ledger/tell"), values)


def published_days(connection: Connection, library: str, since: date, until: date) -> set[date]:
    """The days from `since` to before `until` that runs were published for."""
    values = {"library": library, "since": since, "until": until}
    return {day for (day,) in connection.execute(statement("ledger/published_days"), values).fetchall()}
