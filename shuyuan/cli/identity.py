"""Who is who: `identity propose`, `list`, `show`, and a steward's rulings: `confirm`, `refuse`, `merge`, `unmerge`, `separate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from shuyuan.cli import arguments, refusal
from shuyuan.cli.arguments import Mistake

if TYPE_CHECKING:
    from collections.abc import Callable

    from shuyuan.db.engine import Connection
    from shuyuan.explain.who import Told
    from shuyuan.identity.ids import Known
    from shuyuan.identity.rulings import Steward
    from shuyuan.ledger.identity import Event, Link

app = typer.Typer(no_args_is_help=True, help="Who is who: links between keys, proposed and ruled.")
out = Console()
STATES = ("proposed", "confirmed", "refused", "withdrawn", "all")
LibraryArg = Annotated[str, typer.Argument(help="library id")]
By = Annotated[str, typer.Option("--by", help="the steward who rules")]
Reason = Annotated[str, typer.Option("--reason", help="why; kept with the ruling")]
As = Annotated[str, typer.Option("--as", help="who asks: a registered steward, engineer or auditor")]
Purpose = Annotated[str, typer.Option(help="what for (使用用途)")]


@app.command()
def propose(
    library: LibraryArg,
    likely: Annotated[
        float | None, typer.Option("--likely", help="also links of this probability or more, by Splink, such as 0.5")
    ] = None,
) -> None:
    """Look for keys of one entity and numbers of two; nothing is merged before a steward confirms it."""
    from shuyuan import settings
    from shuyuan.catalog import load_catalog
    from shuyuan.db.engine import transaction
    from shuyuan.identity.propose import propose as find

    if likely is not None and not 0 < likely <= 1:
        raise Mistake(f"--likely {likely}: a probability is above 0 and at most 1, such as 0.5")
    name = arguments.library(library)
    catalog = load_catalog(settings.load().catalog)
    with transaction("shuyuan_loader") as connection:
        found = find(connection, catalog, catalog.libraries[name], "shuyuan", likely)
    also = "" if found.likely is None else f" and {found.likely} by likelihood"
    out.print(f"{found.ruled} new proposals by rule{also}. Next: shuyuan identity list {name}", soft_wrap=True)


@app.command("list")
def list_links(
    as_person: As,
    library: Annotated[str | None, typer.Argument(help="library id; default: every library")] = None,
    purpose: Purpose = "data_verification",
    state: Annotated[str, typer.Option(help=", ".join(STATES))] = "proposed",
    limit: int = 50,
) -> None:
    """Links in one state: those that rest on a rule first, then the likeliest. Recorded."""
    from shuyuan.explain.who import Asker, links

    if state not in STATES:
        raise Mistake(f"--state {state!r}: there are {', '.join(STATES)}")
    name = arguments.library(library) if library else None
    asked = None if state == "all" else state
    with refusal.told():
        told = links(Asker(as_person, purpose), name, asked, limit)  # type: ignore[arg-type]  # one of STATES
    _table(told, state)
    if not told.links:
        out.print(f"nothing is {state}. Next: shuyuan identity propose {name or 'LIBRARY'}", soft_wrap=True)
    elif told.plain:
        number = told.links[0].link_id
        out.print(f"Next: shuyuan identity confirm {number} --by NAME --reason WHY, or refuse {number}", soft_wrap=True)


@app.command()
def confirm(
    number: Annotated[int, typer.Argument(help="link, as `identity list` numbers it")],
    by: By,
    reason: Reason,
    keep: Annotated[str | None, typer.Option(help="the key that remains, if not the proposed one")] = None,
) -> None:
    """Rule that a proposed link is so."""
    from shuyuan.identity import rulings

    asked = f"confirm {number}" + (f" keep {keep}" if keep else "")
    _told(_ruled(lambda connection, steward: rulings.confirm(connection, number, steward, keep), asked, by, reason))


@app.command()
def refuse(
    number: Annotated[int, typer.Argument(help="link, as `identity list` numbers it")], by: By, reason: Reason
) -> None:
    """Rule that a proposed link is not so; it is not proposed again."""
    from shuyuan.identity import rulings

    asked = f"refuse {number}"
    _told(_ruled(lambda connection, steward: rulings.refuse(connection, number, steward), asked, by, reason))


@app.command()
def merge(library: LibraryArg, alias: str, key: str, by: By, reason: Reason) -> None:
    """Rule that ALIAS is the entity of KEY, which remains and keeps its id."""
    from shuyuan.identity import rulings

    name = arguments.library(library)
    asked = f"merge {name} {alias} {key}"
    _told(_ruled(lambda connection, steward: rulings.merge(connection, name, alias, key, steward), asked, by, reason))


@app.command()
def unmerge(
    library: LibraryArg,
    alias: Annotated[str, typer.Argument(help="the key that was merged; with --resource the key of a row")],
    by: By,
    reason: Reason,
    resource: Annotated[str | None, typer.Option(help="take a separated or assigned row of this resource back")] = None,
) -> None:
    """Take a merge or a separation back: every former id is as it was."""
    from shuyuan.identity import rulings

    name = arguments.library(library)
    asked = f"unmerge {name} {alias}"
    if resource is None:
        _told(_ruled(lambda connection, steward: rulings.unmerge(connection, name, alias, steward), asked, by, reason))
        return
    row, asked = (arguments.resource(resource), alias), f"{asked} of {resource}"
    _told(_ruled(lambda connection, steward: rulings.rejoin(connection, name, row, steward), asked, by, reason))


@app.command()
def separate(
    library: LibraryArg,
    number: str,
    resource: Annotated[str, typer.Argument(help="whose rows are somebody else's")],
    where: Annotated[str, typer.Option(help="item=value that those rows hold, such as name=欧阳兰")],
    by: By,
    reason: Reason,
) -> None:
    """Rule that a number is used by two: rows that hold a further value speak of NUMBER#2 from now on."""
    from shuyuan import settings
    from shuyuan.catalog import load_catalog
    from shuyuan.identity import rulings

    catalog = load_catalog(settings.load().catalog)
    name, member = arguments.library(library), arguments.resource(resource)
    if member not in [one.resource for one in catalog.libraries[name].members]:
        raise Mistake(f"{member} is no member of {name}; its members: shuyuan catalog show {name}")
    ((item, value),) = arguments.conditions([where]).items()
    if item not in (declared := [one.name for one in catalog.resources[member].items]):
        raise Mistake(f"--where {item}: {member} has {', '.join(declared)}")

    def rule(connection: Connection, steward: Steward) -> Link:
        rows = rulings.rows_with(connection, catalog, name, number, member, (item, value))
        return rulings.separate(connection, name, number, rows, steward)[0]

    _told(_ruled(rule, f"separate {name} {number} {member} where {where}", by, reason))


