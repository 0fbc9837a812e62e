"""Faults at any point of a day, and what must be the same afterwards as if nothing had happened.

Belongs here: the day (a second change over a library that has layers already), the state that is compared, the calls at which a process can
be struck. Does not belong here: which points are struck (that is in the tests).
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from town import INSURED, MONDAY, RESIDENT, TUESDAY, WEDNESDAY, Town, fresh_database, ids, person

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.db import address, cluster
from shuyuan.flow import admit, check, publish, read, receive, resolve
from shuyuan.lake import duck, layers, snapshot
from shuyuan.lake.snapshot import Snapshot
from shuyuan.resolve import disputes
from shuyuan.resolve.run import Inputs, run

State = dict[str, list[tuple[Any, ...]]]
PEOPLE = ids(56)

# A batch or run number that a crash used up is not given again, so batches are told apart by their date.
TABLES = {
    "source.public_security__resident s JOIN ledger.batch b ON b.batch_id = s._batch": "_key, _line, business_date, _hash",
    "source.hrss__insured s JOIN ledger.batch b ON b.batch_id = s._batch": "_key, _line, business_date, _hash",
    "library.population": "_run > 0, to_jsonb(population) - '_run'",
    "history.population": "to_jsonb(population) - '{_run,recorded_at}'::text[]",
    "ledger.discrepancy": "entity, item, source_ref, source_value, claim_ref, claim_value, class, pattern, closed_run IS NULL",
    "ledger.crosscheck WHERE run_id = (SELECT max(run_id) FROM ledger.crosscheck)": "item, claim_ref, compared, disagreed",
    "ledger.dispute_change": "item, source_ref, claim_ref, pattern, source_value, claim_value, change",
    "ledger.verdict WHERE run_id = (SELECT max(run_id) FROM ledger.verdict)": "item, source_ref, pattern, claim_ref, suspect, round(probability::numeric, 6)",
    "ledger.quarantine JOIN ledger.batch USING (batch_id)": "business_date, line, quarantine.reason",
    "ledger.evidence JOIN ledger.batch USING (batch_id)": "business_date, item, evidence.reason, rows",
    "ledger.batch": "resource, business_date, state, physical, loaded, quarantined, inserted, updated, deleted",
    "ledger.run WHERE state <> 'failed'": "library, business_date, state, entities, inserted, updated, deleted, opened, closed",
    "ledger.snapshot": "kind, name, business_date",
}


def state(town: Town) -> State:
    """What the warehouse and the ledger say, whatever numbers batches and runs have; and what the lake says of the library."""
    return {table: _rows(town, columns, table) for table, columns in TABLES.items()} | lake_state(town)


def _rows(town: Town, columns: str, table: str) -> list[tuple[Any, ...]]:
    return sorted(town.ask(f"SELECT {columns} FROM {table}"), key=repr)


def lake_state(town: Town) -> State:
    """The live snapshots of the library, row by row, however their files lie."""
    live = dict(town.ask("SELECT kind, manifest FROM ledger.snapshot WHERE name = 'population'"))
    return shown(snapshot.load(live.get("library")), snapshot.load(live.get("discrepancy")))


def shown(library: Snapshot, discrepancies: Snapshot) -> State:
    """Rows and disputes of two snapshots."""
    none = "SELECT NULL::VARCHAR AS _op, NULL::VARCHAR AS _key WHERE false"
    with duck.connect() as engine:
        rows = layers.relation(library, ["_key"], none)
        disputed = layers.relation(discrepancies, disputes.KEY, disputes.NONE)
        relations = {"lake rows": rows, "lake disputes": disputed}
        queries = {name: f"SELECT * EXCLUDE (_op) FROM {of} WHERE _op <> 'D'" for name, of in relations.items()}
        return {name: sorted(duck.rows(engine, query), key=repr) for name, query in queries.items()}


def rebuilt(town: Town) -> State:
    """The library resolved as a whole from its members' live rows, as if nothing had been resolved before."""
    catalog = load_catalog(settings.load().catalog)
    members = {
        name: snapshot.load(manifest)
        for name, manifest in town.ask("SELECT name, manifest FROM ledger.snapshot WHERE kind = 'source'")
    }
    day = town.one("SELECT max(business_date) FROM ledger.snapshot WHERE kind = 'source'")
    folder = f"rebuilt/{time.monotonic_ns()}"
    outcome = run(catalog, catalog.libraries["population"], Inputs(members, Snapshot(), Snapshot()), day, folder)
    return shown(outcome.library, outcome.discrepancies)


