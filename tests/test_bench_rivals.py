"""The rivals of the bench do the same work: PostgreSQL's statement finds the cells that our run finds, whatever the claims look like."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bench_modules
import psycopg
import pyarrow as pa
import pytest

from shuyuan import settings
from shuyuan.db import cluster
from shuyuan.db.address import conninfo
from shuyuan.db.sql import SQL, Literal, statement, text_of
from shuyuan.lake import duck

world = bench_modules.load("crosscheck_world")
steps = bench_modules.load("crosscheck_steps")
rivals_sql = bench_modules.load("rivals_sql")
rivals_postgres = bench_modules.load("rivals_postgres")
rivals = bench_modules.load("rivals")

PERSONS = 600
ODD = {
    "address": "CASE hash(id_no) % 8 WHEN 0 THEN NULL WHEN 1 THEN '#（）' WHEN 2 THEN substr(address, 7) WHEN 3 THEN '－' || address || '-.a'"
    " WHEN 4 THEN replace(address, '号', '－-') WHEN 5 THEN '1' || address WHEN 6 THEN address || ' ' ELSE address || '-2' END",
    "name": "CASE hash(id_no) % 4 WHEN 0 THEN ' ' || name WHEN 1 THEN '·' WHEN 2 THEN NULL ELSE name || 'A' END",
    "base": "CASE WHEN hash(id_no) % 3 = 0 THEN NULL ELSE CAST(base + CAST(hash(id_no) % 2 AS INTEGER) AS DECIMAL(20,6)) END",
    "birth_date": "CASE WHEN hash(id_no) % 3 = 0 THEN NULL ELSE birth_date + CAST(hash(id_no) % 2 AS INTEGER) END",
    "sex": "CASE WHEN hash(id_no) % 3 = 0 THEN NULL ELSE '9' END",
}
"""What half of the others' claims look like: the same but for spelling, nothing but punctuation, cut off, longer, null."""


@pytest.fixture
def connection(home: Path) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's session on the tests' server, whose schema for benches is gone afterwards."""
    with psycopg.connect(conninfo(home, cluster.SUPERUSER), autocommit=True) as connection:
        yield connection
        connection.execute("DROP SCHEMA IF EXISTS bench CASCADE")


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A small world with odd claims, resolved by us: its files, for others to do the same, and what we counted."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"SHUYUAN_HOME": str(tmp_path_factory.mktemp("world")), "SHUYUAN_BUCKETS": "4"}.items():
            patch.setenv(name, value)
        for item, odd in ODD.items():
            patch.setitem(world.SPOILED, item, odd)
        patch.setattr(world.write, "__defaults__", (0.5,))
        settings.load.cache_clear()
        steps.make(str(PERSONS))
        steps.full()
        found = {**steps.inputs("1"), "counts": steps._kept()["counts"]}
    settings.load.cache_clear()
    return found


def made(connection: psycopg.Connection[Any], task: dict[str, Any], tmp_path: Path, how: str) -> dict[str, Any]:
    """PostgreSQL's cross-check of the task, cell by cell against ours."""
    library = world.catalog().libraries["bench"]
    rivals_postgres.load(connection, library, task["registers"])
    rivals_postgres.made(connection, getattr(rivals_sql, how)(library, steps.DAY), connection.info.backend_pid)
    return dict(rivals_postgres.differing(connection, tmp_path / "cells.csv", task["disputes"]))


def test_postgresql_finds_the_cells_that_we_find(
    connection: psycopg.Connection[Any], task: dict[str, Any], tmp_path: Path
) -> None:
    """Value, claim, class and who stands with whom; as many as were counted; and the register's rows in the library."""
    found = made(connection, task, tmp_path, "same")
    assert found["examples"] == {}
    assert found["disputes"] == sum(task["expected"].values()) > PERSONS
    ((rows,),) = connection.execute("SELECT count(*) FROM bench.library").fetchall()
    assert rows == task["people"] == PERSONS


