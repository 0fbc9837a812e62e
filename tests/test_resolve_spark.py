"""One plan, three engines: DuckDB, Spark on separate JVM workers, and the oracle find the same, row for row."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import oracle
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from oracle_worlds import (
    CLAIMS,
    DAY,
    EVENTS,
    RECORDS,
    REGISTER,
    Rows,
    bucket,
    every_pair,
    live,
    rich_contradictions,
    rich_items,
    world,
    write,
)
from test_resolve_oracle import found, same, written

from shuyuan import settings
from shuyuan.catalog import Catalog, Library
from shuyuan.lake import sealed
from shuyuan.lake.snapshot import Snapshot
from shuyuan.resolve import run as duckdb_engine
from shuyuan.resolve import spark
from shuyuan.resolve import write as write_room
from shuyuan.resolve.disputes import KEY
from shuyuan.resolve.run import Inputs, Outcome

pytestmark = pytest.mark.timeout(900)
pytest.importorskip("pyspark", reason="pyspark is not installed (requirements-dev.txt brings it)")
pytest.importorskip("sqlglot", reason="sqlglot is not installed (requirements-dev.txt brings it)")
if shutil.which("java") is None:
    pytest.skip("no java on the PATH: Spark needs Java 17 or later", allow_module_level=True)
from sqlglot import exp, parse_one  # noqa: E402

from shuyuan.resolve import dialect  # noqa: E402

MASTER = "local-cluster[2,1,1024]"
SMALL = {
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    # A few hundred rows: compiling the plan to bytecode would take longer than all of them.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1",
}
TUESDAY = DAY + timedelta(1)
TRANSLATED: list[str] = []
"""Every text that the runs of this file have sent to Spark, as it was before."""


@pytest.fixture(scope="module", autouse=True)
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("湖 spark")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"HOME": str(home), "BUCKETS": "3", "SPARK_MASTER": MASTER}.items():
            patch.setenv(f"SHUYUAN_{name}", value)
        settings.load.cache_clear()
        (home / "lake").mkdir()
        yield home / "lake"
    settings.load.cache_clear()


@pytest.fixture(scope="module")
def cluster(lake: Path) -> Iterator[None]:
    """Two workers in JVMs of their own, as small as they go."""
    import os

    import pyspark
    from pyspark.sql import SparkSession

    os.environ["SPARK_HOME"] = str(Path(pyspark.__file__).parent)
    builder = SparkSession.builder.master(MASTER)
    for name, value in SMALL.items():
        builder = builder.config(name, value)
    started = builder.getOrCreate()
    yield
    started.stop()


@pytest.fixture(scope="module")
def monday(cluster: None) -> tuple[Catalog, Library, dict[str, Snapshot], Outcome, Outcome]:
    """The first run of a library over every two values of every item, on both engines."""
    catalog, library = world(rich_items(1), rich_contradictions())
    members = write(every_pair())
    first = Inputs(members, Snapshot(), Snapshot())
    return catalog, library, members, *both(catalog, library, first, DAY, "1")


def both(catalog: Catalog, library: Library, inputs: Inputs, day: Any, name: str) -> tuple[Outcome, Outcome]:
    from shuyuan.resolve import spark

    def told(text: str, doubles: Any = None) -> str:
        TRANSLATED.append(text)
        return dialect.spark(text, doubles)

    spark.translated = told
    on_duckdb = duckdb_engine.run(catalog, library, inputs, day, f"library/world/duckdb{name}")
    return on_duckdb, spark.run(catalog, library, inputs, day, f"library/world/spark{name}")


def test_the_first_run(monday: tuple[Catalog, Library, dict[str, Snapshot], Outcome, Outcome]) -> None:
    catalog, library, _, on_duckdb, on_spark = monday
    expected = oracle.resolve(catalog, library, live(every_pair()), DAY)
    identical(on_duckdb, on_spark)
    for outcome in (on_duckdb, on_spark):
        same(found(outcome), expected)


def test_the_day_after(
    monday: tuple[Catalog, Library, dict[str, Snapshot], Outcome, Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog, library, members, before, _ = monday
    changed = day_after()
    after = {name: follow(snapshot, name, changed) for name, snapshot in members.items()}
    manifests = {name: snapshot.manifest for name, snapshot in members.items()}
    monkeypatch.setattr(
        write_room, "REWRITE", 0.09
    )  # rows are laid over their buckets, the disputes of some are written anew
    inputs = Inputs(after, before.library, before.discrepancies, manifests, before.crosschecks)
    on_duckdb, on_spark = both(catalog, library, inputs, TUESDAY, "2")
    identical(on_duckdb, on_spark)
    assert {"I", "U", "D"} <= set(on_spark.changes), "the day has everything"
    layers = {
        bool(bucket.layers) for after in (on_spark.library, on_spark.discrepancies) for bucket in after.buckets.values()
    }
    assert layers == {True, False}, "some buckets are laid over and some are written anew"
    expected = oracle.resolve(catalog, library, live(changed), TUESDAY)
    assert on_spark.crosschecks == expected.counts
    for outcome in (on_duckdb, on_spark):
        assert standing(outcome.library, ("_key",)).keys() == {(key,) for key in expected.rows}
    assert standing(on_duckdb.discrepancies, KEY) == standing(on_spark.discrepancies, KEY)


def test_a_changed_bit_of_what_spark_wrote_is_refused_by_both(
    monday: tuple[Catalog, Library, dict[str, Snapshot], Outcome, Outcome],
) -> None:
    catalog, library, members, _, on_spark = monday
    path = settings.load().lake / on_spark.library.buckets[0].path
    whole = path.read_bytes()
    assert sealed.KEY.encode() in whole[-400:], "Spark's files are sealed too"
    path.write_bytes(whole[:500] + bytes([whole[500] ^ 16]) + whole[501:])
    try:
        inputs = Inputs(members, on_spark.library, on_spark.discrepancies)
        for engine in (duckdb_engine, spark):
            with pytest.raises(sealed.Damaged, match="holds other bytes") as refusal:
                engine.run(catalog, library, inputs, TUESDAY, "library/world/refused")
            assert "shuyuan mend world" in str(refusal.value)
    finally:
        path.write_bytes(whole)


def test_what_stewards_ruled(monday: tuple[Catalog, Library, dict[str, Snapshot], Outcome, Outcome]) -> None:
    """Two numbers are one person, one row speaks of somebody else, and a third ruling was taken back since."""
    catalog, library, members, before, _ = monday
    one, other, third, fourth = (row["id"] for row in every_pair()[REGISTER][20:24])
    inputs = Inputs(
        members,
        before.library,
        before.discrepancies,
        {name: snapshot.manifest for name, snapshot in members.items()},
        before.crosschecks,
        pa.table({"alias": [one], "entity": [other]}),
        pa.table({"resource": [RECORDS], "row_key": [f"{RECORDS}/0022"], "entity": [fourth]}),
        [third],
    )
    on_duckdb, on_spark = both(catalog, library, inputs, DAY, "3")
    identical(on_duckdb, on_spark)
    assert on_spark.changes["D"] == 1, "the other number is nobody of its own any more"


def test_nothing_is_known_that_was_not_run(
    monday: tuple[Catalog, Library, dict[str, Snapshot], Outcome, Outcome],
) -> None:
    nodes = [node for text in TRANSLATED for node in parse_one(text, read="duckdb").walk()]
    seen = {node.name.lower() if isinstance(node, exp.Anonymous) else type(node).__name__ for node in nodes}
    assert sorted((dialect.KNOWN | dialect.NAMED.keys()) ^ seen) == []


def identical(one: Outcome, other: Outcome) -> None:
    """The same numbers, the same files of the same columns and types, the same rows in them."""
    assert (one.rows, one.changes, one.disputes, one.crosschecks) == (
        other.rows,
        other.changes,
        other.disputes,
        other.crosschecks,
    )
    for kind in ("rows", "disputes"):
        assert shapes(one.files[kind]) == shapes(other.files[kind])
        assert ordered(one.files[kind]) == ordered(other.files[kind])
    for ours, theirs in ((one.library, other.library), (one.discrepancies, other.discrepancies)):
        assert {n: (b.rows, len(b.layers)) for n, b in ours.buckets.items()} == {
            n: (b.rows, len(b.layers)) for n, b in theirs.buckets.items()
        }


def standing(snapshot: Snapshot, key: tuple[str, ...]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """What a snapshot says in the end: every layer laid over its base."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for bucket_ in snapshot.buckets.values():
        for path in [bucket_.path, *(layer.path for layer in bucket_.layers)]:
            found |= {tuple(row[name] for name in key): row for row in written([path])}
    return {name: {**row, "_op": ""} for name, row in found.items() if row["_op"] != "D"}