def told(town: Town) -> list[tuple[str, str, str]]:
    """The failures the ledger knows of: (step, outcome, message)."""
    return town.ask("SELECT step, outcome, message FROM ledger.load WHERE outcome = 'failed' ORDER BY load_id")


def story_is_told(town: Town) -> None:
    """After a re-run: nothing is left halfway, whoever died is called dead, no success is told twice, every failure has its words."""
    assert not town.ask("SELECT run_id FROM ledger.run WHERE state IN ('resolving', 'resolved')")
    assert not town.ask("SELECT run_id FROM ledger.run WHERE state = 'failed' AND coalesce(reason, '') = ''")
    assert not town.ask("SELECT load_id FROM ledger.load WHERE outcome = 'failed' AND coalesce(message, '') = ''")
    twice = "SELECT step, batch_id, run_id FROM ledger.load WHERE outcome = 'ok' AND step <> 'orphans' GROUP BY 1, 2, 3 HAVING count(*) > 1"
    assert not town.ask(twice)


def deaths(town: Town) -> list[str]:
    """Why runs failed."""
    return [reason for (reason,) in town.ask("SELECT reason FROM ledger.run WHERE state = 'failed' ORDER BY run_id")]


def grown(town: Town) -> None:
    """Two days are published: the library and its departments have base files and layers over them."""
    town.register(MONDAY, [person(number) for number in PEOPLE[:48]])
    town.feed(MONDAY)
    others = {PEOPLE[1]: "张叁", PEOPLE[2]: "李肆", PEOPLE[3]: "赵伍"}
    town.insured(MONDAY, [pension(number, others.get(number, known_as(number))) for number in PEOPLE[1:20]])
    town.feed(MONDAY, INSURED)
    town.publish()
    town.register(TUESDAY, [person(number, "改" if number in PEOPLE[4:8] else "") for number in PEOPLE[:49]])
    town.feed(TUESDAY)
    town.insured(TUESDAY, [pension(PEOPLE[20], "孙陆"), pension(PEOPLE[3], "王柒", "U")])
    town.feed(TUESDAY, INSURED)
    town.publish()


def pension(number: str, name: str, op: str = "I") -> dict[str, str | None]:
    return {"社会保障号": number, "姓名": name, "opt_type": op}


def known_as(number: str) -> str:
    """The name that the register has for a person."""
    return person(number).split(",")[1]


def due(town: Town) -> None:
    """…and the third day waits to be admitted: changes, new persons, some gone, a row that cannot stay, disputes that open, change, close."""
    grown(town)
    names = {PEOPLE[0]: "新名", PEOPLE[1]: "张叁", PEOPLE[20]: "又改"}
    lines = [person(number, names.get(number, "改" if number in PEOPLE[4:8] else "")) for number in PEOPLE[:45]]
    town.register(WEDNESDAY, [*lines, *map(person, PEOPLE[50:54]), person("440303198002031009")])
    town.insured(
        WEDNESDAY, [pension(PEOPLE[2], "李肆", "D"), pension(PEOPLE[3], "又一", "U"), pension(PEOPLE[51], "吴")]
    )
    for resource in (RESIDENT, INSURED):
        check(read(receive(resource, WEDNESDAY) or 0))


def admitted(town: Town) -> None:
    """…and is admitted."""
    begin(town, due)
    admit_due()


def resolved(town: Town) -> None:
    """…and resolved."""
    begin(town, admitted)
    resolve("population")


def begin(town: Town, story: Callable[[Town], None]) -> None:
    """Begin where a story ends."""
    town.clear()
    town.begin_with(f"fault_{story.__name__}", story)


@contextlib.contextmanager
def hasty(home: Path) -> Iterator[None]:
    """Within the block PostgreSQL does not wait for the disk: processes are killed here, no machine loses power."""
    _configure(home, "ALTER SYSTEM SET fsync = off")
    yield
    _configure(home, "ALTER SYSTEM RESET fsync")


def _configure(home: Path, order: str) -> None:
    with psycopg.connect(address.conninfo(home, cluster.SUPERUSER, "postgres"), autocommit=True) as server:
        server.execute(order.encode())
        server.execute("SELECT pg_reload_conf()")


def admit_due() -> None:
    for resource in (RESIDENT, INSURED):
        batch = receive(resource, WEDNESDAY)
        if batch is not None:
            admit(check(read(batch)))


