"""A department's database table into one Parquet file of text, with its row count.

Belongs here: which columns, and values → text. Does not belong here: SQL (`db.foreign`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from shuyuan.catalog import Resource
from shuyuan.catalog.delivery import DatabaseConnector
from shuyuan.db import foreign
from shuyuan.intake.collect.errors import BadReply, TableRefused, Unreachable
from shuyuan.intake.collect.lay import refuse_size
from shuyuan.reader.cells import texts


def write(address: str, resource: Resource, connector: DatabaseConnector, day: date, path: Path) -> int:
    """Write every row's columns of the contract, in memory of one page. → how many rows.

    Raises Unreachable, TableRefused, BadReply (columns are missing), TooLarge.
    """
    where = f"{connector.connection}, {connector.table}"
    wanted = foreign.Slice(connector.table, connector.key, connector.page, connector.day, day)
    try:
        with foreign.opened(address, wanted, connector.timeout) as table:
            names = _asked(resource, table.columns, where)
            return _write(table, names, connector, where, path)
    except foreign.ForeignError as error:
        kind = Unreachable if error.again else TableRefused
        raise kind(where, error.problem, error.way_out) from error


def _write(table: foreign.Table, names: Sequence[str], connector: DatabaseConnector, where: str, path: Path) -> int:
    rows = 0
    schema = pa.schema([(name, pa.string()) for name in names])
    with pq.ParquetWriter(path, schema, compression="zstd") as sink:
        for page in table.pages(names):
            columns = [_texts(column, name, where) for column, name in zip(zip(*page, strict=True), names, strict=True)]
            sink.write_batch(pa.record_batch(columns, schema=schema))
            rows += len(page)
            refuse_size(where, path.stat().st_size, connector.limit)
    return rows


def _texts(values: tuple[object, ...], name: str, where: str) -> pa.Array:
    if any(isinstance(value, bytes | memoryview) for value in values):
        raise BadReply(
            where, f"column {name} holds binary values", "leave it out of the contract, or ask for a view with text"
        )
    return texts(values)


def _asked(resource: Resource, columns: Sequence[str], where: str) -> list[str]:
    """The table's columns that the contract asks for: no other value of the department is touched."""
    lying = {name.casefold(): name for name in reversed(columns)}
    found: dict[str, str] = {}
    for item in resource.items:
        header = next((lying[header.casefold()] for header in item.headers if header.casefold() in lying), None)
        if header is not None:
            found[item.name] = header
        elif not item.optional_column:
            raise BadReply(
                where, f"it has no column for `{item.name}`", f"add an alias; its columns: {', '.join(columns)}"
            )
    op = resource.delivery.op
    if op and op.casefold() not in lying:
        raise BadReply(where, f"it has no column {op}", f"correct `delivery.op`; its columns: {', '.join(columns)}")
    return list(dict.fromkeys([*found.values(), *([lying[op.casefold()]] if op else [])]))
