"""Rows of the ledger as frozen dataclasses, and Arrow rows into the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import pyarrow as pa
from psycopg.rows import class_row

from shuyuan.db.copy import copy_in
from shuyuan.db.engine import Connection
from shuyuan.db.sql import Composed, table

Row = TypeVar("Row")


def rows(connection: Connection, kind: type[Row], order: Composed, values: Mapping[str, object]) -> list[Row]:
    """Every row of a query as `kind`."""
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(order, values).fetchall()


def one(connection: Connection, kind: type[Row], order: Composed, values: Mapping[str, object]) -> Row | None:
    """The first row of a query as `kind`, or None."""
    return next(iter(rows(connection, kind, order, values)), None)


def append(connection: Connection, name: str, data: pa.Table, types: Sequence[str]) -> int:
    """Append Arrow rows to `ledger.<name>`. Returns the rows written."""
    return copy_in(connection, table("ledger", name), data, types) if data.num_rows else 0
