"""Links of a library by likelihood: subjects out of PostgreSQL, Splink's pairs back as proposals. Only for what the rules left open.

Belongs here: which subjects are compared by what, and which likely pairs are worth a steward's time. How likely: `linkage.py`.
How often one person is written differently is learned from rows whose numbers agree: those the register and its members share.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from shuyuan.catalog import Catalog, Library
from shuyuan.db.copy import copy_in
from shuyuan.db.engine import Connection
from shuyuan.db.sql import SQL, Identifier, statement
from shuyuan.identity.linkage import Model, Taught, link
from shuyuan.identity.subjects import PERSON, Traits, gather_taught

SCHEMA = pa.schema([
    ("unique_id", pa.string()), ("label", pa.string()), ("loose", pa.bool_()), ("name", pa.string()), ("family", pa.string()),
    ("birth", pa.string()), ("sex", pa.string()), ("mark", pa.string()), ("marks", pa.list_(pa.string())),
])  # fmt: skip
SEPARATOR, BYTES_AT_ONCE = "\x1f", 8 * 1024 * 1024
FOUND = ("text", "text", "float8")


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
    parts = {"subjects": Identifier(name), "family": SQL(str(kindred.family))}
    with connection.cursor() as cursor, cursor.copy(statement("identity/copy_subjects", **parts)) as copy:
        return pa.concat_tables([SCHEMA.empty_table(), *map(_parsed, _lines(copy))])


def _lines(blocks: Iterable[bytes | bytearray | memoryview]) -> Iterator[bytes]:
    """Whole lines of a COPY, some megabytes at a time: PostgreSQL sends row by row."""
    kept, size = [], 0
    for block in blocks:
        kept.append(bytes(block))
        size += len(kept[-1])
        if size >= BYTES_AT_ONCE:
            yield b"".join(kept)
            kept, size = [], 0
    if kept:
        yield b"".join(kept)


def _parsed(lines: bytes) -> pa.Table:
    types = {name: kind for name, kind in zip(SCHEMA.names, SCHEMA.types, strict=True) if name != "marks"}
    found = csv.read_csv(
        pa.py_buffer(lines),
        csv.ReadOptions(column_names=SCHEMA.names, use_threads=False),
        csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=types | {"marks": pa.string()}, true_values=["t"], false_values=["f"],
            null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False,
        ),
    )  # fmt: skip
    marks = pc.split_pattern(found["marks"], SEPARATOR)
    return found.set_column(SCHEMA.get_field_index("marks"), "marks", marks).cast(SCHEMA)
