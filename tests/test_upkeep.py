"""Upkeep on a real deployment: lateness, direct SQL, orphan files, retention; each may be repeated and blocks nobody."""

from __future__ import annotations

import os
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from town import INSURED, MONDAY, RESIDENT, TUESDAY, Town, ids, person

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.catalog.models import PolicyNumber
from shuyuan.db import address
from shuyuan.db.address import conninfo
from shuyuan.db.engine import transaction
from shuyuan.flow import check, library, read, receive, upkeep
from shuyuan.intake.receive import archived
from shuyuan.ledger import snapshots
from shuyuan.share import people
from shuyuan.share.harvest import NoServerLog


def steps(town: Town, name: str) -> list[tuple[Any, ...]]:
    return town.ask("SELECT outcome, message, counts FROM ledger.load WHERE step = %s ORDER BY load_id", name)


# Lateness


def declared(town: Town, day: date) -> None:
    """As if the catalog had been in force since that day."""
    with transaction("shuyuan_owner") as connection:
        connection.execute("UPDATE catalog.resource SET declared_at = %s", [day])


def breach(town: Town, resource: str = RESIDENT) -> list[tuple[Any, ...]]:
    return town.ask(
        "SELECT expected_for, working_days_late, closed_by_batch FROM ledger.breach WHERE resource = %s ORDER BY 1",
        resource,
    )


def test_a_late_feed_is_a_breach_that_its_delivery_closes(town: Town) -> None:
    declared(town, MONDAY)
    resource = load_catalog(settings.load().catalog).resources[RESIDENT]
    due = town.one("SELECT catalog.due_on(%s, %s, %s)", resource.update_cycle, MONDAY, resource.grace)
    upkeep.sweep_freshness(due)
    assert breach(town) == [], "the day on which it is due is still in time"
    late = due + timedelta(days=7)
    upkeep.sweep_freshness(late)
    ((expected, days, closed),) = breach(town)
    assert (
        expected == MONDAY
        and days == town.one("SELECT catalog.working_days_between(%s, %s)", due, late) > 0
        and closed is None
    )
    upkeep.sweep_freshness(late)
    assert len(breach(town)) == 1, "a second sweep of the same day opens nothing"
    town.register(MONDAY, map(person, ids(30)))
    batch = town.feed(MONDAY)
    upkeep.sweep_freshness(late)
    assert breach(town)[0][2] == batch
    assert [outcome for outcome, _, _ in steps(town, "sweep")] == ["ok"] * 4


def test_lateness_blocks_nobody(town: Town) -> None:
    declared(town, MONDAY)
    town.register(MONDAY, map(person, ids(30)))
    town.feed(MONDAY)
    upkeep.sweep_freshness(MONDAY + timedelta(days=20))
    assert breach(town, INSURED), "the pension office sent nothing"
    town.publish()
    assert town.one("SELECT count(*) FROM library.population") == 30
    assert town.one("SELECT state FROM ledger.run ORDER BY run_id DESC LIMIT 1") == "published"


# Direct SQL


@pytest.fixture
def analyst(town: Town) -> Any:
    role = people.add_person("qian", "tax", "analyst")
    assert role is not None
    upkeep.harvest_queries()  # what other tests have asked under this name before
    with psycopg.connect(conninfo(town.home, role), autocommit=True, application_name="psql") as connection:
        yield connection


def harvested(town: Town, statement: str) -> list[tuple[Any, ...]]:
    """Rows of ledger.access for a statement, once the server's log collector has written it. The log outlives a town: ask what nobody has."""
    query = "SELECT user_name, department, outcome, method, objects FROM ledger.access WHERE statement = %s"
    deadline = time.monotonic() + 15
    while not (found := town.ask(query, statement)) and time.monotonic() < deadline:
        upkeep.harvest_queries()
    return found


