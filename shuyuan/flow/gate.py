"""The second half of a delivery's line: check → admit. The delta is judged, then it becomes current in one transaction."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial

import pyarrow as pa

from shuyuan import settings
from shuyuan.catalog import Resource, load_catalog
from shuyuan.db.engine import Connection, transaction
from shuyuan.db.sql import statement, table
from shuyuan.flow.step import LOADER, Rejected, alone, audited, batch_step, is_due, of_batch
from shuyuan.intake.staged import Staged, without_repeats
from shuyuan.lake import duck, snapshot
from shuyuan.lake.delta import Counts, Delta
from shuyuan.lake.snapshot import Snapshot
from shuyuan.ledger import batches, findings, snapshots, validations
from shuyuan.ledger.batches import Batch
from shuyuan.ledger.loads import Step
from shuyuan.ledger.snapshots import Pointer
from shuyuan.publish import source
from shuyuan.quality import judge
from shuyuan.quality.verdict import BatchCounts, Verdict


def check(batch_id: int) -> int:
    """Judge the delta by the resource's suite: reject the batch, quarantine rows, or note. Raises Rejected when refused."""
    with alone("batch", batch_id):
        _, batch, resource = of_batch(batch_id)
        if is_due(batch, "read"):
            _check(batch, resource)
    return batch_id


def _check(batch: Batch, resource: Resource) -> None:
    with audited(batch_step("check", batch)) as step, duck.connect() as engine:
        staged = Staged.of(batch.folder)
        with transaction(LOADER) as connection:
            live = _live(snapshots.manifest(connection, "source", batch.resource), resource)
            delta, counts = _delta(engine, batch, resource, live, staged, pa.array([], pa.int64()))
            staging = source.stage(connection, resource, batch, delta)
            evidence, repeats = _evidence(connection, batch.batch_id), _superseded(connection, batch.batch_id)
        verdict = judge.batch(batch.batch_id, resource, evidence, _batch_counts(batch, counts, live, repeats), staging)
        with transaction(LOADER) as connection:
            _record_verdict(connection, batch, verdict, staged, step)
    if verdict.decision == "reject":
        raise Rejected("suite", f"{batch.file_name}: {step.message}", batch_id=batch.batch_id)


def _live(manifest: str | None, resource: Resource) -> Snapshot:
    return snapshot.load(manifest, by=resource.bucket_item)


def _offending(verdict: Verdict, staged: Staged) -> pa.Table:
    """Every line that a failed warning names, by verdict or by its full query; never GX's capped lists."""
    named = [staged.lines_with(verdict.verdict_rules)]
    if verdict.rows is not None:
        named.append(verdict.rows.select(named[0].column_names).cast(named[0].schema))
    return without_repeats(pa.concat_tables(named))


def _delta(
    engine: duck.Duck, batch: Batch, resource: Resource, live: Snapshot, staged: Staged, without: pa.Array
) -> tuple[Delta, Counts]:
    delta = Delta(engine, source.shape(resource, _links(resource)), live, batch.business_date, batch.batch_id)
    if batch.mode == "full" and not live.manifest:
        return delta, delta.begin(staged.parts(), without)
    return delta, delta.compute(staged.scan(), without, staged.withheld(), staged.unread())


def _links(resource: Resource) -> tuple[str, ...]:
    return load_catalog(settings.load().catalog).links_of(resource.id)


def _evidence(connection: Connection, batch_id: int) -> pa.Table:
    rows = connection.execute(
        "SELECT item, reason, rows FROM ledger.evidence WHERE batch_id = %s", [batch_id]
    ).fetchall()
    return pa.Table.from_pylist(
        [dict(zip(findings.EVIDENCE.names, row, strict=True)) for row in rows], schema=findings.EVIDENCE
    )


def _superseded(connection: Connection, batch_id: int) -> int:
    query = "SELECT count(*) FROM ledger.quarantine WHERE batch_id = %s AND reason = 'superseded_in_file'"
    row = connection.execute(query, [batch_id]).fetchone()
    return int(row[0]) if row else 0


def _batch_counts(batch: Batch, counts: Counts, live: Snapshot, superseded: int) -> BatchCounts:
    """What the suite judges. A line that a later one of its file replaces is set aside, but it is no bad line: a log of changes is full of them."""
    accounted = {name: getattr(batch, name) for name in ("physical", "loaded", "quarantined", "blank", "preamble")}
    accounted |= {"loaded": accounted["loaded"] + superseded, "quarantined": accounted["quarantined"] - superseded}
    return BatchCounts(**accounted, **asdict(counts), previous_rows=live.rows)


