"""Direct SQL of analysts is harvested from the server's own json log: once, whole, with its outcome."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from city import city  # noqa: F401
from psycopg.rows import dict_row

from shuyuan import settings
from shuyuan.db.address import conninfo
from shuyuan.db.engine import transaction
from shuyuan.share import people
from shuyuan.share.harvest import harvest
from shuyuan.share.server_log import Place, Sessions, relations


@pytest.fixture(scope="module")
def analyst(city: Path) -> Iterator[psycopg.Connection[Any]]:  # noqa: F811
    people.add_person("qian", "tax", "analyst")
    with psycopg.connect(conninfo(city, "analyst_qian"), autocommit=True, application_name="psql") as connection:
        yield connection


def accesses() -> list[dict[str, Any]]:
    order = "SELECT * FROM ledger.access WHERE method = 'psql' ORDER BY access_id"
    with transaction("shuyuan_auditor") as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(order).fetchall()


def harvested(at_least: int = 1) -> list[dict[str, Any]]:
    """New accesses, once the log collector has written what the server handed it."""
    before, deadline = len(accesses()), time.monotonic() + 10
    while time.monotonic() < deadline:
        harvest()
        if len(accesses()) >= before + at_least:
            break
        time.sleep(0.1)
    return accesses()[before:]


def test_a_select_is_recorded_with_who_what_and_how_long(analyst: psycopg.Connection[Any]) -> None:
    analyst.execute("SELECT hukou_division FROM library.population -- and claim.nothing", prepare=False)
    row = harvested()[-1]
    assert (row["user_name"], row["department"], row["role"], row["outcome"]) == ("qian", "tax", "analyst", "granted")
    assert row["objects"] == ["library.population"]
    assert row["statement"].startswith("SELECT hukou_division FROM library.population")
    assert (row["rows"], row["purpose"], row["medium"]) == (None, None, "psql")
    assert row["seconds"] > 0 and "未申报" in row["reason"]


def test_bound_values_are_part_of_the_statement(analyst: psycopg.Connection[Any]) -> None:
    analyst.execute("SELECT title FROM catalog.library WHERE id = %s", ["population"], prepare=True)
    row = harvested()[-1]
    assert row["outcome"] == "granted" and "$1 = 'population'" in row["statement"]


def test_a_denied_read_is_a_refusal_and_an_error_a_failure(analyst: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        analyst.execute("SELECT name FROM library.population")
    with pytest.raises(psycopg.errors.DivisionByZero):
        analyst.execute("SELECT 1 / 0")
    with pytest.raises(psycopg.errors.SyntaxError):
        analyst.execute("SELEC nonsense")
    rows = harvested(3)
    assert [row["outcome"] for row in rows] == ["refused", "failed", "failed"]
    assert rows[0]["objects"] == ["library.population"] and "42501" in rows[0]["reason"]
    assert rows[2]["statement"] == "SELEC nonsense"


def test_a_wrong_password_is_a_refused_access(city: Path, analyst: psycopg.Connection[Any]) -> None:  # noqa: F811
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(conninfo(city, "analyst_qian"), password="wrong")
    row = harvested()[-1]
    assert (row["user_name"], row["outcome"], row["statement"]) == ("qian", "refused", "(connect)")


def test_harvesting_twice_adds_nothing_even_from_the_beginning(analyst: psycopg.Connection[Any]) -> None:
    analyst.execute("SELECT 42")
    harvested()
    before = len(accesses())
    assert harvest() == 0
    with transaction("shuyuan_owner") as owner:
        owner.execute("DELETE FROM ledger.harvest")
    assert harvest() == 0
    assert len(accesses()) == before


def test_a_running_statement_waits_until_it_ends(city: Path, analyst: psycopg.Connection[Any]) -> None:  # noqa: F811
    with psycopg.connect(conninfo(city, "analyst_qian"), autocommit=True) as other:
        running = threading.Thread(target=other.execute, args=["SELECT pg_sleep(1.5)"])
        running.start()
        time.sleep(0.2)
        analyst.execute("SELECT 'meanwhile'")
        assert [row["statement"] for row in harvested()] == ["SELECT 'meanwhile'"]
        running.join()
        last = harvested()
    assert [row["statement"] for row in last] == ["SELECT pg_sleep(1.5)"]
    assert last[0]["seconds"] > 1


def test_rotation_a_torn_line_and_a_truncated_file(analyst: psycopg.Connection[Any]) -> None:
    with transaction("shuyuan_owner") as owner:
        owner.execute("SELECT 1")
    folder = settings.load().log / "postgres"
    file = folder / "postgres-20990101-000000.json"
    whole = line("s1", 1, "statement: SELECT * FROM source.tax__arrears") + line("s1", 2, "duration: 2.5 ms")
    torn = line("s1", 3, "statement: SELECT 'torn'")
    file.write_bytes(whole + torn[:20])
    assert [row["objects"] for row in harvested()] == [["source.tax__arrears"]]
    file.write_bytes(whole + torn + line("s1", 4, "duration: 1.0 ms") + b"\x00\xff garbage\n")
    assert [row["statement"] for row in harvested(2)] == ["SELECT 'torn'", "�� garbage"]
    file.write_bytes(line("s2", 1, "statement: SELECT 'after truncation'") + line("s2", 2, "duration: 1.0 ms"))
    assert [row["statement"] for row in harvested()] == ["SELECT 'after truncation'"]
    file.unlink()


def line(session: str, number: int, message: str, **more: object) -> bytes:
    entry: dict[str, object] = {
        "timestamp": "2026-09-01 01:02:03.456 UTC",
        "user": "analyst_qian",
        "pid": 1,
        "session_id": session,
        "line_num": number,
    }
    return json.dumps(entry | {"error_severity": "LOG", "message": message} | more).encode() + b"\n"


def test_a_statement_cut_off_by_a_killed_server_is_a_failure() -> None:
    sessions = Sessions()
    sessions.take(line("s9", 1, "statement: SELECT pg_sleep(60)"), Place("a.json", 0))
    assert sessions.held_back() == {"a.json": 0}
    assert sessions.abandoned({1}) == []
    (access,) = sessions.abandoned(set())
    assert access.outcome == "failed" and "中断" in access.reason
    assert sessions.held_back() == {}


def test_a_function_called_past_sql_is_recorded_too() -> None:
    """The protocol's fast path can run query_to_xml() without a statement; with log_statement = all the server logs the call."""
    sessions = Sessions()
    sessions.take(line("s9", 1, 'fastpath function call: "query_to_xml" (OID 2930)'), Place("a.json", 0))
    sessions.take(line("s9", 2, "duration: 1.5 ms"), Place("a.json", 100))
    (access,) = sessions.finished()
    assert (access.statement, access.outcome) == ('"query_to_xml" (OID 2930)', "granted")


def test_other_roles_are_not_harvested() -> None:
    sessions = Sessions()
    sessions.take(line("s9", 1, "statement: SELECT 1", user="shuyuan_owner"), Place("a.json", 0))
    assert not sessions.done and not sessions.running


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (
            'SELECT * FROM library.population p JOIN "claim"."a__b__c" USING (x)',
            ("claim.a__b__c", "library.population"),
        ),
        ("COPY (SELECT 1 FROM LIBRARY . Credit) TO STDOUT", ("library.credit",)),
        ("SELECT 'library.population' /* source.x */, $q$ claim.y $q$", ()),
        ("SELECT now()", ()),
    ],
)
def test_relations_named_by_a_statement(statement: str, found: tuple[str, ...]) -> None:
    assert relations(statement) == found
