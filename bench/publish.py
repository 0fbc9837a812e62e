"""Publishing side by side in one run: a bare binary COPY into an indexed table (the floor), a first publish, a delta of 1 %.

    python bench/publish.py [--json] [--rows 1000000] [--rounds 2]

On a server of its own. The floor's bytes are made beforehand, so it is PostgreSQL alone; a publish starts at Parquet files and ends
committed, with history, keys and statistics. Keys come bucket by bucket, sorted in each. Ratios count, seconds only inform.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shuyuan.catalog import Catalog, Library
    from shuyuan.ledger.runs import Run

BAR, WRITES = 0.5, 1.05
BUCKETS = 8
DAYS = (date(2026, 11, 16), date(2026, 11, 17))
DISPUTED = 0.3  # per person; four departments with 2 % of wrong claims have more
PERSON = """
    SELECT (440301 + i % 8)::VARCHAR || strftime(DATE '1940-01-01' + i // 8 % 30000, '%Y%m%d')
            || lpad((i // 240000)::VARCHAR, 3, '0') || (i % 10)::VARCHAR AS _key,
        '王' || chr(19968 + i % 5000) || chr(19968 + i // 7 % 3000) AS name, (i % 2 + 1)::VARCHAR AS sex, '01' AS ethnic,
        DATE '1940-01-01' + i // 8 % 30000 AS birth_date, '440303' AS hukou_division,
        '广东省深圳市罗湖区东门街道' || i % 5000 || '号' AS hukou_address,
        CASE WHEN i % 4 = 0 THEN '广东省深圳市南山区粤海街道' || i % 7000 || '号' END AS residence_address,
        CASE WHEN i % 3 > 0 THEN '20' END AS marital_status, CASE WHEN i % 3 > 0 THEN DATE '2010-01-01' + i % 3000 END AS marriage_reg_date,
        '1' AS life_status, NULL::DATE AS death_date, '20' AS education, CASE WHEN i % 5 = 0 THEN '深圳市第' || i % 90 || '中学' END AS school,
        CASE WHEN i % 2 = 0 THEN '91440300' || lpad((i % 90000)::VARCHAR, 9, '0') || 'X' END AS employer_uscc, '1' AS pension_status,
        '1' AS medical_insured, NULL::VARCHAR AS birth_cert_no, '138' || lpad((i % 100000000)::VARCHAR, 8, '0') AS phone,
        CASE WHEN i % 10 = 0 THEN '{{"phone": "public_security.nonlocal"}}' END AS _filled, i
    FROM (SELECT range::INTEGER AS i FROM range({rows})) AS persons
"""
CHANGED = """
    SELECT * EXCLUDE (i) REPLACE (CASE WHEN i % 2000 = 300 THEN 'N' || _key ELSE _key END AS _key, phone || '9' AS phone),
        CASE i % 2000 WHEN 100 THEN 'D' WHEN 300 THEN 'I' ELSE 'U' END AS _op
    FROM person WHERE i % 100 = 0
"""
DISPUTE = """
    SELECT '{op}' AS _op, _key AS entity, item, 'public_security.resident.' || item AS source_ref, '甲' AS source_value,
        'hrss.insured.' || item AS claim_ref, '乙' AS claim_value, 'error' AS class, 'ab..' AS pattern
    FROM person CROSS JOIN (VALUES ('name'), ('phone')) AS items (item) WHERE i % 1000 < 1000 * {share} / 2
"""


def main(rows: int, rounds: int) -> dict[str, Any]:
    home = Path(tempfile.mkdtemp(prefix="shuyuan-bench-")) / "home"
    os.environ["SHUYUAN_HOME"] = str(home)
    from shuyuan.db import embedded
    from shuyuan.flow.migrate import migrate

    try:
        embedded.start(home)
        catalog = clones(migrate(), rounds)
        files = write(home, rows)
        return measure(home, list(catalog.libraries.values()), files, rows)
    finally:
        embedded.stop(home)
        shutil.rmtree(home.parent, ignore_errors=True)


def clones(catalog: Catalog, rounds: int) -> Catalog:
    """The population library under a name of its own for every round: each is published for the first time."""
    from shuyuan.db.engine import transaction
    from shuyuan.publish.tables import put_in_force

    original = catalog.libraries["population"]
    copies = {f"bench{n}": original.model_copy(update={"id": f"bench{n}"}) for n in range(rounds)}
    catalog = catalog.model_copy(update={"libraries": copies})
    with transaction("shuyuan_owner") as connection:
        put_in_force(connection, catalog)
    return catalog


def write(home: Path, rows: int) -> dict[str, list[Path]]:
    """Files as resolve leaves them: first run, a day with 1 % changed, and the disputes of both."""
    import duckdb

    from shuyuan.lake import duck

    folder = home / "files"
    folder.mkdir(parents=True)
    kinds = {
        "first": "SELECT * EXCLUDE (i), 'I' AS _op FROM person",
        "changed": CHANGED,
        "disputes": DISPUTE.format(op="I", share=DISPUTED),
        "settled": DISPUTE.format(op="D", share=DISPUTED / 100),
    }
    found: dict[str, list[Path]] = {}
    with duckdb.connect(
        config={"memory_limit": "1GB", "temp_directory": str(folder / "spill"), "threads": 2}
    ) as engine:
        engine.execute(f"CREATE TABLE person AS {PERSON.format(rows=rows)}")
        for kind, query in kinds.items():
            key = "entity" if kind in ("disputes", "settled") else "_key"
            for bucket in range(BUCKETS):
                path = folder / f"{kind}{bucket}.parquet"
                chosen = f"SELECT * FROM ({query}) WHERE ('0x' || substr(md5({key}), 1, 2))::INTEGER % {BUCKETS} = {bucket} ORDER BY {key}"
                engine.execute(f"COPY ({chosen}) TO '{path}' (FORMAT parquet, COMPRESSION {duck.CODEC})")
                found.setdefault(kind, []).append(path)
    return found


def measure(home: Path, libraries: list[Library], files: dict[str, list[Path]], rows: int) -> dict[str, Any]:
    """The floor and a first publish in turn, the best of each; then disputes and a delta on the last library."""
    floors, firsts = [], []
    encoded, encoding = timed(lambda: encode(home, libraries[0], files["first"]))
    changes = {"I": rows, "U": 0, "D": 0}
    for library in libraries:
        settled_down(home)
        floors.append(floor(library, encoded))
        settled_down(home)
        firsts.append(publish(library, files["first"], changes, DAYS[0]))
        if library is not libraries[-1]:
            _drop(library)
    best, first = min(floors), min(firsts)
    last = libraries[-1]
    figures = {
        "rows": rows,
        "columns": len(last.items) + 4,
        "floor_rows_per_second": round(rows / best),
        "first_publish_rows_per_second": round(rows / first),
        "ratio": round(best / first, 3),
        "bar": BAR,
        "encoding_rows_per_second": round(rows / encoding),
        "bytes_per_person": sizes(last, rows),
        "settle_rows_per_second": round(sum(map(length, files["disputes"])) / settle(last, files["disputes"], DAYS[0])),
    }
    return figures | changed_day(home, last, files, best / rows) | as_of(last, rows)


def _drop(library: Library) -> None:
    """Make room for the next round."""
    from shuyuan.db.engine import transaction
    from shuyuan.db.sql import SQL, table

    with transaction("shuyuan_owner") as connection:
        for schema in ("library", "history"):
            connection.execute(SQL("DROP TABLE {} CASCADE").format(table(schema, library.id)))


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.perf_counter()
    return work(), time.perf_counter() - begun


def settled_down(home: Path) -> None:
    """What the last measurement left to write is written, so that the next does not pay for it."""
    import psycopg

    from shuyuan.db import cluster
    from shuyuan.db.address import conninfo

    with psycopg.connect(conninfo(home, cluster.SUPERUSER), autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def encode(home: Path, library: Library, paths: list[Path]) -> Path:
    """The bytes of a binary COPY of the first run, in a file."""
    import pyarrow as pa

    from shuyuan.db import binary
    from shuyuan.publish.rows import of_files, stamped

    types = _types(library)
    rows = stamped(of_files(paths, list(types)), _run=pa.scalar(1), _as_of=pa.scalar(DAYS[0]))
    path = home / "files" / "encoded"
    with path.open("wb") as file:
        file.write(binary.HEADER)
        for batch in rows:
            file.write(binary.rows(batch, [*types.values(), "int8", "date"]))
        file.write(binary.TRAILER)
    return path


def _types(library: Library) -> dict[str, str]:
    from shuyuan.publish.source import COPY_TYPES
    from shuyuan.publish.tables import postgres_type

    types = {item.name: COPY_TYPES[postgres_type(item.type)] for item in library.items}
    return types | {"_key": "text", "_filled": "jsonb"}


def floor(library: Library, encoded: Path) -> float:
    """Seconds of a bare COPY of those bytes into a table of the same columns and primary key."""
    from shuyuan.db.engine import transaction
    from shuyuan.db.sql import SQL, columns, table

    target = table("staging", "floor")
    with transaction("shuyuan_loader") as connection:
        connection.execute(SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(target, table("library", library.id)))
    order = SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(target, columns([*_types(library), "_run", "_as_of"]))
    begun = time.perf_counter()
    with (
        transaction("shuyuan_loader") as connection,
        encoded.open("rb") as file,
        connection.cursor() as cursor,
        cursor.copy(order) as copy,
    ):
        for chunk in iter(lambda: file.read(1 << 20), b""):
            copy.write(chunk)
    seconds = time.perf_counter() - begun
    with transaction("shuyuan_loader") as connection:
        connection.execute(SQL("DROP TABLE {}").format(target))
    return seconds


def publish(library: Library, paths: list[Path], changes: dict[str, int], day: date) -> float:
    """Seconds of a publish of current rows and history, committed."""
    from shuyuan.db.engine import transaction
    from shuyuan.publish import library as warehouse

    run, begun = _run(library, day), time.perf_counter()
    with transaction("shuyuan_loader") as connection:
        warehouse.apply(connection, library, run, paths, changes)
    return time.perf_counter() - begun


def settle(library: Library, paths: list[Path], day: date) -> float:
    from shuyuan.db.engine import transaction
    from shuyuan.publish import library as warehouse

    run, begun = _run(library, day), time.perf_counter()
    with transaction("shuyuan_loader") as connection:
        warehouse.settle(connection, library, run, paths)
    return time.perf_counter() - begun


def _run(library: Library, day: date) -> Run:
    from shuyuan.db.engine import transaction
    from shuyuan.ledger import runs

    with transaction("shuyuan_loader") as connection:
        return runs.open_run(connection, library.id, day, {})


def length(path: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)


def changed_day(home: Path, library: Library, files: dict[str, list[Path]], floor_per_row: float) -> dict[str, Any]:
    """A day with 1 % changed: its time beside the floor's for as many rows, and what PostgreSQL wrote for it."""
    import duckdb

    counted = duckdb.sql(
        f"SELECT _op, count(*) FROM read_parquet({[str(path) for path in files['changed']]}) GROUP BY _op"
    )
    changes = {"I": 0, "U": 0, "D": 0} | {str(letter): int(rows) for letter, rows in counted.fetchall()}
    settled_down(home)
    before, total = _written(library), sum(changes.values())
    seconds = publish(library, files["changed"], changes, DAYS[1])
    closing = settle(library, files["settled"], DAYS[1])
    after = _written(library)
    return {
        "changed_rows": total,
        "delta_rows_per_second": round(total / seconds),
        "delta_to_floor_per_row": round(seconds / total / floor_per_row, 2),
        "writes_per_changed_row": (after["library"] - before["library"]) / total,
        "history_per_changed_row": (after["history"] - before["history"]) / total,
        "writes_bar": WRITES,
        "closed_rows_per_second": round(sum(map(length, files["settled"])) / closing),
    }


def _written(library: Library) -> dict[str, int]:
    """Rows written by schema, as the server counts them; index entries and dead versions are not rows."""
    query = "SELECT schemaname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables WHERE relname = %s"
    time.sleep(1.1)  # a session hands in its counts when it ends, at the latest; those of a publish have ended
    return {str(schema): int(rows) for schema, rows in _ask(query, library.id)}


def _ask(query: str, *values: object) -> list[tuple[Any, ...]]:
    from shuyuan.db.engine import transaction

    with transaction("shuyuan_owner") as connection:
        return connection.execute(query.encode(), values).fetchall()


def sizes(library: Library, rows: int) -> dict[str, int]:
    """Bytes on disk per person: rows and keys of the library and of its history."""
    query = "SELECT n.nspname, pg_table_size(c.oid), pg_indexes_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relname = %s"
    found = {str(schema): (int(rows_), int(keys)) for schema, rows_, keys in _ask(query, library.id)}
    parts = {
        f"{schema}_{kind}": found[schema][i] // rows for schema in found for i, kind in enumerate(("rows", "keys"))
    }
    return parts | {"all": sum(parts.values())}


def as_of(library: Library, rows: int) -> dict[str, Any]:
    """Milliseconds of one person as of a day, the median of many, asked as the console does."""
    from shuyuan.db.engine import transaction
    from shuyuan.db.sql import SQL, table

    keys = [key for (key,) in _ask(f"SELECT _key FROM library.{library.id} TABLESAMPLE SYSTEM (1) LIMIT 300")]
    query = SQL("SELECT * FROM {}(%s) WHERE _key = %s").format(table("history", f"{library.id}_as_of"))
    times = []
    with transaction("shuyuan_steward") as connection:
        for key in keys:
            found, seconds = timed(lambda key=key: connection.execute(query, [DAYS[0], key]).fetchall())
            assert len(found) <= 1
            times.append(1000 * seconds)
    return {"as_of_by_key_ms": round(statistics.median(times), 2)}


def told(figures: dict[str, Any]) -> Iterator[str]:
    for name, value in figures.items():
        yield f"{name:32} {value}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    result = main(asked.rows, asked.rounds)
    print(json.dumps(result) if asked.json else "\n".join(told(result)))
    sys.exit(int(result["ratio"] < BAR or result["writes_per_changed_row"] > WRITES))