def finish() -> None:
    """What the scheduler does after a crash: every step again."""
    admit_due()
    publish(resolve("population"))


def in_a_process(work: Callable[..., object], *arguments: object) -> int:
    """Do something in a process of its own. → its exit code; negative: the signal that killed it."""
    worker = multiprocessing.get_context("fork").Process(target=work, args=arguments)
    worker.start()
    worker.join(120)
    if worker.exitcode is None:
        worker.kill()
        raise AssertionError("the worker hangs")
    return worker.exitcode


class Struck(OSError):
    """The fault that is raised rather than fatal: what a full disk or a lost server looks like from within."""


CALLS = (
    ("os", "fsync"),
    ("shuyuan.lake.durable", "settle"),
    ("shuyuan.lake.durable", "write_text"),
    ("shuyuan.lake.duck", "write_parquet"),
    ("shuyuan.lake.duck", "write_partitions"),
    ("shuyuan.lake.duck", "connect"),
    ("shuyuan.lake.duck", "rows"),
    ("psycopg", "Connection.execute"),
    ("psycopg", "Cursor.executemany"),
    ("psycopg", "Copy.write"),
    ("psycopg", "Transaction.__enter__"),
    ("psycopg", "Transaction.__exit__"),
)
"""Every call by which something reaches the disk or the database, or leaves it."""


@dataclass(frozen=True)
class Fault:
    """At the `number`-th of the calls (from 0), strike before or after it. `how`: `kill` the process, `raise` an exception, or end the `server`."""

    number: int
    when: str
    how: str

    def strike(self) -> None:
        if self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "server":
            stop_at_once(settings.load().home)
            return
        raise Struck(28, "No space left on device")


def stop_at_once(home: Path) -> None:
    """PostgreSQL's immediate shutdown: sessions are cut, nothing is written down, the next start recovers."""
    postmaster = psutil.Process(int((home / "pg" / "postmaster.pid").read_text(encoding="utf-8").split()[0]))
    postmaster.send_signal(signal.SIGQUIT)
    postmaster.wait(30)


def broken(fault: Fault, calls: tuple[tuple[str, str], ...], work: Callable[..., object], *arguments: object) -> None:
    """Do something that a fault strikes; for a process of its own."""
    with struck(fault, calls):
        work(*arguments)


def drawn(seed: int, points: int, calls: int) -> list[Fault]:
    """So many faults, the same for the same seed; two thirds kill."""
    dice = random.Random(seed)
    return [
        Fault(dice.randrange(calls), dice.choice(["before", "after"]), dice.choice(["kill", "kill", "raise"]))
        for _ in range(points)
    ]


@contextlib.contextmanager
def struck(fault: Fault | None, calls: tuple[tuple[str, str], ...] = CALLS) -> Iterator[list[str]]:
    """Within the block every one of the calls is counted, and the fault strikes at its turn. Yields the names of those that were made."""
    made: list[str] = []
    holders = [_holder(module, name) for module, name in calls]
    originals = [getattr(holder, name) for holder, name in holders]
    for (holder, name), (_, full), original in zip(holders, calls, originals, strict=True):
        setattr(holder, name, _counting(original, full, made, fault))
    try:
        yield made
    finally:
        for (holder, name), original in zip(holders, originals, strict=True):
            setattr(holder, name, original)


def _holder(module: str, name: str) -> tuple[Any, str]:
    holder = importlib.import_module(module)
    if "." not in name:
        return holder, name
    owner, method = name.split(".")
    return getattr(holder, owner), method


def _counting(original: Any, name: str, made: list[str], fault: Fault | None) -> Callable[..., Any]:
    def counted(*args: Any, **kwargs: Any) -> Any:
        number = len(made)
        made.append(name)
        due = fault is not None and fault.number == number
        if due and fault is not None and fault.when == "before":
            fault.strike()
        result = original(*args, **kwargs)
        if due and fault is not None:
            fault.strike()
        return result

    return counted


# Fixtures of the test modules: each has a database of its own


@pytest.fixture(scope="module")
def place(home: Path) -> Iterator[Town]:
    """The town, on a server that does not wait for its disk."""
    with hasty(home):
        fresh_database(home)
        yield Town(home)


@pytest.fixture(scope="module")
def undisturbed(place: Town) -> State:
    """What everything says when nothing goes wrong."""
    begin(place, due)
    finish()
    return state(place)
