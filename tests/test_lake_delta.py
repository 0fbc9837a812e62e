"""Snapshots and deltas without a warehouse: odd keys, composite keys, rows that change their bucket, values that are not there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shuyuan import settings
from shuyuan.intake.standardise import _json
from shuyuan.lake import duck, layers
from shuyuan.lake.delta import Counts, Delta, Shape
from shuyuan.lake.snapshot import Snapshot, SnapshotError, load

Row = dict[str, object]
NONE = "SELECT NULL::VARCHAR AS _key, NULL::BOOLEAN AS _deleted, NULL::INTEGER AS _bucket WHERE false"
ODD = [
    "a",
    "键",
    "é",
    "e\u0301",
    "𠮷",
    "x'y\"z",
    "\\",
    "%s",
    "{a}",
    "$a",
    "k" * 5000,
    " ",
    "A",
    "0",
    "-",
    "null",
    "a\u2028b",
]


@pytest.fixture(autouse=True)
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("SHUYUAN_HOME", str(tmp_path))
    settings.load.cache_clear()
    yield tmp_path / "lake"
    settings.load.cache_clear()


class Register:
    """A resource of items `a` (text), `place` (decides the bucket) and its live snapshot; one delivery after the other."""

    def __init__(self, change: bool = False, kind: pa.DataType | None = None) -> None:
        self.live, self.batch, self.change, self.kind = Snapshot(), 0, change, kind or pa.string()

    def deliver(self, rows: list[Row], day: int = 1, by: str = "place") -> Counts:
        self.batch += 1
        schema = pa.schema([
            ("a", pa.string()), ("place", self.kind), ("_key", pa.string()), ("_op", pa.string()), ("_line", pa.int64()),
            ("_raw", pa.string()), ("_verdicts", pa.string()), ("_hash", pa.string()),
        ])  # fmt: skip
        full = [
            {"_op": "U", "_line": n, "_hash": repr(sorted(row.items(), key=str)), **row}
            for n, row in enumerate(rows, 2)
        ]
        staged = settings.load().lake / f"{self.batch}.parquet"
        staged.parent.mkdir(exist_ok=True)
        pq.write_table(pa.Table.from_pylist(full, schema), staged)
        none = pa.array([], pa.string())
        with duck.connect() as engine:
            delta = Delta(engine, Shape(("a", "place"), by, self.change), self.live, date(2026, 11, day), self.batch)
            counts = delta.compute(duck.scan([staged]), none, none, none)
            self.live = load(delta.next_snapshot(f"source/r/{self.batch}").manifest, by=by)
        return counts

    def rows(self) -> dict[str, Row]:
        with duck.connect() as engine:
            found = duck.table(
                engine, f"SELECT * FROM {layers.relation(self.live, ['_key'], NONE, moving=True)}"
            ).to_pylist()
            by_bucket = [
                row
                for n in range(8)
                for row in duck.table(
                    engine, f"SELECT * FROM {layers.relation(self.live, ['_key'], NONE, [n])} WHERE _bucket = {n}"
                ).to_pylist()
            ]
        assert sorted(found, key=repr) == sorted(by_bucket, key=repr), "together they say what each bucket says"
        assert len(found) == self.live.rows
        assert len(found) == len({row["_key"] for row in found}), "a key lies in two buckets"
        return {row["_key"]: row for row in found if not row["_deleted"]}


def test_odd_keys_are_told_apart_and_found_again() -> None:
    keys = [*ODD, *(f"{a}\x1f{b}" for a, b in (("a", "b"), ("a", ""), ("", "a"), ("ab", "c"), ("a", "bc")))]
    register = Register()
    rows: list[Row] = [{"_key": key, "a": key, "place": key} for key in keys]
    assert register.deliver(rows) == Counts(len(keys), 0, 0, 0)
    assert register.deliver(rows, 2) == Counts(0, 0, 0, len(keys))
    assert register.deliver([{**row, "a": "new"} for row in rows[1:]], 3) == Counts(0, len(keys) - 1, 1, 0)
    assert {row["a"] for row in register.rows().values()} == {"new"}


def test_a_row_that_changes_its_bucket_is_moved_not_doubled() -> None:
    register = Register()
    register.deliver([{"_key": str(n), "place": f"p{n}"} for n in range(40)])
    counts = register.deliver([{"_key": str(n), "place": None if n % 2 else f"q{n}"} for n in range(40)], 2)
    assert counts == Counts(0, 40, 0, 0)
    rows = register.rows()
    assert len(rows) == 40
    assert len({row["_bucket"] for row in rows.values() if row["place"] is None}) == 1
    assert register.deliver([], 3) == Counts(0, 0, 40, 0)
    assert register.rows() == {}
    assert register.deliver([{"_key": "1", "place": "p1"}], 4) == Counts(1, 0, 0, 0)
    assert list(register.rows()) == ["1"]


@pytest.mark.parametrize(("kind", "values"), [(pa.int64(), [1, -5, None]), (pa.date32(), [date(2026, 1, 1), None])])
def test_the_bucket_may_hang_on_any_type(kind: pa.DataType, values: list[object]) -> None:
    register = Register(kind=kind)
    register.deliver([{"_key": str(n), "place": value} for n, value in enumerate(values)])
    assert [row["place"] for _, row in sorted(register.rows().items())] == values


def test_a_row_that_wanders_is_known_where_it_is() -> None:
    """From bucket to bucket for longer than any bucket keeps layers: one that it has left must not speak for it any more."""
    register = Register()
    rows: list[Row] = [{"_key": str(n), "a": "", "place": "stays"} for n in range(30)]
    for day in range(1, 25):
        rows[0] = {"_key": "0", "a": f"day {day}", "place": f"p{day}"}
        rows[1 + day % 3] = {**rows[1 + day % 3], "a": f"day {day}"}
        register.deliver(rows, day)
        assert register.rows()["0"]["a"] == f"day {day}"
        assert len(register.rows()) == 30


def test_tombstones_move_with_their_key() -> None:
    register = Register(change=True)
    assert register.deliver([{"_key": "k", "place": "here", "_op": "D"}]) == Counts(0, 0, 0, 0)
    assert register.deliver([{"_key": "k", "place": "there", "_op": "D"}], 2) == Counts(0, 0, 0, 0)
    assert register.deliver([{"_key": "k", "place": "here"}], 1) == Counts(0, 0, 0, 1), "older than its deletion"
    assert register.rows() == {}
    assert register.deliver([{"_key": "k", "place": "elsewhere"}], 3) == Counts(1, 0, 0, 0)
    assert register.deliver([{"_key": "k", "place": "elsewhere"}], 4) == Counts(0, 0, 0, 1)
    assert register.deliver([{"_key": "k", "place": "late"}], 3) == Counts(0, 0, 0, 1), "said again on the 4th"
    assert register.rows()["k"]["place"] == "elsewhere"


def test_a_snapshot_bucketed_by_another_item_is_refused() -> None:
    register = Register()
    register.deliver([{"_key": "k", "place": "here"}])
    with pytest.raises(
        SnapshotError, match="bucketed by `place`, but the catalog now says `a`; set `bucket_by: place` again"
    ):
        load(register.live.manifest, by="a")


def test_any_text_survives_the_json_of_a_row() -> None:
    texts = [*ODD, None, "\x01\x1f\x7f", "tab\tline\nend\r", '{"a": 1}', "\ud7ff\ue000", "", "<>&'"]
    made = _json({"one": pa.array(texts, pa.string()), "two": pa.array([None, *texts[:-1]], pa.string())}).to_pylist()
    for text, before, whole in zip(texts, [None, *texts[:-1]], made, strict=True):
        said = {name: value for name, value in (("one", text), ("two", before)) if value is not None}
        assert (json.loads(whole) if whole else {}) == said
