"""Dates, amounts, numbers, codes and divisions as departments write them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from shuyuan.standards import parse

CATALOG = Path(__file__).parent.parent / "catalog"
DAY = date(2019, 4, 4)
STANDING_IN = ("date_sentinel", "date_long_term")


def _value(item_type: str, text: str, **options: Any) -> Any:
    return parse(item_type, pa.array([text]), **options).values[0].as_py()


def _verdict(item_type: str, text: str, **options: Any) -> str | None:
    return parse(item_type, pa.array([text]), **options).verdicts[0].as_py()


@pytest.mark.parametrize(
    "text",
    [
        "2019-04-04",
        "20190404",
        "2019/04/04",
        "2019-4-4",
        "2019/4/4",
        "2019.04.04",
        "2019年4月4日",
        "2019年04月04日",
        "20190404154247",
        "201904041542",
        "20190404154247.123",
        "2019-04-04 09:51:52",
        "2019-04-04 9:51",
        "2019/4/4 0:00:00",
        "2019-04-04T09:51:52.123456",
        "2019-04-04 00:00;00",
        "2019-04-04 上午 09:51:52",
        "2019年4月4日 9时51分52秒",
        "２０１９－０４－０４",
        "  2019-04-04\t",
        "2019-04-04T09:51:52+08:00",
        "2019-04-03T16:00:00Z",
        "2019-04-03T16:00:00.000Z",
    ],
)
def test_date_layouts(text: str) -> None:
    read = parse("date", pa.array([text]))
    assert read.values.to_pylist() == [DAY]
    assert read.verdicts.to_pylist() == [None]
    assert read.changed.to_pylist() == [text != "2019-04-04"]


def test_every_day_of_four_centuries_is_read_in_bulk_and_one_by_one() -> None:
    days = [date.fromordinal(n) for n in range(date(1801, 1, 1).toordinal(), date(2201, 1, 1).toordinal(), 7)]
    for layout in ("%Y-%m-%d", "%Y%m%d", "%Y年%m月%d日", "%Y/%m/%d 23:59:59"):
        read = parse("date", pa.array([f"{day:{layout}}" for day in days]))
        assert [value for value in read.values.to_pylist() if value] == [
            day for day, verdict in zip(days, read.verdicts.to_pylist(), strict=True) if verdict not in STANDING_IN
        ]
        assert read.values.null_count <= 2


@pytest.mark.parametrize(
    ("text", "yuan"),
    [
        ("100", "100"),
        ("-0.5", "-0.5"),
        ("0", "0"),
        ("00012.50", "12.5"),
        ("1,234,567.89", "1234567.89"),
        ("￥1,000.00", "1000"),
        ("¥1,000.00元", "1000"),
        ("人民币1000元整", "1000"),
        ("RMB 12.5", "12.5"),
        ("3万元", "30000"),
        ("5(万元)", "50000"),
        ("3.5万", "35000"),
        ("1.5亿", "150000000"),
        ("2亿元", "200000000"),
        ("5千元", "5000"),
        ("1２３.４５", "123.45"),
        ("-1e-05", "-0.00001"),
        ("1.5E8", "150000000"),
        (".5", "0.5"),
        ("5.", "5"),
        ("99999999999999.999999", "99999999999999.999999"),
        ("0.1234565", "0.123457"),
        ("250分", "2.5"),
    ],
)
def test_amounts_are_exact_yuan(text: str, yuan: str) -> None:
    assert _value("amount", text) == Decimal(yuan)


@pytest.mark.parametrize(
    ("text", "unit", "yuan"),
    [
        ("100", "万元", "1000000"),
        ("0.000001", "万元", "0.01"),
        ("0.00000001", "万元", "0.0001"),
        ("9999999999.9999999", "万元", "99999999999999.999"),
        ("1,000", "万元", "10000000"),
        ("￥5", "万元", "50000"),
        ("100元", "万元", "100"),
        ("3亿元", "万元", "300000000"),
        ("12", "千元", "12000"),
        ("12", "亿元", "1200000000"),
        ("12345", "分", "123.45"),
        ("7", "万", "70000"),
        ("7", "元", "7"),
    ],
)
def test_unit_of_the_item_is_for_unmarked_numbers_only(text: str, unit: str, yuan: str) -> None:
    assert _value("amount", text, unit=unit) == Decimal(yuan)


@pytest.mark.parametrize("text", ["5,000000", "1,0000", "1,00,000", "三万五", "1-2", "1..2", "inf", "元", "1 2a"])
def test_amounts_are_never_guessed(text: str) -> None:
    assert _verdict("amount", text) == "amount_unparsable"


@pytest.mark.parametrize("text", ["100美元", "3万美元", "$5", "US$5", "HKD 5", "5港元", "€5", "5 USD"])
def test_foreign_currency_is_no_yuan(text: str) -> None:
    assert _verdict("amount", text) == "amount_foreign_currency"


def test_too_large_amounts_are_refused_on_every_path() -> None:
    for text, unit in (
        ("1" + "0" * 14, "元"),
        ("1" + "0" * 10, "万元"),
        ("1,000,000,000,000,000", "元"),
        ("1e20", "元"),
    ):
        assert _verdict("amount", text, unit=unit) == "amount_out_of_range"


@pytest.mark.parametrize(("text", "number"), [("12", 12), ("12.0", 12), ("1,200", 1200), ("1.2E3", 1200), ("-007", -7)])
def test_integers(text: str, number: int) -> None:
    assert _value("integer", text) == number
    assert parse("integer", pa.array([text])).changed.to_pylist() == [text != "12"]


def test_integers_of_64_bits() -> None:
    assert _value("integer", str(2**63 - 1)) == 2**63 - 1
    assert _verdict("integer", "1e400") == "integer_unparsable"


@pytest.mark.parametrize(
    ("text", "degrees"),
    [("114.05", 114.05), ("22.5", 22.5), ("116°23′30″E", 116.391666667), ("北纬22.5度", 22.5), ("113°30'", 113.5)],
)
def test_coordinates(text: str, degrees: float) -> None:
    assert _value("coordinate", text) == pytest.approx(degrees)
    assert _verdict("coordinate", text) is None


@pytest.mark.parametrize("text", ["0", "60.5", "2.9", "136.5", "-22.5", "39904200"])
def test_coordinates_outside_of_china(text: str) -> None:
    assert _verdict("coordinate", text) == "coordinate_out_of_range"


def test_crosswalk_comes_before_the_list() -> None:
    """A housing fund's `1` is not the standard's `1`."""
    options = {"codes": ["1", "2", "111"], "crosswalk": {"1": "111", "（旧）": "2"}}
    assert [_value("code", text, **options) for text in ("1", "2", "(旧)")] == ["111", "2", "2"]
    assert [_verdict("code", text, **options) for text in ("1", "2")] == ["code_crosswalked", None]


def test_null_token_with_a_meaning_in_the_list_is_a_value() -> None:
    assert _value("code", "无", codes=["0", "1"], crosswalk={"无": "0"}) == "0"
    assert _value("code", "无", codes=["0", "1"]) is None


def test_ambiguous_labels_are_not_read() -> None:
    codes = {"1": "新安街道", "2": "新安街道", "3": "西乡街道"}
    assert _verdict("code", "新安街道", codes=codes) == "code_unknown"
    assert _value("code", "西乡街道", codes=codes) == "3"


def test_code_without_a_list_stays() -> None:
    assert _value("code", " Ａ１ ") == "A1"


@pytest.mark.parametrize(
    ("text", "division"),
    [
        ("440303", "440303"),
        ("440303000", "440303"),
        ("440303000000", "440303"),
        ("440303001000", "440303001"),
        ("440303001002", "440303001002"),
        ("4403", "440300"),
        ("44", "440000"),
    ],
)
def test_divisions_have_one_spelling(text: str, division: str) -> None:
    assert _value("division", text) == division


@pytest.mark.parametrize("text", ["440303001002001", "040303", "44030", "南山区"])
def test_malformed_divisions(text: str) -> None:
    assert _verdict("division", text) == "division_malformed"


def test_abolished_division_goes_through_a_crosswalk() -> None:
    options = {"codes": ["440303"], "crosswalk": {"440321": "440303"}}
    assert (_value("division", "440321", **options), _verdict("division", "440321", **options)) == (
        "440303",
        "code_crosswalked",
    )


def _lists() -> dict[str, dict[str, str]]:
    return {p.stem: yaml.safe_load(p.read_text("utf-8"))["values"] for p in sorted((CATALOG / "codes").glob("*.yml"))}


@pytest.mark.parametrize("name", _lists())
def test_code_lists_read_their_own_values(name: str) -> None:
    listed = _lists()[name]
    read = parse("division" if name == "division" else "code", pa.array(list(listed)), codes=listed)
    assert read.values.to_pylist() == list(listed)
    assert read.verdicts.null_count == len(listed)


@pytest.mark.parametrize("path", sorted((CATALOG / "crosswalks").glob("*.yml")), ids=lambda path: path.stem)
def test_crosswalks_lead_into_their_list(path: Path) -> None:
    crosswalk = yaml.safe_load(path.read_text("utf-8"))
    listed = _lists()[crosswalk["codes"]]
    read = parse("code", pa.array(list(crosswalk["map"])), codes=listed, crosswalk=crosswalk["map"])
    assert read.values.to_pylist() == list(crosswalk["map"].values())


def test_ethnic_groups_are_all_there() -> None:
    assert list(_lists()["ethnic"]) == [*(f"{n:02d}" for n in range(1, 57)), "97", "98"]
