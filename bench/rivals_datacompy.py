"""datacompy on some registers: the first with each of the others, joined by number, mismatches counted per column. Nothing is resolved or written.

    .venv-rivals/bin/python bench/rivals_datacompy.py pandas|polars inputs.json

`inputs.json` is that of `crosscheck_steps.py inputs`. Runs in the environment of requirements-rivals.txt and imports nothing of ours. Reading the files is
timed with the comparing, as it is in our own run, and told apart. Amounts are read as doubles: datacompy compares decimals one Python object at a time.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import time
from pathlib import Path
from typing import Any

import datacompy
import pyarrow as pa
import pyarrow.dataset as ds
import used

KEY = "id_no"


def main(engine: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Read, compare, count."""
    reading = [0.0]

    def read(department: str) -> Any:
        begun = time.perf_counter()
        frame = READERS[engine](inputs["registers"][department], [KEY, *inputs["items"]])
        reading[0] += time.perf_counter() - begun
        return frame

    found, spent = used.measured(lambda: mismatches(engine, list(inputs["registers"]), read))
    versions = {name: importlib.metadata.version(name) for name in ("datacompy", engine)}
    read_seconds = round(reading[0], 3)
    return {**spent, "read": read_seconds, "peak_mb": used.peak_mb(), "mismatches": found, "versions": versions}


def mismatches(engine: str, departments: list[str], read: Any) -> dict[str, int]:
    """Per claim of the others, how many differ from the register's."""
    compare = {"pandas": datacompy.PandasCompare, "polars": datacompy.PolarsCompare}[engine]
    register, found = read(departments[0]), {}
    for department in departments[1:]:
        made = compare(register, read(department), join_columns=KEY)
        counted = {stat["column"]: int(stat["unequal_cnt"]) for stat in made.column_stats if stat["column"] != KEY}
        found |= {f"{department}.person.{column}": count for column, count in counted.items()}
    return found


def table(paths: list[str], names: list[str]) -> pa.Table:
    """Columns of Parquet files, decimals as doubles."""
    found = ds.dataset(paths).to_table(columns=names)
    doubles = [pa.float64() if pa.types.is_decimal(field.type) else field.type for field in found.schema]
    return found.cast(pa.schema(zip(names, doubles, strict=True)))


def of_pandas(paths: list[str], names: list[str]) -> Any:
    """A pandas frame; dates in pandas' own type, texts in Arrow's memory."""
    return table(paths, names).to_pandas(date_as_object=False, self_destruct=True, split_blocks=True)


def of_polars(paths: list[str], names: list[str]) -> Any:
    """A polars frame, read by polars."""
    import polars as pl

    return pl.read_parquet(paths, columns=names).with_columns(pl.col(pl.Decimal).cast(pl.Float64))


READERS = {"pandas": of_pandas, "polars": of_polars}

if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))))
