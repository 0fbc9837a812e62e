"""The line at its edges: rows that cannot be read, deliveries out of order, steps repeated or skipped, a catalog that grows."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from town import INSURED, MONDAY, RESIDENT, TUESDAY, Town, ids, person

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.db.engine import transaction
from shuyuan.db.sql import statement
from shuyuan.flow import Rejected, Unproven, admit, check, line, publish, read, receive, resolve
from shuyuan.flow.migrate import migrate
from shuyuan.flow.step import OutOfOrder
from shuyuan.quality import judge
from shuyuan.quality.verdict import JudgeError

PEOPLE = ids(30)
LINES = [person(number) for number in PEOPLE]
SOURCE = "source.public_security__resident"


def with_name(name: str, number: str = PEOPLE[0]) -> list[str]:
    """The register, one person under another name."""
    return [person(number, name) if line.startswith(number) else line for line in LINES]


def name_of(town: Town, number: str = PEOPLE[0], table: str = SOURCE) -> str:
    return str(town.one(f"SELECT name FROM {table} WHERE _key = %s", number))


def test_a_row_that_could_not_be_read_is_not_gone(town: Town) -> None:
    town.register(MONDAY, LINES)
    town.feed(MONDAY)
    ragged = LINES[4].replace("广东省", "广东省,")
    town.register(TUESDAY, [*LINES[:4], ragged, *LINES[5:-1]])
    batch = town.feed(TUESDAY)
    assert town.one("SELECT deleted FROM ledger.batch WHERE batch_id = %s", batch) == 1
    kept = {key for (key,) in town.ask(f"SELECT _key FROM {SOURCE}")}
    assert kept == set(PEOPLE[:-1]), "who stands in an unreadable line is kept, who stands nowhere is gone"


def test_the_same_register_again_a_day_later_is_admitted_and_changes_nothing(town: Town) -> None:
    town.register(MONDAY, LINES)
    town.feed(MONDAY)
    town.publish()
    town.register(TUESDAY, LINES)
    batch = town.feed(TUESDAY)
    counts = "SELECT state, inserted, updated, deleted, unchanged FROM ledger.batch WHERE batch_id = %s"
    assert town.ask(counts, batch) == [("admitted", 0, 0, 0, 30)]
    run = town.publish()
    assert town.ask("SELECT state, inserted FROM ledger.run WHERE run_id = %s", run) == [("unchanged", 0)]
    assert town.one("SELECT count(*) FROM history.population") == 30


def test_a_delivery_admitted_after_its_correction_is_outdated(town: Town) -> None:
    town.register(MONDAY, with_name("第一版"))
    first = check(read(receive(RESIDENT, MONDAY) or 0))
    alter(town, "ledger.batch SET state = 'failed' WHERE batch_id", first)  # its worker has lost its way
    town.register(MONDAY, with_name("更正版"), suffix="_2")
    second = town.feed(MONDAY)
    alter(town, "ledger.batch SET state = 'checked' WHERE batch_id", first)
    admit(first)
    assert (town.state(first), town.state(second)) == ("outdated", "admitted")
    assert name_of(town) == "更正版"


def alter(town: Town, what: str, number: int) -> None:
    town.ask(f"UPDATE {what} = %s RETURNING 1", number)


def test_a_rejected_delivery_stays_rejected_however_often_the_steps_are_repeated(town: Town) -> None:
    town.register(MONDAY, LINES, rows=31)
    batch = receive(RESIDENT, MONDAY) or 0
    for step in (read, read, check, admit):
        with pytest.raises(Rejected, match="control file promises 31"):
            step(batch)
    assert town.state(batch) == "rejected"
    assert town.one("SELECT count(*) FROM ledger.load WHERE outcome = 'refused'") == 1


def test_a_step_before_its_turn_says_which_one_is_next(town: Town) -> None:
    town.register(MONDAY, LINES)
    batch = receive(RESIDENT, MONDAY) or 0
    with pytest.raises(OutOfOrder, match=rf"batch {batch} is received.*shuyuan read {batch}"):
        check(batch)
    with pytest.raises(OutOfOrder, match=f"shuyuan read {batch}"):
        admit(batch)
    read(batch)
    with pytest.raises(OutOfOrder, match=f"shuyuan check {batch}"):
        admit(batch)
    assert admit(check(batch)) == read(batch) == check(batch)


def test_an_unknown_resource_or_library_is_named_with_the_way_out(town: Town) -> None:
    with pytest.raises(LookupError, match=r"no resource `civil_affairs\.mariage`.*civil_affairs\.marriage"):
        receive("civil_affairs.mariage", MONDAY)
    with pytest.raises(LookupError, match=r"no library `populaton`.*population"):
        resolve("populaton")
    with pytest.raises(LookupError, match="no batch 4711"):
        read(4711)
    with pytest.raises(LookupError, match="no run 4711"):
        publish(4711)


def test_one_bad_control_file_holds_up_nobody_else(town: Town) -> None:
    town.register(MONDAY, LINES).with_name("resident_20261116.csv.ok").write_text("OK")
    town.register(MONDAY, with_name("更正版"), suffix="_2")
    town.insured(MONDAY, [{"社会保障号": PEOPLE[0], "姓名": "更正版"}])
    with pytest.raises(line.Incomplete, match=r"public_security\.resident.*resident_20261116\.csv\.ok"):
        line.run(MONDAY, [RESIDENT, INSURED])
    assert name_of(town) == "更正版"
    assert town.one("SELECT count(*) FROM source.hrss__insured") == 1
    assert town.one("SELECT count(*) FROM library.population") == 30
    assert town.ask("SELECT step, resource FROM ledger.load WHERE outcome = 'refused'") == [("receive", RESIDENT)]


def test_a_batch_is_resumed_though_its_file_has_left_the_inbox(town: Town) -> None:
    town.register(MONDAY, LINES)
    batch = receive(RESIDENT, MONDAY)
    shutil.rmtree(town.home / "inbox")
    assert receive(RESIDENT, MONDAY) == batch
    assert admit(check(read(batch or 0))) == batch
    assert receive(RESIDENT, MONDAY) is None


def test_an_entity_that_nobody_knows_any_more_leaves_and_takes_its_discrepancies_along(town: Town) -> None:
    town.register(MONDAY, LINES)
    town.feed(MONDAY)
    town.insured(MONDAY, [{"社会保障号": PEOPLE[0], "姓名": "错"}])
    town.feed(MONDAY, INSURED)
    town.publish()
    town.register(TUESDAY, LINES[1:])
    town.feed(TUESDAY)
    run = town.publish()
    assert town.one("SELECT count(*) FROM library.population WHERE _key = %s", PEOPLE[0]) == 0
    assert town.ask("SELECT closed_run FROM ledger.discrepancy") == [(run,)]
    assert town.ask("SELECT _op FROM history.population WHERE _key = %s ORDER BY _run", PEOPLE[0]) == [("I",), ("D",)]


def test_an_older_run_is_not_published_over_a_newer_one(town: Town) -> None:
    """The newer run changed nothing in the library, so the live snapshot is still the one the older run started from."""
    town.register(MONDAY, LINES)
    town.feed(MONDAY)
    town.publish()
    town.register(TUESDAY, with_name("暂时"))
    town.feed(TUESDAY)
    older = resolve("population")
    town.register(TUESDAY, LINES, suffix="_2")
    town.feed(TUESDAY)
    newer = publish(resolve("population"))
    assert publish(older) == newer
    assert name_of(town, table="library.population") != "暂时"
    assert town.one("SELECT state FROM ledger.run WHERE run_id = %s", older) == "failed"


def test_a_run_that_changed_only_discrepancies_makes_the_other_stale_too(town: Town) -> None:
    town.register(MONDAY, LINES)
    town.feed(MONDAY)
    town.publish()
    town.insured(MONDAY, [{"社会保障号": PEOPLE[0], "姓名": "错"}])
    town.feed(MONDAY, INSURED)
    older = resolve("population")
    alter(town, "ledger.run SET state = 'failed' WHERE run_id", older)
    newer = publish(resolve("population"))
    alter(town, "ledger.run SET state = 'resolved' WHERE run_id", older)
    assert publish(older) == newer
    assert town.one("SELECT count(*) FROM ledger.discrepancy") == 1


def test_a_failed_run_is_resolved_again_not_proven(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    from shuyuan.resolve import run as resolver

    town.register(MONDAY, LINES)
    town.feed(MONDAY)
    with monkeypatch.context() as broken, pytest.raises(OSError, match="full"):
        broken.setattr(resolver, "run", lambda *_: (_ for _ in ()).throw(OSError("full")))
        resolve("population")
    failed = town.one("SELECT run_id FROM ledger.run WHERE state = 'failed'")
    live = publish(failed)
    assert live != failed
    assert town.one("SELECT count(*) FROM library.population") == 30
    assert town.ask("SELECT run_id FROM ledger.validation WHERE run_id IS NOT NULL") == [(live,)]


SPOIL = """
CREATE FUNCTION public.spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := 'x'; RETURN NEW; END $$;
CREATE TRIGGER spoil BEFORE INSERT ON library.population FOR EACH ROW EXECUTE FUNCTION public.spoil();
"""


def test_what_was_not_proven_stays_red(town: Town) -> None:
    town.register(MONDAY, LINES)
    town.feed(MONDAY)
    run = resolve("population")
    with transaction("shuyuan_owner") as connection:
        connection.execute(SPOIL.encode())
    for _ in range(2):
        with pytest.raises(Unproven, match="姓名"):
            publish(run)
    assert town.one("SELECT count(*) FROM ledger.validation WHERE run_id = %s", run) == 1


@pytest.fixture
def growing(town: Town, tmp_path: Path) -> Iterator[Path]:
    """A catalog of the town's own, in force."""
    copy = tmp_path / "catalog"
    shutil.copytree(settings.load().catalog, copy)
    os.environ["SHUYUAN_CATALOG"] = str(copy)
    settings.load.cache_clear()
    yield copy
    del os.environ["SHUYUAN_CATALOG"]
    settings.load.cache_clear()


