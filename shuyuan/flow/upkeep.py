"""Upkeep: freshness sweep, harvest of direct SQL, orphan files, retention. Each may run at any time and be repeated."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from time import time

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.db.engine import Connection, transaction
from shuyuan.db.sql import statement
from shuyuan.flow.step import LOADER, audited
from shuyuan.lake import snapshot
from shuyuan.ledger import snapshots
from shuyuan.ledger.loads import Step
from shuyuan.quality import freshness
from shuyuan.share import harvest

ORPHAN_AGE = 24 * 3600  # seconds; younger files may belong to a step that is running
DIRECTORIES = ("source", "library", "staged")


def sweep_freshness(today: date) -> dict[str, int]:
    """Record a breach for every feed that is overdue, close those that came. Blocks nobody."""
    with audited(Step("sweep")) as step:
        counts = {name: value for name, value in asdict(freshness.sweep(today)).items() if isinstance(value, int)}
        step.counts = counts
        with transaction(LOADER) as connection:
            step.record(connection)
    return counts


def harvest_queries() -> int:
    """Bring what analysts asked by plain SQL from the server's log into ledger.access. → statements found."""
    with audited(Step("harvest")) as step:
        step.rows_out = harvest.harvest()
        with transaction(LOADER) as connection:
            for ahead in range(3):
                connection.execute(statement("ledger/ensure_months"), {"ahead": ahead})
            step.record(connection)
    return step.rows_out


def remove_orphans(age: float = ORPHAN_AGE) -> int:
    """Remove lake files that no live snapshot reaches and that are older than `age` seconds. → files removed."""
    with audited(Step("orphans")) as step:
        with transaction(LOADER) as connection:
            live, busy = snapshots.all_manifests(connection), _busy_folders(connection)
        before = time() - age
        files = snapshot.orphans(live, DIRECTORIES)
        gone = [path for path in files if path.stat().st_mtime < before and path.parent not in busy]
        for path in gone:
            path.unlink(missing_ok=True)
        step.rows_out = len(gone)
        with transaction(LOADER) as connection:
            step.record(connection)
    return len(gone)


def _busy_folders(connection: Connection) -> set[Path]:
    """Folders of batches and runs that have not come to their end; their files are not orphans."""
    rows = connection.execute(statement("ledger/busy_folders")).fetchall()
    return {settings.load().lake / folder for (folder,) in rows}


def apply_retention(today: date) -> dict[str, int]:
    """Drop audit partitions that every applicable article lets go (policy `retention`), never sooner. → partitions by table."""
    retention = load_catalog(settings.load().catalog).policy.retention
    dropped: dict[str, int] = {}
    with audited(Step("retention")) as step, transaction("shuyuan_owner") as connection:
        for name in ("load", "access"):
            years = max(
                number.value for key, number in retention.items() if key.startswith(name) and number.unit == "years"
            )
            values = {"parent": name, "before": today.replace(year=today.year - years, day=1)}
            row = connection.execute(statement("ledger/drop_months"), values).fetchone()
            dropped[name] = int(row[0]) if row else 0
        step.counts = dict(dropped)
        step.record(connection)
    return dropped
