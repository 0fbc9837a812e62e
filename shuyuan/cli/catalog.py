"""`shuyuan catalog check` and `show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shuyuan import settings
from shuyuan.catalog import Library, Resource, load_catalog
from shuyuan.cli.arguments import Mistake

app = typer.Typer(no_args_is_help=True, help="The rules in force: check them, show them.")
out = Console()
Where = Annotated[Path | None, typer.Option("--catalog", help="catalog directory; default: the one in force")]


@app.command()
def check(catalog: Where = None) -> None:
    """Name every contradiction with file and line; exit 1 when there is one."""
    from shuyuan.quality import judge

    declared = load_catalog(catalog or settings.load().catalog)
    problems = judge.check_suites(declared)
    for problem in problems:
        out.print(problem, style="red", highlight=False, markup=False, soft_wrap=True)
    if problems:
        raise typer.Exit(1)
    items = sum(len(resource.items) for resource in declared.resources.values())
    pairs = sum(len(item.check) for library in declared.libraries.values() for item in library.items)
    out.print(
        f"{len(declared.departments)} departments, {len(declared.resources)} resources with {items} items, "
        f"{len(declared.libraries)} libraries, {pairs} declared comparisons: no contradiction."
    )


@app.command()
def show(
    name: Annotated[str | None, typer.Argument(help="a resource or library")] = None, catalog: Where = None
) -> None:
    """List resources and libraries, or show one with its sources and checks."""
    declared = load_catalog(catalog or settings.load().catalog)
    if name is None:
        table = Table("id", "title", "cycle", "grace", "share", "feeds")
        for resource in declared.resources.values():
            feeds = ", ".join(library.id for library in declared.libraries_of(resource.id))
            table.add_row(
                resource.id, resource.title, resource.update_cycle, str(resource.grace), resource.share.type, feeds
            )
        for library in declared.libraries.values():
            table.add_row(library.id, library.title, library.kind, "", "", f"lead: {library.lead}")
        out.print(table)
    elif name in declared.libraries:
        out.print(_library(declared.libraries[name]))
    elif name in declared.resources:
        out.print(_resource(declared.resources[name]))
    else:
        raise Mistake(f"{name!r} is neither a resource nor a library; `shuyuan catalog show` lists them")


@app.command()
def unmapped(
    resource: Annotated[str | None, typer.Argument(help="only this resource")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Codes and words of the last deliveries that no code list and no crosswalk names: what to map next."""
    from shuyuan.flow import status

    rows = status.unmapped(resource)
    if as_json:
        out.print_json(data=rows)
        return
    table = Table("resource", "item", "value", "reason", "rows")
    for row in rows:
        table.add_row(row["resource"], row["item"], row["value"], row["reason"], str(row["rows"]))
    out.print(table if rows else "every code of the last deliveries has its meaning.")
    if rows:
        out.print("next: write them into catalog/crosswalks/ or correct the code list, then shuyuan catalog check")


def _library(library: Library) -> Table:
    table = Table("item", "label", "one source", "fallback", "checks", "compare", title=f"{library.id} {library.title}")
    for item in library.items:
        sources = "\n".join(f"{'/'.join(s.prefixes)}: {s.ref}" if s.prefixes else s.ref for s in item.source)
        checks = "\n".join(check.ref for check in item.check)
        table.add_row(item.name, item.label, sources, "\n".join(item.fallback), checks, item.compare or "")
    return table


def _resource(resource: Resource) -> Table:
    table = Table("item", "label", "type", "key", "sensitivity", title=f"{resource.id} {resource.title}")
    for item in resource.items:
        table.add_row(item.name, item.label, item.type, "key" if item.name in resource.key else "", item.sensitivity)
    return table
