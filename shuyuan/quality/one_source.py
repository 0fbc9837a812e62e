"""One number, one source (一数一源) over a published library: every value is the claim of its one source, or of its declared fallback, marked.

First library and sources are summed up, each by itself (`digest.py`). Where the sums agree, the library itself says what its sources claim, and only
rows that were filled, or could have been, are joined with the fallbacks. Where they differ, library and claims are joined, once for all items, and
the values are counted. The few entities whose claims rulings move are a pass of their own, over claims that follow the rulings. Great Expectations
judges the counts.
Belongs here: what "from its source" means in SQL. Does not belong here: when that is critical (the suite).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

import expectations
from shuyuan.catalog import Library, LibraryItem, item_of, resource_of
from shuyuan.db import sql
from shuyuan.db.engine import Connection, transaction
from shuyuan.db.sql import SQL, Composable, Composed, Identifier, Literal, fragment, statement, table
from shuyuan.quality import digest


def evidence(library: Library, names: Sequence[str]) -> pd.DataFrame:
    """Per item the published values that are not their source's: item, reason, rows; under `expectations.BATCH` how many entities were looked at."""
    with transaction("shuyuan_loader") as connection:
        counted = _counted(connection, library, names)
    found = [(name, expectations.NOT_FROM_SOURCE, rows) for name, rows in zip(names, counted[1:], strict=True)]
    rows = [(expectations.BATCH, expectations.PUBLISHED, counted[0]), *found]
    return pd.DataFrame(rows, columns=["item", "reason", "rows"])


def _counted(connection: Connection, library: Library, names: Sequence[str]) -> list[int]:
    """Entities published, then per item the values that are not from their source: by one state of all relations."""
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    # Rows lie in no order of keys: to be merged, every one would be fetched by itself.
    connection.execute("SET LOCAL enable_mergejoin = off")
    keys = _ruled(connection, library)
    agreed = digest.agree(connection, library, _items(library, names), keys)
    orders = [count(library, names, keys, agreed=agreed), *([count(library, names, keys, ruled=True)] if keys else ())]
    counts = [connection.execute(order).fetchone() or () for order in orders]
    published = connection.execute(SQL("SELECT count(*) FROM {}").format(table("library", library.id))).fetchone()
    return [*(published or ()), *map(sum, zip(*counts, strict=True))]


def _ruled(connection: Connection, library: Library) -> list[str]:
    """The keys whose claims rulings move. In the statement as values: over a query PostgreSQL would not share the work among processes."""
    query = SQL("SELECT key FROM {}").format(table("claim", library.ruled))
    return [key for (key,) in connection.execute(query).fetchall()]


def count(
    library: Library, names: Sequence[str], keys: Sequence[str], *, agreed: bool = False, ruled: bool = False
) -> Composed:
    """SQL: per item of `names` how many published values are not from their source.

    `agreed`: sources claim what the library says they do; only rows with something that is filled, or might be, are looked at.
    `ruled`: of the entities whose claims rulings move (`keys`), over claims that follow them; else of all others.
    """
    items = [library.item(name) for name in names]
    refs = [ref for item in _items(library, names) for ref in _refs(item, agreed=agreed)]
    alias = {resource: Identifier(f"c{i}") for i, resource in enumerate(dict.fromkeys(map(resource_of, refs)))}
    return statement(
        "steps/one_source",
        counts=sql.join([_count(library, item, alias, agreed=agreed) for item in items], ",\n    "),
        published=table("library", library.id),
        joins=_joins(library, alias, ruled=ruled),
        asked=fragment("= ANY ({keys})" if ruled else "<> ALL ({keys})", keys=Literal(list(keys))),
        open=_open(_items(library, names)) if agreed else SQL("true"),
    )


def _items(library: Library, names: Sequence[str]) -> list[LibraryItem]:
    """The items of these names, and those that come from one row with them."""
    groups = [one for name in names for one in library.group_of(library.item(name))]
    return list({one.name: one for one in groups}.values())


