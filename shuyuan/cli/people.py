"""Who may ask, and asking: `person add`, `grant add`, `query`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from shuyuan.cli import refusal
from shuyuan.cli.arguments import Mistake, conditions, day, moment, names

person = typer.Typer(no_args_is_help=True, help="Who may ask.")
grant = typer.Typer(no_args_is_help=True, help="What is opened to whom.")
out = Console()


def register(app: typer.Typer) -> None:
    """Add `query` to the app."""
    app.command()(query)


@contextmanager
def understood() -> Iterator[None]:
    """Turn a request that makes no sense into a Mistake: its message names what is wrong and what there is instead."""
    try:
        yield
    except ValueError as error:
        raise Mistake(str(error)) from error


@person.command("add")
def add_person(
    name: str,
    department: Annotated[str, typer.Option(help="department id")],
    role: Annotated[str, typer.Option(help="analyst, steward, auditor or engineer")] = "analyst",
) -> None:
    """Register a person; an analyst also gets a database login of their own."""
    from shuyuan.share import people

    with understood():
        login = people.add_person(name, department, role)  # type: ignore[arg-type]  # add_person names the roles it knows
    out.print(
        f"{name} is registered" + (f", database login {login}" if login else "") + ". Next: shuyuan grant add LIBRARY …"
    )


@person.command("close")
def close_person(name: str) -> None:
    """Close a person's access through every door."""
    from shuyuan.share import people

    out.print(f"{name} is closed" if people.deactivate(name) else f"no active person {name}")


@grant.command("add")
def add_grant(
    library: str,
    items: Annotated[str, typer.Option(help="item,item:plain,… (* = all that are not personal)")],
    purposes: Annotated[str, typer.Option(help="purposes of the policy, comma separated")],
    approver: Annotated[str, typer.Option(help="who approved it (批准人)")],
    to_person: Annotated[str | None, typer.Option("--person")] = None,
    department: Annotated[str | None, typer.Option()] = None,
    until: Annotated[str | None, typer.Option(help="YYYY-MM-DD")] = None,
) -> None:
    """Open items of a library to one person or one department for stated purposes."""
    from shuyuan.share import people

    wanted, uses = names(items), names(purposes)
    valid_to = day(until) if until else None
    with understood():
        number = people.grant(
            library, wanted, uses, approver, person=to_person, department=department, valid_to=valid_to
        )
    asker, use = to_person or "PERSON", uses[0]
    out.print(f"grant {number}. Next: shuyuan query {library} --as {asker} --purpose {use} --items …", soft_wrap=True)


@grant.command("revoke")
def revoke_grant(number: int) -> None:
    """End a grant now."""
    from shuyuan.share import people

    out.print(f"grant {number} is revoked" if people.revoke(number) else f"no live grant {number}")


def query(
    library: str,
    as_person: Annotated[str, typer.Option("--as", help="who asks")],
    purpose: Annotated[str, typer.Option(help="what for (使用用途), one of the policy's purposes")],
    items: Annotated[str, typer.Option(help="item,item,…")],
    where: Annotated[list[str] | None, typer.Option(help="item=value, repeatable")] = None,
    limit: int = 100,
    as_of: Annotated[str | None, typer.Option(help="as things were on this business date, YYYY-MM-DD")] = None,
    known: Annotated[str | None, typer.Option(help="as it was known then: 2026-11-16T09:30, or a day")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Read a library under the sharing rules, today or as of a day. The audit row is written before a row leaves; a refusal is recorded too."""
    from shuyuan.share.read import read

    filters, wanted, when = conditions(where or []), names(items), moment(as_of, known)
    with refusal.told(), understood():
        answer = read(as_person, purpose, library, wanted, where=filters, limit=limit, method="cli", moment=when)
    if as_json:
        rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
        typer.echo(json.dumps({"access_id": answer.access_id, "rows": rows}, ensure_ascii=False, default=str, indent=2))
        return
    table = Table(*answer.columns, title=f"{library}{f' {when}' if when.past else ''} · access {answer.access_id}")
    for row in answer.rows:
        table.add_row(*(Text("" if value is None else str(value)) for value in row))  # data is no markup
    out.print(table)
