"""A delta into the warehouse: exactly its rows or nothing, keys as before, one moment per run, and nobody reads half of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from town import MONDAY, RESIDENT, TUESDAY, WEDNESDAY, Town, ids, person
from warehouse import signed_in

from shuyuan import settings
from shuyuan.catalog import Library, load_catalog
from shuyuan.db.engine import transaction
from shuyuan.db.sql import SQL, Identifier, statement, table
from shuyuan.ledger import runs
from shuyuan.ledger.runs import Run
from shuyuan.publish import library as warehouse
from shuyuan.publish.source import LostRows
from shuyuan.publish.tables import postgres_type, put_in_force

ARROW = {
    "date": pa.date32(),
    "numeric(20,6)": pa.decimal128(20, 6),
    "bigint": pa.int64(),
    "double precision": pa.float64(),
}
PEOPLE = ids(6)
KEYS = "SELECT indexdef FROM pg_indexes WHERE tablename IN ('population', 'discrepancy', 'public_security__resident') ORDER BY 1"
DISPUTE = {
    "source_ref": "public_security.resident.name", "source_value": "王", "claim_ref": "hrss.insured.name", "claim_value": "汪",
    "class": "error", "pattern": "ab..",
}  # fmt: skip


@pytest.fixture
def population(town: Town) -> Library:
    return load_catalog(settings.load().catalog).libraries["population"]


def delta(tmp_path: Path, library: Library, rows: list[dict[str, Any]]) -> Path:
    """A file of changes as resolve leaves it, with a column that stays in the lake."""
    types = {item.name: ARROW.get(postgres_type(item.type), pa.string()) for item in library.items}
    schema = pa.schema(
        [
            ("_op", pa.string()),
            ("_key", pa.string()),
            *types.items(),
            ("_filled", pa.string()),
            ("_compared_0", pa.int64()),
        ]
    )
    path = tmp_path / f"rows{len(list(tmp_path.iterdir()))}.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema), path)
    return path


def change(letter: str, key: str, **values: object) -> dict[str, object]:
    return {
        "_op": letter,
        "_key": key,
        "name": f"王{key[14:17]}",
        "birth_date": date(1980, 2, 3),
        "_compared_0": 7,
    } | values


def disputes(tmp_path: Path, rows: list[dict[str, str]], without: str = "") -> Path:
    names = [name for name in ("_op", "entity", "item", *DISPUTE, "_turns") if name != without]
    path = tmp_path / f"disputes{len(list(tmp_path.iterdir()))}.parquet"
    pq.write_table(
        pa.Table.from_pylist([DISPUTE | row for row in rows], pa.schema([(name, pa.string()) for name in names])), path
    )
    return path


def run_of(library: Library, day: date = MONDAY) -> Run:
    with transaction("shuyuan_loader") as connection:
        return runs.open_run(connection, library.id, day, {})


def publish(
    library: Library, day: date, paths: list[Path], inserted: int = 0, updated: int = 0, deleted: int = 0
) -> Run:
    run = run_of(library, day)
    with transaction("shuyuan_loader") as connection:
        warehouse.apply(connection, library, run, paths, {"I": inserted, "U": updated, "D": deleted})
    return run


def test_first_rows_and_what_follows(town: Town, population: Library, tmp_path: Path) -> None:
    keys = town.ask(KEYS)
    files = [
        delta(tmp_path, population, [change("I", key, _filled='{"phone": "x.y"}') for key in PEOPLE[:2]]),
        delta(tmp_path, population, [change("I", key) for key in PEOPLE[2:4]]),
    ]
    first = publish(population, MONDAY, files, inserted=4)
    assert town.ask(KEYS) == keys
    assert (
        town.one("SELECT count(*) FROM library.population WHERE _run = %s AND _as_of = %s", first.run_id, MONDAY) == 4
    )
    assert town.ask("SELECT DISTINCT _op, valid_from, _run FROM history.population") == [("I", MONDAY, first.run_id)]
    changes = [change("U", PEOPLE[0], name="改"), change("D", PEOPLE[1]), change("I", PEOPLE[4])]
    second = publish(population, TUESDAY, [delta(tmp_path, population, changes)], 1, 1, 1)
    names = dict(town.ask("SELECT _key, name FROM library.population"))
    assert names == {PEOPLE[0]: "改", **{key: f"王{key[14:17]}" for key in (PEOPLE[2], PEOPLE[3], PEOPLE[4])}}
    kept = town.ask("SELECT _key, _op FROM history.population WHERE _run = %s ORDER BY 1", second.run_id)
    assert kept == [(PEOPLE[0], "U"), (PEOPLE[1], "D"), (PEOPLE[4], "I")]
    moments = town.ask("SELECT _run, count(DISTINCT recorded_at) FROM history.population GROUP BY 1 ORDER BY 1")
    assert moments == [(first.run_id, 1), (second.run_id, 1)]
    assert town.one("SELECT count(*) FROM history.population_as_of(%s)", MONDAY) == 4
    assert town.one("SELECT name FROM history.population_as_of(%s) WHERE _key = %s", TUESDAY, PEOPLE[0]) == "改"


def test_a_library_that_was_emptied_begins_again_and_its_history_goes_on(
    town: Town, population: Library, tmp_path: Path
) -> None:
    keys = town.ask(KEYS)
    publish(population, MONDAY, [delta(tmp_path, population, [change("I", PEOPLE[0])])], inserted=1)
    publish(population, TUESDAY, [delta(tmp_path, population, [change("D", PEOPLE[0])])], deleted=1)
    publish(population, WEDNESDAY, [delta(tmp_path, population, [change("I", PEOPLE[0], name="又")])], inserted=1)
    assert town.ask("SELECT name FROM library.population") == [("又",)]
    assert [op for (op,) in town.ask("SELECT _op FROM history.population ORDER BY _run")] == ["I", "D", "I"]
    assert town.ask(KEYS) == keys


@pytest.mark.parametrize(
    ("letter", "key", "counts"),
    [
        ("U", PEOPLE[5], {"updated": 1}),
        ("D", PEOPLE[5], {"deleted": 1}),
        ("I", PEOPLE[0], {"inserted": 1}),
        ("I", PEOPLE[5], {"inserted": 2}),
    ],
    ids=["changed but gone", "gone already", "new but there", "fewer than told"],
)
def test_another_number_of_rows_keeps_nothing(
    town: Town, population: Library, tmp_path: Path, letter: str, key: str, counts: dict[str, int]
) -> None:
    publish(population, MONDAY, [delta(tmp_path, population, [change("I", PEOPLE[0])])], inserted=1)
    before = town.ask("SELECT * FROM library.population"), town.ask("SELECT * FROM history.population")
    with pytest.raises(LostRows, match="nothing was kept"):
        publish(population, TUESDAY, [delta(tmp_path, population, [change(letter, key)])], **counts)
    assert before == (town.ask("SELECT * FROM library.population"), town.ask("SELECT * FROM history.population"))


def test_a_first_publish_that_is_told_wrong_keeps_nothing(town: Town, population: Library, tmp_path: Path) -> None:
    keys = town.ask(KEYS)
    path = delta(tmp_path, population, [change("I", PEOPLE[0])])
    with pytest.raises(LostRows):
        publish(population, MONDAY, [path], inserted=2)
    with pytest.raises(psycopg.errors.UniqueViolation):
        publish(population, MONDAY, [path, path], inserted=2)
    assert (town.one("SELECT count(*) FROM library.population"), town.ask(KEYS)) == (0, keys)


def test_who_is_reading_an_empty_library_does_not_stop_its_first_publish(
    town: Town, population: Library, tmp_path: Path
) -> None:
    keys = town.ask(KEYS)
    with signed_in(town.home, "shuyuan_steward") as reader, reader.transaction():
        assert reader.execute("SELECT count(*) FROM library.population").fetchone() == (0,)
        publish(population, MONDAY, [delta(tmp_path, population, [change("I", key) for key in PEOPLE])], inserted=6)
    assert (town.one("SELECT count(*) FROM library.population"), town.ask(KEYS)) == (6, keys)


@pytest.mark.parametrize("many", [1, 1000], ids=["keys last", "keys kept"])
def test_discrepancies_open_change_and_close(
    town: Town, population: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(warehouse, "VERY_MANY", many)
    keys = town.ask(KEYS)

    def settle(rows: list[dict[str, str]], without: str = "") -> tuple[int, int]:
        run = run_of(population)
        with transaction("shuyuan_loader") as connection:
            return warehouse.settle(connection, population, run, [disputes(tmp_path, rows, without)])

    assert settle([]) == (0, 0)
    assert settle([{"_op": "I", "entity": key, "item": "name"} for key in PEOPLE]) == (6, 0)
    assert town.ask("SELECT DISTINCT pattern FROM ledger.discrepancy") == [("ab..",)]
    changes = [
        {"_op": "U", "entity": PEOPLE[0], "item": "name", "claim_value": "往"},
        {"_op": "D", "entity": PEOPLE[1], "item": "name"},
        {"_op": "I", "entity": PEOPLE[1], "item": "sex"},
    ]
    assert settle(changes, without="pattern") == (2, 2)
    assert town.one("SELECT count(*) FROM ledger.discrepancy WHERE closed_run IS NULL") == 6
    assert town.ask("SELECT pattern FROM ledger.discrepancy WHERE claim_value = '往'") == [(None,)]
    with pytest.raises(LostRows):
        settle([{"_op": "D", "entity": PEOPLE[1], "item": "name"}])
    with pytest.raises(psycopg.errors.UniqueViolation):
        settle([{"_op": "I", "entity": PEOPLE[2], "item": "name"}])
    assert town.ask(KEYS) == keys


def test_a_first_delivery_leaves_its_table_with_its_keys(town: Town) -> None:
    keys = town.ask(KEYS)
    town.register(MONDAY, [person(key) for key in PEOPLE])
    town.feed(MONDAY)
    assert town.one("SELECT count(*) FROM source.public_security__resident WHERE _as_of = %s", MONDAY) == 6
    assert town.ask(KEYS) == keys
    town.register(TUESDAY, [person(PEOPLE[0], "新名"), *map(person, PEOPLE[1:])])
    town.feed(TUESDAY)
    assert town.one("SELECT updated FROM ledger.batch WHERE business_date = %s", TUESDAY) == 1


def test_a_register_changed_by_hand_is_noticed(town: Town) -> None:
    town.register(MONDAY, [person(key) for key in PEOPLE])
    town.feed(MONDAY)
    town.ask("DELETE FROM source.public_security__resident WHERE _key = %s RETURNING 1", PEOPLE[0])
    town.register(TUESDAY, [person(PEOPLE[0], "新名"), *map(person, PEOPLE[1:])])
    with pytest.raises(LostRows, match=RESIDENT):
        town.feed(TUESDAY)
    assert town.one("SELECT state FROM ledger.batch WHERE business_date = %s", TUESDAY) == "checked"


def test_only_tables_of_the_warehouse_are_laid_bare(town: Town) -> None:
    with signed_in(town.home, "shuyuan_loader") as loader:
        with pytest.raises(psycopg.errors.RaiseException, match="not a table of source"):
            loader.execute("SELECT ledger.lay_bare('ledger.access'::regclass)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            loader.execute("SELECT * FROM ledger.bare_table")


def test_older_libraries_lose_their_hashes(town: Town, population: Library) -> None:
    with transaction("shuyuan_owner") as connection:
        for schema in ("library", "history"):
            target = table(schema, population.id)
            connection.execute(
                statement("steps/add_column", table=target, column=Identifier("_hash"), type=SQL("text"))
            )
        put_in_force(connection, load_catalog(settings.load().catalog))
    query = "SELECT count(*) FROM information_schema.columns WHERE column_name = '_hash' AND table_schema IN ('library', 'history')"
    assert town.one(query) == 0
