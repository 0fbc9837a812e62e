"""Why a cell is what it is: the story over hand-made facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from terminal import program  # noqa: F401
from town import MONDAY, TUESDAY, WEDNESDAY

from shuyuan.catalog import load_catalog
from shuyuan.explain.facts import Facts
from shuyuan.explain.past import former, open_at, still_known
from shuyuan.explain.story import Explained, Story, camps, source_ref
from shuyuan.settings import PROJECT
from shuyuan.share.moment import Moment

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