def shapes(files: list[str]) -> set[tuple[tuple[str, pa.DataType], ...]]:
    """Columns and types of the files: one set of them, if all are alike."""
    schemas = [pq.read_schema(settings.load().lake / path) for path in files]
    return {tuple((field.name, field.type) for field in schema) for schema in schemas}


def ordered(files: list[str]) -> list[str]:
    return sorted(repr(sorted(row.items())) for row in written(files))


def day_after() -> Rows:
    """Some are gone, some have another name and address, some are new, and the others said nothing."""
    told = every_pair()
    for name, rows in told.items():
        for number, row in enumerate(rows):
            if number % 40 == 7:
                row["_deleted"] = True
            elif number % 40 == 8 and name in (REGISTER, EVENTS):
                other = rows[number - 5]
                row.update(name=other["name"], address=other["address"], lon=other["lon"], _as_of=TUESDAY)
        told[name] = [row for number, row in enumerate(rows) if number % 40 != 9 or name not in (CLAIMS, RECORDS)]
    newcomer = {**told[REGISTER][0], "id": "91新", "_key": "91新", "_as_of": TUESDAY}
    told[REGISTER].append(newcomer)
    return told


def follow(base: Snapshot, name: str, rows: Rows) -> Snapshot:
    """The next snapshot of a resource, with a file that names who was touched."""
    before = {row["_key"]: row for row in every_pair()[name]}
    now = {row["_key"]: row for row in rows[name]}
    keys = {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)}
    entities = {(before.get(key) or now[key])["id" if name != EVENTS else "one"] for key in keys}
    path = f"source/{name}/2/touched.parquet"
    table = pa.table(
        {"entity": sorted(entities), "_bucket": pa.array([bucket(e) for e in sorted(entities)], pa.int32())}
    )
    next_one = write({name: rows[name]}, "source2", base=base, named=path)[name]
    (settings.load().lake / path).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, settings.load().lake / path)
    return next_one
