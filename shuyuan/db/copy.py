"""Arrow → PostgreSQL by binary COPY, in batches, on the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from psycopg import sql
from psycopg.types.json import Jsonb

from shuyuan.db.engine import Connection

ROWS_PER_BATCH = 20_000


def copy_in(
    connection: Connection, target: sql.Composable, data: pa.Table | pa.RecordBatchReader, types: Sequence[str]
) -> int:
    """Append `data` to `target` (columns by name). `types` are PostgreSQL type names, one per column. Returns the rows written."""
    names = sql.SQL(", ").join(sql.Identifier(name) for name in data.schema.names)
    order = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(target, names)
    written = 0
    with connection.cursor() as cursor, cursor.copy(order) as copy:
        copy.set_types(types)
        for row in _rows(data, types):
            copy.write_row(row)
            written += 1
    return written


def _rows(data: pa.Table | pa.RecordBatchReader, types: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    batches = data.to_batches(max_chunksize=ROWS_PER_BATCH) if isinstance(data, pa.Table) else data
    for batch in batches:
        yield from zip(*map(_values, batch.columns, types), strict=True)


def _values(column: pa.Array, kind: str) -> list[Any]:
    values: list[Any] = column.to_pylist()
    # Text that already is JSON must not be quoted again.
    return [value and Jsonb(value, dumps=str) for value in values] if kind == "jsonb" else values
