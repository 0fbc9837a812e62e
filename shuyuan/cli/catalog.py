"""`shuyuan catalog check` and `show`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from shuyuan import settings
from shuyuan.catalog import Check, Condition, Library, LibraryItem, Resource, load_catalog
from shuyuan.catalog.conditions import ScopedSource
from shuyuan.cli.arguments import Mistake

app = typer.Typer(no_args_is_help=True, help="The rules in force: check them, show them.")
out = Console()
UNITS = {"date": "days", "amount": "yuan", "coordinate": "degrees"}
"""What a tolerance counts in, by comparator."""
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
    """List resources and libraries, or show one: sources, checks with their conditions, margins, groups, contradictions."""
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
        library = declared.libraries[name]
        out.print(_library(library))
        for line in _contradictions(library):
            out.print(line, soft_wrap=True)
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
    heads = ("item", "label", "one source", "fallback", "checks", "compare", "group", "contradictions")
    table = Table(*(Column(head, overflow="fold") for head in heads), title=f"{library.id} {library.title}")
    for item in library.items:
        lists = (item.fallback, map(_check, item.check), [item.compare or "", *_margins(item)], [item.group or ""])
        joined = ("\n".join(words) for words in (*lists, _looked_at(library, item)))
        table.add_row(*map(Text, [item.name, item.label, _sources(item.source), *joined]))
    return table


def _sources(sources: Iterable[ScopedSource], glue: str = "\n") -> str:
    return glue.join(f"{'/'.join(side.prefixes)}: {side.ref}" if side.prefixes else side.ref for side in sources)


def _margins(item: LibraryItem) -> Iterator[str]:
    """What is no error yet: values so near, differences so young."""
    if item.tolerance:
        yield f"± {item.tolerance:g} {UNITS.get(item.compare or '', '')}".rstrip()
    if item.timing:
        yield f"timing {item.timing} days"


def _check(check: Check) -> str:
    words = [name for name in ("definition", "silence") if getattr(check, name)]
    words += [f"when {_condition(one)}" for one in check.when]
    return check.ref + "".join(f"\n  {word}" for word in words)


def _condition(one: Condition) -> str:
    if one.test == "in":
        return f"{one.of} {' or '.join(one.values)}"
    return f"{one.of} {one.test}" + (f" {one.other}" if one.other else "")


def _contradictions(library: Library) -> Iterator[Text]:
    """Claims that cannot both be so: what each rests on, when it holds, and why."""
    for one in library.contradictions:
        yield Text(f"\n{one.id} ({one.severity})  {one.title} {one.title_en}", style="bold")
        yield Text(f"  依据 rests on          {_sources(one.source, '; ')}")
        yield Text(f"  相反 contradicted by   {one.claim}")
        for alternative in one.when:
            yield Text(f"  条件 when              {' and '.join(map(_condition, alternative))}")
        if one.days:
            yield Text(f"  时差 timing            {one.days} days after {one.since or 'the source'}")
        yield Text(f"  缘由 why               {one.why} {one.why_en}")


def _looked_at(library: Library, item: LibraryItem) -> Iterator[str]:
    """The contradictions that look at a claim of the item."""
    return (one.id for one in library.contradictions if set(one.refs) & set(item.refs))


def _resource(resource: Resource) -> Table:
    table = Table("item", "label", "type", "key", "sensitivity", title=f"{resource.id} {resource.title}")
    for item in resource.items:
        table.add_row(item.name, item.label, item.type, "key" if item.name in resource.key else "", item.sensitivity)
    return table
