"""Why a cell is what it is: the doors over a lived town, who may ask, and what is written down."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from terminal import program  # noqa: F401
from town import INSURED, MONDAY, TUESDAY, WEDNESDAY, Town, fresh_database, ids, person

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.db.engine import transaction
from shuyuan.db.sql import SQL, statement
from shuyuan.explain import facts as questions
from shuyuan.explain.ask import Explanation, explain
from shuyuan.settings import PROJECT
from shuyuan.share import people
from shuyuan.share.moment import Moment
from shuyuan.share.read import Refused

CATALOG = load_catalog(PROJECT / "catalog")
POPULATION = CATALOG.libraries["population"]
MORNING = datetime(2026, 11, 16, 1, tzinfo=UTC)


ANN, BOB, *OTHERS = ids(8)
THURSDAY = WEDNESDAY + timedelta(1)


def live(town: Town) -> None:
    """Monday: the pension office spells Ann's name otherwise. Wednesday: it corrects itself, and the register changes her name."""
    others = [person(other) for other in OTHERS]
    town.register(MONDAY, [person(ANN, "安一"), person(BOB, "包二"), *others])
    town.insured(MONDAY, [{"社会保障号": ANN, "姓名": "安二"}, {"社会保障号": BOB, "姓名": "包*"}])
    town.feed(MONDAY)
    town.feed(MONDAY, INSURED)
    town.publish()
    town.register(WEDNESDAY, [person(ANN, "安壹"), person(BOB, "包二"), *others])
    town.insured(WEDNESDAY, [{"社会保障号": ANN, "姓名": "安壹", "opt_type": "U"}])
    town.feed(WEDNESDAY)
    town.feed(WEDNESDAY, INSURED)
    town.publish()
    for name, role in (("lin", "steward"), ("zhao", "auditor"), ("wang", "analyst"), ("gone", "steward")):
        people.add_person(name, "tax", role)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def lived(home: Path) -> Town:
    """One for all tests of the module: they read, and what they write is about somebody else."""
    os.environ["SHUYUAN_HOME"] = str(home)
    settings.load.cache_clear()
    fresh_database(home)
    town = Town(home)
    town.clear()
    live(town)
    return town


def asked(item: str | None = "name", who: str = "lin", key: str = ANN, **more: Any) -> Explanation:
    return explain(who, "数据校核", "population", key, item, **more)


def test_a_cell_of_today(lived: Town) -> None:
    answer = asked()
    (name,) = answer.items
    assert (name.value, name.origin.file_name, name.origin.as_of) == ("安壹", "resident_20261118.csv", WEDNESDAY)
    assert (name.origin.line, name.origin.row, answer.same_rules) == (2, ANN, True)
    assert [(f.value, f.valid_from) for f in name.former] == [("安一", MONDAY), ("安壹", WEDNESDAY)]
    claim = next(c for c in name.claims if c.origin.ref == "hrss.insured.name")
    assert (claim.standing, claim.value, claim.origin.file_name) == ("agree", "安壹", "insured_20261118.parquet")
    assert [(d["claim_value"], d["closed_run"] is not None) for d in answer.discrepancies] == [("安二", True)]
    masked = next(c for c in asked(key=BOB).items[0].claims if c.origin.ref == "hrss.insured.name")
    assert (masked.standing, masked.value) == ("masked", "")
    assert len(asked(None).items) == len(POPULATION.items)


def test_a_cell_of_the_past(lived: Town) -> None:
    answer = asked(moment=Moment(TUESDAY))
    (name,) = answer.items
    assert (name.value, name.now, name.changed) == ("安一", "安壹", True)
    assert name.origin.replaced, "the row of Monday is gone; what it was is not guessed"
    claim = next(c for c in name.claims if c.origin.ref == "hrss.insured.name")
    assert (claim.standing, claim.value, claim.kind) == ("disagree", "安二", "error")
    assert next(c for c in name.claims if c.origin.ref == "medical_insurance.insured.name").standing == "unknown"
    assert not asked(moment=Moment(MONDAY - timedelta(1))).found
    assert not asked(moment=Moment(TUESDAY, MORNING - timedelta(days=400))).found, "nothing was known then"


def last(town: Town, columns: str = "user_name, outcome, entity, objects, columns, rows") -> tuple[Any, ...]:
    return town.ask(f"SELECT {columns} FROM ledger.access ORDER BY access_id DESC LIMIT 1")[0]


