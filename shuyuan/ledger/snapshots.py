"""The pointer: which lake snapshot is live. It moves in the transaction that applies its delta, so a crash leaves only orphans."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from shuyuan.db.engine import Connection
from shuyuan.db.rows import one
from shuyuan.db.sql import columns, statement
from shuyuan.ledger import locks


@dataclass(frozen=True)
class Pointer:
    """A row of ledger.snapshot: the manifest, who moved the pointer to it, and the newest day it speaks about."""

    manifest: str
    business_date: date
    batch_id: int | None
    run_id: int | None


def lock(connection: Connection, kind: str, name: str) -> None:
    """Let one transaction at a time move this pointer; held until the transaction ends."""
    locks.hold(connection, kind, name)


def live(connection: Connection, kind: str, name: str) -> Pointer | None:
    """Where the pointer stands, or None before the first snapshot."""
    order = statement("ledger/live_snapshot", fields=columns(Pointer.__dataclass_fields__))
    return one(connection, Pointer, order, {"kind": kind, "name": name})


def manifest(connection: Connection, kind: str, name: str) -> str | None:
    """The live manifest, or None before the first."""
    found = live(connection, kind, name)
    return found.manifest if found else None


def needed_manifests(connection: Connection) -> list[str]:
    """Every live manifest, and those that a run under way is reading."""
    return [str(row[0]) for row in connection.execute(statement("ledger/needed_manifests")).fetchall()]


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
