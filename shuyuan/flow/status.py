"""How a deployment stands, as plain data: what `shuyuan status --json` prints and `make demo` shows."""

from __future__ import annotations

from typing import Any

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.db.engine import Connection, transaction
from shuyuan.db.sql import SQL, Identifier, statement


def summary() -> dict[str, Any]:
    """Libraries with rows and last run, batches, rows accounted, corrections of the past, quarantine, discrepancies, breaches, audit, seconds per step."""
    with transaction("shuyuan_owner") as connection:
        return {
            "libraries": _libraries(connection),
            "batches": _pairs(connection, "batches"),
            "rows": _named(connection, "accounted")[0],
            "corrections": _named(connection, "corrections"),
            "quarantined": _pairs(connection, "quarantine"),
            "discrepancies": _pairs(connection, "discrepancies"),
            "breaches": _named(connection, "breaches"),
            "audit": _audit(connection),
            "steps": _steps(connection),
        }


def unmapped(resource: str | None = None) -> list[dict[str, Any]]:
    """Codes and words of the last deliveries that no code list and no crosswalk names: resource, item, value, reason, rows."""
    with transaction("shuyuan_web") as connection:
        return _named(connection, "unmapped", resource=resource)


def _libraries(connection: Connection) -> dict[str, dict[str, Any]]:
    runs = {row["library"]: row for row in _named(connection, "runs")}
    open_ones = _pairs(connection, "disagreements_by_library")
    found: dict[str, dict[str, Any]] = {}
    for name in load_catalog(settings.load().catalog).libraries:
        row = connection.execute(SQL("SELECT count(*) FROM {}").format(Identifier("library", name))).fetchone()
        last = {key: value for key, value in runs.get(name, {}).items() if key != "library"}
        found[name] = {"rows": row[0] if row else 0, "discrepancies": open_ones.get(name, 0), "last_run": last or None}
    return found


def _pairs(connection: Connection, name: str) -> dict[str, int]:
    return {key: int(value) for key, value in connection.execute(statement(f"status/{name}")).fetchall()}


def _named(connection: Connection, name: str, **values: Any) -> list[dict[str, Any]]:
    cursor = connection.execute(statement(f"status/{name}"), values or None)
    names = [column.name for column in cursor.description or []]
    return [dict(zip(names, map(_plain, row), strict=True)) for row in cursor.fetchall()]


def _plain(value: Any) -> Any:
    """Sums of bigint come as Decimal."""
    return value if isinstance(value, str | bool | int | float | type(None)) else int(value)


def _audit(connection: Connection) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {"load": {}, "access": {}}
    for table, outcome, rows in connection.execute(statement("status/audit")).fetchall():
        counts[table][outcome] = int(rows)
    return counts


def _steps(connection: Connection) -> dict[str, dict[str, float]]:
    rows = connection.execute(statement("status/steps")).fetchall()
    return {step: {"count": count, "seconds": seconds, "longest": longest} for step, count, seconds, longest in rows}
