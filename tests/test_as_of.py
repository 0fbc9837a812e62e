"""A library as it was on a day, as known at a moment: the function against an oracle, its plan, and every door that asks."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from terminal import program, published  # noqa: F401
from town import MONDAY, TUESDAY, WEDNESDAY, Town, ids, person

from shuyuan.db.engine import Connection, transaction
from shuyuan.settings import BEIJING
from shuyuan.share import people
from shuyuan.share.moment import Moment, known_at
from shuyuan.share.read import Refused, read

ANN, BOB, CAI, *OTHERS = ids(9)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
AS_OF = "SELECT _key, name FROM history.population_as_of(%s, %s) ORDER BY _key"


def version(connection: Connection, key: str, op: str, run: int, valid: date, recorded: datetime, name: str) -> None:
    connection.execute(
        "INSERT INTO history.population (_key, _op, _run, valid_from, recorded_at, name) VALUES (%s, %s, %s, %s, %s, %s)",
        [key, op, run, valid, recorded, name],
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_function_says_what_the_definition_says(town: Town, seed: int) -> None:
    """Of the versions that speak of the day or before and were recorded by then, the one for the latest day, then the latest recorded."""
    chance = random.Random(seed)
    told = [
        (str(chance.randrange(6)), chance.choice("IUUD"), run, MONDAY + timedelta(chance.randrange(5)),
         FIRST + timedelta(hours=run), f"name {run}")
        for run in range(60)
    ]  # fmt: skip
    with transaction("shuyuan_owner") as connection:
        for row in told:
            version(connection, *row)
        for day in range(-1, 6):
            for hour in (0, 10, 35, None):
                valid, known = MONDAY + timedelta(day), None if hour is None else FIRST + timedelta(hours=hour)
                assert connection.execute(AS_OF, [valid, known]).fetchall() == expected(told, valid, known)


def expected(told: list[tuple[Any, ...]], valid: date, known: datetime | None) -> list[tuple[str, str]]:
    """The definition, row by row."""
    best: dict[str, tuple[Any, ...]] = {}
    for key, op, _, day, recorded, name in told:
        if day <= valid and (known is None or recorded <= known) and best.get(key, ((date.min,),))[0] < (day, recorded):
            best[key] = ((day, recorded), op, name)
    return sorted((key, name) for key, (_, op, name) in best.items() if op != "D")


def test_one_entity_costs_its_own_versions(town: Town) -> None:
    """The condition reaches the primary key through the function: no other entity's versions are read."""
    with transaction("shuyuan_owner") as connection:
        connection.execute(
            "INSERT INTO history.population (_key, _op, _run, valid_from, recorded_at) SELECT g::text, 'I', 1, %s, now() FROM generate_series(1, 20000) AS g",
            [MONDAY],
        )
        connection.execute("ANALYZE history.population")
        ask = "EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM history.population_as_of(%s, NULL) WHERE _key = %s"
        ((document,),) = connection.execute(ask, [TUESDAY, "77"]).fetchall()
        scans = [node for node in nodes(document[0]["Plan"]) if "Scan" in node["Node Type"] and "Relation Name" in node]
    assert [node["Relation Name"] for node in scans] == ["population"]
    assert "Index" in scans[0]["Node Type"] and "_key" in scans[0]["Index Cond"] and scans[0]["Actual Rows"] == 1


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(found for child in plan.get("Plans", []) for found in nodes(child))]


def story(town: Town) -> None:
    """Monday three people; a correction for Monday of Ann's name; on Wednesday Bob has left."""
    others = [person(other, "众人") for other in OTHERS]  # one of three leaving would look like a file cut short
    town.register(MONDAY, [person(ANN, "安一"), person(BOB, "包二"), person(CAI, "蔡三"), *others])
    town.feed(MONDAY)
    town.publish()
    town.register(MONDAY, [person(ANN, "安壹"), person(BOB, "包二"), person(CAI, "蔡三"), *others], suffix="_2")
    town.feed(MONDAY)
    town.publish()
    town.register(WEDNESDAY, [person(ANN, "安壹"), person(CAI, "蔡三"), *others])
    town.feed(WEDNESDAY)
    town.publish()
    people.add_person("wang", "tax", "analyst")
    people.grant("population", ["id_no:plain", "name:plain", "birth_date"], ["行政依据"], "陈主任", person="wang")


@pytest.fixture
def corrected(town: Town) -> Town:
    town.begin_with("corrected", story)
    return town


def names(moment: Moment, **where: str) -> list[Any]:
    answer = read("wang", "行政依据", "population", ["name"], where=where, limit=20, method="cli", moment=moment)
    return sorted(row[0] for row in answer.rows if row[0] != "众人")


def test_a_correction_does_not_erase_what_was_known(corrected: Town, shuyuan: Any) -> None:
    before = corrected.one("SELECT max(recorded_at) FROM history.population WHERE _run = 1")
    assert names(Moment()) == ["安壹", "蔡三"]
    assert names(Moment(TUESDAY)) == ["包二", "安壹", "蔡三"]
    assert names(Moment(MONDAY, before)) == ["包二", "安一", "蔡三"]
    assert names(Moment(WEDNESDAY), id_no=BOB) == [] and names(Moment(TUESDAY), id_no=BOB) == ["包二"]
    assert names(Moment(date(2026, 11, 1))) == []

    ask = (
        "query",
        "population",
        "--as",
        "wang",
        "--purpose",
        "行政依据",
        "--items",
        "name,birth_date",
        "--where",
        f"id_no={ANN}",
    )
    said = shuyuan(*ask, "--as-of", "2026-11-16", "--known", before.isoformat(), "--json")
    assert json.loads(said.out)["rows"] == [{"name": "安一", "birth_date": "1980"}], "today's mask holds for the past"
    last = "SELECT objects, entity, statement, outcome FROM ledger.access ORDER BY access_id DESC LIMIT 1"
    objects, entity, statement, outcome = corrected.ask(last)[0]
    assert (objects, entity, outcome) == (["history.population"], ANN, "granted")
    assert "population_as_of" in statement and "2026-11-16" in statement and before.date().isoformat() in statement
    assert "as of 2026-11-17" in shuyuan(*ask, "--as-of", "2026-11-17").words


def test_the_past_is_as_closed_as_the_present(corrected: Town, shuyuan: Any) -> None:
    with pytest.raises(Refused, match="未开放信息项：phone"):
        read("wang", "行政依据", "population", ["phone"], where={}, limit=1, method="cli", moment=Moment(MONDAY))
    refused = "SELECT outcome, objects FROM ledger.access ORDER BY access_id DESC LIMIT 1"
    assert corrected.ask(refused) == [("refused", ["history.population"])]
    for wrong in (("--as-of", "Monday"), ("--known", "soon")):
        said = shuyuan("query", "population", "--as", "wang", "--purpose", "行政依据", "--items", "name", *wrong)
        assert said.code == 2 and "write it as" in said.err


def test_moments_are_written_in_beijing_time() -> None:
    assert known_at("2026-11-16T09:30") == datetime(2026, 11, 16, 9, 30, tzinfo=BEIJING)
    assert known_at("2026-11-16T01:30+00:00") == known_at("2026-11-16T09:30")
    assert known_at("2026-11-16") < known_at("2026-11-17T00:00") < known_at("2026-11-17")
    assert not Moment().past and Moment(known=FIRST).past
    assert str(Moment(MONDAY, known_at("2026-11-16T09:30"))) == "as of 2026-11-16 known 2026-11-16T09:30:00+08:00"
