"""Groups, conditional checks and contradictions as the engine resolves them, bucket by bucket, from a library's rows in the lake."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import oracle
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rounds
from oracle_worlds import CLAIMS, COMPARE, DAY, EVENTS, ITEMS, RECORDS, REGISTER, live, rows, world, write

from shuyuan import settings
from shuyuan.catalog import Catalog, Check, Contradiction, Library, LibraryItem
from shuyuan.lake.snapshot import Snapshot
from shuyuan.resolve.run import Inputs, Outcome, run

Rows = dict[str, list[dict[str, Any]]]
EMPTY = dict.fromkeys(("name", "org", "address", "code", "born", "amount", "lon", "size", "note"))


@pytest.fixture(autouse=True)
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("SHUYUAN_HOME", str(tmp_path))
    monkeypatch.setenv("SHUYUAN_BUCKETS", "3")
    settings.load.cache_clear()
    yield tmp_path / "lake"
    settings.load.cache_clear()


def item(name: str, kind: str, source: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "label": name, "type": kind, "source": f"{source}.{name}", **more}


def row(key: str, **values: Any) -> dict[str, Any]:
    return {**EMPTY, "id": key, "_key": key, "_as_of": DAY, "_deleted": False, **values}


def event(key: str, **values: Any) -> dict[str, Any]:
    return {**row(key, **values), "no": key, "one": key, "other": None, "happened": values.get("happened")}


def claimed(key: str, **values: Any) -> dict[str, Any]:
    return {**row(key, **values), "no": key, "serial": None}


def resolve(declared: list[dict[str, Any]], rows: Rows, *contradictions: dict[str, Any], day: date = DAY) -> Outcome:
    catalog, library = world(declared)
    told = tuple(
        Contradiction.model_validate({"title": "x", "title_en": "x", "why": "x", **one}) for one in contradictions
    )
    return resolved(catalog, library.model_copy(update={"contradictions": told}), rows, day)


def resolved(catalog: Catalog, library: Library, rows: Rows, day: date) -> Outcome:
    lake = settings.load().lake
    shutil.rmtree(lake, ignore_errors=True)
    lake.mkdir(parents=True)
    return run(catalog, library, Inputs(write(rows), Snapshot(), Snapshot()), day, "library/world/1")


def read(snapshot: Snapshot) -> list[dict[str, Any]]:
    return [one for path in snapshot.paths() for one in pq.read_table(path).to_pylist()]


GROUPED = [
    item("code", "code", REGISTER, fallback=[f"{EVENTS}.code", f"{CLAIMS}.code"], group="home"),
    item("address", "address", REGISTER, fallback=[f"{EVENTS}.address", f"{CLAIMS}.address"], group="home"),
    item("name", "person_name", REGISTER, fallback=[f"{EVENTS}.name"]),
]


@pytest.mark.parametrize(
    ("register", "told", "elsewhere", "expected"),
    [
        (("1", "人民路1号"), ("2", "深南路2号"), ("9", "东门街3号"), ("1", "人民路1号", None)),
        (("1", None), ("2", "深南路2号"), ("9", "东门街3号"), ("1", None, None)),
        ((None, None), ("2", None), ("9", "东门街3号"), ("2", None, {"code": EVENTS})),
        ((None, None), (None, None), ("9", "东门街3号"), ("9", "东门街3号", {"code": CLAIMS, "address": CLAIMS})),
        ((None, None), (None, None), (None, None), (None, None, None)),
    ],
)
def test_an_address_is_never_mixed_from_two_rows(
    register: tuple[Any, Any], told: tuple[Any, Any], elsewhere: tuple[Any, Any], expected: tuple[Any, Any, Any]
) -> None:
    pairs = [dict(zip(("code", "address"), pair, strict=True)) for pair in (register, told, elsewhere)]
    rows = {REGISTER: [row("x", **pairs[0])], EVENTS: [event("x", **pairs[1])], CLAIMS: [claimed("x", **pairs[2])]}
    (one,) = read(resolve(GROUPED, rows).library)
    filled = json.loads(one["_filled"]) if one["_filled"] else None
    assert (one["code"], one["address"], filled) == expected


def test_an_item_of_no_group_is_filled_on_its_own() -> None:
    rows = {REGISTER: [row("x", code="1")], EVENTS: [event("x", name="张三")]}
    (one,) = read(resolve(GROUPED, rows).library)
    assert (one["code"], one["name"]) == ("1", "张三")
    assert one["_filled"] == f'{{"name":"{EVENTS}"}}'


def test_a_check_is_compared_and_counted_only_where_its_condition_holds() -> None:
    check = {"ref": f"{EVENTS}.name", "when": {"code": ["1"], "born": "absent"}}
    declared = [
        item("name", "person_name", REGISTER, compare="person_name", check=[check, f"{CLAIMS}.name"]),
        item("code", "code", REGISTER),
        item("born", "date", REGISTER),
    ]
    holding = {"a": {"code": "1"}, "b": {"code": "2"}, "c": {}, "d": {"code": "1", "born": DAY}}
    rows = {
        REGISTER: [row(key, name="张三", **values) for key, values in holding.items()],
        EVENTS: [event(key, name="李四") for key in holding],
        CLAIMS: [claimed(key, name="李四") for key in holding],
    }
    outcome = resolve(declared, rows)
    told = {(one["entity"], one["claim_ref"]) for one in read(outcome.discrepancies)}
    assert told == {("a", f"{EVENTS}.name"), *((key, f"{CLAIMS}.name") for key in holding)}
    assert outcome.crosschecks == {("name", f"{EVENTS}.name"): (1, 1), ("name", f"{CLAIMS}.name"): (4, 4)}


GONE = {
    "id": "gone",
    "source": f"{EVENTS}.born",
    "claim": f"{RECORDS}.code",
    "when": {"source": "present", "claim": ["1"]},
    "days": 30,
}


def test_findings_stand_beside_the_discrepancies() -> None:
    declared = [item("name", "person_name", REGISTER, compare="person_name", check=[f"{RECORDS}.name"])]
    rows = {
        REGISTER: [row(key, name="张三") for key in "abc"],
        EVENTS: [event(key, born=DAY - timedelta(days=days)) for key, days in (("a", 31), ("b", 30))],
        RECORDS: [{**claimed(key, code="1", name="李四"), "no": key} for key in "abc"],
    }
    outcome = resolve(declared, rows, GONE)
    told = {(one["entity"], one["item"]): one for one in read(outcome.discrepancies)}
    assert told.keys() == {("a", "gone"), ("b", "gone"), *((key, "name") for key in "abc")}
    found, waiting = told["a", "gone"], told["b", "gone"]
    assert (found["class"], found["pattern"], found["_turns"]) == ("finding", None, None)
    assert (waiting["class"], waiting["_turns"]) == ("timing", DAY + timedelta(days=1))
    assert (found["source_ref"], found["source_value"]) == (f"{EVENTS}.born", str(DAY - timedelta(days=31)))
    assert (found["claim_ref"], found["claim_value"]) == (f"{RECORDS}.code", "1")
    assert outcome.crosschecks == {("name", f"{RECORDS}.name"): (3, 3)}, "a finding is no comparison of two values"


def test_the_silence_of_a_department_counts_once_it_has_delivered() -> None:
    unknown = {"id": "unknown", "source": f"{EVENTS}.one", "claim": f"{CLAIMS}.id", "when": {"source": "absent"}}
    rows: Rows = {CLAIMS: [claimed("x"), claimed("y")]}
    declared = [item("name", "person_name", REGISTER)]
    assert read(resolve(declared, rows, unknown).discrepancies) == []
    rows[EVENTS] = [event("y")]
    (told,) = read(resolve(declared, rows, unknown).discrepancies)
    assert (told["entity"], told["item"], told["source_value"], told["claim_value"]) == ("x", "unknown", None, "x")


class Ruled(oracle.Entity):
    """The oracle's entity, whose grouped items come from one row and whose checks may have conditions."""

    def origin(self, item: LibraryItem) -> str | None:
        group = self.library.group_of(item)
        for n in range(len(item.fallback) + 1):
            asked = [self.source(one) if n == 0 else one.fallback[n - 1] for one in group]
            if any(ref and self.claim(ref) is not None for ref in asked):
                own = asked[group.index(item)]
                return own if own and self.claim(own) is not None else None
        return None

    def compared(self, check: Check) -> bool:
        values = {condition: self.value(self.library.item(condition.of)) for condition in check.when}
        told = {
            "present": lambda c: values[c] is not None,
            "absent": lambda c: values[c] is None,
            "in": lambda c: values[c] in c.values,
        }
        return all(told[condition.test](condition) for condition in check.when)


