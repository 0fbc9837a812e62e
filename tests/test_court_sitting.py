"""The court in the warehouse: counted from what a run opened and closed, recorded with the run, shown beside every open discrepancy."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest
from psycopg.errors import InsufficientPrivilege
from town import Town

from shuyuan import settings
from shuyuan.catalog import Library, load_catalog
from shuyuan.court import session
from shuyuan.court.confusion import KIND
from shuyuan.court.judge import judge
from shuyuan.db.engine import Connection, transaction
from shuyuan.db.sql import Identifier
from shuyuan.ledger import court

DAY = date(2026, 11, 16)
NAME, STATUS = "public_security.resident.name", "public_security.resident.life_status"
PENSION, MEDICAL = "hrss.insured.name", "medical_insurance.insured.name"
ALIVE = "hrss.insured.life_status"
Dispute = tuple[str, str, str, str | None, str, str, str, str]
OPEN = """INSERT INTO ledger.discrepancy (opened_run, library, entity, item, source_ref, source_value, claim_ref, claim_value, class, pattern)
VALUES (%s, 'population', %s, %s, %s, %s, %s, %s, %s, %s)"""
CLOSE = """UPDATE ledger.discrepancy SET closed_run = %s, closed_at = now()
WHERE library = 'population' AND entity = ANY(%s) AND item = %s AND closed_run IS NULL"""


@pytest.fixture
def population(town: Town) -> Library:
    return load_catalog(settings.load().catalog).libraries["population"]


def run(connection: Connection) -> int:
    order = "INSERT INTO ledger.run (library, business_date, inputs, state) VALUES ('population', %s, '{}', 'published') RETURNING run_id"
    row = connection.execute(order.encode(), [DAY]).fetchone()
    assert row is not None
    return int(row[0])


def open_(connection: Connection, run_id: int, disputes: Iterable[Dispute]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(OPEN.encode(), [(run_id, *dispute) for dispute in disputes])


def compared(connection: Connection, run_id: int, counts: dict[tuple[str, str], tuple[int, int]]) -> None:
    with connection.cursor() as cursor:
        rows = [(run_id, *pair, *count) for pair, count in counts.items()]
        cursor.executemany(b"INSERT INTO ledger.crosscheck VALUES (%s, 'population', %s, %s, %s, %s)", rows)


def against(
    entities: range, pattern: str, refs: Iterable[str] = (PENSION, MEDICAL), class_: str = "error"
) -> list[Dispute]:
    """Disputes about names, one row per claim that stands against the register's."""
    letters = dict(zip((PENSION, MEDICAL), pattern[1:], strict=False))
    return [
        (f"e{n}", "name", NAME, "张三", ref, "张山", class_, pattern)
        for n in entities
        for ref in refs
        if letters[ref] not in "a."
    ]


def first_run(connection: Connection, library: Library) -> int:
    run_id = run(connection)
    open_(
        connection,
        run_id,
        [*against(range(5), "aba.."), *against(range(10, 14), "abb.."), *against(range(20, 26), "a.b..")],
    )
    compared(connection, run_id, {("name", PENSION): (900, 9), ("name", MEDICAL): (1000, 10)})
    session.sit(connection, library, run_id)
    return run_id


def test_a_sitting_names_who_is_probably_wrong(town: Town, population: Library) -> None:
    with transaction("shuyuan_loader") as connection:
        run_id = first_run(connection, population)
    seen = town.ask("SELECT pattern, claim_ref, suspect, probability, judged_run FROM ledger.suspicion")
    assert len(seen) == 5 + 2 * 4 + 6
    assert {(pattern, suspect) for pattern, _, suspect, *_ in seen} == {
        ("aba..", PENSION),
        ("abb..", NAME),
        ("a.b..", MEDICAL),
    }
    assert all(0.5 < probability <= 1 and judged == run_id for *_, probability, judged in seen)
    learned = dict(town.ask("SELECT ref, reliability FROM ledger.reliability WHERE item = 'name'"))
    assert learned[NAME] > learned[PENSION]
    assert town.one("SELECT authority FROM ledger.reliability WHERE ref = %s", NAME) is True


