"""`shuyuan explain`: why a value is what it is, now or as of a day, for those whose duty it is to check data.

Belongs here: what is asked, and the answer as JSON. Does not belong here: what it says and how it is drawn (`shuyuan.explain`).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from shuyuan.cli import refusal
from shuyuan.cli.arguments import moment

if TYPE_CHECKING:
    from shuyuan.explain.ask import Explanation
    from shuyuan.explain.story import Explained

out = Console()


def register(app: typer.Typer) -> None:
    """Add the verb to the app."""
    app.command()(explain)


def explain(
    library: str,
    key: str,
    as_person: Annotated[str, typer.Option("--as", help="who asks: a registered steward, engineer or auditor")],
    item: Annotated[str | None, typer.Argument(help="one item; without it all of them")] = None,
    purpose: Annotated[str, typer.Option(help="what for (使用用途)")] = "data_verification",
    as_of: Annotated[str | None, typer.Option(help="as things were on this business date, YYYY-MM-DD")] = None,
    known: Annotated[str | None, typer.Option(help="as it was known then: 2026-11-16T09:30, or a day")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Why a value is what it is: source, delivery, row, rule, every competing claim, former values, who read it. Recorded."""
    from shuyuan.explain.ask import explain as ask
    from shuyuan.explain.draw import draw

    when = moment(as_of, known)
    with refusal.told():
        answer = ask(as_person, purpose, library, key, item, moment=when, method="cli")
    if as_json:
        typer.echo(json.dumps(document(answer), ensure_ascii=False, default=str, indent=2))
    else:
        draw(out, answer)
    if answer.facts is not None and not answer.found:
        raise typer.Exit(1)


def document(answer: Explanation) -> dict[str, Any]:
    """The explanation as plain data."""
    facts = answer.facts
    return {
        "access_id": answer.access_id, "library": answer.library.id, "key": answer.key, "as_of": answer.moment.valid,
        "known": answer.moment.known, "found": answer.found, "same_rules": answer.same_rules,
        "runs": list(facts.runs) if facts else [],
        "items": [_item(one) for one in answer.items],
        "discrepancies": answer.discrepancies,
        "links": list(facts.links) if facts else [],
        "readers": None if answer.readers is None else list(answer.readers),
    }  # fmt: skip


def _item(one: Explained) -> dict[str, Any]:
    rule = one.item.model_dump(include={"source", "fallback", "check", "compare", "tolerance", "timing"}, mode="json")
    return {"item": one.item.name, "rule": rule} | {k: v for k, v in asdict(one).items() if k != "item"}
