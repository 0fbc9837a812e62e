"""The cross-check of some registers in PostgreSQL, on a server of its own, against what our own run found, cell by cell.

    SHUYUAN_HOME=folder python bench/rivals_postgres.py inputs.json

`inputs.json` is that of `crosscheck_steps.py inputs`. The registers are loaded first, unlogged, vacuumed and analysed; that is not timed. The tables it
makes are unlogged and without a key. Memory is that of all processes of the server, what they share counted once.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import crosscheck_world as world
import psutil
import psycopg
import pyarrow.parquet as pq
import rivals_sql
import used

from shuyuan.catalog import Library
from shuyuan.db import cluster, embedded
from shuyuan.db.address import conninfo
from shuyuan.db.copy import copy_in
from shuyuan.db.sql import Composed, fragment, table, text_of
from shuyuan.lake import duck

Connection = psycopg.Connection[Any]
LOOK = 0.5
CELL = ("entity", "item", "claim_ref", "source_value", "claim_value", "class", "pattern")


def main(inputs: dict[str, Any]) -> dict[str, Any]:
    """Load, make everything `rounds` times, compare."""
    home = Path(os.environ["SHUYUAN_HOME"])
    library = world.catalog().libraries["bench"]
    embedded.start(home)
    try:
        tune(home)
        with session(home) as connection:
            _, loading = used.measured(lambda: load(connection, library, inputs["registers"]))
            connection.execute(f"SET statement_timeout = '{inputs['seconds']}s'".encode())
            return {"load_seconds": loading["wall"], **measure(home, connection, library, inputs)}
    finally:
        embedded.stop(home)


def tune(home: Path) -> None:
    """Let the server have the machine: a quarter of memory for its pages, as much as it likes for its joins, every processor for a query."""
    memory, processors = psutil.virtual_memory().total >> 20, os.cpu_count() or 1
    wanted = {
        "shared_buffers": f"{memory // 4}MB", "effective_cache_size": f"{memory // 2}MB", "work_mem": f"{memory // 12}MB",
        "max_parallel_workers": processors, "max_parallel_workers_per_gather": processors, "max_wal_size": "16GB", "synchronous_commit": "off",
    }  # fmt: skip
    with session(home) as connection:
        for name, value in wanted.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
    embedded.stop(home)
    embedded.start(home)


@contextmanager
def session(home: Path) -> Iterator[Connection]:
    """A superuser's connection, each statement its own transaction."""
    with psycopg.connect(conninfo(home, cluster.SUPERUSER), autocommit=True) as connection:
        yield connection


def load(connection: Connection, library: Library, registers: dict[str, list[str]]) -> None:
    """The files of every department as a table."""
    kinds = rivals_sql.columns(library)
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {rivals_sql.SCHEMA}".encode())
    for department, paths in registers.items():
        target = rivals_sql.register(department)
        shape = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
        connection.execute(f"CREATE UNLOGGED TABLE {text_of(target)} ({shape})".encode())
        for path in paths:
            rows = pq.ParquetFile(path).read(columns=list(kinds))
            copy_in(connection, target, rows, [kind.partition("(")[0] for kind in kinds.values()])
        connection.execute(fragment("VACUUM (ANALYZE) {register}", register=target))
    connection.execute("CHECKPOINT")


