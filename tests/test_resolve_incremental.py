"""Resolving only what changed gives what resolving everything gives: after any deliveries, in any order, over any number of runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as rounds
from oracle_worlds import ARROW, DAY, RESOURCES, Rows, rich_items, rows, world

from shuyuan import settings
from shuyuan.catalog import Catalog, Library
from shuyuan.lake import duck, layers
from shuyuan.lake.delta import Delta, Shape, hash_of
from shuyuan.lake.snapshot import Snapshot, load
from shuyuan.resolve import disputes
from shuyuan.resolve.ruled import ALIASES, ROWS
from shuyuan.resolve.run import Inputs, Outcome, finish, part, run

FIRST = DAY - timedelta(days=6)
TRIED = ("name", "code", "born", "size")
RULES = world([item for item in rich_items(2) if item["name"] in TRIED])
State = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module", autouse=True)
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHUYUAN_HOME", str(tmp_path_factory.mktemp("incremental")))
        patch.setenv("SHUYUAN_BUCKETS", "3")
        settings.load.cache_clear()
        yield settings.load().lake
    settings.load.cache_clear()


@dataclass
class House:
    """One library over its departments; every delivery lies in the lake, every run starts from the one before."""

    folder: str
    catalog: Catalog = field(default_factory=lambda: RULES[0], repr=False)
    library: Library = field(default_factory=lambda: RULES[1], repr=False)
    members: dict[str, Snapshot] = field(default_factory=dict)
    last: Outcome = field(default_factory=Outcome)
    told: dict[str, str] | None = None
    steps: int = 0
    ruled: dict[str, Any] = field(default_factory=dict)

    def rule(self, aliases: dict[str, str], rows: list[tuple[str, str, str]] = [], moved: Sequence[str] = ()) -> None:  # noqa: B006
        """Stewards rule that keys are others, and that rows speak of others than they say; `moved`: whom a withdrawn ruling was about."""
        told = [dict(zip(ROWS.names, row, strict=True)) for row in rows]
        merged = pa.table({"alias": list(aliases), "entity": list(aliases.values())}, ALIASES)
        self.ruled = {"aliases": merged, "rows": pa.Table.from_pylist(told, ROWS), "moved": moved}

    def deliver(self, resource: str, drawn: list[dict[str, Any]], day: date) -> None:
        """A full delivery of one department."""
        self.steps += 1
        contract = RESOURCES[resource]
        names = [item.name for item in contract.items]
        shape = Shape(tuple(names), contract.bucket_item, False, self.catalog.links_of(resource))
        ours = {"_key": pa.string(), "_raw": pa.string(), "_verdicts": pa.string()}
        kinds = {item.name: ARROW.get(item.type, pa.string()) for item in contract.items} | ours
        staged = pa.Table.from_pylist([{n: row.get(n) for n in kinds} for row in drawn], pa.schema(list(kinds.items())))
        with duck.connect() as engine:
            engine.register("staged_rows", staged.append_column("_line", pa.array(range(len(drawn)), pa.int64())))
            hashed = (
                f"(SELECT *, 'U' AS _op, {text(hash_of(names, chr(39) + 'U' + chr(39)))} AS _hash FROM staged_rows)"
            )
            delta = Delta(engine, shape, self.members.get(resource, Snapshot()), day, self.steps)
            none = pa.array([], pa.string())
            delta.compute(hashed, none, none, none)
            manifest = delta.next_snapshot(f"{self.folder}/{resource}/{self.steps}").manifest
        self.members[resource] = load(manifest, by=contract.bucket_item)

    def resolve(self, day: date, workers: int = 1) -> Outcome:
        """What changed since the last run, by so many workers."""
        self.steps += 1
        inputs = Inputs(
            self.members, self.last.library, self.last.discrepancies, self.told, self.last.crosschecks, **self.ruled
        )
        folder, numbers = f"{self.folder}/library/{self.steps}", range(settings.load().buckets)
        mine = [list(numbers)[start::workers] for start in range(workers)]
        parts = [part(self.catalog, self.library, inputs, day, folder, some) for some in mine]
        self.last = finish(self.library, inputs, folder, parts)
        self.told = {name: snapshot.manifest for name, snapshot in self.members.items()}
        return self.last

    def anew(self, day: date) -> Outcome:
        """Everything from the members' live rows, as if nothing had been resolved before."""
        self.steps += 1
        inputs = Inputs(self.members, Snapshot(), Snapshot(), **self.ruled)
        return run(self.catalog, self.library, inputs, day, f"{self.folder}/anew/{self.steps}")


def text(composed: Any) -> str:
    return str(composed.as_string(None))


