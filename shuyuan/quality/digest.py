"""Whether a library says of its sources exactly what they claim, told by sums of row hashes: every relation is read once, nothing is joined.

Equal sums are equal rows, but for one chance in 2^64: the hash is seeded anew every time, so no rows can be made to fit. Unequal sums
say that somewhere something differs, and no more; where, and in how many rows, a join finds out (`one_source.py`).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from shuyuan.catalog import Library, LibraryItem, Member, item_of, resource_of
from shuyuan.db.engine import Connection
from shuyuan.db.sql import SQL, Composable, Identifier, Literal, fragment, join, statement, table


class Part(NamedTuple):
    """An item, as far as one source speaks for it: of keys with these prefixes, of all where there are none."""

    item: LibraryItem
    ref: str
    prefixes: tuple[str, ...]


def agree(connection: Connection, library: Library, items: Sequence[LibraryItem], keys: Sequence[str]) -> bool:
    """Whether what the library says is a source's, cell by cell, is what the source claims of published entities, `keys` left out.

    Nothing is said of cells that the library marks as filled, but that their source claims nothing there.
    """
    parts, seed, asked = _by_source(items), Literal(secrets.randbits(63)), Literal(list(keys))
    sums = (_published(mine, seed) for mine in parts.values())
    target = table("library", library.id)
    order = statement("steps/digest_published", sums=join(sums), published=target, keys=asked)
    published = connection.execute(order).fetchone() or ()
    claimed = (_claimed(connection, library, resource, mine, seed, asked) for resource, mine in parts.items())
    return all(one == other for one, other in zip(published, claimed, strict=True))


def said(item: LibraryItem) -> Composable:
    """SQL: what the library says is the claim of the item's one source, null where it says that there is none."""
    return _cell(item, join((scope_of(scope.prefixes) for scope in item.source), " OR "))


def scope_of(prefixes: Sequence[str], key: str = "library._key") -> Composable:
    """SQL: whether the key starts with one of them; true where there are none."""
    tests = [fragment("starts_with({key}, {prefix})", key=SQL(key), prefix=Literal(prefix)) for prefix in prefixes]
    return fragment("({tests})", tests=join(tests, " OR ")) if tests else SQL("true")


def known(claims: Iterable[Composable]) -> Composable:
    """SQL: whether any of them is there."""
    return fragment("({known})", known=join((fragment("{claim} IS NOT NULL", claim=claim) for claim in claims), " OR "))


def _by_source(items: Sequence[LibraryItem]) -> dict[str, list[Part]]:
    """Resource → what it is the source of."""
    parts: dict[str, list[Part]] = {}
    for item in items:
        for scope in item.source:
            parts.setdefault(resource_of(scope.ref), []).append(Part(item, scope.ref, scope.prefixes))
    return parts


def _published(parts: Sequence[Part], seed: Composable) -> Composable:
    return _sum("library._key", [_cell(part.item, scope_of(part.prefixes)) for part in parts], seed)


def _cell(item: LibraryItem, scope: Composable) -> Composable:
    return statement("steps/cell_of_source", item=Identifier(item.name), item_name=Literal(item.name), scope=scope)


def _claimed(
    connection: Connection, library: Library, resource: str, parts: Sequence[Part], seed: Composable, keys: Composable
) -> object:
    member = library.member(resource)
    view, total = table("claim", library.claims(member)), _sum("claim.entity", list(_claims(parts)), seed)
    there = _is_published(library, member)
    order = statement("steps/digest_claimed", sum=total, claimed=view, keys=keys, published=there)
    return (connection.execute(order).fetchone() or (None,))[0]


def _is_published(library: Library, member: Member) -> Composable:
    if member.entity:  # every entity of which such a member speaks is published
        return SQL("true")
    template = "EXISTS (SELECT FROM {library} AS library WHERE library._key = claim.entity)"
    return fragment(template, library=table("library", library.id))


def _claims(parts: Sequence[Part]) -> Iterator[Composable]:
    for part in parts:
        claim = fragment("claim.{item}", item=Identifier(item_of(part.ref)))
        scope = scope_of(part.prefixes, "claim.entity")
        yield fragment("CASE WHEN {scope} THEN {claim} END", scope=scope, claim=claim) if part.prefixes else claim


def _sum(key: str, cells: Sequence[Composable], seed: Composable) -> Composable:
    return statement("steps/digest_rows", key=SQL(key), cells=join(cells), seed=seed, known=known(cells))
