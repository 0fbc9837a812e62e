"""SQL from files: `sql/<name>.sql`, identifiers quoted by the driver, values bound by the caller.

The same composed text runs on PostgreSQL and on DuckDB (`text_of`): both quote identifiers with double quotes.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from psycopg.sql import SQL, Composable, Composed, Identifier, Literal, Placeholder
from psycopg.types.json import Jsonb

from shuyuan.settings import PROJECT

__all__ = [
    "SQL",
    "Composable",
    "Composed",
    "Identifier",
    "Jsonb",
    "Literal",
    "assignments",
    "assignments_from",
    "columns",
    "fragment",
    "join",
    "statement",
    "table",
    "text",
    "text_of",
]

FOLDER = PROJECT / "sql"


@cache
def text(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def statement(name: str, **parts: Composable) -> Composed:
    """`sql/<name>.sql` with its `{placeholders}` filled by identifiers or composed fragments; values stay `%(named)s`."""
    return SQL(text(name)).format(**parts)


def fragment(template: str, **parts: Composable) -> Composed:
    """A one-line template, for lists that a file repeats per column."""
    return SQL(template).format(**parts)


def join(parts: Iterable[Composable], glue: str = ", ") -> Composed:
    """Fragments with `glue` between them."""
    return SQL(glue).join(list(parts))


def table(schema: str, name: str) -> Identifier:
    """A quoted `schema.name`."""
    return Identifier(schema, name)


def columns(names: Iterable[str], prefix: str | None = None) -> Composed:
    """Quoted column list, each with an optional table alias."""
    return join(Identifier(prefix, name) if prefix else Identifier(name) for name in names)


def assignments(names: Iterable[str]) -> Composed:
    """`"name" = %(name)s, …` for an UPDATE."""
    return join(SQL("{} = {}").format(Identifier(name), Placeholder(name)) for name in names)


def assignments_from(row: str, names: Iterable[str]) -> Composed:
    """`"name" = row."name", …` for an upsert."""
    return join(SQL("{} = {}").format(Identifier(name), Identifier(row, name)) for name in names)


def text_of(composed: Composable) -> str:
    """The text of a composed statement, for an engine that psycopg does not drive (DuckDB)."""
    return composed.as_string(None)
