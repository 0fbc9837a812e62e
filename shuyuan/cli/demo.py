"""`shuyuan demo …`: run the demo city, stop it, see what runs, score what was found against what was planted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shuyuan.cli.arguments import Mistake, day

app = typer.Typer(no_args_is_help=True, help="The demo city.")
out = Console()


@app.command()
def run(
    people: Annotated[int, typer.Option(help="residents of the demo city")] = 20000,
    seed: int = 1,
    days: Annotated[int, typer.Option(help="business days to run")] = 2,
    airflow: Annotated[bool, typer.Option(help="through Airflow's scheduler, or in this process")] = True,
) -> None:
    """Bring everything up, run the business days, print the summary, leave everything running."""
    from shuyuan.demo import run as demo

    if airflow:
        demo.run(people, seed, days)
    else:
        demo.run_without_airflow(people, seed, days)


@app.command()
def generate(
    to: Annotated[Path, typer.Argument(help="directory that gets <department>/<file>")],
    business_date: Annotated[str, typer.Argument(help="YYYY-MM-DD")],
    people: Annotated[int, typer.Option(help="residents of the demo city")] = 20000,
    seed: int = 1,
    day_number: Annotated[
        int, typer.Option("--day", help="0: the first day, in full; 1, 2, …: later, changed days")
    ] = 0,
    truth: Annotated[
        Path | None, typer.Option(help="where the labels of the planted defects go, outside of the directory")
    ] = None,
) -> None:
    """Write what every department sends for one business date, and nothing else: no server, no line."""
    from shuyuan import settings
    from shuyuan.demo import city

    catalog = settings.load().catalog
    try:
        made = city.generate(
            to, day(business_date), people=people, seed=seed, day=day_number, truth=truth, catalog=catalog
        )
    except ValueError as error:
        raise Mistake(str(error)) from error
    rows = sum(made.delivered.values())
    out.print(
        f"{len(made.files)} deliveries with {rows:,} rows under {to}. Next: shuyuan run --from {to} --date {business_date}"
    )


@app.command()
def stop() -> None:
    """End Airflow and PostgreSQL."""
    from shuyuan.demo import run as demo

    demo.stop()
    out.print("stopped. Next: make demo starts it again; make clean removes its state")


@app.command()
def status() -> None:
    """What runs."""
    from shuyuan.demo import run as demo

    for name, state in demo.status().items():
        out.print(f"{name}: {state}", highlight=False)


@app.command()
def score(as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False) -> None:
    """Recall and precision per kind of planted defect, against the truth file."""
    from shuyuan.demo.found import score_deployment

    rows = score_deployment()
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = Table("kind", "planted", "found", "true", "recall", "precision", title="Planted defects 植入缺陷")
    for row in rows:
        cells = (row["planted"], row["found"], row["true"], f"{row['recall']:.3f}", f"{row['precision']:.3f}")
        table.add_row(row["kind"], *map(str, cells))
    out.print(table)
