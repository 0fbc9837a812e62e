"""One verb per step of the line, `run` for the whole of it, `status`, and upkeep."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from shuyuan import settings
from shuyuan.cli import arguments
from shuyuan.cli.arguments import day

DateArg = Annotated[str, typer.Argument(help="business date, YYYY-MM-DD")]
out = Console()


def register(app: typer.Typer) -> None:
    """Add the verbs to the app."""
    verbs = (migrate, collect, receive, read, check, admit, resolve, publish, run, status)
    upkeep = (sweep, harvest, stragglers, orphans, retention, mend)
    for verb in (*verbs, *upkeep):
        app.command()(verb)


def migrate() -> None:
    """Start the embedded database, bring it to the newest schema and put the catalog in force."""
    from shuyuan import settings
    from shuyuan.db import embedded
    from shuyuan.flow.migrate import migrate as bring_up

    embedded.start(settings.load().home)
    catalog = bring_up()
    out.print(
        f"{len(catalog.resources)} resources and {len(catalog.libraries)} libraries are in force. Next: shuyuan receive RESOURCE DATE"
    )


def collect(
    resource: str,
    business_date: DateArg,
    again: Annotated[
        bool, typer.Option("--again", help="ask a table or an interface again for a fetched date")
    ] = False,
) -> None:
    """Fetch a delivery from where its connector says into the inbox."""
    from shuyuan.flow import collect as line

    name, when = arguments.resource(resource), day(business_date)
    paths = line.collect(name, when, again=again)
    for path in paths:
        out.print(path.name, highlight=False)
    nothing = f"nothing new from {name} for {business_date}; without `delivery.connector` its files are dropped into inbox/{name.split('.')[0]}/"
    out.print(f"{len(paths)} files fetched. Next: shuyuan receive {name} {business_date}" if paths else nothing)


def receive(resource: str, business_date: DateArg) -> None:
    """Take the next delivery from the inbox, archive it, open a batch."""
    from shuyuan.flow import feed

    name, when = arguments.resource(resource), day(business_date)
    batch = feed.receive(name, when)
    inbox = settings.load().inbox / resource.split(".", maxsplit=1)[0]
    nothing = f"nothing new from {resource} for {business_date}"
    nothing += "; what came has been taken already" if feed.is_taken(name, when) else f"; its files belong in {inbox}/"
    out.print(nothing if batch is None else f"batch {batch}. Next: shuyuan read {batch}")


def read(
    batch: int,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="once more: after the contract was changed for columns it was refused for, or for staged files that are damaged",
        ),
    ] = False,
) -> None:
    """Read and standardise a received batch."""
    from shuyuan.flow import feed

    done = feed.read(batch, again=again)
    for message in feed.warnings(done):
        out.print(f"! {message}", markup=False, highlight=False)
    out.print(f"batch {done} is read. Next: shuyuan check {batch}")


def check(batch: int) -> None:
    """Judge a read batch by its suite."""
    from shuyuan.flow import gate

    out.print(f"batch {gate.check(batch)} is checked. Next: shuyuan admit {batch}")


def admit(batch: int) -> None:
    """Make a checked batch current."""
    from shuyuan.flow import gate

    done = gate.admit(batch)
    out.print(f"batch {done} is admitted. Next: {_libraries(done)}")


def _libraries(batch: int) -> str:
    from shuyuan.flow.step import of_batch

    catalog, _, resource = of_batch(batch)
    found = [f"shuyuan resolve {library.id}" for library in catalog.libraries_of(resource.id)]
    return " or ".join(found) or f"let {resource.id} feed a library (docs/onboard-a-feed.md, part 4)"


def resolve(library: str) -> None:
    """Resolve a library from what its members have delivered."""
    from shuyuan.flow import library as line

    run_id = line.resolve(arguments.library(library))
    out.print(f"run {run_id} is resolved. Next: shuyuan publish {run_id}")


def publish(run_id: int) -> None:
    """Apply a resolved run to the warehouse and prove it."""
    from shuyuan.flow import library as line

    out.print(f"run {line.publish(run_id)} is live and proven. Next: shuyuan status")


def run(
    business_date: Annotated[
        str | None, typer.Option("--date", help="business date, YYYY-MM-DD; default: today")
    ] = None,
    catalog: Annotated[Path | None, typer.Option(help="another catalog directory than ./catalog")] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="take the files of this directory as today's deliveries")
    ] = None,
) -> None:
    """Run the whole line by hand: every waiting delivery, then every library."""
    today = day(business_date) if business_date else settings.today()
    if catalog:
        os.environ["SHUYUAN_CATALOG"] = str(catalog)
        os.environ.setdefault("SHUYUAN_HOME", str(Path.cwd() / f".shuyuan-{catalog.name}"))
        if (suites := catalog / "expectations").is_dir():
            os.environ.setdefault("SHUYUAN_EXPECTATIONS", str(suites))
    from shuyuan.db import embedded
    from shuyuan.flow import line
    from shuyuan.flow.migrate import migrate as bring_up

    settings.load.cache_clear()
    embedded.start(settings.load().home)
    declared = bring_up()
    if source:
        from shuyuan.intake.drop import drop

        out.print(f"from {source}: {drop(declared, source, today)}")
    with out.status("starting") as progress:
        line.run(today, progress=progress.update)
    status(as_json=False)


def status(as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False) -> None:
    """Libraries, batches, quarantine, discrepancies, breaches and audit counts."""
    from shuyuan.flow.status import summary

    found = summary()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        show(found)


def show(found: dict[str, Any]) -> None:
    """Print a summary as tables."""
    libraries = Table(
        "library", "rows", "open discrepancies", "last run", "inserted", "updated", "deleted", title="Libraries 资源库"
    )
    for name, entry in found["libraries"].items():
        last = entry["last_run"] or {}
        cells = [
            entry["rows"],
            entry["discrepancies"],
            *(last.get(key) for key in ("run_id", "inserted", "updated", "deleted")),
        ]
        libraries.add_row(name, *("–" if cell is None else f"{cell:,}" for cell in cells))
    out.print(libraries)
    for title, key in (
        ("Batches 批次", "batches"),
        ("Quarantined 隔离", "quarantined"),
        ("Discrepancies 不一致", "discrepancies"),
    ):
        table = Table("what", "count", title=title)
        for name, count in found[key].items():
            table.add_row(name, f"{count:,}")
        out.print(table)
    steps = Table("step", "times", "seconds", "longest", title="Steps 步骤")
    for name, entry in found["steps"].items():
        steps.add_row(name, str(entry["count"]), f"{entry['seconds']:.1f}", f"{entry['longest']:.1f}")
    out.print(steps)
    late = ", ".join(f"{b['resource']} (due {b['due_on']})" for b in found["breaches"] if b["open"]) or "none"
    out.print(f"Late feeds 逾期: {late}")
    told = ", ".join(f"{c['library']} {c['versions']:,} versions from {c['earliest']} on" for c in found["corrections"])
    out.print(f"Corrections of the past 历史更正: {told or 'none'}")
    out.print(f"Rows accounted 行数守恒: {found['rows']}")
    out.print(
        f"Audit rows 审计: load {sum(found['audit']['load'].values()):,}, access {sum(found['audit']['access'].values()):,}"
    )


def sweep(today: Annotated[str | None, typer.Option(help="YYYY-MM-DD; default: today")] = None) -> None:
    """Record overdue feeds as breaches; close those that came."""
    from shuyuan.flow import upkeep

    out.print(upkeep.sweep_freshness(day(today) if today else settings.today()))


def harvest() -> None:
    """Bring direct SQL from the server's log into the audit table."""
    from shuyuan.flow import upkeep

    out.print(f"{upkeep.harvest_queries()} statements harvested")


def stragglers(today: Annotated[str | None, typer.Option(help="YYYY-MM-DD; default: today")] = None) -> None:
    """List what came after its day's delivery was taken; `shuyuan run --date DAY` takes it."""
    from shuyuan.flow.stragglers import stragglers as find

    found = find(day(today) if today else settings.today())
    for resource, business_date in found:
        out.print(f"{resource} {business_date}", highlight=False)
    out.print(f"{len(found)} deliveries wait. Next: shuyuan run --date DAY" if found else "nothing waits")


def orphans() -> None:
    """Remove lake files that no live snapshot reaches."""
    from shuyuan.flow import upkeep

    out.print(f"{upkeep.remove_orphans()} files removed")


def mend(
    name: Annotated[str, typer.Argument(help="a resource (public_security.resident) or a library (population)")],
) -> None:
    """Write damaged or lost lake files of a resource or library anew from the database."""
    from shuyuan.flow.mend import mend as write_anew

    out.print(f"{name}: {write_anew(name)} rows written anew")


def retention() -> None:
    """Drop audit months that every applicable article lets go."""
    from shuyuan.flow import upkeep

    out.print(upkeep.apply_retention(settings.today()))
