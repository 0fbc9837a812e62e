"""Arrow → PostgreSQL by binary COPY, in batches, on the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from psycopg import sql

from shuyuan.db.engine import Connection

ROWS_PER_BATCH = 20_000


def copy_in(connection: Connection, target: sql.Composable, data: pa.Table | pa.RecordBatchReader, types: Sequence[str]) -> int:
    """Append `data` to `target` (columns by name). `types` are PostgreSQL type names, one per column. Returns the rows written."""
    names = sql.SQL(", ").join(sql.Identifier(name) for name in data.schema.names)
    order = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(target, names)
    written = 0
    with connection.cursor() as cursor, cursor.copy(order) as copy:
        copy.set_types(types)
        for row in _rows(data):
            copy.write_row(row)
            written += 1
    return written


def _rows(data: pa.Table | pa.RecordBatchReader) -> Iterator[tuple[Any, ...]]:
    batches = data.to_batches(max_chunksize=ROWS_PER_BATCH) if isinstance(data, pa.Table) else data
    for batch in batches:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