def test_every_look_is_written_down_and_shown_to_the_next(lived: Town) -> None:
    first = asked(moment=Moment(TUESDAY))
    user, outcome, entity, objects, columns, rows = last(lived)
    assert (user, outcome, entity, columns, rows) == ("lin", "granted", ANN, ["name"], 1)
    assert {"library.population", "history.population", "claim.population__hrss__insured"} <= set(objects)
    assert last(lived, "purpose, statement, method, medium")[:2] == (
        "data_verification",
        f"explain population {ANN} name as of 2026-11-17",
    )
    readers = asked().readers
    assert readers is not None and readers[0]["access_id"] == first.access_id
    assert asked(key=OTHERS[5]).readers == (), "who looked at Ann did not look at anybody else"


def test_an_auditor_sees_readers_and_no_value(lived: Town) -> None:
    asked()
    answer = asked(who="zhao")
    assert answer.facts is None and answer.items == () and answer.readers is not None
    assert answer.readers[0]["user_name"] == "lin"
    assert last(lived, "objects, columns") == (["ledger.access"], [])


@pytest.mark.parametrize(
    ("who", "change", "why"),
    [
        ("wang", {}, "只对数据管理员、数据工程师和审计员开放"),
        ("nobody", {}, "未登记"),
        ("lin", {"purpose": "好奇"}, "不在规定用途"),
        ("lin", {"library": "moon"}, "没有这个库"),
        ("lin", {"item": "shoe"}, "没有信息项 shoe"),
    ],
)
def test_refused_on_record(lived: Town, who: str, change: dict[str, str], why: str) -> None:
    given = {"purpose": "data_verification", "library": "population", "item": "name"} | change
    with pytest.raises(Refused, match=why):
        explain(who, given["purpose"], given["library"], ANN, given["item"])
    assert last(lived, "user_name, outcome, entity") == (who, "refused", ANN)


def test_the_deactivated_are_refused(lived: Town) -> None:
    assert people.deactivate("gone")
    with pytest.raises(Refused, match="已停用"):
        asked(who="gone")


def test_no_log_no_answer(lived: Town) -> None:
    with transaction("shuyuan_owner") as owner:
        owner.execute("REVOKE INSERT ON ledger.access FROM shuyuan_web")
    try:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            asked()
    finally:
        with transaction("shuyuan_owner") as owner:
            owner.execute("GRANT INSERT ON ledger.access TO shuyuan_web")


def test_who_is_probably_wrong_comes_from_the_court(lived: Town) -> None:
    other, ours, theirs = OTHERS[0], "public_security.resident.name", "hrss.insured.name"
    dispute = (
        "INSERT INTO ledger.discrepancy (library, entity, item, source_ref, source_value, claim_ref, claim_value, class, opened_run, pattern) "
        "SELECT 'population', %s, 'name', %s, 'a', %s, 'b', 'error', min(run_id), 'ab...' FROM ledger.run"
    )
    said = "SELECT suspect, probability FROM ledger.verdict WHERE item = 'name' AND source_ref = %s AND claim_ref = %s AND pattern = 'ab...'"
    with transaction("shuyuan_owner") as owner:
        owner.execute(dispute, [other, ours, theirs])
        ((suspect, probability),) = owner.execute(said + " ORDER BY run_id DESC LIMIT 1", [ours, theirs]).fetchall()
    claim = next(c for c in asked(key=other).items[0].claims if c.standing == "disagree")
    assert (claim.suspect, claim.probability, claim.pattern) == (suspect, probability, "ab...")


def test_what_was_ruled_about_the_identity_is_told(lived: Town) -> None:
    order = "INSERT INTO ledger.link (library, alias, key, method, why, evidence, proposed_by) VALUES ('population', %s, %s, 'old_form', 'why', '{}', 'line')"
    with transaction("shuyuan_owner") as owner:
        owner.execute(order, ["440303800203100", ANN])
    answer = asked()
    assert answer.facts is not None
    assert [(link["alias"], link["key"], link["state"]) for link in answer.facts.links] == [
        ("440303800203100", ANN, "proposed")
    ]
    other = asked(key="440303800203100")
    assert other.known and not other.found