def test_what_is_open_is_the_sum_of_what_runs_changed(town: Town, population: Library) -> None:
    with transaction("shuyuan_loader") as connection:
        first_run(connection, population)
        second = run(connection)
        connection.execute(CLOSE.encode(), [second, ["e0", "e1", "e10"], "name"])
        open_(connection, second, against(range(30, 33), "a.b.."))
        compared(connection, second, {("name", PENSION): (900, 6), ("name", MEDICAL): (1000, 12)})
        said = session.sit(connection, population, second)
        heard = court.evidence(connection, "population", second)
    counted = {row["pattern"]: row["count"] for row in heard.patterns.to_pylist()}
    assert counted == {"aba..": 3, "abb..": 3, "a.b..": 9}
    direct = town.ask(
        """SELECT pattern, count(DISTINCT entity) FROM ledger.discrepancy WHERE closed_run IS NULL GROUP BY pattern"""
    )
    assert counted == dict(direct)
    changes = town.one("SELECT count(*) FROM ledger.dispute_change WHERE run_id = %s", second)
    assert changes == 4  # one pattern opened; of the closed ones, one stands against one department and one against two
    assert said.verdicts.num_rows == 4
    assert town.one("SELECT DISTINCT judged_run FROM ledger.suspicion") == second


def test_others_may_change_sides_while_a_discrepancy_stays(town: Town, population: Library) -> None:
    """The medical insurance takes sides: what the pension office says stays open since the first run, under another pattern."""
    with transaction("shuyuan_loader") as connection:
        first = first_run(connection, population)
        second = run(connection)
        connection.execute(
            b"CREATE TEMPORARY TABLE dispute (_op text, entity text, item text, claim_ref text, pattern text)"
        )
        rows = [("P", f"e{n}", "name", PENSION, "ab.a.") for n in range(5)] + [("S", "e10", "name", PENSION, "....")]
        with connection.cursor() as cursor:
            cursor.executemany(b"INSERT INTO dispute VALUES (%s, %s, %s, %s, %s)", rows)
        moved = court.move(connection, "population", second, session.coded(population), Identifier("dispute"))
        compared(connection, second, {("name", PENSION): (900, 9), ("name", MEDICAL): (1000, 10)})
        session.sit(connection, population, second)
        heard = court.evidence(connection, "population", second)
    assert moved == 5
    assert {row["pattern"]: row["count"] for row in heard.patterns.to_pylist()} == {"ab.a.": 5, "abb..": 4, "a.b..": 6}
    seen = town.ask("SELECT DISTINCT opened_run, pattern, judged_run FROM ledger.suspicion WHERE entity = 'e0'")
    assert seen == [(first, "ab.a.", second)]


def test_a_verdict_is_the_same_however_the_run_was_reached(town: Town, population: Library) -> None:
    with transaction("shuyuan_loader") as connection:
        run_id = first_run(connection, population)
        heard = court.evidence(connection, "population", run_id)
    said = [judge(population, table, heard.crosschecks).verdicts for table in (heard.patterns, heard.patterns[::-1])]
    assert said[0].equals(said[1])


def test_nobody_is_suspected_of_a_definition_or_without_a_pattern(town: Town, population: Library) -> None:
    with transaction("shuyuan_loader") as connection:
        run_id = run(connection)
        open_(connection, run_id, against(range(3), "aba..", class_="definition"))
        open_(connection, run_id, [("e9", "benefits_after_death", STATUS, "2", ALIVE, "1", "finding", None)])  # type: ignore[list-item]
        compared(connection, run_id, {})
        session.sit(connection, population, run_id)
    assert {row[0] for row in town.ask("SELECT suspect FROM ledger.suspicion")} == {None}


def test_a_silent_register_may_not_have_been_told(town: Town, population: Library) -> None:
    dead, certificate = "public_security.resident.death_date", "health.death_certificate.death_date"
    with transaction("shuyuan_loader") as connection:
        run_id = run(connection)
        open_(
            connection,
            run_id,
            [(f"e{n}", "death_date", dead, None, certificate, "2026-10-01", "error", ".a.") for n in range(4)],
        )
        compared(connection, run_id, {("death_date", certificate): (60, 4)})
        session.sit(connection, population, run_id)
    assert town.ask("SELECT DISTINCT suspect FROM ledger.suspicion") == [(dead,)]


