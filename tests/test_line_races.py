"""Two workers on one thing at the same moment: one does it, the other finds it done. Nothing is doubled, overwritten or taken away."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from town import INSURED, MONDAY, RESIDENT, TUESDAY, Town, ids, person

from shuyuan import settings
from shuyuan.flow import Rejected, admit, check, publish, read, receive, resolve, upkeep

PEOPLE = ids(30)
LINES = [person(number) for number in PEOPLE]
SOURCE = "source.public_security__resident"


def at_once(*work: Callable[[], object]) -> list[int]:
    """Run each piece of work in a process of its own, all let go at the same moment. → exit codes."""
    context = multiprocessing.get_context("fork")
    gate = context.Barrier(len(work))
    workers = [context.Process(target=_begin, args=(gate, piece)) for piece in work]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    return [worker.exitcode if worker.exitcode is not None else -1 for worker in workers]


def _begin(gate: object, work: Callable[[], object]) -> None:
    gate.wait(60)  # type: ignore[attr-defined]
    work()


def loads(town: Town, step: str) -> list[tuple[str, int]]:
    return town.ask("SELECT outcome, count(*) FROM ledger.load WHERE step = %s GROUP BY outcome ORDER BY outcome", step)


def test_two_workers_take_one_delivery_to_its_end(town: Town) -> None:
    town.register(MONDAY, [*LINES, person("440303198002031009")])
    walk = lambda: admit(check(read(receive(RESIDENT, MONDAY) or 0)))  # noqa: E731
    receive(RESIDENT, MONDAY)
    assert at_once(walk, walk) == [0, 0]
    assert town.ask("SELECT state, loaded, quarantined, inserted FROM ledger.batch") == [("admitted", 30, 1, 30)]
    assert [loads(town, step) for step in ("receive", "read", "check", "admit")] == [[("ok", 1)]] * 4
    assert town.one("SELECT count(*) FROM ledger.validation") == 1


def test_two_workers_receive_one_file(town: Town) -> None:
    town.register(MONDAY, LINES)
    assert at_once(*[lambda: receive(RESIDENT, MONDAY)] * 3) == [0, 0, 0]
    assert loads(town, "receive") == [("ok", 1)]
    assert [path.suffix for path in (town.home / "archive").glob("*/*")] == [""]


def test_two_deliveries_of_one_resource_are_admitted_one_after_the_other(town: Town) -> None:
    batches = []
    for day, gone in ((MONDAY, 0), (TUESDAY, 1)):
        town.insured(day, [{"社会保障号": number, "姓名": f"甲{day:%d}"} for number in PEOPLE[gone : gone + 10]])
        batches.append(check(read(receive(INSURED, day) or 0)))
    assert at_once(*[lambda batch=batch: admit(batch) for batch in batches]) == [0, 0]
    assert town.ask("SELECT name, count(*) FROM source.hrss__insured GROUP BY name ORDER BY name") == [
        ("甲16", 1),
        ("甲17", 10),
    ]
    lake = town.one("SELECT sum(loaded) FROM ledger.batch")
    assert lake == 20
    assert {state for (state,) in town.ask("SELECT state FROM ledger.batch")} == {"admitted"}


def test_two_workers_resolve_and_publish_one_library(town: Town) -> None:
    town.register(MONDAY, LINES)
    town.feed(MONDAY)
    town.insured(MONDAY, [{"社会保障号": PEOPLE[0], "姓名": "错"}])
    town.feed(MONDAY, INSURED)
    bring = lambda: publish(resolve("population"))  # noqa: E731
    assert at_once(bring, bring) == [0, 0]
    assert town.ask("SELECT state FROM ledger.run") == [("published",)]
    assert town.one("SELECT count(*) FROM history.population") == 30
    assert town.one("SELECT count(*) FROM ledger.discrepancy") == 1
    assert [loads(town, step) for step in ("resolve", "publish", "prove")] == [[("ok", 1)]] * 3


def live_files() -> set[Path]:
    lake = settings.load().lake
    return {path.relative_to(lake) for path in lake.rglob("*") if path.is_file()}


def test_upkeep_takes_nothing_from_under_a_run_that_waits_for_its_publish(town: Town) -> None:
    town.register(MONDAY, LINES)
    town.feed(MONDAY)
    run = resolve("population")
    town.register(TUESDAY, LINES[1:])
    batch = check(read(receive(RESIDENT, TUESDAY) or 0))
    time.sleep(0.02)
    upkeep.remove_orphans(age=0)
    publish(run)
    admit(batch)
    publish(resolve("population"))
    assert town.one("SELECT count(*) FROM library.population") == 29


def test_upkeep_takes_what_dead_workers_left_and_nothing_live(town: Town) -> None:
    lake, archive = settings.load().lake, settings.load().archive
    town.register(MONDAY, LINES)
    first = town.feed(MONDAY)
    town.register(TUESDAY, [person(PEOPLE[0], "新名"), *LINES[1:10]])
    refused = read(receive(RESIDENT, TUESDAY) or 0)
    with pytest.raises(Rejected):
        check(refused)
    dead = (lake / "spill-dead" / "tmp.block", lake / "shuffle-dead" / "m" / "x.parquet", archive / "ab" / "abc.1.part")
    for left in dead:
        left.parent.mkdir(parents=True, exist_ok=True)
        left.write_bytes(b"x")
    old = time.time() - 90_000
    for path in (lake / "spill-dead", *lake.rglob("*"), *archive.rglob("*")):
        os.utime(path, (old, old))
    assert town.one("SELECT to_regclass(%s) IS NOT NULL", f"staging.batch_{refused}")
    assert upkeep.remove_orphans() > 0
    assert not any(left.exists() for left in dead)
    assert not (lake / "spill-dead").exists()
    assert (lake / "source" / "public_security__resident" / str(first) / "manifest.json").exists()
    assert not list((lake / "staged" / str(refused)).glob("*"))
    upkeep.remove_orphans(age=0)
    assert not town.one("SELECT to_regclass(%s) IS NOT NULL", f"staging.batch_{refused}")
    town.publish()
    assert town.one("SELECT count(*) FROM library.population") == 30


def test_files_of_a_dead_admit_are_written_anew_and_never_those_that_are_live(town: Town) -> None:
    """A batch's folder in the lake is written again only while no pointer ever led to it."""
    town.register(MONDAY, LINES)
    batch = town.feed(MONDAY)
    lake = settings.load().lake
    before = {path: (lake / path).stat().st_ino for path in live_files() if path.parts[0] == "source"}
    assert admit(batch) == check(batch) == read(batch) == batch
    after = {path: (lake / path).stat().st_ino for path in live_files() if path.parts[0] == "source"}
    assert after == before
    assert len(before) > 1
