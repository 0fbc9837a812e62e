"""Correct: what was let in late is told in a library's history, day by day, as known from now on. What was known before stays readable.

A delivery is late when a run was published for a later day than it speaks of. Belongs here: which deliveries, which days, one transaction.
Does not belong here: what members said then (`past.py`), which versions that takes (`publish.past`).
"""

from __future__ import annotations

from collections import Counter
from datetime import date

from shuyuan import settings
from shuyuan.catalog import Catalog, Library, load_catalog
from shuyuan.db.engine import Connection, transaction
from shuyuan.flow.again import Forgotten
from shuyuan.flow.past import Past, past
from shuyuan.flow.step import LOADER, alone, audited, library_named
from shuyuan.ledger import findings, runs, snapshots, told
from shuyuan.ledger.findings import Finding
from shuyuan.ledger.loads import Step
from shuyuan.ledger.runs import Run
from shuyuan.ledger.told import Untold
from shuyuan.publish import past as history
from shuyuan.publish.past import Day
from shuyuan.resolve import plan


def correct(library_id: str) -> int | None:
    """Tell history what late deliveries say of the days before the published one. → the run that did; None when nothing was late.

    One transaction: after a crash nothing is corrected, and asking again does it. What is not kept any more cannot be told: that is a finding,
    and history stays as it is. Raises LookupError for an unknown library.
    """
    catalog = load_catalog(settings.load().catalog)
    library = library_named(catalog, library_id)
    with alone("correct", library_id):
        live, late = _late(library)
        if live is None or not late:
            return None
        with audited(Step("correct", library=library_id)) as step:
            try:
                return _correct(catalog, library, live, late, step)
            except Forgotten as forgotten:
                _give_up(library, live, late, step, str(forgotten))
                return None


def _late(library: Library) -> tuple[Run | None, list[Untold]]:
    """The run that is live, and the deliveries whose days lie before its own and are not told: it has heard them, or they came too late for it."""
    with transaction(LOADER) as connection:
        live = runs.ended(connection, library.id)
        if live is None:
            return None, []
        heard = set(live.inputs.get("heard", ()))
        waiting = told.untold(connection, library.id, [member.resource for member in library.members])
    late = [
        b for b in waiting if b.business_date < live.business_date and (b.batch_id in heard or b.state == "outdated")
    ]
    return live, late


def _correct(catalog: Catalog, library: Library, live: Run, late: list[Untold], step: Step) -> int:
    since = min(batch.business_date for batch in late)
    with past(catalog, library, since, live.business_date) as replay:
        named = sorted({key for batch in late for key in replay.named_by(batch.batch_id, batch.resource)})
        days = [Day(day, replay.resolve(day, named)) for day in _days(library, replay, since, live.business_date)]
        with transaction(LOADER) as connection:
            snapshots.lock(connection, "library", library.id)
            run = runs.open_run(connection, library.id, since, _inputs(catalog, library, late))
            done = history.correct(connection, library, run.run_id, days if named else [], named, live.business_date)
            _close(connection, library, run, late, done, step)
    return run.run_id


def _days(library: Library, replay: Past, since: date, until: date) -> list[date]:
    """Days on which members' claims changed, and those that history tells of for another reason."""
    with transaction(LOADER) as connection:
        return sorted({*replay.days(), *told.published_days(connection, library.id, since, until)})


def _inputs(catalog: Catalog, library: Library, late: list[Untold]) -> dict[str, object]:
    return {"late": [batch.batch_id for batch in late], "rules": plan.fingerprint(catalog, library)}


def _close(
    connection: Connection, library: Library, run: Run, late: list[Untold], done: Counter[str], step: Step
) -> None:
    told.tell(connection, library.id, run.run_id, [batch.batch_id for batch in late])
    counts = {"inserted": done["I"], "updated": done["U"], "deleted": done["D"]}
    words = "late: batch " + ", ".join(f"{b.batch_id} of {b.resource} for {b.business_date}" for b in late)
    runs.advance(connection, run.run_id, "corrected", reason=words, **counts)
    step.run_id, step.rows_out, step.message = run.run_id, done.total(), words
    step.counts = counts | {"late": len(late)}
    step.record(connection)


def _give_up(library: Library, live: Run, late: list[Untold], step: Step, why: str) -> None:
    """History says of these days what it said; that it may be wrong is on record."""
    with transaction(LOADER) as connection:
        told.tell(connection, library.id, live.run_id, [batch.batch_id for batch in late])
        words = f"history before {live.business_date} is not corrected: {why}"
        findings.record(connection, [Finding("past_not_kept", "warning", words, "时效性")], run_id=live.run_id)
        step.run_id, step.outcome, step.message = live.run_id, "refused", words
        step.record(connection)
