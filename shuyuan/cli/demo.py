"""`shuyuan demo …`: run the demo city, stop it, see what runs, score what was found against what was planted."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

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