def confused(connection: Connection, library: Library, disputed: int, dead: int, people: int = 400) -> int:
    """A run in which the pension office calls `disputed` of the `dead` alive."""
    names = [f"e{n}" for n in range(people)]
    connection.execute(
        b"INSERT INTO library.population (_key, _run, _as_of) SELECT unnest(%s::text[]), 0, %s", [names, DAY]
    )
    connection.execute(
        b"UPDATE library.population SET life_status = CASE WHEN _key = ANY(%s) THEN '2' ELSE '1' END", [names[:dead]]
    )
    run_id = run(connection)
    open_(
        connection, run_id, [(name, "life_status", STATUS, "2", ALIVE, "1", "error", "ab") for name in names[:disputed]]
    )
    compared(connection, run_id, {("life_status", ALIVE): (people, disputed)})
    session.sit(connection, library, run_id)
    return run_id


def found(town: Town) -> list[tuple[Any, ...]]:
    return town.ask("SELECT run_id, item, rows, message FROM ledger.finding WHERE kind = %s ORDER BY finding_id", KIND)


def test_a_code_that_two_departments_read_differently_is_a_finding(town: Town, population: Library) -> None:
    with transaction("shuyuan_loader") as connection:
        run_id = confused(connection, population, disputed=30, dead=40)
    ((of, item, rows, message),) = found(town)
    assert (of, item, rows) == (run_id, "life_status", 30)
    assert "多为口径不同" in message.partition(" / ")[0] and message.count(" / ") == 1
    assert "says 1 where" in message and "75%" in message and "definition: true" in message
    assert town.one("SELECT DISTINCT class FROM ledger.discrepancy") == "error"  # told, not reclassified


def test_a_code_that_is_wrong_now_and_then_is_none(town: Town, population: Library) -> None:
    with transaction("shuyuan_loader") as connection:
        confused(connection, population, disputed=30, dead=300)
    assert found(town) == []


def test_a_confusion_is_told_when_a_run_adds_to_it(town: Town, population: Library) -> None:
    with transaction("shuyuan_loader") as connection:
        confused(connection, population, disputed=30, dead=40)
        second = run(connection)
        compared(connection, second, {("life_status", ALIVE): (400, 30)})
        session.sit(connection, population, second)
    assert len(found(town)) == 1


def test_a_department_that_repeats_old_values_lags(town: Town, population: Library) -> None:
    """Both departments contradict the register anew; one says what it said before, the other something else."""
    with transaction("shuyuan_loader") as connection:
        first, second = run(connection), run(connection)
        versions = [(f"e{n}", run_id, name) for n in range(8) for run_id, name in ((first, "张山"), (second, "张三"))]
        with connection.cursor() as cursor:
            cursor.executemany(
                b"INSERT INTO history.population (_key, _op, _run, valid_from, name) VALUES (%s, 'U', %s, current_date, %s)",
                versions,
            )
        other = [(*dispute[:5], "李四", *dispute[6:]) for dispute in against(range(8), "abc..", refs=[MEDICAL])]
        open_(connection, second, [*against(range(8), "abc..", refs=[PENSION]), *other])
        compared(connection, second, {})
        session.sit(connection, population, second)
    ((rows, message),) = town.ask("SELECT rows, message FROM ledger.finding WHERE kind = 'former_value'")
    chinese, english = message.split(" / ")
    assert rows == 8 and chinese.startswith(PENSION) and "更新滞后" in chinese and english.startswith(PENSION)


def test_what_the_court_said_stays(town: Town, population: Library) -> None:
    with transaction("shuyuan_loader") as connection:
        first_run(connection, population)
    for table in ("dispute_change", "reliability", "verdict"):
        with pytest.raises(InsufficientPrivilege), transaction("shuyuan_loader") as connection:
            connection.execute(f"DELETE FROM ledger.{table}".encode())
        with pytest.raises(InsufficientPrivilege, match="append-only"), transaction("shuyuan_owner") as connection:
            connection.execute(f"DELETE FROM ledger.{table}".encode())
    for role in ("shuyuan_steward", "shuyuan_web", "shuyuan_auditor"):
        with transaction(role) as connection:  # type: ignore[arg-type]
            assert connection.execute(b"SELECT count(suspect) FROM ledger.suspicion").fetchone() == (19,)
