"""One DuckDB connection per unit of work, bounded in memory by settings; spills beside the lake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import duckdb
import pyarrow as pa

from shuyuan import settings
from shuyuan.lake import durable, sealed

CODEC = "lz4_raw"
"""Of the lake's Parquet files: decoded in three quarters of zstd's time, by a day's marks in half, from files that are two thirds larger (0078)."""
FORM = f"FORMAT parquet, COMPRESSION {CODEC}, ROW_GROUP_SIZE 40960, {sealed.OPTION}"
"""A row group is what one thread reads or writes at once: a bucket of a city is shared out evenly among a few cores."""
Duck = duckdb.DuckDBPyConnection


@contextmanager
def connect() -> Iterator[Duck]:
    """A private in-memory database. No extensions, no network."""
    options = settings.load()
    options.lake.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="spill-", dir=options.lake) as spill:
        connection = duckdb.connect(
            config={"memory_limit": options.memory_limit, "temp_directory": spill, "threads": 2}
        )
        connection.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
        try:
            yield connection
        finally:
            connection.close()


def table(connection: Duck, query: str, **values: object) -> pa.Table:
    """The whole result of a query as an Arrow table; `values` are bound to its `$names`."""
    return connection.sql(query, params=values or None).to_arrow_table()


def rows(connection: Duck, query: str) -> list[tuple[Any, ...]]:
    """Every row of a query. Always to the end: DuckDB refuses the next statement while a result is open."""
    found: list[tuple[Any, ...]] = connection.execute(query).fetchall()
    return found


def count(connection: Duck, query: str) -> int:
    """The one number a query yields."""
    return int(rows(connection, query)[0][0])


def write_parquet(connection: Duck, query: str, path: Path) -> int:
    """Write a query's result to `path` in one step (temporary name, then rename). Returns the rows written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    target = str(part).replace("'", "''")
    with durable.room_for(path):
        written = count(connection, f"COPY ({query}) TO '{target}' ({FORM})")
        sealed.seal(part)
    durable.settle(part, path)
    return written


def write_partitions(connection: Duck, query: str, column: str, folder: Path) -> dict[int, list[Path]]:
    """Write a query's result into files that hold one value of an integer column each, without it. → value → its files, still to be named."""
    with durable.room_for(folder):
        folder.mkdir(parents=True, exist_ok=True)
        target = Path(mkdtemp(prefix="spread-", suffix=".part", dir=folder))
        quoted = str(target).replace("'", "''")
        connection.execute(f"COPY ({query}) TO '{quoted}' ({FORM}, PARTITION_BY ({column}))")
        for file in target.rglob("*.parquet"):
            sealed.seal(file)
    return {int(part.name.rpartition("=")[2]): sorted(part.glob("*.parquet")) for part in sorted(target.iterdir())}


def scan(paths: list[Path], columns_of: str | None = None) -> str:
    """A DuckDB relation over Parquet files of one kind.

    `columns_of` (a SELECT … WHERE false) is the relation when there are no files, and says which columns there are when the files are
    older than the catalog: what they lack is null. Raises sealed.Damaged for files that are not what was written.
    """
    if not paths:
        return f"({columns_of})"
    sealed.verify(paths)
    files = relation(paths)
    return f"({columns_of} UNION ALL BY NAME SELECT * FROM {files})" if columns_of else files


def relation(paths: list[Path]) -> str:
    """`scan` of files that this process has just written, or has verified: they are taken as they are."""
    names = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    return f"read_parquet([{names}], union_by_name = true)"


def without(relation: str, paths: list[Path], column: str) -> str:
    """The rows of a relation whose `column` is not among that of the files."""
    return f"(SELECT * FROM {relation} WHERE {column} NOT IN (SELECT {column} FROM {scan(paths)}))"
