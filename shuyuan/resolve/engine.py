"""Which engine resolves a library here: DuckDB in this process, or Spark (`SHUYUAN_ENGINE`, decision 0060). Both find and write the same."""

from __future__ import annotations

from datetime import date

from shuyuan import settings
from shuyuan.catalog import Catalog, Library
from shuyuan.resolve import run as duckdb
from shuyuan.resolve.outcome import Outcome
from shuyuan.resolve.run import Inputs


def run(catalog: Catalog, library: Library, inputs: Inputs, business_date: date, folder: str) -> Outcome:
    """Resolve what changed, write snapshots and deltas under `folder` of the lake. Raises cluster.NoSpark where Spark is asked for and absent."""
    if settings.load().engine == "spark":
        from shuyuan.resolve import spark  # noqa: PLC0415 (pyspark and sqlglot are an extra)

        return spark.run(catalog, library, inputs, business_date, folder)
    return duckdb.run(catalog, library, inputs, business_date, folder)
