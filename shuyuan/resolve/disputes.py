"""The pairs that disagree, in long form: of which class, who stands with whom, and when time alone may change that.

Reads the relation `checked` that `plan.checked` describes, on any engine.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import date

from shuyuan.catalog import Catalog, Library, LibraryItem
from shuyuan.db.sql import SQL, Composable, Composed, Identifier, Literal, fragment, join, statement
from shuyuan.resolve import contradictions, plan, wide
from shuyuan.resolve.plan import Pair
from shuyuan.resolve.wide import Wide

KEY = ("entity", "item", "claim_ref")
VALUES = ("source_ref", "source_value", "claim_value", "class")
COLUMNS = (*KEY, *VALUES, "pattern", "_turns")
NONE = "SELECT NULL::VARCHAR AS _op, NULL::VARCHAR AS entity, NULL::VARCHAR AS item, NULL::VARCHAR AS claim_ref, NULL::DATE AS _turns WHERE false"
NEARLY = ("date", "amount", "coordinate", "address")
"""Comparators by which a may agree with b, and b with c, but not a with c."""
NO_DATE = SQL("CAST(NULL AS DATE)")


def disputes(catalog: Catalog, library: Library, business_date: date, delivered: Container[str]) -> Composed | None:
    """Every disagreement of every pair and every finding of a contradiction; None for a library that declares neither."""
    joined = Wide(catalog, library)
    every = [_disagreements(joined, pair, business_date) for pair in plan.pairs(library)]
    found = contradictions.findings(catalog, library, wide.claim_column, business_date, delivered)
    selected = [
        fragment("SELECT {columns} FROM ({one}) AS one", columns=_columns(), one=one) for one in (*every, *found)
    ]
    return join(selected, " UNION ALL ") if selected else None


def _columns() -> Composed:
    return join(Identifier(name) for name in COLUMNS)


def _disagreements(joined: Wide, pair: Pair, business_date: date) -> Composed:
    return statement(
        "steps/disagreements",
        item=Identifier(pair.item.name),
        item_text=Literal(pair.item.name),
        origin=_source_ref(pair.item),
        claim_ref=Literal(pair.check.ref),
        claim=pair.disputed,
        pattern=_pattern(joined.library, pair.item),
        **_in_time(joined, pair, business_date),
    )


def _source_ref(item: LibraryItem) -> Composable:
    if not wide.has_origin(item):
        return wide.asked(item)
    return fragment("coalesce({origin}, {asked})", origin=wide.origin(item), asked=wide.asked(item))


def _in_time(joined: Wide, pair: Pair, business_date: date) -> dict[str, Composable]:
    """The class, and the day on which it may become another one."""
    if pair.check.definition:
        return {"class": SQL("'definition'"), "turns": NO_DATE}
    if not pair.item.timing:
        return {"class": SQL("'error'"), "turns": NO_DATE}
    days = {scope.ref: wide.day_column(scope.ref) for scope in pair.item.source}
    known: dict[str, Composable] = {
        "business_date": SQL(business_date.isoformat()),
        "timing": SQL(str(pair.item.timing)),
    }
    moved = {
        "source_as_of": wide.scoped(joined.library, pair.item, days, SQL("_key")),
        "claim_as_of": wide.day_column(pair.check.ref),
    }
    parts = {**known, **moved, **_by_event(joined, pair.item, known)}
    return {"class": statement("steps/dispute_class", **parts), "turns": statement("steps/dispute_turns", **parts)}


def _by_event(joined: Wide, item: LibraryItem, known: dict[str, Composable]) -> dict[str, Composable]:
    """What the date of the event says about time; little, where no source dates one: every word is planned once per pair and bucket."""
    dated = joined.events(item)
    if not any(dated.values()):
        return {"recent": SQL("false"), "event_turns": NO_DATE}
    events = {ref: wide.claim_column(event) if event else NO_DATE for ref, event in dated.items()}
    parts = {**known, "event": wide.scoped(joined.library, item, events, SQL("_key"))}
    recent = fragment("DATE '{business_date}' - {event} BETWEEN 0 AND {timing}", **parts)
    return {"recent": recent, "event_turns": statement("steps/event_turns", **parts)}


def _pattern(library: Library, item: LibraryItem) -> Composed:
    """Who stands with whom: one letter per claimant, the value first, then the checks; that of the first who says the same."""
    own = [pair for pair in plan.pairs(library) if pair.item is item]
    value = fragment("CASE WHEN {item} IS NULL THEN '.' ELSE 'a' END", item=Identifier(item.name))
    return join([value, *(_letter(own, number) for number in range(len(own)))], " || ")


def _letter(own: list[Pair], number: int) -> Composed:
    pair = own[number]
    template = "WHEN {agree} THEN {letter}"
    same = [fragment(template, agree=_joins(own, n, number), letter=_name(n + 1)) for n in range(number)]
    return statement(
        "steps/dispute_letter",
        claim=pair.disputed,
        same=join(same, " "),
        own=_name(number + 1),
        compared=pair.compared,
    )


def _joins(own: list[Pair], first: int, later: int) -> Composable:
    """Does a claim agree with an earlier one that is of an opinion of its own? Within a tolerance, whose friend's friend is no friend."""
    item = own[first].item
    agree = plan.agrees(item, own[first].meant, own[later].meant)
    if item.compare not in NEARLY:
        return agree
    others = [plan.agrees(item, own[n].meant, own[first].meant) for n in range(first)]
    alone = (fragment("coalesce({agree}, false) = false", agree=other) for other in others)
    return join((agree, *alone), " AND ")


def _name(position: int) -> Literal:
    return Literal(chr(ord("a") + position))
