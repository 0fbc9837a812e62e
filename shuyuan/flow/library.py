"""The line of one library: resolve → publish. A late department never blocks it: it is resolved from what is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from shuyuan import settings
from shuyuan.catalog import Catalog, Library, load_catalog
from shuyuan.court import session as court
from shuyuan.db.engine import Connection, transaction
from shuyuan.flow.correct import correct
from shuyuan.flow.step import LOADER, OutOfOrder, Unproven, alone, audited, library_named
from shuyuan.lake import sealed, snapshot
from shuyuan.ledger import discrepancies, findings, identity, runs, snapshots, told, validations
from shuyuan.ledger.loads import Step
from shuyuan.ledger.runs import Run
from shuyuan.ledger.snapshots import Pointer
from shuyuan.publish import library as warehouse
from shuyuan.quality import judge
from shuyuan.resolve import engine, plan
from shuyuan.resolve import run as resolver
from shuyuan.resolve.outcome import Outcome, Part
from shuyuan.resolve.run import Inputs


@dataclass(frozen=True)
class Result:
    """What `resolve` found and `publish` must apply; kept beside the deltas as `result.json`. `rows`, `disputes`: files of the deltas."""

    entities: int
    changes: dict[str, int]
    manifest: str
    disputes_manifest: str
    rows: list[str]
    disputes: list[str]
    crosschecks: list[tuple[str, str, int, int]] = field(default_factory=list)


def resolve(library_id: str, business_date: date | None = None) -> int:
    """Resolve a library from the live snapshots of its members. → run id; the last run's when nothing has changed since.

    The run speaks for the newest business date among its inputs, never for one before what is published; `business_date` only serves
    before the first delivery. Only the entities are looked at that anything was said about since, unless the rules are others now.
    Raises LookupError for an unknown library.
    """
    catalog, library = _of(library_id)
    with audited(Step("resolve", library=library_id)) as step, alone("resolve", library_id):
        run = _open(catalog, library, business_date)
        if run.state == "resolving":
            _resolve(catalog, library, run, step)
        return run.run_id


def begin(library_id: str, business_date: date | None = None) -> int:
    """Open a run whose buckets many workers resolve: then `resolve_part` for every part, in any order, then `end`. → run id."""
    catalog, library = _of(library_id)
    with alone("resolve", library_id):
        return _open(catalog, library, business_date).run_id


def parts(run_id: int, number: int) -> list[list[int]]:
    """The buckets of a run in at most `number` parts; none when the run is done already."""
    with transaction(LOADER) as connection:
        state = runs.get(connection, run_id).state
    every = list(range(settings.load().buckets)) if state == "resolving" else []
    return [chosen for chosen in (every[start::number] for start in range(number)) if chosen]


def resolve_part(run_id: int, numbers: list[int]) -> None:
    """Resolve some buckets of a run. May be repeated: a part that was found already is not found again, and two workers do not write one file."""
    with alone("part", f"{run_id}: {numbers}"):
        with transaction(LOADER) as connection:
            run = runs.get(connection, run_id)
        _resolve_part(run, numbers)


def _resolve_part(run: Run, numbers: list[int]) -> None:
    catalog, library = _of(run.library)
    path = _part_path(run, numbers)
    if run.state == "resolving" and not _is_found(path):
        with audited(Step("resolve", library=run.library, run_id=run.run_id)):
            found = resolver.part(catalog, library, _snapshots(catalog, run), run.business_date, run.folder, numbers)
        sealed.write_json(path, found.document())


def _is_found(path: Path) -> bool:
    """Whether a part has been resolved; one whose file is damaged has not."""
    try:
        sealed.read_json(path)
    except sealed.Damaged:
        return False
    return True


def end(run_id: int) -> int:
    """Put the parts of a run together. → the run. Raises OutOfOrder while a part is missing. A run that came to its end is not ended again."""
    with alone("run", run_id):
        with transaction(LOADER) as connection:
            run = runs.get(connection, run_id)
        if run.state == "resolving":
            _end(run)
    return run_id


def _end(run: Run) -> None:
    with audited(Step("resolve", library=run.library, run_id=run.run_id)) as step:
        catalog, library = _of(run.library)
        outcome = resolver.finish(library, _snapshots(catalog, run), run.folder, _found_parts(run))
        _resolved(run, outcome, step)


def _part_path(run: Run, numbers: list[int]) -> Path:
    return settings.load().lake / run.folder / f"part_{'_'.join(map(str, numbers))}.json"


def _found_parts(run: Run) -> list[Part]:
    paths = sorted((settings.load().lake / run.folder).glob("part_*.json"))
    found = {int(n) for path in paths for n in path.stem.split("_")[1:]}
    missing = sorted(set(range(settings.load().buckets)) - found)
    if missing:
        raise OutOfOrder(f"run {run.run_id}: buckets {missing} are not resolved yet; run their part again")
    return [Part.read(sealed.read_json(path)) for path in paths]


def _open(catalog: Catalog, library: Library, business_date: date | None) -> Run:
    """The run that resolves what is live now: the last one when it has done so, else a new one."""
    with transaction(LOADER) as connection:
        runs.give_up_dead(connection, library.id)
        inputs, day = _inputs(connection, catalog, library, business_date)
        last = runs.last(connection, library.id)
        if last and _same(last, inputs, day):
            return last
        return runs.open_run(connection, library.id, day, inputs)


def _same(last: Run, inputs: dict[str, object], day: date) -> bool:
    """A run that read the same members by the same rules on the same day says the same, whether it waits for its publish or has had it."""
    same = (
        all(last.inputs.get(name) == inputs[name] for name in ("members", "rules", "identity"))
        and last.business_date == day
    )
    return same and (last.state != "resolved" or last.inputs["base"] == inputs["base"])


def _of(library_id: str) -> tuple[Catalog, Library]:
    catalog = load_catalog(settings.load().catalog)
    return catalog, library_named(catalog, library_id)


def _inputs(
    connection: Connection, catalog: Catalog, library: Library, business_date: date | None
) -> tuple[dict[str, object], date]:
    waiting = told.untold(connection, library.id, [member.resource for member in library.members])
    live = snapshots.live_sources(connection)
    members = {member.resource: live[member.resource] for member in library.members if member.resource in live}
    published = snapshots.live(connection, "library", library.id)
    days = [day for _, day in members.values()] + ([published.business_date] if published else [])
    rules = plan.fingerprint(catalog, library)
    inputs = {
        "base": _base(connection, library.id),
        "members": {name: manifest for name, (manifest, _) in members.items()},
        "rules": rules,
        "identity": identity.version(connection, library.id),
        "before": _before(connection, published, rules),
        "heard": [batch.batch_id for batch in waiting if batch.state != "outdated"],
    }
    return inputs, max(days, default=business_date or settings.today())


def _before(connection: Connection, published: Pointer | None, rules: str) -> int | None:
    """The run that the live library is the result of, if it followed the same rules: then only what changed since is resolved."""
    if published is None or published.run_id is None:
        return None
    run = runs.get(connection, published.run_id)
    return run.run_id if run.inputs["rules"] == rules else None


def _base(connection: Connection, library_id: str) -> dict[str, str | None]:
    return {kind: snapshots.manifest(connection, kind, library_id) for kind in ("library", "discrepancy")}


def _resolve(catalog: Catalog, library: Library, run: Run, step: Step) -> None:
    try:
        outcome = engine.run(catalog, library, _snapshots(catalog, run), run.business_date, run.folder)
        _resolved(run, outcome, step)
    except Exception as error:
        with transaction(LOADER) as connection:
            runs.advance(connection, run.run_id, "failed", reason=f"{type(error).__name__}: {error}")
        raise


def _resolved(run: Run, outcome: Outcome, step: Step) -> None:
    _keep(run, outcome)
    with transaction(LOADER) as connection:
        runs.advance(connection, run.run_id, "resolved", entities=outcome.rows, snapshot=outcome.library.manifest)
        step.run_id, step.rows_out, step.counts = run.run_id, outcome.rows, {"changes": dict(outcome.changes)}
        step.record(connection)


def _snapshots(catalog: Catalog, run: Run) -> Inputs:
    buckets = {name: catalog.resources[name].bucket_item for name in run.inputs["members"]}
    members = {name: snapshot.load(manifest, by=buckets[name]) for name, manifest in run.inputs["members"].items()}
    library, disputes = (snapshot.load(run.inputs["base"][kind]) for kind in ("library", "discrepancy"))
    with transaction(LOADER) as connection:
        ruled = {"aliases": identity.aliases(connection, run.library), "rows": identity.rows(connection, run.library)}
        if run.inputs["before"] is None:
            return Inputs(members, library, disputes, **ruled)
        before = runs.get(connection, run.inputs["before"])
        moved = identity.moved(connection, run.library, before.inputs.get("identity", 0))
        counts = discrepancies.crosschecks(connection, before.run_id)
    return Inputs(members, library, disputes, before.inputs["members"], counts, moved=moved, **ruled)


def _keep(run: Run, outcome: Outcome) -> None:
    checks = [(item, ref, *counts) for (item, ref), counts in outcome.crosschecks.items()]
    changes = {letter: outcome.changes[letter] for letter in "IUD"}
    manifests = (outcome.library.manifest, outcome.discrepancies.manifest)
    result = Result(outcome.rows, changes, *manifests, outcome.files["rows"], outcome.files["disputes"], checks)
    sealed.write_json(settings.load().lake / run.folder / "result.json", asdict(result))


def _kept(run: Run) -> Result:
    return Result(**sealed.read_json(settings.load().lake / run.folder / "result.json"))


def publish(run_id: int) -> int:
    """Apply a resolved run in one transaction, correct the past where something came late, judge the published library. → the run that is live.

    A run that failed, or that another one overtook, is not published: the library is resolved again first.
    Raises Unproven, as often as it is asked, when a critical expectation does not hold over what the run published.
    """
    with alone("run", run_id):
        with transaction(LOADER) as connection:
            run = runs.get(connection, run_id)
        if run.state in ("published", "unchanged") or (run.state == "resolved" and _bring_live(run)):
            correct(run.library)
            return _prove(run)
    return publish(resolve(run.library))


def _bring_live(run: Run) -> bool:
    """Publish the run unless it is stale: what it started from is no longer what is live, or a later run has ended."""
    step = Step("publish", library=run.library, run_id=run.run_id)
    with audited(step), _giving_up_damaged(run), transaction(LOADER) as connection:
        snapshots.lock(connection, "library", run.library)
        later = runs.later_end(connection, run)
        if later is not None or _base(connection, run.library) != run.inputs["base"]:
            step.outcome, step.message = "nothing", f"stale: run {later or 'unknown'} was published meanwhile"
            runs.advance(connection, run.run_id, "failed", reason=step.message)
            step.record(connection)
            return False
        _publish(connection, run, step)
    return True


@contextmanager
def _giving_up_damaged(run: Run) -> Iterator[None]:
    """A run whose own files are not what it wrote is given up: the next publish resolves again, from what is live. Raises Damaged."""
    try:
        yield
    except sealed.Damaged as damage:
        way_out = f"run {run.run_id} is given up, nothing of it was published: publish again, and {run.library} is resolved anew"
        with transaction(LOADER) as connection:
            runs.advance(connection, run.run_id, "failed", reason=f"{damage.path}: {damage.what}")
        raise sealed.Damaged(damage.path, damage.what, way_out) from damage


def _publish(connection: Connection, run: Run, step: Step) -> None:
    _, library = _of(run.library)
    result = _kept(run)
    warehouse.apply(connection, library, run, _paths(result.rows), result.changes)
    opened, closed = warehouse.settle(connection, library, run, _paths(result.disputes))
    checks = {(item, ref): (compared, disagreed) for item, ref, compared, disagreed in result.crosschecks}
    discrepancies.record_crosschecks(connection, library.id, run.run_id, checks)
    court.sit(connection, library, run.run_id)
    for kind, manifest in (("library", result.manifest), ("discrepancy", result.disputes_manifest)):
        if manifest:
            snapshots.move(connection, kind, library.id, manifest, run.business_date, run_id=run.run_id)
    told.tell(connection, library.id, run.run_id, run.inputs.get("heard", ()), since=run.business_date)
    counts = {"inserted": result.changes["I"], "updated": result.changes["U"], "deleted": result.changes["D"]}
    changed = any(result.changes.values()) or opened or closed
    runs.advance(
        connection, run.run_id, "published" if changed else "unchanged", opened=opened, closed=closed, **counts
    )
    step.rows_in, step.rows_out = result.entities, sum(counts.values())
    step.counts = counts | {"opened": opened, "closed": closed}
    step.record(connection)


def _paths(names: list[str]) -> list[Path]:
    return [settings.load().lake / name for name in names]


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
