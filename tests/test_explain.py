"""Why a cell is what it is: the story over hand-made facts, the doors over a lived town, who may ask, and what is written down."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
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
from shuyuan.explain.facts import Facts
from shuyuan.explain.past import former, open_at, still_known
from shuyuan.explain.story import Explained, Story, camps, source_ref
from shuyuan.settings import PROJECT
from shuyuan.share import people
from shuyuan.share.moment import Moment
from shuyuan.share.read import Refused

CATALOG = load_catalog(PROJECT / "catalog")
POPULATION = CATALOG.libraries["population"]
KEY = "440303198002031008"
MORNING = datetime(2026, 11, 16, 1, tzinfo=UTC)
NOON, NIGHT = MORNING + timedelta(hours=3), MORNING + timedelta(hours=12)


def told(day: date = MONDAY, batch: int = 1, **values: object) -> dict[str, Any]:
    return {
        "_batch": batch,
        "_line": 7,
        "_as_of": day,
        "_row": "r",
        "_raw": None,
        "_verdicts": None,
        "_place": None,
    } | values


def delivery(number: int, admitted: datetime = MORNING) -> dict[str, Any]:
    return {"batch_id": number, "file_name": f"file_{number}.csv", "received_at": admitted, "admitted_at": admitted}


def facts(name: str | None = "张三丰", **more: Any) -> Facts:
    row = {"name": name, "_filled": None, "_run": 5}
    given: dict[str, Any] = {
        "claims": {"public_security.resident": told(name=name)}, "batches": {1: delivery(1), 2: delivery(2, NIGHT)},
        "runs": ({"run_id": 5, "started_at": NOON, "changed_at": NOON, "rules": "r", "changed_it": True},),
    }  # fmt: skip
    return Facts(row, row, **(given | more))


def item(found: Facts, name: str = "name", moment: Moment = Moment()) -> Explained:  # noqa: B008 - frozen
    return Story(CATALOG, KEY, found, moment).item(POPULATION.item(name))


def standing(found: Facts, ref: str = "hrss.insured.name", moment: Moment = Moment()) -> str:  # noqa: B008 - frozen
    return next(claim.standing for claim in item(found, moment=moment).claims if claim.origin.ref == ref)


def with_claim(**row: Any) -> Facts:
    start = facts()
    return replace(start, claims={**start.claims, "hrss.insured": told(**row)})


def dispute(**more: Any) -> dict[str, Any]:
    given = {"discrepancy_id": 9, "item": "name", "claim_ref": "hrss.insured.name", "claim_value": "张三", "class": "error",
             "opened_run": 5, "opened_at": NOON, "opened_for": MONDAY, "closed_run": None, "closed_at": None, "closed_for": None,
             "pattern": "ab..."}  # fmt: skip
    return given | more


def test_every_claim_stands_for_a_reason() -> None:
    assert standing(facts()) == "no claim"
    assert standing(with_claim(name="张三丰")) == "agree"
    assert standing(with_claim(name=None, _verdicts={"name": "masked"})) == "masked"
    assert standing(with_claim(name=None, _verdicts={"phone": "masked"})) == "no claim"
    assert standing(with_claim(name="张三", batch=2)) == "waiting", "let in after the run had started"
    disputed = replace(
        with_claim(name="张三"),
        discrepancies=(dispute(),),
        suspects={9: {"suspect": "hrss.insured.name", "probability": 0.9}},
    )
    claim = next(c for c in item(disputed).claims if c.origin.ref == "hrss.insured.name")
    assert (claim.standing, claim.kind, claim.opened_run, claim.suspect, claim.probability) == (
        "disagree",
        "error",
        5,
        "hrss.insured.name",
        0.9,
    )
    assert standing(replace(disputed, discrepancies=(dispute(closed_run=6),))) == "agree"


def test_each_claimant_once_by_its_weightiest_part() -> None:
    parts = {claim.origin.ref: claim.part for claim in item(facts()).claims}
    assert parts["public_security.nonlocal.name"] == "fallback" and parts["hrss.insured.name"] == "check"
    assert "public_security.resident.name" not in parts, "the published value competes with nobody"
    married = replace(facts(), row={"marital_status": "20", "_filled": {"marital_status": "public_security.resident"}, "_run": 5},
                      claims={"public_security.resident": told(marital_status="20")})  # fmt: skip
    shown = item(married, "marital_status")
    assert shown.filled and shown.value == "20 · 已婚" and shown.origin.ref == "public_security.resident.marital_status"
    assert [(c.origin.ref, c.part, c.standing) for c in shown.claims] == [
        ("civil_affairs.marriage.status", "source", "no claim")
    ]


def test_an_origin_that_says_something_else_by_now_is_not_shown_as_the_origin() -> None:
    found = facts()
    assert item(found).origin.batch == 1 and not item(found).origin.replaced
    newer = replace(found, claims={"public_security.resident": told(name="张三疯", batch=2)})
    assert item(newer).origin.replaced and item(newer).origin.batch is None
    assert item(replace(found, claims={})).origin.replaced


def test_the_text_as_sent_and_the_part_of_a_delivery() -> None:
    sent = told(name="张三丰", _raw={"name": "张三丰 "}, _place="part 2 (x_part2.csv) line 3")
    origin = item(replace(facts(), claims={"public_security.resident": sent})).origin
    assert (origin.raw, origin.place, origin.file_name, origin.row) == (
        "张三丰 ",
        "part 2 (x_part2.csv) line 3",
        "file_1.csv",
        "r",
    )


def test_camps_of_a_pattern() -> None:
    name = POPULATION.item("name")
    source, *checks = "public_security.resident.name", *(check.ref for check in name.check)
    assert camps("aab." + "." * (len(checks) - 3), name, source)[0] == (source, checks[0])
    assert camps("aab." + "." * (len(checks) - 3), name, source)[1] == (checks[1],)
    assert camps("", name, source) == []


def test_sources_by_prefix_of_the_key() -> None:
    scoped = next(i for lib in CATALOG.libraries.values() for i in lib.items if any(s.prefixes for s in i.source))
    scope = next(s for s in scoped.source if s.prefixes)
    assert source_ref(scoped, scope.prefixes[0] + "0000") == scope.ref
    assert source_ref(scoped, "?") in (None, *(s.ref for s in scoped.source if not s.prefixes))


def test_what_is_still_known_of_the_past() -> None:
    row, batch = told(MONDAY), delivery(1, NOON)
    assert still_known(Moment(MONDAY), row, batch) and still_known(Moment(TUESDAY, NOON), row, batch)
    assert not still_known(Moment(MONDAY, MORNING), row, batch), "not let in yet"
    assert not still_known(Moment(MONDAY - timedelta(1)), row, batch), "speaks of a later day"
    assert not still_known(Moment(MONDAY), row, delivery(1) | {"admitted_at": None}), "nobody knows when it was let in"
    assert not still_known(Moment(MONDAY), None, None)


def test_a_discrepancy_was_open_between_its_runs() -> None:
    closed = dispute(closed_run=6, closed_at=NIGHT, closed_for=WEDNESDAY)
    assert [open_at(Moment(day), closed) for day in (MONDAY - timedelta(1), MONDAY, TUESDAY, WEDNESDAY)] == [
        False,
        True,
        True,
        False,
    ]
    assert open_at(Moment(WEDNESDAY, NOON), closed), "that it closed was recorded later"
    assert not open_at(Moment(WEDNESDAY, MORNING), closed), "that it opened was recorded later"
    assert not open_at(Moment(), closed) and open_at(Moment(), dispute())


def test_a_claim_of_the_past_is_known_or_said_to_be_unknown() -> None:
    agreed = with_claim(name="张三丰")
    assert standing(agreed, moment=Moment(TUESDAY)) == "agree"
    replaced = with_claim(name="张三丰", day=WEDNESDAY)
    assert standing(replaced, moment=Moment(TUESDAY)) == "unknown"
    assert standing(facts(), moment=Moment(TUESDAY)) == "unknown", "a row that is not there now may have been there"
    known = replace(replaced, discrepancies=(dispute(closed_run=6, closed_at=NIGHT, closed_for=WEDNESDAY),))
    claim = next(c for c in item(known, moment=Moment(TUESDAY)).claims if c.origin.ref == "hrss.insured.name")
    assert (claim.standing, claim.value) == ("disagree", "张三"), "the ledger remembers what the department said"
    assert claim.origin.replaced and claim.origin.batch is None, "but not in which row"


def test_that_a_fallback_spoke_tells_of_the_source() -> None:
    married = replace(
        facts(),
        row={"marital_status": "20", "_filled": {"marital_status": "public_security.resident"}, "_run": 5},
        claims={},
    )
    past = item(married, "marital_status", Moment(TUESDAY))
    assert [(c.part, c.standing) for c in past.claims] == [("source", "no claim")] and past.origin.replaced
    waits = replace(married, claims={"civil_affairs.marriage": told(status="10", batch=2)})
    assert [c.standing for c in item(waits, "marital_status").claims] == ["waiting"]
    empty = item(replace(facts(), row={"school": None, "_filled": None, "_run": 5}), "school", Moment(TUESDAY))
    assert not empty.origin.replaced, "no value came from no row"


def test_former_values_in_the_order_of_recording() -> None:
    def version(op: str, name: str, day: date, run: int) -> dict[str, Any]:
        return {"_op": op, "name": name, "valid_from": day, "recorded_at": MORNING + timedelta(hours=run), "_run": run}

    versions = [version("I", "a", MONDAY, 1), version("U", "a", TUESDAY, 2), version("U", "b", TUESDAY, 3),
                version("D", "b", WEDNESDAY, 4), version("I", "b", WEDNESDAY, 5)]  # fmt: skip
    assert [(f.value, f.gone, f.run) for f in former(versions, "name")] == [
        ("a", False, 1),
        ("b", False, 3),
        (None, True, 4),
        ("b", False, 5),
    ]


# A lived town

ANN, BOB, *OTHERS = ids(8)


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
