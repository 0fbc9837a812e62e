"""Is it late? The answer is one view, `ledger.freshness`; the sweep turns what is overdue into recorded breaches. Nothing is ever blocked."""

from __future__ import annotations

from datetime import date

from shuyuan.db.engine import transaction
from shuyuan.ledger import breaches
from shuyuan.ledger.breaches import SweepResult

__all__ = ["SweepResult", "sweep"]


def sweep(today: date) -> SweepResult:
    """Open and close breaches as of `today` (the day a replay pretends, or the day in Beijing), in a transaction of its own. Repeatable."""
    with transaction("shuyuan_loader") as connection:
        return breaches.sweep(connection, today)