def state(outcome: Outcome) -> State:
    """What a library and its discrepancies say, however the files lie; and the counts."""
    with duck.connect() as engine:
        none = "SELECT NULL::VARCHAR AS _op, NULL::VARCHAR AS _key WHERE false"
        told = f"SELECT * EXCLUDE (_op) FROM {layers.relation(outcome.library, ['_key'], none)} WHERE _op <> 'D' ORDER BY _key"
        every = f"SELECT {', '.join(disputes.COLUMNS)} FROM {layers.relation(outcome.discrepancies, disputes.KEY, disputes.NONE)}"
        if not outcome.discrepancies.buckets:
            every = "SELECT 1 WHERE false"
        else:
            every += " WHERE _op <> 'D' ORDER BY ALL"
        found = duck.rows(engine, told), duck.rows(engine, every)
    counts = sorted((item, ref, *pair) for (item, ref), pair in outcome.crosschecks.items())
    assert outcome.library.rows == len(found[0]), "the manifest counts the rows"
    return {"rows": found[0], "disputes": found[1], "counts": counts}


TALES = st.lists(st.tuples(rows(most=6), st.booleans(), st.integers(1, 3)), min_size=2, max_size=4)


@given(tale=TALES)
@rounds(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
def test_any_deliveries(tale: list[tuple[Rows, bool, int]]) -> None:
    shutil.rmtree(settings.load().lake, ignore_errors=True)
    settings.load().lake.mkdir(parents=True)
    house = House("tale")
    for number, (drawn, resolved, workers) in enumerate(tale):
        day = FIRST + timedelta(days=number)
        for resource, every in drawn.items():
            house.deliver(resource, every, day)
        if resolved or number == len(tale) - 1:
            assert state(house.resolve(day, workers)) == state(house.anew(day))


def person(number: int, **values: Any) -> dict[str, Any]:
    key = f"91{number:03d}"
    return {"id": key, "_key": key, "name": f"张{number}", **values}


def test_a_day_costs_its_changes() -> None:
    """Layers grow and are taken up again, day by day; only what changed is written."""
    house = House("days")
    people = {number: person(number) for number in range(60)}
    house.deliver("p.register", list(people.values()), FIRST)
    house.resolve(FIRST)
    rewritten = 0
    for number in range(1, 16):
        day = FIRST + timedelta(days=number)
        people[number] = person(number, name=f"李{number}")
        people[100 + number] = person(100 + number)
        people.pop(50 - number)
        house.deliver("p.register", list(people.values()), day)
        found = house.resolve(day)
        assert dict(found.changes) == {"I": 1, "U": 1, "D": 1}
        rewritten += sum(not bucket.layers for bucket in found.library.buckets.values())
        assert state(found) == state(house.anew(day))
    assert rewritten > 0
    assert any(bucket.layers for bucket in found.library.buckets.values())


def names(house: House, day: date) -> dict[str, str | None]:
    """Key → name of the library, as resolved from what changed; and that is what resolving everything gives."""
    found = house.resolve(day)
    assert state(found) == state(house.anew(day))
    column = [item.name for item in house.library.items].index("name") + 1
    return {row[0]: row[column] for row in state(found)["rows"]}


def test_a_merged_number_speaks_for_its_entity_until_it_is_parted_again() -> None:
    house = House("merged")
    register = [person(1), person(2), person(3, name=None)]
    house.deliver("p.register", register, FIRST)
    house.deliver("t.records", [{**person(4), "name": "旧号"}, {**person(2), "name": "记二"}], FIRST)
    before = names(house, FIRST)
    assert before == {"91001": "张1", "91002": "张2", "91003": None}

    house.rule({"91002": "91001", "91004": "91003"})
    assert names(house, DAY) == {"91001": "张1", "91003": "旧号"}, (
        "one of the two remains; an alias fills what its entity does not say"
    )

    house.deliver("p.register", [person(1), person(2, name="新名"), person(3, name=None)], DAY)
    assert names(house, DAY) == {"91001": "张1", "91003": "旧号"}, "who says it of himself is heard first"

    house.rule({}, moved=["91001", "91002", "91003", "91004"])
    assert names(house, DAY) == before | {"91002": "新名"}


def test_a_number_that_two_persons_have_is_parted_by_rows() -> None:
    house = House("parted")
    house.deliver("p.register", [person(1)], FIRST)
    house.deliver(
        "h.claims",
        [
            {"id": "91001", "_key": "s1", "serial": "1", "name": "张1"},
            {"id": "91001", "_key": "s2", "serial": "2", "name": "另一人"},
        ],
        FIRST,
    )
    house.resolve(FIRST)
    house.rule({}, [("h.claims", "s2", "91001#2")], moved=["91001"])
    assert set(names(house, DAY)) == {"91001", "91001#2"}


def test_a_past_that_is_forgotten_counts_nobody_twice() -> None:
    """A department whose snapshot no longer says what changed since: everybody is looked at, and compared once."""
    house = House("forgotten")
    house.deliver("p.register", [person(number) for number in range(9)], FIRST)
    house.deliver("t.records", [{**person(number), "name": "异"} for number in range(4)], FIRST)
    before = house.resolve(FIRST).crosschecks
    assert any(compared for compared, _ in before.values())
    house.deliver("p.register", [person(number) for number in range(8)], DAY)
    house.members["p.register"] = replace(house.members["p.register"], past=())
    assert state(house.resolve(DAY)) == state(house.anew(DAY))