def declare(file: Path, before: str, item: str) -> None:
    """Add an item to a catalog file, ahead of the line that begins with `before`; bring the deployment up to it."""
    text = file.read_text(encoding="utf-8")
    at = text.index(before)
    file.write_text(text[:at] + item + "\n" + text[at:], encoding="utf-8")
    load_catalog.cache_clear()  # what a new process does
    migrate()


def test_a_catalog_may_gain_items_under_a_running_line(town: Town, growing: Path) -> None:
    town.register(MONDAY, LINES)
    town.feed(MONDAY)
    first = town.publish()
    declare(growing / "resources/public_security/resident.yml", "  - {name: former_name",
            "  - {name: blood, label: 血型, type: text, optional_column: true}")  # fmt: skip
    declare(growing / "libraries/population.yml", "  - {name: sex",
            "  - {name: former_name, label: 曾用名, type: person_name, source: public_security.resident.former_name}")  # fmt: skip
    second = town.publish()
    assert second != first, "other rules over the same rows are a reason to resolve again"
    town.register(TUESDAY, with_name("新名"))
    town.feed(TUESDAY)
    town.publish()
    assert name_of(town, table="library.population") == "新名"
    assert town.one("SELECT count(*) FROM library.population WHERE former_name IS NULL") == 30


@pytest.mark.parametrize("trouble", [JudgeError("no suite"), KeyboardInterrupt("the scheduler's timeout")])
def test_a_step_that_is_broken_off_is_recorded_once_and_can_be_resumed(
    town: Town, monkeypatch: pytest.MonkeyPatch, trouble: BaseException
) -> None:
    def broken(*_: object) -> None:
        raise trouble

    town.register(MONDAY, LINES)
    batch = read(receive(RESIDENT, MONDAY) or 0)
    with monkeypatch.context() as patch, pytest.raises(type(trouble)):
        patch.setattr(judge, "batch", broken)
        check(batch)
    assert town.state(batch) == "read"
    failed = town.ask("SELECT step, message FROM ledger.load WHERE outcome = 'failed'")
    assert failed == [("check", f"{type(trouble).__name__}: {trouble}")]
    admit(check(batch))
    assert town.one(f"SELECT count(*) FROM {SOURCE}") == 30


def test_a_month_whose_rows_already_lie_in_the_default_partition_stops_nobody(town: Town) -> None:
    with transaction("shuyuan_owner") as connection:
        connection.execute(
            "INSERT INTO ledger.load (at, actor, step, seconds, outcome) VALUES ('2031-05-07', 'test', 'x', 0, 'ok')"
        )
        connection.execute("SELECT ledger.ensure_month('load', '2031-05-01')")
        connection.execute("SELECT ledger.ensure_month('load', '2031-06-01')")
        connection.execute("SELECT ledger.ensure_month('load', '2031-06-01')")
        connection.execute(statement("ledger/ensure_months"), {"ahead": 5})
    assert town.one("SELECT count(*) FROM ledger.load WHERE at::date = '2031-05-07'") == 1
    assert town.one("SELECT to_regclass('ledger.load_203106') IS NOT NULL")
