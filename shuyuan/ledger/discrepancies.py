"""Discrepancies (多元校核 differences) in long form: opened and closed by runs, never altered in between; and the counts per pair."""

from __future__ import annotations

from collections.abc import Mapping

from shuyuan.db.engine import Connection
from shuyuan.db.sql import Identifier, statement

COLUMNS = ("entity", "item", "source_ref", "source_value", "claim_ref", "claim_value", "class")


def settle(connection: Connection, library: str, run_id: int, delta: Identifier) -> tuple[int, int]:
    """Apply a delta of discrepancies (COLUMNS and _op): D and U close, I and U open. → (opened, closed)."""
    values = {"library": library, "run_id": run_id}
    closed = connection.execute(statement("ledger/close_discrepancies", delta=delta), values).rowcount
    opened = connection.execute(statement("ledger/open_discrepancies", delta=delta), values).rowcount
    return opened, closed


def record_crosschecks(
    connection: Connection, library: str, run_id: int, counts: Mapping[tuple[str, str], tuple[int, int]]
) -> None:
    """Append how many values of every declared pair were compared and how many disagreed."""
    rows = [(run_id, library, item, ref, compared, disagreed) for (item, ref), (compared, disagreed) in counts.items()]
    with connection.cursor() as cursor:
        cursor.executemany(statement("ledger/record_crosscheck"), rows)


def crosschecks(connection: Connection, run_id: int) -> dict[tuple[str, str], tuple[int, int]]:
    """(item, claim_ref) → how many values a run had compared, and how many disagreed."""
    query = "SELECT item, claim_ref, compared, disagreed FROM ledger.crosscheck WHERE run_id = %s"
    rows = connection.execute(query, [run_id]).fetchall()
    return {(item, ref): (int(compared), int(disagreed)) for item, ref, compared, disagreed in rows}
