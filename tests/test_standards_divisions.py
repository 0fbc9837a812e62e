"""Division codes over time: a small authored history, the way `parse` uses it, and the real table where there is one."""

from __future__ import annotations

import importlib.util
import os
import shutil
from datetime import date
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pytest

from shuyuan.catalog import load_catalog
from shuyuan.settings import PROJECT
from shuyuan.standards import History, parse, unmapped

SHARED = Path(os.environ.get("SHUYUAN_SHARED_DATA", PROJECT.parent / "shared" / "data")) / "cn_divisions"
real = pytest.mark.skipif(
    not (SHARED / "areacodes").is_dir(),
    reason=f"no {SHARED / 'areacodes'}: set SHUYUAN_SHARED_DATA to the folder of real tables",
)
NOW = date(2026, 11, 20)

# Invented places: a renumbering (01), a split (02), a merger (03 into 01), a part handed over (04), a prefecture given up (99).
TABLE = """\ufeff代码,一级行政区,二级行政区,名称,级别,状态,启用时间,变更/弃用时间,新代码
160000,甲省,,甲省,省级,在用,1981,,
160100,甲省,乙市,乙市,地级,在用,1990,,160111[1995]
160101,甲省,乙市,东县,县级,变更,1981,1995,160101
160101,甲省,乙市,东区,县级,在用,1995,,
160102,甲省,乙市,西县,县级,弃用,1981,1992,160111;160112
160103,甲省,乙市,小县,县级,弃用,1981,2000,160101
160104,甲省,乙市,南县,县级,在用,1981,,160101[1999]
160111,甲省,乙市,前区,县级,在用,1992,,
160112,甲省,乙市,后区,县级,弃用,1992,2010,160113
160113,甲省,乙市,后区,县级,在用,2010,,
169900,甲省,丙地区,丙地区,地级,弃用,1981,1990,
169901,甲省,丙地区,山县,县级,弃用,1981,1990,160102
169902,甲省,丙地区,水县,县级,弃用,1981,1985,169903
169903,甲省,丙地区,水市,县级,弃用,1985,1990,160104
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "history.csv"
    file.write_text(TABLE, "utf-8")
    return file


@pytest.fixture
def history(path: Path) -> History:
    return History.load(path)


@pytest.mark.parametrize(
    ("code", "year", "today"),
    [
        ("160101", 1981, ["160101"]),  # another name, later another record
        ("160102", 1991, ["160111", "160113"]),  # split, one half renumbered again
        ("160103", 1999, ["160101"]),
        ("160103", 2000, ["160101"]),  # given up in that very year: still known by it
        ("160103", 2001, None),
        ("160104", 1998, ["160101", "160104"]),  # a part was handed over in 1999
        ("160104", 1999, ["160104"]),  # what it is without that part
        ("160112", 1991, None),  # not yet
        ("160112", 2009, ["160113"]),
        ("160100", 1994, ["160100", "160111"]),
        ("160100", 1995, ["160100"]),
        ("169900", 1981, ["160101", "160104", "160111", "160113"]),  # its counties then, wherever they are now
        ("169902", 1984, ["160101", "160104"]),
        ("999999", 1990, None),
        ("甲省", 1990, None),
        (None, 1990, None),
        ("160111001", 2020, None),  # townships are not in the table
    ],
)
def test_codes_of_today(history: History, code: str | None, year: int, today: list[str] | None) -> None:
    assert history.today(pa.array([code], pa.string()), date(year, 7, 1)).to_pylist() == [today]


def test_each_row_has_its_own_day(history: History) -> None:
    codes = pa.array(["160104", None, "160104", "160104"])
    days = pa.array([date(1998, 1, 1), date(1998, 1, 1), date(2020, 1, 1), None])
    assert history.today(codes, days).to_pylist() == [["160101", "160104"], None, ["160104"], None]
    assert history.today(codes[:0], NOW).to_pylist() == []


def test_a_million_rows_cost_as_many_steps_as_there_are_pairs(history: History) -> None:
    codes = pa.array(["160102", "160104"] * 500_000)
    today = history.today(codes, date(1991, 1, 1))
    assert today.type == pa.list_(pa.string())
    assert (len(today), today[999_998].as_py()) == (1_000_000, ["160111", "160113"])


def test_a_division_given_up_is_told_from_one_that_never_was(history: History) -> None:
    codes = ["160101", "160102", "160199", "160102003", "160112000000", "170000"]
    read = parse("division", pa.array(codes), codes=["160101", "160111", "160113"], history=history)
    assert read.verdicts.to_pylist() == [
        None, "division_superseded", "division_unknown", "division_superseded", "division_superseded", "division_unknown",
    ]  # fmt: skip
    assert read.values.to_pylist() == ["160101", "160102", None, "160102003", "160112", None]


def test_without_a_list_the_history_says_what_is_in_use(history: History) -> None:
    read = parse("division", pa.array(["160113", "160113005", "160112", "160198"]), history=history)
    assert read.verdicts.to_pylist() == [None, None, "division_superseded", "division_unknown"]


def test_the_region_of_a_citizen_number_must_once_have_existed(history: History) -> None:
    numbers = pa.array(["160102198001010016", "160198198001010019", "830000199201300022"])
    assert parse("citizen_id", numbers, history=history).verdicts.to_pylist() == [None, "id_region_unknown", None]
    assert parse("citizen_id", numbers).verdicts.to_pylist() == ["id_region_unknown", "id_region_unknown", None]


def test_what_no_list_names_is_a_list_for_the_steward(history: History) -> None:
    raw = pa.chunked_array([["160101", "160102", "东县", "160102"], ["160102 ", "东县", None, "-"]])
    read = parse("division", raw, codes=["160101"], crosswalk={"东区": "160101"}, history=history)
    assert unmapped(raw, read).to_pylist() == [
        {"value": "160102", "reason": "division_superseded", "rows": 3},
        {"value": "东县", "reason": "division_malformed", "rows": 2},
    ]
    fine = parse("division", raw, codes=["160101", "160102"], crosswalk={"东县": "160101"})
    assert unmapped(raw, fine).num_rows == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("代码,一级", "code,一级", "history.csv:1: no column 代码"),
        ("1992,160111;160112", "1992,160111;后区", "history.csv:6: column 新代码: `后区`"),
        ("在用,1995,,", "在用,95年,,", "history.csv:5: column 启用时间: `95年` is not a year"),
        ("160100,甲省", "16010,甲省", "history.csv:3: column 代码: `16010`"),
        ("160101,甲省,乙市,东区,县级,在用,1995,,", "160101,甲省", "history.csv:5: "),
        ("160113\n", "160999\n", "160112 moves in 2010 to 160999"),
        ("160111[1995]", "160111", "history.csv:3: column 新代码: `160111`"),
    ],
)
def test_a_table_that_is_none_is_refused(path: Path, old: str, new: str, message: str) -> None:
    assert TABLE.count(old) == 1
    path.write_text(TABLE.replace(old, new), "utf-8")
    with pytest.raises(ValueError, match=r"history\.csv") as refused:
        History.load(path)
    assert message in str(refused.value)


def test_the_catalog_finds_the_history_beside_the_code_lists(tmp_path: Path) -> None:
    root = Path(shutil.copytree(PROJECT / "catalog", tmp_path / "catalog"))
    (root / "codes" / "divisions_history.csv").write_text(TABLE, "utf-8")
    found = load_catalog(root).divisions_history
    assert found is not None
    assert History.load(found).today(pa.array(["160103"]), date(1990, 1, 1)).to_pylist() == [["160101"]]
    (root / "codes" / "divisions_history.csv").unlink()
    load_catalog.cache_clear()
    assert load_catalog(root).divisions_history is None


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_divisions", PROJECT / "bench" / "divisions.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@real
def test_every_code_of_every_year_against_the_yearly_diffs(bench: ModuleType) -> None:
    """The oracle reads yearly lists and diffs, not the table; a table with one successor taken away must be found out."""
    figures = bench.figures(SHARED)
    assert figures["pairs"] > 140_000
    assert figures["not_just_itself"] > 40_000
    assert figures["exact"] >= 0.995


@real
def test_the_oracle_finds_a_wrong_table(bench: ModuleType, tmp_path: Path) -> None:
    text = (SHARED / "areacodes" / "result.csv").read_text("utf-8-sig")
    spoiled = tmp_path / "result.csv"
    spoiled.write_text(text.replace("1986,2014,130108[2001];130111", "1986,2014,130111"), "utf-8")
    oracle, code = bench.Oracle(SHARED / "areacodes"), pa.array(["130124"])
    right = {f"{one:06d}" for one in oracle.today(130124, 1990)}
    assert (
        set(History.load(SHARED / "areacodes" / "result.csv").today(code, date(1990, 12, 31)).to_pylist()[0]) == right
    )
    assert set(History.load(spoiled).today(code, date(1990, 12, 31)).to_pylist()[0]) != right


@real
def test_well_known_changes() -> None:
    history = History.load(SHARED / "areacodes" / "result.csv")
    cases = {
        ("110103", 2009): ["110101"],
        ("512301", 1990): ["500102"],
        ("440301", 1985): None,
        ("110105", 1990): ["110105"],
    }
    for (code, year), today in cases.items():
        assert history.today(pa.array([code]), date(year, 12, 31)).to_pylist() == [today]
