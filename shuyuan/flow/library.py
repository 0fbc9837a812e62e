"""The line of one library: resolve → publish. A late department never blocks it: it is resolved from what is there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import date

from shuyuan import settings
from shuyuan.catalog import Catalog, Library, load_catalog
from shuyuan.db.engine import Connection, transaction
from shuyuan.flow.step import LOADER, Unproven, alone, audited, library_named
from shuyuan.lake import snapshot
from shuyuan.ledger import discrepancies, findings, runs, snapshots, validations
from shuyuan.ledger.loads import Step
from shuyuan.ledger.runs import Run
from shuyuan.publish import library as warehouse
from shuyuan.quality import judge
from shuyuan.resolve import plan
from shuyuan.resolve import run as resolver
from shuyuan.resolve.run import Inputs, Outcome, delta_paths


@dataclass(frozen=True)
class Result:
    """What `resolve` found and `publish` must apply; kept beside the deltas as `result.json`."""

    entities: int
    changes: dict[str, int]
    manifest: str
    disputes_manifest: str
    crosschecks: list[tuple[str, str, int, int]] = field(default_factory=list)


def resolve(library_id: str, business_date: date | None = None) -> int:
    """Resolve a library from the live snapshots of its members. → run id; the last run's when nothing has changed since.

    The run speaks for the newest business date among its inputs, never for one before what is published; `business_date` only serves
    before the first delivery. Raises LookupError for an unknown library.
    """
    catalog, library = _of(library_id)
    with audited(Step("resolve", library=library_id)) as step, alone("resolve", library_id):
        with transaction(LOADER) as connection:
            runs.give_up_dead(connection, library_id)
            inputs, day = _inputs(connection, catalog, library, business_date)
            last = runs.last(connection, library_id)
        if last and _same(last, inputs, day):
            return last.run_id
        return _resolve(catalog, library, inputs, day, step).run_id


def _same(last: Run, inputs: dict[str, object], day: date) -> bool:
    """A run that read the same members by the same rules on the same day says the same, whether it waits for its publish or has had it."""
    same = all(last.inputs.get(name) == inputs[name] for name in ("members", "rules")) and last.business_date == day
    return same and (last.state != "resolved" or last.inputs["base"] == inputs["base"])


def _of(library_id: str) -> tuple[Catalog, Library]:
    catalog = load_catalog(settings.load().catalog)
    return catalog, library_named(catalog, library_id)


def _inputs(
    connection: Connection, catalog: Catalog, library: Library, business_date: date | None
) -> tuple[dict[str, object], date]:
    live = snapshots.live_sources(connection)
    members = {member.resource: live[member.resource] for member in library.members if member.resource in live}
    published = snapshots.live(connection, "library", library.id)
    days = [day for _, day in members.values()] + ([published.business_date] if published else [])
    inputs = {
        "base": _base(connection, library.id),
        "members": {name: manifest for name, (manifest, _) in members.items()},
        "rules": plan.fingerprint(catalog, library),
    }
    return inputs, max(days, default=business_date or settings.today())


def _base(connection: Connection, library_id: str) -> dict[str, str | None]:
    return {kind: snapshots.manifest(connection, kind, library_id) for kind in ("library", "discrepancy")}


def _resolve(catalog: Catalog, library: Library, inputs: dict[str, object], day: date, step: Step) -> Run:
    with transaction(LOADER) as connection:
        run = runs.open_run(connection, library.id, day, inputs)
    try:
        outcome = resolver.run(catalog, library, _snapshots(catalog, run), day, run.folder)
        _keep(run, outcome)
    except Exception as error:
        with transaction(LOADER) as connection:
            runs.advance(connection, run.run_id, "failed", reason=f"{type(error).__name__}: {error}")
        raise
    with transaction(LOADER) as connection:
        runs.advance(connection, run.run_id, "resolved", entities=outcome.rows, snapshot=outcome.library.manifest)
        step.run_id, step.rows_out, step.counts = run.run_id, outcome.rows, {"changes": dict(outcome.changes)}
        step.record(connection)
    return run


def _snapshots(catalog: Catalog, run: Run) -> Inputs:
    buckets = {name: catalog.resources[name].bucket_item for name in run.inputs["members"]}
    members = {name: snapshot.load(manifest, by=buckets[name]) for name, manifest in run.inputs["members"].items()}
    base = run.inputs["base"]
    return Inputs(members, snapshot.load(base["library"]), snapshot.load(base["discrepancy"]))


def _keep(run: Run, outcome: Outcome) -> None:
    checks = [(item, ref, *counts) for (item, ref), counts in outcome.crosschecks.items()]
    changes = {letter: outcome.changes[letter] for letter in "IUD"}
    result = Result(outcome.rows, changes, outcome.library.manifest, outcome.discrepancies.manifest, checks)
    path = settings.load().lake / run.folder / "result.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(result)), encoding="utf-8")


def _kept(run: Run) -> Result:
    return Result(**json.loads((settings.load().lake / run.folder / "result.json").read_text(encoding="utf-8")))


def publish(run_id: int) -> int:
    """Apply a resolved run in one transaction, then judge the published library. → the run that is live.

    A run that failed, or that another one overtook, is not published: the library is resolved again first.
    Raises Unproven, as often as it is asked, when a critical expectation does not hold over what the run published.
    """
    with alone("run", run_id):
        with transaction(LOADER) as connection:
            run = runs.get(connection, run_id)
        if run.state in ("published", "unchanged") or (run.state == "resolved" and _bring_live(run)):
            return _prove(run)
    return publish(resolve(run.library))


def _bring_live(run: Run) -> bool:
    """Publish the run unless it is stale: what it started from is no longer what is live, or a later run has ended."""
    with audited(Step("publish", library=run.library, run_id=run.run_id)) as step, transaction(LOADER) as connection:
        snapshots.lock(connection, "library", run.library)
        later = runs.later_end(connection, run)
        if later is not None or _base(connection, run.library) != run.inputs["base"]:
            step.outcome, step.message = "nothing", f"stale: run {later or 'unknown'} was published meanwhile"
            runs.advance(connection, run.run_id, "failed", reason=step.message)
            step.record(connection)
            return False
        _publish(connection, run, step)
    return True


def _publish(connection: Connection, run: Run, step: Step) -> None:
    _, library = _of(run.library)
    result = _kept(run)
    warehouse.apply(connection, library, run, delta_paths(run.folder, "rows"), result.changes)
    opened, closed = warehouse.settle(connection, library, run, delta_paths(run.folder, "disputes"))
    checks = {(item, ref): (compared, disagreed) for item, ref, compared, disagreed in result.crosschecks}
    discrepancies.record_crosschecks(connection, library.id, run.run_id, checks)
    for kind, manifest in (("library", result.manifest), ("discrepancy", result.disputes_manifest)):
        if manifest:
            snapshots.move(connection, kind, library.id, manifest, run.business_date, run_id=run.run_id)
    counts = {"inserted": result.changes["I"], "updated": result.changes["U"], "deleted": result.changes["D"]}
    changed = any(result.changes.values()) or opened or closed
    runs.advance(
        connection, run.run_id, "published" if changed else "unchanged", opened=opened, closed=closed, **counts
    )
    step.rows_in, step.rows_out = result.entities, sum(counts.values())
    step.counts = counts | {"opened": opened, "closed": closed}
    step.record(connection)


def _prove(run: Run) -> int:
    """Judge what is published, once per run. → the run. Raises Unproven, now or again."""
    with transaction(LOADER) as connection:
        failed = validations.rejection(connection, run.run_id)
    if failed is None:
        failed = _judge(run)
    if failed:
        raise Unproven(f"{run.library}, run {run.run_id}: {failed}")
    return run.run_id


def _judge(run: Run) -> str:
    """What is critical about the published library, in words; empty when it is proven."""
    catalog, library = _of(run.library)
    with audited(Step("prove", library=run.library, run_id=run.run_id)) as step:
        verdict = judge.library(run.run_id, library, catalog)
        with transaction(LOADER) as connection:
            validations.record(connection, verdict, run_id=run.run_id)
            findings.record(connection, verdict.findings, run_id=run.run_id)
            step.counts = {"evaluated": verdict.evaluated, "failed": verdict.failed, "score": float(verdict.score)}
            step.record(connection)
    return "; ".join(f.message for f in verdict.findings if f.severity == "critical")
