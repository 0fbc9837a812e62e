"""Breaches: a feed that was due and did not come in time; opened when it is overdue, closed by the delivery that ends it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from shuyuan.db.engine import Connection
from shuyuan.db.sql import statement

Late = tuple[str, date]
"""(resource, expected_for)"""


@dataclass(frozen=True)
class SweepResult:
    """What a sweep did: breaches it opened, breaches that deliveries closed, and how many are open now."""

    opened: tuple[Late, ...]
    closed: tuple[Late, ...]
    open: int


def sweep(connection: Connection, today: date) -> SweepResult:
    """Close the breaches whose delivery came, open one for every newly overdue resource, in the caller's transaction. Repeatable."""
    connection.execute("SELECT set_config('shuyuan.today', %s, true)", [today.isoformat()])
    closed = connection.execute(statement("steps/close_breaches")).fetchall()
    swept = connection.execute(statement("steps/sweep_breaches")).fetchall()
    still = connection.execute("SELECT count(*) FROM ledger.breach WHERE closed_at IS NULL").fetchall()
    connection.execute("SELECT set_config('shuyuan.today', '', true)")
    opened = sorted((resource, day) for resource, day, is_new in swept if is_new)
    return SweepResult(tuple(opened), tuple(sorted((r, day) for r, day in closed)), int(still[0][0]))