def _refs(item: LibraryItem, *, agreed: bool) -> list[str]:
    return [*(() if agreed else (scope.ref for scope in item.source)), *item.fallback]


def _open(items: Sequence[LibraryItem]) -> Composable:
    """SQL: whether a row has something that is filled, or that a fallback might fill, or a value for which nobody is the source."""
    empty = [fragment("{said} IS NULL", said=digest.said(item)) for item in items if item.fallback or _is_scoped(item)]
    return fragment("({tests})", tests=sql.join([SQL("library._filled IS NOT NULL"), *empty], " OR "))


def _count(library: Library, item: LibraryItem, alias: Mapping[str, Identifier], *, agreed: bool) -> Composable:
    own = {one.name: digest.said(one) if agreed else _source(one, alias) for one in library.group_of(item)}
    return statement(
        "steps/not_from_source",
        item=Identifier(item.name),
        item_name=Literal(item.name),
        source=own[item.name],
        fallback=_fallback(library, item, alias, own.values()),
        fallback_from=_fallback_from(library, item, alias, own.values()),
    )


def _joins(library: Library, alias: Mapping[str, Identifier], *, ruled: bool) -> Composable:
    template = "LEFT JOIN {view} AS {alias} ON {alias}.entity = library._key"
    views = {resource: table("claim", library.claims(library.member(resource), ruled=ruled)) for resource in alias}
    return sql.join([fragment(template, view=views[r], alias=alias[r]) for r in alias], "\n    ")


def _claim(ref: str, alias: Mapping[str, Identifier]) -> Composable:
    return fragment("{alias}.{item}", alias=alias[resource_of(ref)], item=Identifier(item_of(ref)))


def _source(item: LibraryItem, alias: Mapping[str, Identifier]) -> Composable:
    """The source's claim; scoped sources speak only for the entities whose key starts with one of their prefixes."""
    if not _is_scoped(item):
        return _claim(item.source[0].ref, alias)
    arms = [
        fragment("WHEN {scope} THEN {claim}", scope=digest.scope_of(scope.prefixes), claim=_claim(scope.ref, alias))
        for scope in item.source
    ]
    return fragment("CASE {arms} END", arms=sql.join(arms, " "))


def _is_scoped(item: LibraryItem) -> bool:
    return any(scope.prefixes for scope in item.source)


def _fallback(
    library: Library, item: LibraryItem, alias: Mapping[str, Identifier], own: Iterable[Composable]
) -> Composable:
    if not item.fallback:  # a null of the item's own type
        return fragment("CASE WHEN false THEN library.{item} END", item=Identifier(item.name))
    return _by_claimant(library, item, alias, own, [_claim(ref, alias) for ref in item.fallback])


def _fallback_from(
    library: Library, item: LibraryItem, alias: Mapping[str, Identifier], own: Iterable[Composable]
) -> Composable:
    template = "CASE WHEN {claim} IS NOT NULL THEN {resource} END"
    told = [fragment(template, claim=_claim(ref, alias), resource=Literal(resource_of(ref))) for ref in item.fallback]
    return _by_claimant(library, item, alias, own, told) if told else SQL("NULL::text")


def _by_claimant(
    library: Library,
    item: LibraryItem,
    alias: Mapping[str, Identifier],
    own: Iterable[Composable],
    told: Sequence[Composable],
) -> Composable:
    """What the first fallback says that knows any item of the group; nothing where the source's own row (`own`: its claims) knows one."""
    group = library.group_of(item)
    arms = [
        fragment(
            "WHEN {known} THEN {said}", known=digest.known(_claim(one.fallback[n], alias) for one in group), said=text
        )
        for n, text in enumerate(told)
    ]
    return fragment("CASE WHEN {own} THEN NULL {arms} END", own=digest.known(own), arms=sql.join(arms, " "))
