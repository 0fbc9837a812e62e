"""Upkeep: freshness sweep, harvest of direct SQL, orphan files, retention. Each may run at any time and be repeated."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.catalog.models import PolicyNumber
from shuyuan.db.address import external
from shuyuan.db.engine import Connection, transaction
from shuyuan.db.sql import statement
from shuyuan.flow import orphans
from shuyuan.flow.step import LOADER, audited
from shuyuan.intake.receive import archived
from shuyuan.ledger.loads import Step
from shuyuan.ledger.retention import Archived, drop_months, unneeded
from shuyuan.quality import freshness
from shuyuan.share import harvest

ORPHAN_AGE = 24 * 3600  # seconds; younger files may belong to a step that is running


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
        step.rows_out = _harvest(step)
        with transaction(LOADER) as connection:
            for ahead in range(3):
                connection.execute(statement("ledger/ensure_months"), {"ahead": ahead})
            step.record(connection)
    return step.rows_out


def _harvest(step: Step) -> int:
    """Of a server that is not ours the log may be out of reach: the ledger then says that direct SQL goes unrecorded."""
    try:
        return harvest.harvest()
    except harvest.NoServerLog as missing:
        if not external():
            raise
        step.outcome, step.message = "nothing", str(missing)
        return 0


def remove_orphans(age: float = ORPHAN_AGE) -> int:
    """Remove what crashes and old snapshots left in lake, archive and staging, when it is older than `age` seconds. → how many things."""
    with audited(Step("orphans")) as step:
        step.rows_out = orphans.remove(age)
        with transaction(LOADER) as connection:
            step.record(connection)
    return step.rows_out


def apply_retention(today: date) -> dict[str, int]:
    """Let go what every applicable article of the policy's `retention` lets go, never sooner.

    → how many months of `load` and `access` were dropped and how many files left the `archive`. Each removed file has its row in ledger.load.
    """
    retention = load_catalog(settings.load().catalog).policy.retention
    with audited(Step("retention")) as step:
        with transaction("shuyuan_owner") as connection:
            gone = {
                name: drop_months(connection, name, kept_from(retention, name, today).replace(day=1))
                for name in ("load", "access")
            }
        step.counts = gone | {"archive": _empty_archive(kept_from(retention, "archive", today))}
        with transaction(LOADER) as connection:
            step.record(connection)
    return dict(step.counts)


def kept_from(retention: Mapping[str, PolicyNumber], name: str, today: date) -> date:
    """The first day that must still be kept: the longest of the policy's numbers called `<name>…` decides.

    Raises PolicyGap when the policy says nothing about `name`: what no rule lets go is kept.
    """
    numbers = [number for key, number in retention.items() if key.startswith(name)]
    if not numbers:
        raise PolicyGap(
            f"the policy's `retention` has no number for `{name}`; cite one in catalog/policies, or nothing leaves"
        )
    return min(_before(today, number) for number in numbers)


def _before(today: date, number: PolicyNumber) -> date:
    """`today` less a number of years, months or days; 29 February counts as the 28th where there is none."""
    if number.unit == "days":
        return today - timedelta(days=number.value)
    if number.unit == "working_days":
        raise PolicyGap("the policy's `retention` counts in years, months or days, not in working days")
    months = today.year * 12 + today.month - 1 - number.value * (12 if number.unit == "years" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))


def _empty_archive(before: date) -> int:
    """Remove the archived bytes of deliveries received before a day that nothing needs any more. → files removed.

    The ledger is told first: a crash in between leaves a file that the next run removes and records again, never a loss unrecorded.
    """
    with transaction("shuyuan_owner") as connection:
        old = [batch for batch in unneeded(connection, before) if archived(batch.file_sha256).exists()]
        for batch in old:
            _note_removal(connection, batch, before)
    files = {archived(batch.file_sha256) for batch in old}
    for path in files:
        path.unlink(missing_ok=True)
    return len(files)


def _note_removal(connection: Connection, batch: Archived, before: date) -> None:
    step = Step("retention", resource=batch.resource, batch_id=batch.batch_id)
    step.file_name, step.file_sha256 = batch.file_name, batch.file_sha256
    step.message = f"archived bytes removed: received before {before}, and no current row comes from them"
    step.record(connection)


class PolicyGap(Exception):
    """The policy does not say how long something is kept."""
