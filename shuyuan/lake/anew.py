"""A snapshot written anew from rows that came from elsewhere, as a stream of CSV: every bucket one base file, no layers, no past."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from shuyuan import settings
from shuyuan.db.sql import text_of
from shuyuan.lake import duck
from shuyuan.lake.delta import bucket_of
from shuyuan.lake.snapshot import Bucket, Snapshot, save

NULL = "\\N"
"""How the stream says null; the same text in quotes is that text."""


def take(connection: duck.Duck, chunks: Iterable[bytes], types: Mapping[str, str], scratch: Path) -> int:
    """Make the table `kept` of a CSV stream without header. `types`: column → DuckDB type, in order. → rows."""
    path = scratch / "kept.csv"
    with path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
    named = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
    reading = f"header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"', nullstr = '{NULL}', allow_quoted_nulls = false"
    source = str(path).replace("'", "''")
    query = f"SELECT * FROM read_csv('{source}', columns = {{{named}}}, {reading}, parallel = false, max_line_size = 67108864)"
    connection.execute(f"CREATE OR REPLACE TABLE kept AS {query}")
    return duck.count(connection, "SELECT count(*) FROM kept")


def write(connection: duck.Duck, directory: str, kind: str, bucket_item: str, by: str, number: bool) -> Snapshot:
    """Write the table `kept` as a snapshot under `directory`, its files named after `kind`. `number`: rows say which bucket they lie in."""
    connection.execute(
        f"CREATE OR REPLACE TABLE kept AS SELECT *, {text_of(bucket_of(bucket_item))} AS _bucket FROM kept"
    )
    columns = "*" if number else "* EXCLUDE (_bucket)"
    buckets: dict[int, Bucket] = {}
    for bucket, rows in duck.rows(connection, "SELECT _bucket, count(*) FROM kept GROUP BY _bucket ORDER BY _bucket"):
        path = f"{directory}/{kind}_{bucket:03d}.parquet"
        query = f"SELECT {columns} FROM kept WHERE _bucket = {bucket}"
        duck.write_parquet(connection, query, settings.load().lake / path)
        buckets[bucket] = Bucket(path, rows)
    return save(f"{directory}/{kind}", Snapshot(), buckets, by=by)
