"""One number, one source (一数一源) over a published library: every value is the claim of its one source, or of its declared fallback, marked.

All items are counted in one pass: libraries and claims are joined once, whatever the number of items, and Great Expectations judges the
counts. The few entities whose claims rulings move are a pass of their own, over claims that follow the rulings.
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


def evidence(library: Library, names: Sequence[str]) -> pd.DataFrame:
    """Per item the published values that are not their source's: item, reason, rows; under `expectations.BATCH` how many entities were looked at."""
    with transaction("shuyuan_loader") as connection:
        # Rows lie in no order of keys: to be merged, every one would be fetched by itself.
        connection.execute("SET LOCAL enable_mergejoin = off")
        keys = _ruled(connection, library)
        passes = (False, True) if keys else (False,)
        counts = [connection.execute(count(library, names, keys, ruled=one)).fetchone() or () for one in passes]
    counted = [sum(pair) for pair in zip(*counts, strict=True)]
    found = [(name, expectations.NOT_FROM_SOURCE, rows) for name, rows in zip(names, counted[1:], strict=True)]
    rows = [(expectations.BATCH, expectations.PUBLISHED, counted[0]), *found]
    return pd.DataFrame(rows, columns=["item", "reason", "rows"])


def _ruled(connection: Connection, library: Library) -> list[str]:
    """The keys whose claims rulings move. In the statement as values: over a query PostgreSQL would not share the work among processes."""
    query = SQL("SELECT key FROM {}").format(table("claim", library.ruled))
    return [key for (key,) in connection.execute(query).fetchall()]


def count(library: Library, names: Sequence[str], keys: Sequence[str], *, ruled: bool) -> Composed:
    """SQL: how many entities are published, then per item of `names` how many of its values are not from their source.

    `ruled`: of the entities whose claims rulings move (`keys`), over claims that follow them; else of all others.
    """
    items = [library.item(name) for name in names]
    refs = [ref for item in items for one in library.group_of(item) for ref in _refs(one)]
    alias = {resource: Identifier(f"c{i}") for i, resource in enumerate(dict.fromkeys(map(resource_of, refs)))}
    return statement(
        "steps/one_source",
        counts=sql.join([fragment(", {count}", count=_count(library, item, alias)) for item in items], "\n    "),
        published=table("library", library.id),
        joins=_joins(library, alias, ruled=ruled),
        asked=fragment("= ANY ({keys})" if ruled else "<> ALL ({keys})", keys=Literal(list(keys))),
    )


def _refs(item: LibraryItem) -> list[str]:
    return [*(scope.ref for scope in item.source), *item.fallback]


def _count(library: Library, item: LibraryItem, alias: Mapping[str, Identifier]) -> Composable:
    return statement(
        "steps/not_from_source",
        item=Identifier(item.name),
        item_name=Literal(item.name),
        source=_source(item, alias),
        fallback=_fallback(library, item, alias),
        fallback_from=_fallback_from(library, item, alias),
    )


def _joins(library: Library, alias: Mapping[str, Identifier], *, ruled: bool) -> Composable:
    template = "LEFT JOIN {view} AS {alias} ON {alias}.entity = library._key"
    views = {resource: table("claim", library.claims(library.member(resource), ruled=ruled)) for resource in alias}
    return sql.join([fragment(template, view=views[r], alias=alias[r]) for r in alias], "\n    ")


def _claim(ref: str, alias: Mapping[str, Identifier]) -> Composable:
    return fragment("{alias}.{item}", alias=alias[resource_of(ref)], item=Identifier(item_of(ref)))


def _source(item: LibraryItem, alias: Mapping[str, Identifier]) -> Composable:
    """The source's claim; scoped sources speak only for the entities whose key starts with one of their prefixes."""
    if not any(scope.prefixes for scope in item.source):
        return _claim(item.source[0].ref, alias)
    arms = [
        fragment("WHEN {scope} THEN {claim}", scope=_scope(scope.prefixes), claim=_claim(scope.ref, alias))
        for scope in item.source
    ]
    return fragment("CASE {arms} END", arms=sql.join(arms, " "))


def _scope(prefixes: Sequence[str]) -> Composable:
    tests = [fragment("starts_with(library._key, {prefix})", prefix=Literal(prefix)) for prefix in prefixes]
    return sql.join(tests, " OR ") if tests else SQL("true")


def _fallback(library: Library, item: LibraryItem, alias: Mapping[str, Identifier]) -> Composable:
    if not item.fallback:  # a null of the item's own type
        return fragment("CASE WHEN false THEN library.{item} END", item=Identifier(item.name))
    return _by_claimant(library, item, alias, [_claim(ref, alias) for ref in item.fallback])


def _fallback_from(library: Library, item: LibraryItem, alias: Mapping[str, Identifier]) -> Composable:
    template = "CASE WHEN {claim} IS NOT NULL THEN {resource} END"
    told = [fragment(template, claim=_claim(ref, alias), resource=Literal(resource_of(ref))) for ref in item.fallback]
    return _by_claimant(library, item, alias, told) if told else SQL("NULL::text")


def _by_claimant(
    library: Library, item: LibraryItem, alias: Mapping[str, Identifier], told: Sequence[Composable]
) -> Composable:
    """What the first fallback says that knows any item of the group; nothing where the source's own row knows one."""
    group = library.group_of(item)
    own = _known(_source(one, alias) for one in group)
    arms = [
        fragment("WHEN {known} THEN {said}", known=_known(_claim(one.fallback[n], alias) for one in group), said=said)
        for n, said in enumerate(told)
    ]
    return fragment("CASE WHEN {own} THEN NULL {arms} END", own=own, arms=sql.join(arms, " "))


def _known(claims: Iterable[Composable]) -> Composable:
    return fragment(
        "({known})", known=sql.join([fragment("{claim} IS NOT NULL", claim=claim) for claim in claims], " OR ")
    )