def test_postgresql_counts_what_we_count(
    connection: psycopg.Connection[Any], task: dict[str, Any], tmp_path: Path
) -> None:
    made(connection, task, tmp_path, "same")
    (row,) = connection.execute("SELECT * FROM bench.counts").fetchall()
    ours = [number for _, _, *pair in task["counts"] for number in pair]
    assert list(row) == ours
    assert len(set(ours)) > 20


def test_a_cell_that_differs_is_told(connection: psycopg.Connection[Any], task: dict[str, Any], tmp_path: Path) -> None:
    made(connection, task, tmp_path, "same")
    connection.execute("UPDATE bench.discrepancy SET class = 'timing' WHERE item = 'sex'")
    found = rivals_postgres.differing(connection, tmp_path / "cells.csv", task["disputes"])
    assert found["differing"] > PERSONS / 2
    assert {row[5] for row in found["examples"]["only_theirs"]} == {"timing"}
    assert {row[5] for row in found["examples"]["only_ours"]} == {"error"}


def test_without_patterns_the_disagreements_are_the_same(
    connection: psycopg.Connection[Any], task: dict[str, Any], tmp_path: Path
) -> None:
    library = world.catalog().libraries["bench"]
    rivals_postgres.load(connection, library, task["registers"])
    rivals_postgres.made(connection, rivals_sql.less(library, steps.DAY), connection.info.backend_pid)
    counted = connection.execute("SELECT claim_ref, count(*) FROM bench.discrepancy GROUP BY claim_ref").fetchall()
    assert dict(counted) == task["expected"]


@pytest.mark.parametrize("kind", ["address", "person_name"])
def test_postgresql_spells_texts_as_we_do(connection: psycopg.Connection[Any], kind: str) -> None:
    """Punctuation between, before and after digits; white space of all kinds; nothing but that."""
    chance = random.Random(7)
    texts = ["".join(chance.choices("1a路-.－ \t\v\u3000#,（·•A", k=chance.randrange(9))) for _ in range(4000)]
    ours, theirs = (text_of(statement(f"{where}/text/{kind}", text=SQL("t"))) for where in ("compare", "bench/rival"))
    with duck.connect() as engine:
        engine.register("texts", pa.table({"t": texts}))
        spelled = duck.rows(engine, f"SELECT {ours} FROM texts")
    found = connection.execute(
        f"SELECT {theirs} FROM unnest(CAST({Literal(texts).as_string(connection)} AS text[])) AS t"
    ).fetchall()
    assert found == spelled
    assert len(set(spelled)) > 500


def test_a_rival_past_its_bound_is_tried_on_half_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that holds too much is ended; figures of fewer persons are marked, and compared per person."""

    class Registers:
        people = 1000

        def step(self, what: str, share: float = 1.0) -> dict[str, Any]:
            if what == "full":
                return {"wall": 1.0, "cpu": 1.0}
            return {"people": int(1000 * share), "expected": {"a": 3}}

    def greedy(task: dict[str, Any], bounds: Any) -> Any:
        figures = {"wall": 2.0, "cpu": 2.0, "mismatches": {"a": 3}}
        code = f"import json, time\nheld = b'x' * ({task['people']} << 20)\ntime.sleep(1)\nprint(json.dumps({figures}))"
        return rivals.apart.run([rivals.sys.executable, "-c", code], {}, megabytes=bounds.megabytes)

    monkeypatch.setitem(rivals.RUNS, "pandas", greedy)
    found = rivals.beside(Registers(), "pandas", rivals.Bounds(60, 400, 1))
    assert (found["people"], found["fewer"], found["passed"], found["differing"]) == (250, True, "memory", 0)
    assert found["ratio"] == 8.0
    nothing = rivals.beside(Registers(), "pandas", rivals.Bounds(60, 1, 1))
    assert "bound of memory" in nothing["skipped"]
