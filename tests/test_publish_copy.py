"""Whatever Arrow holds arrives in PostgreSQL as it is: our binary COPY beside the driver's own, value by value."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from shuyuan.db.copy import copy_in
from shuyuan.db.engine import Connection, transaction
from shuyuan.db.sql import SQL, Identifier

COLUMNS: dict[str, tuple[str, pa.DataType]] = {
    "t": ("text", pa.string()),
    "j": ("jsonb", pa.string()),
    "i": ("int8", pa.int64()),
    "f": ("float8", pa.float64()),
    "d": ("date", pa.date32()),
    "n": ("numeric", pa.decimal128(20, 6)),
    "w": ("numeric", pa.decimal128(38, 0)),
}
TYPES = [kind for kind, _ in COLUMNS.values()]
SCHEMA = pa.schema([(name, arrow) for name, (_, arrow) in COLUMNS.items()])

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.sampled_from(
    ["", '"', "a,b\r\n\\N", "\\.", "\t", "𠮷野", "NULL"]
)
amounts = st.integers(-(10**20) + 1, 10**20 - 1).map(lambda n: Decimal(n).scaleb(-6))
json_texts = st.sampled_from(["{}", '{"a": null}', '{"姓名": "a\\"b"}', "[1, 2.50]", "3"])
rows = st.fixed_dictionaries(
    {
        "t": st.none() | texts,
        "j": st.none() | json_texts,
        "i": st.none() | st.integers(-(2**63), 2**63 - 1),
        "f": st.none() | st.floats(),
        "d": st.none() | st.dates(),
        "n": st.none() | amounts,
        "w": st.none() | st.integers(-(10**38) + 1, 10**38 - 1).map(Decimal),
    }
)


@pytest.mark.usefixtures("home")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(rows, max_size=8), st.integers(0, 3))
def test_both_lanes_bring_the_same(found: list[dict[str, Any]], cut: int) -> None:
    table = pa.Table.from_pylist(found, SCHEMA)
    with transaction("shuyuan_loader") as connection:
        for name in ("ours", "theirs"):
            connection.execute(
                SQL(
                    "CREATE TEMP TABLE {} (at int8, t text, j jsonb, i int8, f float8, d date, n numeric(20,6), w numeric)"
                ).format(Identifier(name))
            )
        # In two pieces, the second a slice: offsets of Arrow must not leak into the bytes.
        at = table.add_column(0, "at", pa.array(range(len(found)), pa.int64()))
        for piece in (at.slice(0, cut), at.slice(cut)):
            assert copy_in(connection, Identifier("ours"), piece, ["int8", *TYPES]) == piece.num_rows
        _by_driver(connection, found)
        query = "SELECT at, t, j, i, f, d, n, w FROM {} ORDER BY at"
        ours, theirs = (connection.execute(query.format(name).encode()).fetchall() for name in ("ours", "theirs"))
        connection.execute("DROP TABLE ours, theirs")
    assert repr(ours) == repr(theirs)  # repr: NaN is not equal to itself
    assert [tuple(row[1:2]) for row in ours] == [(row["t"],) for row in found]


def _by_driver(connection: Connection, found: list[dict[str, Any]]) -> None:
    with connection.cursor() as cursor, cursor.copy("COPY theirs FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["int8", *TYPES])
        for at, row in enumerate(found):
            values = [row[name] and Jsonb(row[name], dumps=str) if name == "j" else row[name] for name in COLUMNS]
            copy.write_row((at, *values))


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("bad", ["a\0b", "\0"])
def test_a_nul_is_refused(bad: str) -> None:
    with pytest.raises(psycopg.DataError), transaction("shuyuan_loader") as connection:
        connection.execute("CREATE TEMP TABLE ours (t text)")
        copy_in(connection, Identifier("ours"), pa.table({"t": ["fine", bad]}), ["text"])


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    "kind",
    [
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int32(), pa.string()),
        pa.dictionary(pa.int8(), pa.large_string()),
    ],
)
def test_every_arrow_text_is_text(kind: pa.DataType) -> None:
    values = ["一", None, "", "b" * 70_000]
    with transaction("shuyuan_loader") as connection:
        connection.execute("CREATE TEMP TABLE ours (at int8, t text)")
        data = pa.table({"at": range(4), "t": pa.array(values).cast(kind)})
        copy_in(connection, Identifier("ours"), data.to_reader(), ["int8", "text"])
        found = connection.execute("SELECT t FROM ours ORDER BY at").fetchall()
    assert [value for (value,) in found] == values


@pytest.mark.usefixtures("home")
def test_nothing_and_all_null() -> None:
    with transaction("shuyuan_loader") as connection:
        connection.execute("CREATE TEMP TABLE ours (t text, d date, n numeric(20,6))")
        nulls = pa.table({name: pa.nulls(3) for name in "tdn"})
        assert copy_in(connection, Identifier("ours"), nulls, ["text", "date", "numeric"]) == 3
        assert copy_in(connection, Identifier("ours"), nulls.slice(0, 0), ["text", "date", "numeric"]) == 0
        assert connection.execute("SELECT count(*), count(t), count(d), count(n) FROM ours").fetchone() == (3, 0, 0, 0)


@pytest.mark.usefixtures("home")
def test_many_batches_keep_every_row_and_its_order() -> None:
    data = pa.table({"i": range(200_000), "d": pa.array([date(1, 1, 1), None] * 100_000)})
    with transaction("shuyuan_loader") as connection:
        connection.execute("CREATE TEMP TABLE ours (i int8, d date)")
        copy_in(connection, Identifier("ours"), data, ["int8", "date"])
        query = "SELECT count(*), sum(i)::int8, count(d), min(d) FROM ours"
        assert connection.execute(query).fetchone() == (200_000, 199_999 * 100_000, 100_000, date(1, 1, 1))
