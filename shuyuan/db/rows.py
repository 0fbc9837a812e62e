"""Rows of a query as frozen dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from psycopg.rows import class_row

from shuyuan.db.engine import Connection
from shuyuan.db.sql import Composed

Row = TypeVar("Row")


def rows(connection: Connection, kind: type[Row], order: Composed, values: Mapping[str, object]) -> list[Row]:
    """Every row of a query as `kind`."""
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(order, values).fetchall()


def one(connection: Connection, kind: type[Row], order: Composed, values: Mapping[str, object]) -> Row | None:
    """The first row of a query as `kind`, or None."""
    return next(iter(rows(connection, kind, order, values)), None)