@st.composite
def ruled(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Three items of one group and one of none; every check with a condition or without."""
    order, many = draw(st.permutations([REGISTER, EVENTS, CLAIMS, RECORDS])), draw(st.integers(1, 3))
    tests = {
        "code": st.lists(st.sampled_from(["1", "2", "20", ""]), min_size=1, max_size=3),
        "born": st.sampled_from(["present", "absent"]),
    }
    found = []
    for name in ("code", "address", "born", "name"):
        kind, first = ITEMS[name], order if name != "name" else order[::-1]
        refs = [f"{resource}.{name}" for resource in first]
        whens = [draw(st.none() | st.fixed_dictionaries({}, optional=tests).filter(bool)) for _ in refs[:3]]
        checks = [{"ref": ref, **({"when": when} if when else {})} for ref, when in zip(refs, whens, strict=False)]
        scoped = {"91 92": refs[0], "5": refs[-1]} if draw(st.booleans()) and name == "name" else refs[0]
        group = {"group": "home"} if name != "name" else {}
        found.append({"name": name, "label": name, "type": kind, "compare": COMPARE[kind], "source": scoped, "check": checks,
                      "fallback": refs[1 : many + 1] if scoped == refs[0] else [], "timing": draw(st.sampled_from([0, 30])), **group})  # fmt: skip
    return found


@given(declared=ruled(), drawn=rows(most=7))
@rounds(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_groups_and_conditions_against_the_oracle(declared: list[dict[str, Any]], drawn: Rows) -> None:
    catalog, library = world(declared)
    verdict = oracle.verdict

    def conditional(entity: Ruled, item: LibraryItem, check: Check) -> bool | None:
        return verdict(entity, item, check) if entity.compared(check) else None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(oracle, "Entity", Ruled)
        patch.setattr(oracle, "verdict", conditional)
        expected = oracle.resolve(catalog, library, live(drawn), DAY)
    outcome = resolved(catalog, library, drawn, DAY)
    columns = [*(one.name for one in library.items), "_filled"]
    assert {one["_key"]: {name: one[name] for name in columns} for one in read(outcome.library)} == expected.rows
    told = {(one["entity"], one["item"], one["claim_ref"]): one for one in read(outcome.discrepancies)}
    assert told.keys() == expected.disputes.keys()
    for place, dispute in expected.disputes.items():
        assert {
            name: told[place][name] for name in ("source_ref", "source_value", "claim_value", "class")
        }.items() <= dispute.items()
    assert outcome.crosschecks == expected.counts
