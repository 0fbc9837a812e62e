"""The rows of a delta on their way to the warehouse: streamed from files, marked with what is the same for all of them.

Belongs here: Arrow in, Arrow out. Does not belong here: what PostgreSQL does with them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shuyuan.lake import sealed

ROWS_PER_BATCH = 65_536


def of_files(paths: Sequence[Path], names: Sequence[str], only: str = "") -> pa.RecordBatchReader:
    """The columns `names` of Parquet files of one kind, in that order, a batch at a time; null where a file has no such column.
    Raises sealed.Damaged for a file that is not what was written.

    `only`: letters of the changes that are wanted; others are the lake's own matter.
    """
    sealed.verify(paths)
    types = _types(paths)
    schema = pa.schema(
        [(name, types.get(name, pa.string())) for name in dict.fromkeys((*names, *["_op"] * bool(only)))]
    )
    batches = (_chosen(batch, only) for path in paths for batch in _batches(path, schema))
    wanted = pa.schema([schema.field(name) for name in names])
    return pa.RecordBatchReader.from_batches(wanted, (batch.select(list(names)) for batch in batches))


def _chosen(batch: pa.RecordBatch, only: str) -> pa.RecordBatch:
    return batch.filter(pc.is_in(batch["_op"], pa.array(list(only)))) if only else batch


def letters(paths: Sequence[Path]) -> Counter[str]:
    """How many rows of the files are I, U and D."""
    counted = Counter[str]()
    for batch in of_files(paths, ["_op"]):
        found = pc.value_counts(batch["_op"])
        counted.update(dict(zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True)))
    return counted


def _types(paths: Sequence[Path]) -> dict[str, pa.DataType]:
    """The type of every column, by the first file in which it is not all null."""
    found: dict[str, pa.DataType] = {}
    for path in paths:
        for field in pq.read_schema(path):
            if not pa.types.is_null(field.type):
                found.setdefault(field.name, field.type)
    return found


def _batches(path: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        there = [name for name in schema.names if name in file.schema_arrow.names]
        for batch in file.iter_batches(ROWS_PER_BATCH, columns=there):
            nulls = pa.nulls(batch.num_rows)
            columns = [(batch[f.name] if f.name in there else nulls).cast(f.type) for f in schema]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)


def stamped(data: pa.Table | pa.RecordBatchReader, **marks: pa.Scalar) -> pa.RecordBatchReader:
    """The same rows with one more column per mark, the same in every row."""
    schema = data.schema
    for name, mark in marks.items():
        schema = schema.append(pa.field(name, mark.type))
    batches: Iterable[pa.RecordBatch] = data.to_batches() if isinstance(data, pa.Table) else data
    marked = (
        pa.RecordBatch.from_arrays([*b.columns, *(pa.repeat(m, b.num_rows) for m in marks.values())], schema=schema)
        for b in batches
    )
    return pa.RecordBatchReader.from_batches(schema, marked)
