"""Arrow → PostgreSQL by binary COPY, in batches, on the caller's transaction; and back as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
from psycopg import sql

from shuyuan.db import binary
from shuyuan.db.engine import Connection

ROWS_PER_BATCH = 65_536
BYTES_PER_BATCH = 128 * 1024 * 1024  # long texts: a batch of bytes has 32-bit offsets, and memory is bounded


def copy_in(
    connection: Connection,
    target: sql.Composable,
    data: pa.Table | pa.RecordBatchReader,
    types: Sequence[str],
    *,
    frozen: bool = False,
) -> int:
    """Append `data` to `target` (columns by name). `types`: one of `binary.TYPES` per column, in order. Returns the rows written.

    `frozen`: seen by every transaction, also by one that began earlier, so that the first reader need not mark every page and write it
    once more; only into a table that this transaction has made.
    Raises psycopg.DataError for what PostgreSQL cannot hold, such as a NUL inside text.
    """
    names = sql.SQL(", ").join(sql.Identifier(name) for name in data.schema.names)
    order = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY{})").format(target, names, sql.SQL(", FREEZE" * frozen))
    with connection.cursor() as cursor:
        with cursor.copy(order) as copy:
            copy.write(binary.HEADER)
            for chunk in _ahead(binary.rows(batch, list(types)) for batch in _batches(data)):
                copy.write(chunk)
            copy.write(binary.TRAILER)
        return cursor.rowcount


def copy_out(connection: Connection, query: sql.Composed, values: Mapping[str, object], null: str) -> Iterator[bytes]:
    """The result of a query as CSV in UTF-8 without header, chunk by chunk. `null`: how null is written; in quotes it is that text."""
    order = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, NULL {}, ENCODING 'UTF8')").format(query, sql.Literal(null))
    with connection.cursor() as cursor, cursor.copy(order, values or None) as copy:
        yield from map(bytes, copy)


def _batches(data: pa.Table | pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    for batch in data.to_batches() if isinstance(data, pa.Table) else data:
        rows = min(ROWS_PER_BATCH, max(1, batch.num_rows * BYTES_PER_BATCH // max(1, batch.nbytes)))
        for start in range(0, batch.num_rows, rows):
            yield batch.slice(start, rows)


def _ahead(chunks: Iterator[memoryview]) -> Iterator[memoryview]:
    """The next chunk is made while the server still takes the last one."""
    with ThreadPoolExecutor(1) as worker:
        following = worker.submit(next, chunks, None)
        while (chunk := following.result()) is not None:
            following = worker.submit(next, chunks, None)
            yield chunk
