"""SQL from files: `sql/<name>.sql`, identifiers quoted by the driver, values bound by the caller."""

from __future__ import annotations

from functools import cache
from typing import LiteralString, cast

from psycopg import sql

from shuyuan.settings import PROJECT

FOLDER = PROJECT / "sql"


@cache
def text(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def statement(name: str, **parts: sql.Composable) -> sql.Composed:
    """`sql/<name>.sql` with its `{placeholders}` filled by identifiers or composed fragments; values stay `%(named)s`."""
    return sql.SQL(cast(LiteralString, text(name))).format(**parts)


def table(schema: str, name: str) -> sql.Identifier:
    """A quoted `schema.name`."""
    return sql.Identifier(schema, name)


def columns(names: list[str] | tuple[str, ...], prefix: str | None = None) -> sql.Composed:
    """Quoted column list, each with an optional table alias."""
    parts = [sql.Identifier(prefix, name) if prefix else sql.Identifier(name) for name in names]
    return sql.SQL(", ").join(parts)
