"""From a reading to staged files, without a database: what large deliveries have that small ones have not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from shuyuan import settings
from shuyuan.catalog import load_catalog
from shuyuan.catalog.delivery import Delivery
from shuyuan.catalog.models import Resource, ResourceItem
from shuyuan.intake.stage import Standardised, stage
from shuyuan.intake.staged import Staged
from shuyuan.reader.read import Column, stream

ITEMS = (ResourceItem(name="no", label="编号", required=True), ResourceItem(name="place", label="地区"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SHUYUAN_HOME", str(tmp_path))
    settings.load.cache_clear()
    yield
    settings.load.cache_clear()


def staged(path: Path, delivery: Delivery, bucket_by: str = "no") -> tuple[Standardised, Staged]:
    resource = Resource(
        id="a.b", title="", title_en="", classification="1", key=("no",), bucket_by=bucket_by, update_cycle="daily",
        delivery=delivery, items=ITEMS,
    )  # fmt: skip
    columns = [Column(item.name, item.headers) for item in ITEMS]
    columns += [Column("_op", (delivery.op,))] if delivery.op else []
    folder = Staged.of("staged/1")
    with stream(path, columns, compact=True) as reading:
        return stage(reading, resource, load_catalog(settings.PROJECT / "catalog"), date(2026, 11, 20), folder), folder


def test_a_large_file_of_changes(tmp_path: Path) -> None:
    rows = "".join(f"{n},罗湖,{'IUD'[n % 3]}\n" for n in range(25_000))
    (tmp_path / "a.csv").write_text("编号,地区,操作\n" + rows + "25001,罗湖,X\n", "utf-8")
    result, folder = staged(tmp_path / "a.csv", Delivery(pattern="a.csv", mode="change", op="操作"))
    assert (result.loaded, result.rejects["reason"].to_pylist()) == (25_000, ["op_unknown"])
    operations = pq.read_table(folder.files(), columns=["_op"])["_op"].to_pylist()
    assert {op: operations.count(op) for op in "UD"} == {"U": 16_667, "D": 8_333}


def test_keys_that_come_twice_far_apart(tmp_path: Path) -> None:
    rows = [f"{n},福田" for n in range(60_000)]
    rows[59_990], rows[59_995] = "5,福田", "7,南山"
    (tmp_path / "a.csv").write_text("编号,地区\n" + "\n".join(rows), "utf-8")
    result, folder = staged(tmp_path / "a.csv", Delivery(pattern="a.csv"), bucket_by="place")
    found = sorted(zip(result.rejects["line"].to_pylist(), result.rejects["reason"].to_pylist(), strict=True))
    assert found == [(9, "key_conflict"), (59_992, "duplicate_row"), (59_997, "key_conflict")]
    assert result.loaded == 59_997
    assert sorted(folder.withheld().to_pylist()) == ["5", "7"]