def measure(home: Path, connection: Connection, library: Library, inputs: dict[str, Any]) -> dict[str, Any]:
    """The lesser and the same work, the best of several rounds each; then what the last round found against what we found."""
    day = date.fromisoformat(inputs["day"])
    postmaster = int((home / "pg" / "postmaster.pid").read_text().splitlines()[0])
    with watched(postmaster) as peak:
        rounds = range(inputs["rounds"])
        less = [made(connection, rivals_sql.less(library, day), postmaster) for _ in rounds]
        same = [made(connection, rivals_sql.same(library, day), postmaster) for _ in rounds]
    cells = differing(connection, home / "discrepancies.csv", inputs["disputes"])
    found = {"less": min(less, key=_wall), **min(same, key=_wall), "peak_mb": peak[0]}
    about = {"bytes_per_person": size(connection) // inputs["people"], "version": connection.info.server_version}
    return {**found, **cells, **about}


def _wall(found: dict[str, Any]) -> float:
    return float(found["wall"])


def made(connection: Connection, statements: dict[str, Composed], postmaster: int) -> dict[str, Any]:
    """Seconds of making these tables, anew, by the clock and of the server's processors."""
    for name in ("checked", "library", "discrepancy", "counts"):
        connection.execute(fragment("DROP TABLE IF EXISTS {made}", made=table(rivals_sql.SCHEMA, name)))
    connection.execute("CHECKPOINT")
    before, steps = used.server_cpu(postmaster), {}
    for name, query in statements.items():
        steps[name] = _seconds(lambda name=name, query=query: make(connection, name, query))  # type: ignore[misc]
    cpu = used.server_cpu(postmaster) - before
    return {"wall": round(sum(steps.values()), 3), "cpu": round(cpu, 2), "steps": steps}


def make(connection: Connection, name: str, query: Composed) -> None:
    """One table, and what the planner knows of it: without that it does not scan the next one with all processors."""
    target = table(rivals_sql.SCHEMA, name)
    connection.execute(fragment("CREATE UNLOGGED TABLE {made} AS {query}", made=target, query=query))
    if name == "checked":
        connection.execute(fragment("ANALYZE {made}", made=target))


def _seconds(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return round(time.perf_counter() - begun, 3)


def differing(connection: Connection, path: Path, disputes: list[str]) -> dict[str, Any]:
    """How many disagreements there are, and how many only one of the two found; some of them for whoever has to explain it."""
    query = f"COPY (SELECT {', '.join(CELL)} FROM {rivals_sql.SCHEMA}.discrepancy) TO STDOUT (FORMAT csv)"
    with path.open("wb") as file, connection.cursor() as cursor, cursor.copy(query.encode()) as rows:
        file.writelines(rows)
    return compared(path, disputes)


def compared(path: Path, disputes: list[str]) -> dict[str, Any]:
    """A CSV of disagreements against the files of ours."""
    names = ", ".join(CELL)
    shape = dict.fromkeys(CELL, "VARCHAR")
    theirs = f"SELECT * FROM read_csv('{path}', header = false, columns = {shape}, allow_quoted_nulls = false)"
    ours = f"SELECT {names} FROM {duck.scan([Path(file) for file in disputes])}"
    with duck.connect() as connection:
        only = {
            "only_theirs": duck.rows(connection, f"{theirs} EXCEPT ALL {ours}"),
            "only_ours": duck.rows(connection, f"{ours} EXCEPT ALL {theirs}"),
        }
        found = duck.count(connection, f"SELECT count(*) FROM ({theirs})")
    return {
        "disputes": found,
        "differing": sum(map(len, only.values())),
        "examples": {who: rows[:5] for who, rows in only.items() if rows},
    }


def size(connection: Connection) -> int:
    """Bytes on disk of the registers, the library and its disagreements, without keys."""
    query = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relnamespace = %s::regnamespace AND relname <> 'checked'"
    ((found,),) = connection.execute(query, [rivals_sql.SCHEMA]).fetchall()
    return int(found)


@contextmanager
def watched(postmaster: int) -> Iterator[list[int]]:
    """While the block runs, the most megabytes that a server's processes held together, in a list of one."""
    peak, over = [0], threading.Event()

    def look() -> None:
        while not over.wait(LOOK):
            peak[0] = max(peak[0], held(postmaster))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()


def held(postmaster: int) -> int:
    """Megabytes of a server's processes; a page that several share counts once (Linux: proportional set size)."""
    total = 0
    for process in (server := psutil.Process(postmaster), *server.children()):
        try:
            lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        except OSError:
            continue  # it has just ended
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total >> 10


if __name__ == "__main__":
    try:
        print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
    except psycopg.errors.QueryCanceled:
        print(json.dumps({"ended": "time"}))