def test_what_an_analyst_asks_by_psql_is_in_the_audit_table(town: Town, analyst: Any) -> None:
    granted, denied = (
        f"SELECT {item} FROM library.population -- {time.time_ns()}" for item in ("hukou_division", "name")
    )
    analyst.execute(granted)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        analyst.execute(denied)
    assert harvested(town, denied) == [("qian", "tax", "refused", "psql", ["library.population"])]
    assert harvested(town, granted) == [("qian", "tax", "granted", "psql", ["library.population"])]
    rows = town.one("SELECT count(*) FROM ledger.access")
    assert upkeep.harvest_queries() == 0
    assert town.one("SELECT count(*) FROM ledger.access") == rows
    assert steps(town, "harvest")[-1][0] == "ok"


def test_nobody_holds_the_harvest_up(town: Town, analyst: Any) -> None:
    """An advisory lock is anybody's to take; the harvest does not depend on one."""
    analyst.execute("SELECT pg_advisory_lock(hashtext('shuyuan.harvest'))")
    asked = f"SELECT 'held up' -- {time.time_ns()}"
    analyst.execute(asked)
    assert harvested(town, asked)


def test_without_the_servers_log_the_harvest_says_so(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = town.home / "log" / "postgres"
    elsewhere = log.with_name("moved")
    log.rename(elsewhere)
    try:
        with pytest.raises(NoServerLog, match=r"direct SQL of analysts is not audited; start the server"):
            upkeep.harvest_queries()
        assert steps(town, "harvest")[-1][0] == "failed"
        url = (
            address.url(town.home, "shuyuan_owner").replace("psycopg", "{driver}").replace("shuyuan_owner:", "{role}:")
        )
        here = f"postgresql+{{driver}}://{{role}}:{{password}}@/{{database}}?{url.split('?')[1]}"
        monkeypatch.setenv(address.TEMPLATE, here)  # a server that somebody else runs: the log may be out of reach
        assert upkeep.harvest_queries() == 0
        outcome, message, _ = steps(town, "harvest")[-1]
        assert outcome == "nothing" and "mount the server's log directory" in message
    finally:
        elsewhere.rename(log)


def test_the_months_ahead_are_made_in_time(town: Town) -> None:
    with transaction("shuyuan_owner") as connection:
        connection.execute("DROP TABLE ledger.load_" + f"{settings.today().replace(day=1) + timedelta(days=62):%Y%m}")
    upkeep.harvest_queries()
    for ahead in range(3):
        month = town.one("SELECT to_char(date_trunc('month', now()) + make_interval(months => %s), 'YYYYMM')", ahead)
        assert town.one("SELECT to_regclass(%s) IS NOT NULL", f"ledger.load_{month}")


# Orphan files


def lake_files() -> set[Path]:
    return {path for path in settings.load().lake.rglob("*") if path.is_file()}


def test_orphans_leave_and_what_lives_or_works_stays(town: Town) -> None:
    people_ = ids(40)
    town.register(MONDAY, map(person, people_))
    town.feed(MONDAY)
    town.publish()
    town.register(TUESDAY, [person(number, name="王改名") for number in people_[:1]] + [*map(person, people_[1:])])
    waiting = receive(RESIDENT, TUESDAY)
    assert waiting is not None
    check(read(waiting))  # not admitted: still busy
    run = library.resolve("population")
    busy = {path for path in lake_files() if f"staged/{waiting}/" in str(path)}
    crashed = settings.load().lake / "source" / "public_security__resident" / "9999" / "b00.parquet"
    crashed.parent.mkdir(parents=True)
    crashed.write_bytes(b"half a file")
    with transaction("shuyuan_loader") as connection:
        live = {settings.load().lake / manifest for manifest in snapshots.needed_manifests(connection)}
    assert busy and live
    assert upkeep.remove_orphans() == 0, "everything is younger than a day"
    gone = upkeep.remove_orphans(age=0)
    assert gone >= 1 and not crashed.exists()
    assert busy | live <= lake_files()
    library.publish(run)
    from shuyuan.flow import admit

    admit(waiting)
    town.publish()
    assert town.one("SELECT name FROM library.population WHERE _key = %s", people_[0]) == "王改名"
    passes = [
        upkeep.remove_orphans(age=0) for _ in range(4)
    ]  # a folder goes in the pass after the last file or folder in it
    assert passes[0] > 0 and passes[-1] == 0


def test_an_old_file_counts_by_its_own_age(town: Town) -> None:
    old, young = (settings.load().lake / "staged" / name / "rows.parquet" for name in ("998", "999"))
    for path in (old, young):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"left")
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(old, (two_days_ago, two_days_ago))
    assert upkeep.remove_orphans() == 1
    assert young.exists() and not old.exists()


