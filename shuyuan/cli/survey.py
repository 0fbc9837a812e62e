"""`shuyuan inspect` and `shuyuan draft`: look at a file nobody has described, and write its first contract."""

from __future__ import annotations

import json
import re
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from shuyuan import settings
from shuyuan.cli.arguments import Mistake

if TYPE_CHECKING:
    from collections.abc import Callable

    from shuyuan.survey.draft import Draft
    from shuyuan.survey.report import Column, Survey, Table

out = Console()
QUIET = 2.0  # seconds before progress is told
FileArg = Annotated[Path, typer.Argument(help="a file as the department sent it")]
SheetOption = Annotated[str | None, typer.Option(help="only this sheet of a book")]


def register(app: typer.Typer) -> None:
    """Add the verbs to the app."""
    app.command()(inspect)
    app.command()(draft)


def inspect(
    file: FileArg,
    sheet: SheetOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Look at a file: format, encoding, header, columns with their likely types and why, keys. Samples of persons are masked."""
    from shuyuan.survey.look import inspect as look

    _refuse_missing(file)
    with _progress() as tell:
        found = look(file, sheet=sheet, progress=tell)
    if as_json:
        typer.echo(json.dumps(found.json(), ensure_ascii=False, indent=2))
    else:
        show(found)


def draft(
    file: FileArg,
    department: Annotated[str, typer.Option(help="the department that sends it, as in departments.yml")],
    name: Annotated[str | None, typer.Option(help="name of the resource; default: from the file's name")] = None,
    sheet: SheetOption = None,
    to: Annotated[
        Path | None, typer.Option("--out", help="catalog directory to write into; default: the one in force")
    ] = None,
    force: Annotated[bool, typer.Option(help="write over files that stand there already")] = False,
) -> None:
    """Write a first contract for what the file holds: resource, suite and code lists, each guess with its evidence."""
    from shuyuan import settings
    from shuyuan.catalog import load_catalog
    from shuyuan.survey import draft as drafting

    _refuse_missing(file)
    rules = settings.load()
    catalog = load_catalog(to if to and (to / "departments.yml").exists() else rules.catalog)
    if department not in catalog.departments:
        known = ", ".join(catalog.departments)
        raise Mistake(
            f"no department {department!r} is declared; name one of {known}, or add it to departments.yml first"
        )
    if name is not None and not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name):
        raise Mistake(f"--name {name!r}: write it in small letters, digits and _, such as tax_refund")
    suites = to / "expectations" if to else rules.expectations
    if not to and rules.catalog != settings.PROJECT / "catalog" and rules.expectations.is_relative_to(settings.PROJECT):
        raise Mistake(
            f"{rules.catalog} has no suites of its own, and this one would go among the project's: first "
            f"cp -r {rules.expectations} {rules.catalog / 'expectations'}, or set SHUYUAN_EXPECTATIONS"
        )
    with _progress() as tell:
        made = drafting.draft(file, department, catalog, name=name, sheet=sheet, progress=tell)
    try:
        paths = drafting.write(made, to or rules.catalog, suites, force=force)
    except drafting.Standing as error:
        raise Mistake(str(error)) from error
    _told(made, paths, file)


def _told(made: Draft, paths: list[Path], file: Path) -> None:
    """What was written, what to look at, and what to do next."""
    from shuyuan.survey import naming

    for path in paths:
        out.print(f"wrote {escape(str(path))}", highlight=False, soft_wrap=True)
    out.print(made.trial, style=None if made.reads else "red", highlight=False, markup=False)
    personal = [c.label for c in made.table.columns if c.sensitivity in ("personal", "sensitive")]
    if personal:
        out.print(f"personal: {escape('、'.join(personal))}", highlight=False)
    for other in made.others:
        out.print(f"sheet {escape(other)} holds another table: draft it with --sheet", highlight=False)
    resource = made.resource
    inbox = settings.load().inbox / resource.department
    out.print("Next:", highlight=False)
    for line in (
        "edit the contract: every guess has its evidence in a comment",
        "shuyuan catalog check",
        "shuyuan migrate",
        f"mkdir -p {shlex.quote(str(inbox))} && cp {shlex.quote(str(file))} {shlex.quote(str(inbox))}/   # named {resource.delivery.pattern}",
        f"shuyuan receive {resource.id} {naming.business_day(file.name) or settings.today()}",
        "shuyuan read BATCH && shuyuan check BATCH && shuyuan admit BATCH",
    ):
        out.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)


def show(found: Survey) -> None:
    """Print what was found as tables."""
    out.print(f"[bold]{escape(found.file)}[/]  {found.size:,} bytes, {_format(found)}", highlight=False)
    if found.encoding:
        _show_encoding(found)
    if found.sheets:
        grid = Grid("sheet", "rows", "columns", "", title="Sheets 工作表")
        for sheet in found.sheets:
            grid.add_row(escape(sheet.name), f"{sheet.rows:,}", f"{sheet.columns:,}", "hidden" if sheet.hidden else "")
        out.print(grid)
    for table in found.tables:
        _show_table(table)


def _format(found: Survey) -> str:
    packed = f" in a {found.container} (member {escape(found.member or '')})" if found.container else ""
    return f"{found.format} by content{packed}{'' if found.named_right else ', whatever its name says'}"


def _show_encoding(found: Survey) -> None:
    encoding = found.encoding
    assert encoding is not None  # noqa: S101 - the caller looked
    lines = ", ".join(f"{number:,} {name}" for name, number in encoding.lines.items() if number)
    ends = ", ".join(f"{number:,} {name.upper()}" for name, number in encoding.endings.items())
    mark = " with BOM" if encoding.bom else ""
    mixed = " [red]mixed: not all lines are of one encoding[/]" if encoding.mixed else ""
    out.print(
        f"encoding {encoding.name}{mark}, {encoding.confidence:.1%} of its lines beyond ASCII agree{mixed}",
        highlight=False,
    )
    out.print(f"lines: {lines or 'none'}; line ends: {ends or 'none'}", highlight=False)


def _show_table(table: Table) -> None:
    title = f"Table 表 {escape(table.title)}".strip()
    grid = Grid("#", "column", "type", "empty", "different", "length", "samples", title=title)
    for column in table.columns:
        grid.add_row(*_cells(column))
    out.print(grid)
    for column in table.columns:
        label = escape(" ".join(column.label.split()))
        out.print(
            f"  {column.position + 1} {label}: {column.type}: {escape(column.why)}", highlight=False, soft_wrap=True
        )
    rejected = ", ".join(f"{n:,} {reason}" for reason, n in table.rejected.items())
    out.print(
        f"{table.physical:,} physical rows = {table.rows:,} rows + {sum(table.rejected.values()):,} refused"
        f"{f' ({rejected})' if rejected else ''} + {table.blank:,} blank + {table.preamble:,} above or below the data",
        highlight=False,
    )
    for line in (*_where(table), *table.evidence, *table.footer, *table.notes):
        out.print(f"  {escape(line)}", highlight=False, soft_wrap=True)
    for key in table.keys:
        aside = f", {key.aside:,} rows would be set aside" if key.aside else ""
        out.print(f"  key candidate: {escape(' + '.join(key.labels))} in {key.rows:,} rows{aside}", highlight=False)


def _where(table: Table) -> Iterator[str]:
    lines = ", ".join(map(str, table.form.header))
    yield f"header on line {lines}" if lines else "no header row: the columns are numbered"
    dialect = table.form.dialect
    if dialect is not None:
        cut = f"widths {list(dialect.widths)}" if dialect.widths else f"delimiter {dialect.delimiter!r}"
        rest = f"quote {dialect.quote!r}, escape {dialect.escape!r}, comment {dialect.comment!r}"
        yield f"{cut}, {rest}"


def _cells(column: Column) -> tuple[str, ...]:
    empty = f"{column.empty:,}" + (f"+{column.nulls:,}" if column.nulls else "")
    different = f"{'' if column.exact else '≈'}{column.distinct:,}"
    length = f"{column.shortest}–{column.longest}" if column.nonempty else ""
    kind = column.type + (f" {column.unit}" if column.unit else "")
    kind += "" if column.sensitivity == "none" else f"\n[yellow]{column.sensitivity}[/]"
    words = (column.label.replace("\n", " "), kind, empty, different, length)
    samples = escape(" · ".join(column.samples[:2]))
    return (str(column.position + 1), escape(words[0]), *words[1:], samples)


def _refuse_missing(file: Path) -> None:
    if not file.is_file():
        raise Mistake(f"{file} is no file; name one that a department has sent")


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Tell on stderr how far it is, once it takes longer than two seconds and somebody looks."""
    console = Console(stderr=True)
    began = time.monotonic()
    with console.status("reading") if console.is_terminal else _nothing() as status:

        def tell(words: str) -> None:
            if time.monotonic() - began < QUIET:
                return
            if status is not None:
                status.update(escape(words))
            else:
                print(words, file=sys.stderr)

        yield tell


@contextmanager
def _nothing() -> Iterator[None]:
    yield None
