"""Cycle + grace + working days: the calendar, the view and the sweep, on a server of their own (breaches are never forgotten)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import psycopg
import pytest
from city import deployment, insert

from shuyuan.db import embedded
from shuyuan.db.engine import Connection, transaction
from shuyuan.quality import calendar, freshness

FEED = "civil_affairs.marriage"  # daily, one working day of grace


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Path]:
    from shuyuan.flow.migrate import migrate

    with tempfile.TemporaryDirectory(prefix="sy-fresh-") as name, deployment(Path(name) / "home") as home:
        embedded.start(home)
        try:
            migrate()
            yield home
        finally:
            embedded.stop(home)


@pytest.fixture
def owner(warehouse: Path) -> Iterator[Connection]:
    """The owner's connection in a transaction that is taken back: every test finds the feeds as declared on 2026-08-01."""
    with transaction("shuyuan_owner") as connection:
        connection.execute("UPDATE catalog.resource SET declared_at = '2026-08-01 09:00+08'")
        yield connection
        raise_it_back = psycopg.Rollback()
        raise raise_it_back


@pytest.fixture
def loader(warehouse: Path) -> Iterator[Connection]:
    with transaction("shuyuan_loader") as connection:
        yield connection


def ask(connection: Connection, expression: str) -> object:
    row = connection.execute(f"SELECT {expression}".encode()).fetchone()
    assert row is not None
    return row[0]


def batch(connection: Connection, day: date, state: str = "admitted", resource: str = FEED, **values: object) -> int:
    counts = dict.fromkeys(("physical", "loaded", "quarantined", "blank", "preamble"), 0)
    made = insert(connection, "ledger.batch", resource=resource, business_date=day, mode="change", file_name="f", file_bytes=1,
                  file_sha256=f"{day}{state}", state=state, **(counts | values))  # fmt: skip
    assert made is not None
    return made


def view(connection: Connection, today: date, resource: str = FEED) -> tuple[object, ...]:
    connection.execute("SELECT set_config('shuyuan.today', %s, true)", [today.isoformat()])
    row = connection.execute(
        "SELECT expected_for, due_on, overdue, working_days_late, provisional FROM ledger.freshness WHERE resource = %s",
        [resource],
    ).fetchone()
    assert row is not None
    return tuple(row)


def test_the_calendar_knows_what_was_announced_and_marks_what_was_not() -> None:
    rows = {row[0]: row for row in calendar.rows(date(2026, 11, 20))}
    assert (min(rows), max(rows)) == (date(2004, 1, 1), date(2028, 12, 31))
    assert len(rows) == (date(2028, 12, 31) - date(2004, 1, 1)).days + 1
    for day in ("2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"):
        assert rows[date.fromisoformat(day)][1:3] == (True, "make_up_workday")
    assert rows[date(2026, 10, 1)][1:3] == (False, "National Day")
    assert rows[date(2026, 12, 31)][4] is True
    assert rows[date(2027, 1, 1)] == (date(2027, 1, 1), True, "workday", calendar.ASSUMED, False)


def test_working_days_count_as_the_package_counts(loader: Connection) -> None:
    assert ask(loader, "catalog.add_working_days('2026-09-25', 10)") == date(2026, 10, 16)
    for offset in range(0, 360, 7):
        start = date(2025, 12, 20) + timedelta(days=offset)
        for days in (0, 1, 10):
            if start + timedelta(days=40) < date(2026, 12, 31):
                expected = chinese_calendar.find_workday(days, start)
                assert ask(loader, f"catalog.add_working_days('{start}', {days})") == expected


def test_beyond_the_calendar_nothing_is_guessed(loader: Connection) -> None:
    assert ask(loader, "catalog.add_working_days('2040-01-01', 1)") is None


@pytest.mark.parametrize(
    ("cycle", "day", "end", "following"),
    [
        ("daily", "2026-08-30", "2026-08-30", "2026-08-31"),
        ("weekly", "2026-08-31", "2026-09-06", "2026-09-13"),
        ("monthly", "2026-12-15", "2026-12-31", "2027-01-31"),
        ("monthly", "2028-02-01", "2028-02-29", "2028-03-31"),
        ("quarterly", "2026-11-20", "2026-12-31", "2027-03-31"),
        ("semiannual", "2026-06-30", "2026-06-30", "2026-12-31"),
        ("semiannual", "2026-07-01", "2026-12-31", "2027-06-30"),
        ("annual", "2026-01-01", "2026-12-31", "2027-12-31"),
        ("irregular", "2026-01-01", None, None),
    ],
)
def test_periods(loader: Connection, cycle: str, day: str, end: str | None, following: str | None) -> None:
    found = (
        ask(loader, f"catalog.period_end('{cycle}', '{day}')::text"),
        ask(loader, f"catalog.next_period_end('{cycle}', '{day}')::text"),
    )
    assert found == (end, following)