# Retention


def audit_months(town: Town) -> list[str]:
    query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = ANY ('{ledger.load,ledger.access}'::regclass[]) ORDER BY 1"
    return [name for (name,) in town.ask(query)]


def test_audit_months_go_after_the_policys_years_and_not_a_day_sooner(town: Town) -> None:
    with transaction("shuyuan_owner") as connection:
        for month in ("2021-10-01", "2021-11-01"):
            for table in ("load", "access"):
                connection.execute("SELECT ledger.ensure_month(%s, %s)", [table, month])
        connection.execute(
            "INSERT INTO ledger.load (at, actor, step, seconds, outcome) VALUES ('2021-10-31 23:59+08', 'then', 'then', 0, 'ok')"
        )
        connection.execute(
            "INSERT INTO ledger.load (at, actor, step, seconds, outcome) VALUES ('2021-11-01 00:00+08', 'then', 'then', 0, 'ok')"
        )
    years = load_catalog(settings.load().catalog).policy.retention["load_log"].value
    assert years == 5
    assert upkeep.apply_retention(date(2026, 10, 31)) == {"load": 0, "access": 0, "archive": 0}
    assert upkeep.apply_retention(date(2026, 11, 20)) == {"load": 1, "access": 1, "archive": 0}
    assert upkeep.apply_retention(date(2026, 11, 20)) == {"load": 0, "access": 0, "archive": 0}
    assert town.ask("SELECT at::date FROM ledger.load WHERE actor = 'then'") == [(date(2021, 11, 1),)]
    assert [name for name in audit_months(town) if "_2021" in name] == ["ledger.access_202111", "ledger.load_202111"]
    assert steps(town, "retention")[1][2] == {"load": 1, "access": 1, "archive": 0}


def test_what_the_default_partition_caught_goes_too_and_the_default_stays_locked(town: Town) -> None:
    with transaction("shuyuan_owner") as connection:
        connection.execute("INSERT INTO ledger.access (at, user_name, statement, method, outcome, reason) "
                           "VALUES ('2019-05-05', 'then', 'then', 'cli', 'refused', 'then')")  # fmt: skip
    assert upkeep.apply_retention(date(2026, 11, 20))["access"] == 1
    assert town.ask("SELECT 1 FROM ledger.access WHERE user_name = 'then'") == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege), transaction("shuyuan_owner") as connection:
        connection.execute("TRUNCATE ledger.access_default")
    with transaction("shuyuan_loader") as connection:
        connection.execute("SELECT ledger.ensure_month('access', '2019-05-01')")


@pytest.mark.parametrize(
    ("number", "first"),
    [
        ((2, "years"), date(2022, 2, 28)),
        ((18, "months"), date(2022, 8, 29)),
        ((60, "days"), date(2023, 12, 31)),
    ],
)
def test_how_far_back_a_policy_number_reaches(number: tuple[int, Any], first: date) -> None:
    value, unit = number
    rules = {
        "archive": PolicyNumber(value=value, unit=unit, article="proof"),
        "load_log": PolicyNumber(value=1, unit="days", article="proof"),
    }
    assert upkeep.kept_from(rules, "archive", date(2024, 2, 29)) == first


