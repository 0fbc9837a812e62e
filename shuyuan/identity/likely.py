"""Links of a library by likelihood: subjects out of PostgreSQL, Splink's pairs back as proposals. Only for what the rules left open.

Belongs here: which subjects are compared by what, and which likely pairs are worth a steward's time. How likely: `linkage.py`.
How often one person is written differently is learned from rows whose numbers agree: those the register and its members share.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from shuyuan.catalog import Catalog, Library
from shuyuan.db.copy import copy_in
from shuyuan.db.engine import Connection
from shuyuan.db.sql import Identifier, statement
from shuyuan.identity.linkage import Model, Taught, link
from shuyuan.identity.subjects import PERSON, Traits, gather_taught

SCHEMA = pa.schema([
    ("unique_id", pa.string()), ("label", pa.string()), ("loose", pa.bool_()), ("name", pa.string()), ("family", pa.string()),
    ("birth", pa.string()), ("sex", pa.string()), ("mark", pa.string()), ("marks", pa.list_(pa.string())),
])  # fmt: skip
ROWS_AT_ONCE, FOUND = 20_000, ("text", "text", "float8")


@dataclass(frozen=True)
class Kindred:
    """A model for one kind of entity; `family`: how many characters of a name begin it."""

    family: int
    model: Model


PERSONS = Kindred(
    1,
    Model(
        columns={"name": "name", "birth": "number", "sex": "code", "marks": "list"},
        blocks=(("name", "birth"),),
        across=(("name", "sex"), ("birth", "family"), ("birth", "sex", "mark"), ("mark", "family")),
    ),
)
BODIES = Kindred(
    4, Model(columns={"name": "name", "marks": "list"}, blocks=(("name",),), across=(("mark",), ("family",)))
)


def propose(connection: Connection, catalog: Catalog, library: Library, known: Traits, at_least: float) -> None:
    """Replace what stands in the temporary table `proposal` by the likely pairs of `subject`. Raises linkage.Missing without Splink."""
    kindred = PERSONS if library.key.type == PERSON else BODIES
    records = _read(connection, "subject", kindred)
    gather_taught(connection, catalog, library, known)
    lesson = Taught(_read(connection, "taught", kindred), links=sum(records["loose"].to_pylist()) / 2)
    pairs = link(records, kindred.model, lesson, at_least)
    connection.execute(statement("identity/create_likely"))
    copy_in(connection, Identifier("likely"), pairs, FOUND)
    connection.execute(statement("identity/likely_pairs"))


def _read(connection: Connection, name: str, kindred: Kindred) -> pa.Table:
    return pa.Table.from_batches(_batches(connection, name, kindred.family), SCHEMA)


def _batches(connection: Connection, name: str, family: int) -> Iterator[pa.RecordBatch]:
    with connection.cursor(name="subjects") as cursor:
        cursor.execute(statement("identity/subjects", subjects=Identifier(name)), {"family": family})
        while found := cursor.fetchmany(ROWS_AT_ONCE):
            columns = zip(*found, strict=True)
            yield pa.record_batch([pa.array(c, t) for c, t in zip(columns, SCHEMA.types, strict=True)], schema=SCHEMA)
