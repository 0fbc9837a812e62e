"""`shuyuan replay`: a past day resolved again by the rules of today, against what history says of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from shuyuan.cli import arguments, refusal
from shuyuan.cli.arguments import day

if TYPE_CHECKING:
    from shuyuan.flow.replay import Replay

out = Console()


def register(app: typer.Typer) -> None:
    """Add the verb to the app."""
    app.command()(replay)


def replay(
    library: str,
    date: Annotated[str, typer.Option("--date", help="business date to resolve again, YYYY-MM-DD")],
    as_person: Annotated[
        str | None,
        typer.Option("--as", help="a registered steward or engineer: shows a sample of the values; recorded"),
    ] = None,
    purpose: Annotated[str, typer.Option(help="what for (使用用途)")] = "data_verification",
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Resolve a past day by the rules of today and compare it with history. Changes nothing."""
    from shuyuan.flow.replay import replay as line

    name, when = arguments.library(library), day(date)
    with refusal.told():
        found = line(name, when, person=as_person, purpose=purpose)
    if as_json:
        typer.echo(json.dumps(_document(found), ensure_ascii=False, default=str, indent=2))
    else:
        _show(found)


def _document(found: Replay) -> dict[str, object]:
    return {"library": found.library, "date": found.day, "access_id": found.access_id, **asdict(found.compared)}


def _show(found: Replay) -> None:
    compared = found.compared
    out.print(
        f"{found.library} as of {found.day}: {compared.entities:,} entities by the rules of today", highlight=False
    )
    if compared.same:
        out.print("history says the same 与历史一致")
        return
    table = Table("what", "entities", title="Otherwise than history 与历史不一致")
    kinds = {"only in the replay 仅重放": compared.only_replayed, "only in history 仅历史": compared.only_known}
    for words, count in (kinds | {"different 取值不同": compared.different}).items():
        table.add_row(words, f"{count:,}")
    for item, count in compared.items.items():
        table.add_row(f"  {item}", f"{count:,}")
    out.print(table)
    if found.access_id is None:
        out.print("Which ones: --as a steward or an engineer; that read is recorded")
        return
    _show_sample(found)


def _show_sample(found: Replay) -> None:
    table = Table("entity", "item", "replay", "history", title=f"Sample 样本 (access {found.access_id})")
    for one in found.compared.sample:
        table.add_row(one.entity, one.item or "–", one.replayed or "–", one.known or "–")
    out.print(table)