def test_the_longest_of_several_rules_decides_and_no_rule_lets_nothing_go() -> None:
    one, other = PolicyNumber(value=5, unit="years", article="a"), PolicyNumber(value=80, unit="months", article="b")
    assert upkeep.kept_from({"archive_a": one, "archive_b": other}, "archive", date(2026, 11, 20)) == date(2020, 3, 20)
    with pytest.raises(upkeep.PolicyGap, match="no number for `archive`"):
        upkeep.kept_from({"load_log": one}, "archive", date(2026, 11, 20))
    with pytest.raises(upkeep.PolicyGap, match="working days"):
        upkeep.kept_from(
            {"archive": PolicyNumber(value=5, unit="working_days", article="c")}, "archive", date(2026, 11, 20)
        )


def aged(batch: int, day: date) -> None:
    with transaction("shuyuan_owner") as connection:
        connection.execute("UPDATE ledger.batch SET received_at = %s WHERE batch_id = %s", [day, batch])


def file_of(town: Town, batch: int) -> Path:
    return archived(town.one("SELECT file_sha256 FROM ledger.batch WHERE batch_id = %s", batch))


def test_archived_bytes_leave_when_two_years_old_and_nothing_current_comes_from_them(town: Town) -> None:
    people_ = ids(40)
    town.register(MONDAY, map(person, people_))
    first = town.feed(MONDAY)
    town.register(TUESDAY, [person(number, name="王改名") for number in people_])
    second = town.feed(TUESDAY)
    for batch in (first, second):
        aged(batch, date(2024, 6, 1))
    files = {batch: file_of(town, batch) for batch in (first, second)}
    assert upkeep.apply_retention(date(2026, 5, 31))["archive"] == 0, "not yet two years"
    assert upkeep.apply_retention(date(2026, 11, 20))["archive"] == 1
    assert not files[first].exists(), "every one of its rows has been replaced"
    assert files[second].exists(), "the live snapshot was made of it"
    noted = town.ask(
        "SELECT batch_id, file_sha256, outcome, message FROM ledger.load WHERE step = 'retention' AND batch_id IS NOT NULL"
    )
    assert noted[0][:3] == (first, files[first].name, "ok") and "received before 2024-11-20" in noted[0][3]
    assert upkeep.apply_retention(date(2026, 11, 20))["archive"] == 0
    assert (
        len(noted)
        == 1
        == town.one("SELECT count(*) FROM ledger.load WHERE step = 'retention' AND batch_id IS NOT NULL")
    )


def test_a_delivery_keeps_its_bytes_while_one_current_row_comes_from_it(town: Town) -> None:
    people_ = ids(3)
    town.insured(MONDAY, [{"社会保障号": number, "姓名": "张三"} for number in people_])
    first = town.feed(MONDAY, INSURED)
    town.insured(TUESDAY, [{"社会保障号": number, "姓名": "李四"} for number in people_[:2]])
    town.feed(TUESDAY, INSURED)
    aged(first, date(2020, 1, 1))
    assert upkeep.apply_retention(date(2026, 11, 20))["archive"] == 0
    assert file_of(town, first).exists()


def test_bytes_that_a_younger_or_unfinished_batch_shares_stay(town: Town) -> None:
    lines = [*map(person, ids(40))]
    town.register(MONDAY, lines)
    first = town.feed(MONDAY)
    town.register(TUESDAY, lines)
    second = receive(RESIDENT, TUESDAY)
    assert second is not None and file_of(town, first) == file_of(town, second)
    town.register(TUESDAY, [person(number, name="王改名") for number in ids(40)], suffix="_2")
    aged(first, date(2020, 1, 1))
    aged(second, date(2020, 1, 1))
    assert upkeep.apply_retention(date(2026, 11, 20))["archive"] == 0
    assert file_of(town, first).exists()


# Data Docs


def test_every_judgement_is_listed_in_the_index_of_data_docs(town: Town) -> None:
    town.register(MONDAY, map(person, ids(40)))
    batch = town.feed(MONDAY)
    index = (settings.load().docs / "index.html").read_text("utf-8")
    assert f'href="public_security__resident/{batch}.html"' in index
    run = town.publish()
    assert f'href="library__population/{run}.html"' in (settings.load().docs / "index.html").read_text("utf-8")
