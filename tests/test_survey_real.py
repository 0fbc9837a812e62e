"""A few of the tables that a city published, and awkward files of public collections, by the bench that measures them all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from shuyuan.settings import PROJECT

SHARED = Path(os.environ.get("SHUYUAN_SHARED_DATA", PROJECT.parent / "shared" / "data"))
TABLES = SHARED / "beijing_opendata"
VALIDATORS = SHARED / "validators"
SAMPLE = (
    "重大税收违法案件信息",
    "首都巾帼科技汇名录",
    "昌平区上市企业名单",
    "卫健委2022年",
    "区住建委行政处罚公示",
    "企业欠税公告信息",
)
real = pytest.mark.skipif(
    not TABLES.is_dir(), reason=f"no {TABLES}: set SHUYUAN_SHARED_DATA to the folder of real tables"
)
awkward = pytest.mark.skipif(
    not VALIDATORS.is_dir(), reason=f"no {VALIDATORS}: set SHUYUAN_SHARED_DATA to the folder of validators"
)


@pytest.fixture(scope="module")
def bench() -> Iterator[ModuleType]:
    sys.path.insert(0, str(PROJECT / "bench"))
    import real_tables

    yield real_tables
    sys.path.remove(str(PROJECT / "bench"))


@real
@pytest.mark.parametrize("name", SAMPLE)
def test_a_published_table_is_drafted_and_read_without_altering_a_code(bench: ModuleType, name: str) -> None:
    found = bench.measure(TABLES, name, line=False)
    assert found
    for one in found:
        assert one.accounted and one.physical > 0, one
        assert one.altered == 0, one.examples


@real
def test_an_altered_code_would_be_noticed(bench: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """One digit of one cell, on the other reader's side."""
    truly = bench.raw_cells.rows

    def spoilt(path: Path, sheet: str | None) -> dict[int, list[str]]:
        rows: dict[int, list[str]] = truly(path, sheet)
        line, at = next(
            (n, i) for n, cells in rows.items() for i, c in enumerate(cells) if n > 1 and c.isdigit() and len(c) == 15
        )
        rows[line][at] = rows[line][at][:-1] + "XY"[rows[line][at].endswith("X")]
        return rows

    monkeypatch.setattr(bench.raw_cells, "rows", spoilt)
    (one,) = bench.measure(TABLES, "企业欠税公告信息", line=False)
    assert one.altered == 1 and one.examples


@awkward
@pytest.mark.parametrize("name", sorted(p.name for p in (VALIDATORS / "csv_spectrum" / "csvs").glob("*.csv")))
def test_csv_spectrum_passes_or_says_why_not(bench: ModuleType, name: str) -> None:
    assert bench.outcome(VALIDATORS / "csv_spectrum" / "csvs" / name).startswith(("passed: ", "refused: "))


@awkward
@pytest.mark.parametrize(
    "name", ["table.xlsx", "bom.csv", "blank-rows-multiple.csv", "chunk1.csv.zip", "sheet2.xls", "accent.csv"]
)
def test_frictionless_passes_or_says_why_not(bench: ModuleType, name: str) -> None:
    (path, *_) = [*(VALIDATORS / "frictionless").rglob(name), None]
    if path is None:
        pytest.skip(f"{name} is not in this copy of the collection")
    assert bench.outcome(path).startswith(("passed: ", "refused: "))


@awkward
def test_naughty_strings_come_out_as_they_went_in(bench: ModuleType) -> None:
    assert bench.outcome(VALIDATORS / "blns" / "blns.txt").startswith("passed: ")
