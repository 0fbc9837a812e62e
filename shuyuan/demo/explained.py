"""What the end of a demo shows of the libraries' inside: whom the court suspects, one cell explained, one entity as it was and as it is.

Each is asked through the door its asker would take, as a person of the demo, decided and on record. Does not belong here: rules and words
of an explanation (`shuyuan.explain`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shuyuan import settings
from shuyuan.catalog import Catalog, load_catalog
from shuyuan.catalog.sharing import shared_items
from shuyuan.db.engine import transaction
from shuyuan.db.sql import Identifier, fragment, join, statement, table
from shuyuan.explain.ask import explain
from shuyuan.explain.draw import draw
from shuyuan.share.duty import PURPOSE
from shuyuan.share.moment import NOW, Moment
from shuyuan.share.read import Answer, read

STEWARD, ANALYST = "zhao_steward", "wang_tax"
PERSONS, ORGANISATIONS, USE = "population", "legal_entity", "business_collaboration"


def show(console: Console) -> None:
    """Print the three; a part for which the city gives no occasion says so."""
    catalog = load_catalog(settings.load().catalog)
    console.print(suspects())
    _cell(console)
    _past(console, catalog)


def suspects() -> Table:
    """Open discrepancies by who is probably wrong; counts, no person's value."""
    drawn = Table(title="谁可能有误 the court's suspects", title_justify="left", title_style="bold")
    for heading in ("library", "item", "可能有误 suspect"):
        drawn.add_column(heading, overflow="fold")
    for heading in ("差异 open", "至少 least", "平均 mean"):
        drawn.add_column(heading, justify="right")
    for library, item, suspect, count, least, mean in _asked("suspects"):
        drawn.add_row(library, item, suspect, f"{count:,}", f"{least:.0%}", f"{mean:.0%}")
    if not drawn.row_count:
        drawn.add_row("–", "尚未研判 the court has not sat", "", "", "", "")
    return drawn


def _cell(console: Console) -> None:
    found = _asked("disputed_cell", {"library": PERSONS}, history=table("history", PERSONS))
    if not found:
        console.print("没有不一致可说明 nothing is disputed: no cell to explain", style="dim")
        return
    ((key, item),) = found
    _command(console, f"shuyuan explain {PERSONS} {key} {item} --as {STEWARD}")
    draw(console, explain(STEWARD, PURPOSE, PERSONS, key, item))


def _past(console: Console, catalog: Catalog) -> None:
    """One organisation as of a day and today, as the analyst may see it."""
    library = catalog.libraries.get(ORGANISATIONS)
    items = [item.name for item in shared_items(catalog, library).values() if item.open] if library else []
    columns = [name for name in items if library and name != library.key.name]
    template = "new.{item} IS DISTINCT FROM old.{item}"
    changed = join([fragment(template, item=Identifier(name)) for name in columns], " OR ")
    found = _asked("changed_entity", history=table("history", ORGANISATIONS), changed=changed) if columns else []
    if not found or library is None:
        console.print("尚无变化可回看 nothing has changed yet: no past to look at", style="dim")
        return
    ((key, day),) = found
    where = f"--where {library.key.name}={key}"
    _command(console, f"shuyuan query {ORGANISATIONS} --as {ANALYST} --purpose {USE} --items … {where} --as-of {day}")
    console.print(_compared(library.key.name, key, columns, day))


def _compared(key_name: str, key: str, items: list[str], day: date) -> Table:
    then, now = (_read(key_name, key, items, moment) for moment in (Moment(day), NOW))
    title = f"{key}  审计编号 access {then.access_id}, {now.access_id}"
    drawn = Table("", f"{day}", "今日 today", title=title, title_justify="left", title_style="bold")
    for item, before, after in zip(items, _only(then), _only(now), strict=True):
        if before != after:
            drawn.add_row(item, Text(_words(before)), Text(_words(after), style="yellow"))
    return drawn


def _read(key_name: str, key: str, items: list[str], moment: Moment) -> Answer:
    return read(ANALYST, USE, ORGANISATIONS, items, where={key_name: key}, limit=1, method="cli", moment=moment)


def _only(answer: Answer) -> tuple[Any, ...]:
    """The one row, or nothing of everything where the entity had left."""
    return answer.rows[0] if answer.rows else (None,) * len(answer.columns)


def _words(value: object) -> str:
    return "（空 empty）" if value is None else str(value)


def _command(console: Console, words: str) -> None:
    console.print(Text(f"\n$ {words}", style="bold cyan"), soft_wrap=True)


def _asked(name: str, values: dict[str, object] | None = None, **parts: Any) -> list[tuple[Any, ...]]:
    """Which cells to show is asked as the owner; what they say is read through the doors."""
    with transaction("shuyuan_owner") as connection:
        return connection.execute(statement(f"demo/{name}", **parts), values).fetchall()
