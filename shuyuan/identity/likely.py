"""Links of a library by likelihood: subjects out of PostgreSQL, Splink's pairs back as proposals. Only for what the rules left open.

Belongs here: which subjects are compared by what, and which likely pairs are worth a steward's time. How likely: `linkage.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from shuyuan.catalog import Library
from shuyuan.db.copy import copy_in
from shuyuan.db.engine import Connection
from shuyuan.db.sql import Identifier, statement
from shuyuan.identity.linkage import Model, link
from shuyuan.identity.subjects import PERSON

SCHEMA = pa.schema([
    ("unique_id", pa.string()), ("name", pa.string()), ("family", pa.string()), ("birth", pa.string()), ("sex", pa.string()),
    ("mark", pa.string()), ("marks", pa.list_(pa.string())),
])  # fmt: skip
PERSONS = Model(
    columns={"name": "name", "birth": "number", "sex": "code", "marks": "list"},
    blocks=(("name", "birth"), ("mark",), ("name", "sex"), ("birth", "family")),
    sure=(("name", "birth"),),
    train=(("birth",), ("name",)),
)
BODIES = Model(
    columns={"name": "name", "marks": "list"},
    blocks=(("name",), ("mark",)),
    sure=(("name",),),
    train=(("mark",), ("name",)),
)
ROWS_AT_ONCE = 20_000
FOUND = ("text", "text", "double precision")


def propose(connection: Connection, library: Library, at_least: float) -> None:
    """Replace what stands in the temporary table `proposal` by the likely pairs of `subject`. Raises linkage.Missing without Splink."""
    model = PERSONS if library.key.type == PERSON else BODIES
    pairs = link(_subjects(connection), model, at_least)
    connection.execute(statement("identity/create_likely"))
    copy_in(connection, Identifier("likely"), pairs, FOUND)
    connection.execute(statement("identity/likely_pairs"))


def _subjects(connection: Connection) -> pa.Table:
    return pa.Table.from_batches(_batches(connection), SCHEMA)


def _batches(connection: Connection) -> Iterator[pa.RecordBatch]:
    with connection.cursor(name="subjects") as cursor:
        cursor.execute(statement("identity/subjects"))
        while found := cursor.fetchmany(ROWS_AT_ONCE):
            columns = zip(*found, strict=True)
            yield pa.record_batch([pa.array(c, t) for c, t in zip(columns, SCHEMA.types, strict=True)], schema=SCHEMA)
