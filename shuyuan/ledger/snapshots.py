"""The pointer: which lake snapshot is live. It moves in the transaction that applies its delta, so a crash leaves only orphans."""

from __future__ import annotations

from datetime import date

from shuyuan.db.engine import Connection
from shuyuan.db.sql import statement


def lock(connection: Connection, kind: str, name: str) -> None:
    """Let one transaction at a time move this pointer; held until the transaction ends."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{kind}:{name}"])


def manifest(connection: Connection, kind: str, name: str) -> str | None:
    """The live manifest, or None before the first."""
    row = connection.execute(
        "SELECT manifest FROM ledger.snapshot WHERE kind = %s AND name = %s", [kind, name]
    ).fetchone()
    return str(row[0]) if row else None


def all_manifests(connection: Connection) -> list[str]:
    """Every live manifest."""
    return [str(row[0]) for row in connection.execute("SELECT manifest FROM ledger.snapshot").fetchall()]


def live_sources(connection: Connection) -> dict[str, tuple[str, date]]:
    """resource → (live manifest, its business date)."""
    found = connection.execute(
        "SELECT name, manifest, business_date FROM ledger.snapshot WHERE kind = 'source'"
    ).fetchall()
    return {name: (path, day) for name, path, day in found}


def move(
    connection: Connection,
    kind: str,
    name: str,
    path: str,
    day: date,
    *,
    batch_id: int | None = None,
    run_id: int | None = None,
) -> None:
    """Point to another manifest."""
    values = {
        "kind": kind,
        "name": name,
        "manifest": path,
        "business_date": day,
        "batch_id": batch_id,
        "run_id": run_id,
    }
    connection.execute(statement("ledger/move_snapshot"), values)