@pytest.mark.parametrize(
    ("cycle", "period", "grace", "due"),
    [
        ("realtime", "2026-08-28", 0, "2026-08-28"),
        ("daily", "2026-08-27", 0, "2026-08-28"),
        ("daily", "2026-08-28", 0, "2026-08-31"),  # Friday's data on Monday
        ("daily", "2026-09-30", 1, "2026-10-09"),  # over the National Day holiday
        ("monthly", "2026-09-30", 4, "2026-10-13"),  # the fifth working day: 8, 9, 10 (made up), 12, 13
        ("annual", "2026-12-31", 0, "2027-01-01"),
    ],
)
def test_due_dates(loader: Connection, cycle: str, period: str, grace: int, due: str) -> None:
    assert ask(loader, f"catalog.due_on('{cycle}', '{period}', {grace})::text") == due


def test_a_feed_is_late_the_day_after_it_was_due(owner: Connection) -> None:
    batch(owner, date(2026, 8, 27))  # Thursday
    owed = (date(2026, 8, 28), date(2026, 9, 1))  # Friday's data: Monday, one day of grace
    assert view(owner, date(2026, 9, 1)) == (*owed, False, 0, False)
    assert view(owner, date(2026, 9, 2)) == (*owed, True, 1, False)
    assert view(owner, date(2026, 9, 7)) == (*owed, True, 4, False)


def test_only_admitted_deliveries_count(owner: Connection) -> None:
    batch(owner, date(2026, 8, 27))
    for state in ("received", "rejected", "failed", "outdated"):
        batch(owner, date(2026, 8, 30), state)
    assert view(owner, date(2026, 9, 2))[0] == date(2026, 8, 28)
    batch(owner, date(2026, 8, 30), "superseded")
    assert view(owner, date(2026, 9, 2))[0] == date(2026, 8, 31)


def test_who_never_delivered_owes_since_the_day_of_declaration(owner: Connection) -> None:
    assert view(owner, date(2026, 8, 3))[:3] == (date(2026, 8, 1), date(2026, 8, 4), False)
    assert view(owner, date(2026, 8, 5))[2:4] == (True, 1)


def test_unannounced_years_are_said_to_be_provisional(owner: Connection) -> None:
    batch(owner, date(2026, 12, 30))
    assert view(owner, date(2027, 1, 15)) == (date(2026, 12, 31), date(2027, 1, 4), True, 9, True)


def test_irregular_and_withdrawn_feeds_are_never_late(owner: Connection) -> None:
    owner.execute("UPDATE catalog.resource SET update_cycle = 'irregular' WHERE id = %s", [FEED])
    assert view(owner, date(2029, 1, 1)) == (None, None, False, 0, False)
    owner.execute("UPDATE catalog.resource SET withdrawn_at = now() WHERE id = %s", [FEED])
    assert ask(owner, f"count(*) FROM ledger.freshness WHERE resource = '{FEED}'") == 0


def test_the_sweep_opens_grows_and_closes_a_breach(warehouse: Path) -> None:
    with transaction("shuyuan_owner") as connection:
        connection.execute("UPDATE catalog.resource SET update_cycle = 'irregular' WHERE id <> %s", [FEED])
        batch(connection, date(2026, 8, 27))
    late = (FEED, date(2026, 8, 28))
    first = freshness.sweep(date(2026, 9, 2))
    assert (first.opened, first.closed, first.open) == ((late,), (), 1)
    again = freshness.sweep(date(2026, 9, 2))
    assert (again.opened, again.closed, again.open) == ((), (), 1)
    assert freshness.sweep(date(2026, 9, 4)).open == 1
    assert breach() == (date(2026, 9, 1), 3, None)
    with transaction("shuyuan_owner") as connection:
        came = batch(connection, date(2026, 9, 7), received_at="2026-09-07 10:00+08")
    last = freshness.sweep(date(2026, 9, 8))
    assert (last.opened, last.closed, last.open) == ((), (late,), 0)
    assert breach() == (date(2026, 9, 1), 4, came)
    assert freshness.sweep(date(2026, 9, 8)).closed == ()


def breach() -> tuple[object, ...]:
    with transaction("shuyuan_loader") as connection:
        rows = connection.execute("SELECT due_on, working_days_late, closed_by_batch FROM ledger.breach").fetchall()
    assert len(rows) == 1
    return tuple(rows[0])


def test_the_view_is_read_by_those_who_must_and_nobody_else(warehouse: Path) -> None:
    for role in ("shuyuan_steward", "shuyuan_auditor", "shuyuan_web"):
        with transaction(role) as connection:
            assert ask(connection, "count(*) FROM ledger.freshness") == 22
    with transaction("shuyuan_owner") as connection:
        assert ask(connection, "has_table_privilege('shuyuan_analyst', 'ledger.freshness', 'SELECT')") is False