def test_what_is_said_under_a_merged_number_is_said_of_the_entity(lived: Town) -> None:
    """The pension office knows him under another number; proposed it counts for nothing, confirmed it is his."""
    bob, other = OTHERS[1], OTHERS[2]
    link = (
        "INSERT INTO ledger.link (library, alias, key, method, why, evidence, proposed_by) "
        "VALUES ('population', %s, %s, 'x', 'y', '{}', 'lin') RETURNING link_id"
    )
    insured = (
        "INSERT INTO source.hrss__insured (_key, _line, _batch, _as_of, _hash, id_no, name) "
        "SELECT %s, 9, max(batch_id), %s, 'h', %s, '包二' FROM ledger.batch"
    )
    with transaction("shuyuan_owner") as owner:
        owner.execute(insured, [other, MONDAY, other])
        ((number,),) = owner.execute(link, [other, bob]).fetchall()
    pension = "hrss.insured.name"
    assert next(c for c in asked(key=bob).items[0].claims if c.origin.ref == pension).standing == "no claim"
    with transaction("shuyuan_owner") as owner:
        owner.execute(
            "INSERT INTO ledger.link_ruling (link_id, verdict, ruled_by, reason) VALUES (%s, 'confirmed', 'lin', 'seen')",
            [number],
        )
    claim = next(c for c in asked(key=bob).items[0].claims if c.origin.ref == pension)
    assert (claim.value, claim.origin.line, claim.origin.row) == ("包二", 9, other)


def test_the_command_line(lived: Town, shuyuan: Any) -> None:
    said = shuyuan("explain", "population", ANN, "name", "--as", "lin")
    for words in (
        "安壹",
        "resident_20261118.csv",
        "line 2",
        "一致 agrees",
        "曾 before",
        "安一",
        "已结 closed",
        "谁看过",
        "person_name",
    ):
        assert words in said.out, words
    assert said.code == 0
    past = shuyuan("explain", "population", ANN, "name", "--as", "lin", "--as-of", "2026-11-17")
    assert (
        "安二" in past.out
        and "不一致 disagrees" in past.out
        and "现在 now 安壹" in past.out
        and "not known" in past.out
    )
    found = json.loads(shuyuan("explain", "population", ANN, "--as", "lin", "--json").out)
    assert found["items"][0]["rule"]["compare"] == "person_name" and found["items"][0]["origin"]["batch"] == 3
    assert shuyuan("explain", "population", "1", "--as", "lin").code == 1
    refused = shuyuan("explain", "population", ANN, "--as", "wang")
    assert refused.code == 2 and "安壹" not in refused.words and "shuyuan query" in refused.words
    audit = shuyuan("explain", "population", ANN, "--as", "zhao")
    assert audit.code == 0 and "lin" in audit.out and "安" not in audit.out.replace("安全", "")


def test_rows_are_found_by_index_only(lived: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """With sequential scans made as dear as can be no plan has one: every question has the index it needs."""
    plans: list[str] = []
    real = questions._ask

    def planned(connection: Any, name: str, values: Any, **parts: Any) -> Any:
        connection.execute("SET LOCAL enable_seqscan = off")
        order = SQL("EXPLAIN {}").format(statement(f"explain/{name}", **parts))
        plans.extend(f"{name}: {row[0]}" for row in connection.execute(order, values))
        return real(connection, name, values, **parts)

    monkeypatch.setattr(questions, "_ask", planned)
    asked(None, moment=Moment(TUESDAY))
    assert len(plans) > 50
    assert [plan for plan in plans if "Seq Scan" in plan and " on library" not in plan] == []


def test_a_run_published_meanwhile_is_told_of_next_time(lived: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """An explanation asks several questions; all answers are of one moment, or it would tell half a run."""
    spoken = questions._spoken

    def meanwhile(*given: Any) -> Any:
        lived.insured(THURSDAY, [{"社会保障号": OTHERS[4], "姓名": "别名"}])
        lived.feed(THURSDAY, INSURED)
        lived.publish()
        return spoken(*given)

    def last_run() -> int:
        facts = asked().facts
        assert facts is not None and facts.last is not None
        return int(facts.last["run_id"])

    before = last_run()
    with monkeypatch.context() as patch:
        patch.setattr(questions, "_spoken", meanwhile)
        assert last_run() == before
    assert last_run() > before