@app.command()
def show(
    asked: Annotated[str, typer.Argument(metavar="KEY", help="a key, or the id of an entity")],
    as_person: As,
    purpose: Purpose = "data_verification",
) -> None:
    """What a key is: its entity, the platform's id, every other key of it, and how that came about. Recorded."""
    from shuyuan.explain.who import Asker, known

    with refusal.told():
        told = known(Asker(as_person, purpose), asked)
    if not told.known:
        raise Mistake(f"no library publishes {asked} and no link names it; `shuyuan identity list` shows the links")
    for one in told.known:
        _show(one)
        if told.plain:
            _next(one)
    _recorded(told)


def _show(known: Known) -> None:
    entity = known.entity
    out.print(f"{known.library} {entity.key}" + ("" if known.published else " (not published)"), highlight=False)
    remains = f"an alias of {entity.entity}; own id {entity.own_id}, which still leads there"
    out.print(f"  entity {entity.entity_id}", highlight=False)
    if entity.entity != entity.key:
        out.print(f"  {remains}", highlight=False, soft_wrap=True)
    if entity.aliases:
        out.print(f"  other keys: {', '.join(entity.aliases)}", highlight=False, soft_wrap=True)
    _events(known.history)


def _next(known: Known) -> None:
    alias = next((event.alias for event in known.history if event.verdict == "confirmed"), None)
    undo = f"shuyuan identity unmerge {known.library} {alias} --by NAME --reason WHY"
    out.print(
        f"Next: {undo}"
        if alias
        else f"Next: shuyuan identity merge {known.library} ALIAS {known.entity.entity} --by NAME --reason WHY",
        soft_wrap=True,
    )


def _events(history: list[Event]) -> None:
    table = Table("link", "of", "is", "by", "ruling", "who", "when", "why", title="Links and rulings 关联与裁定")
    for event in history:
        ruled = [event.verdict or "proposed", event.ruled_by or event.proposed_by]
        when = f"{event.ruled_at or event.proposed_at:%Y-%m-%d %H:%M}"
        cells = [str(event.link_id), _of(event.resource, event.alias), event.key, event.method]
        table.add_row(*map(Text, [*cells, *ruled, when, event.reason or event.why]))
    if history:
        out.print(table)


def _recorded(told: Told) -> None:
    masked = "" if told.plain else "号码已脱敏 numbers are masked: checking data is not your duty. "
    out.print(f"{masked}审计编号 access {told.access_id}", style="dim", soft_wrap=True)


def _ruled(action: Callable[[Connection, Steward], Link], asked: str, by: str, reason: str) -> Link:
    from shuyuan.flow.ruling import rule
    from shuyuan.identity.rulings import Steward

    return rule(action, Steward(by, reason), asked)


def _told(link: Link) -> None:
    said = {
        "confirmed": f"{_of(link.resource, link.alias)} speaks of {link.key}",
        "refused": f"{_of(link.resource, link.alias)} and {link.key} stay two",
        "withdrawn": f"{_of(link.resource, link.alias)} speaks for itself again",
    }[link.state]
    then = f"shuyuan resolve {link.library}" if link.state != "refused" else f"shuyuan identity list {link.library}"
    out.print(f"link {link.link_id} is {link.state}: {said}. Next: {then}", highlight=False, soft_wrap=True)


def _of(resource: str | None, alias: str) -> str:
    return f"row {alias} of {resource}" if resource else alias


def _table(told: Told, state: str) -> None:
    table = Table("link", "library", "of", "is", "by", "probability", "why", title=f"Links 关联 · {state}")
    for link in told.links:
        likely = "" if link.probability is None else f"{link.probability:.3f}"
        cells = [
            str(link.link_id),
            link.library,
            _of(link.resource, link.alias),
            link.key,
            link.method,
            likely,
            link.why,
        ]
        table.add_row(*map(Text, cells))  # data is no markup
    if told.links:
        out.print(table)
    _recorded(told)
