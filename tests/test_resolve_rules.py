"""Groups, conditional checks and contradictions as the engine resolves them, bucket by bucket, from a library's rows in the lake."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from oracle_worlds import CLAIMS, DAY, EVENTS, RECORDS, REGISTER, world, write

from shuyuan import settings
from shuyuan.catalog import Catalog, Contradiction, Library
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
