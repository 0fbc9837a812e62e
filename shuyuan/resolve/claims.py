"""What a member resource claims about the entities of a library: one SQL, used as a view in PostgreSQL and per bucket in DuckDB."""

from __future__ import annotations

from shuyuan.catalog import Member, Resource
from shuyuan.db.sql import SQL, Composable, Composed, Identifier, Literal, columns, join, statement


def claims(member: Member, resource: Resource, table: Composable) -> Composed:
    """SELECT entity, every item, _records, _batch, _line, _as_of: one row per entity that the resource speaks of.

    Where several rows name the entity, the one with the greatest `latest` item speaks (then the greatest key).
    """
    if member.on == resource.key and len(member.on) == 1:
        return statement(
            "steps/claim_single", on=Identifier(resource.found_by(member.on[0])), items=_items(resource), table=table
        )
    return picked(member, resource, linked(member, resource, table))


def linked(member: Member, resource: Resource, table: Composable) -> Composed:
    """Every row once per entity that it names."""
    items = _items(resource)
    rows = [statement("steps/claim_rows", on=Identifier(on), items=items, table=table) for on in member.on]
    return join(rows, " UNION ALL ")


def ruled(member: Member, resource: Resource, table: Composable) -> Composed:
    """Every row once per entity that it speaks of by what stewards ruled (relations `aliases` and `ruled_rows`); `_own`: of itself it says so too."""
    items = _items(resource)
    rows = [statement("steps/claim_any", on=Identifier(on), items=items, table=table) for on in member.on]
    return statement(
        "steps/ruled_entity",
        items=items,
        linked_items=columns((item.name for item in resource.items), "linked"),
        linked=join(rows, " UNION ALL "),
        resource=Literal(resource.id),
    )


def ruled_elsewhere(member: Member, resource: Resource) -> Composed:
    """SQL boolean over a resource's rows: does a ruling say of which entity the row speaks?"""
    tests = (statement("steps/ruled_row", on=Identifier(on), resource=Literal(resource.id)) for on in member.on)
    return join(tests, " OR ")


def picked(member: Member, resource: Resource, rows: Composable, *, own_first: bool = False) -> Composed:
    """Of the linked rows of an entity, the one that speaks. `own_first`: rows have `_own`; without a `latest`, who says it of itself speaks."""
    latest: Composable = Identifier(member.latest or "_key")
    if own_first and not member.latest:
        latest = SQL("_own DESC, _key")
    return statement("steps/claim_latest", items=_items(resource), latest=latest, rows=rows)


def is_aligned(member: Member, resource: Resource) -> bool:
    """Whether the resource's buckets are the library's: then a bucket is read without a shuffle."""
    return member.on == (resource.bucket_item,)


def _items(resource: Resource) -> Composed:
    return columns(item.name for item in resource.items)
