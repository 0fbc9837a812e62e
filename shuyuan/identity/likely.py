"""Links of a library by likelihood: subjects out of PostgreSQL, Splink's pairs back as proposals. Only for what the rules left open.

Loose rows are compared with published entities; two published ones are two unless a rule says otherwise. How often one entity is written
differently is learned from rows whose numbers agree: those the register and its members share. Before anything is compared, a loose row
has somebody to belong to with a chance of one half.

Belongs here: which subjects are compared by what. Does not belong here: how likely a pair is (`linkage.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from shuyuan.catalog import Catalog, Library
from shuyuan.db.copy import copy_in
from shuyuan.db.engine import Connection
from shuyuan.db.sql import Identifier, statement
from shuyuan.identity.linkage import Model, Taught, link
from shuyuan.identity.subjects import PERSON, Traits, gather_taught

SCHEMA = pa.schema([
    ("unique_id", pa.string()), ("label", pa.string()), ("loose", pa.bool_()), ("name", pa.string()), ("begins", pa.string()),
    ("birth", pa.string()), ("sex", pa.string()), ("marks", pa.list_(pa.string())),
])  # fmt: skip
SEPARATOR, BYTES_AT_ONCE = "\x1f", 8 * 1024 * 1024
FOUND = ("text", "text", "float8")
PERSONS = Model({"name": "name", "birth": "number", "sex": "code", "marks": "list"}, across=(("name",), ("birth",)))
BODIES = Model({"name": "name", "marks": "list"}, across=(("name",), ("begins",)))


def propose(connection: Connection, catalog: Catalog, library: Library, known: Traits, at_least: float) -> None:
    """Replace what stands in the temporary table `proposal` by the likely pairs of `subject`. Raises linkage.Missing without Splink."""
    model = PERSONS if library.key.type == PERSON else BODIES
    records = _read(connection, "subject")
    gather_taught(connection, catalog, library, known)
    published = records.num_rows - pc.sum(records["loose"]).as_py()
    pairs = link(records, model, Taught(_read(connection, "taught"), chance=0.5 / max(1, published)), at_least)
    connection.execute(statement("identity/create_likely"))
    copy_in(connection, Identifier("likely"), pairs, FOUND)
    connection.execute(statement("identity/likely_pairs"))


def _read(connection: Connection, name: str) -> pa.Table:
    order = statement("identity/copy_subjects", subjects=Identifier(name))
    with connection.cursor() as cursor, cursor.copy(order) as copy:
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