def _record_verdict(connection: Connection, batch: Batch, verdict: Verdict, staged: Staged, step: Step) -> None:
    validations.record(connection, verdict, batch_id=batch.batch_id)
    findings.record(connection, verdict.findings, batch_id=batch.batch_id)
    if verdict.decision == "reject":
        failed = "; ".join(f.message for f in verdict.findings if f.severity == "critical")
        step.outcome, step.message = "refused", failed
        batches.advance(connection, batch.batch_id, "rejected", reason=f"suite: {failed}")
    else:
        aside = staged.set_aside(_offending(verdict, staged))
        findings.quarantine(connection, batch.batch_id, aside)
        loaded, quarantined = (batch.loaded or 0) - aside.num_rows, (batch.quarantined or 0) + aside.num_rows
        batches.advance(connection, batch.batch_id, "checked", loaded=loaded, quarantined=quarantined)
        step.rows_in, step.rows_out, step.counts = (
            batch.loaded,
            loaded,
            {"set_aside": aside.num_rows, "score": verdict.score},
        )
    step.record(connection)


def admit(batch_id: int) -> int:
    """Make the checked rows the resource's current rows: lake snapshot, `source.<resource>`, pointer and audit, together.

    A full delivery older than the live one changes nothing and ends as `outdated`; rows of a late change file count only
    where nothing newer is known. A second full delivery for the same date supersedes the first, in whichever order they arrive here.
    """
    with alone("batch", batch_id):
        _, batch, resource = of_batch(batch_id)
        if is_due(batch, "checked"):
            _admit_alone(batch, resource)
    return batch_id


def _admit_alone(batch: Batch, resource: Resource) -> None:
    """The delta is computed again here: what it is against may have moved since it was judged, and cannot while the pointer is locked."""
    with audited(batch_step("admit", batch)) as step, duck.connect() as engine, transaction(LOADER) as connection:
        snapshots.lock(connection, "source", batch.resource)
        before = snapshots.live(connection, "source", batch.resource)
        if before and batch.mode == "full" and _is_older(batch, before):
            _set_outdated(connection, batch, before, step)
        else:
            _admit(engine, connection, batch, resource, before, step)
        connection.execute(statement("steps/drop_staging", staging=table("staging", f"batch_{batch.batch_id}")))


def _is_older(batch: Batch, live: Pointer) -> bool:
    return (batch.business_date, batch.batch_id) < (live.business_date, live.batch_id or 0)


def _set_outdated(connection: Connection, batch: Batch, live: Pointer, step: Step) -> None:
    reason = f"full delivery for {batch.business_date}, but {live.business_date} (batch {live.batch_id}) is live"
    batches.advance(connection, batch.batch_id, "outdated", reason=reason)
    step.outcome, step.message = "nothing", reason
    step.record(connection)


def _admit(
    engine: duck.Duck, connection: Connection, batch: Batch, resource: Resource, before: Pointer | None, step: Step
) -> None:
    staged, live = Staged.of(batch.folder), _live(before.manifest if before else None, resource)
    delta, counts = _delta(engine, batch, resource, live, staged, findings.lines_aside(connection, batch.batch_id))
    after = _applied(connection, batch, resource, delta, counts)
    day = max(batch.business_date, before.business_date) if before else batch.business_date
    snapshots.move(connection, "source", batch.resource, after.manifest, day, batch_id=batch.batch_id)
    batches.advance(connection, batch.batch_id, "admitted", snapshot=after.manifest, **asdict(counts))
    batches.supersede(connection, batch)
    step.rows_in, step.rows_out = batch.loaded, counts.inserted + counts.updated + counts.deleted
    step.counts = asdict(counts)
    step.record(connection)


def _applied(connection: Connection, batch: Batch, resource: Resource, delta: Delta, counts: Counts) -> Snapshot:
    """The delta in the lake and in the warehouse. First rows that the suite has seen are copied by the server, while we write the lake."""
    write = partial(delta.next_snapshot, f"source/{batch.table}/{batch.batch_id}")
    if delta.live.manifest or not source.is_judged(connection, batch, counts):
        after = write()
        source.apply(connection, resource, batch, delta, counts)
        return after
    with ThreadPoolExecutor(1) as beside:
        writing = beside.submit(write)
        source.begin(connection, resource, batch, counts)
        return writing.result()
