"""Amounts in every written form that has been seen, exactly; the bulk path against the slow one; foreign currencies by name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuyuan.standards import parse
from shuyuan.standards.amounts import UNITS, currency_of, judge_amount, swift
from shuyuan.standards.options import Options
from shuyuan.standards.words import Rows, are_digits, first_byte_at, number

FORMS = {
    "1200": "1200",
    "1，200": "1200",
    "１２００．５０": "1200.5",
    "1,200.00元整": "1200",
    "￥1,200": "1200",
    "¥1200": "1200",
    "RMB1200": "1200",
    "1200CNY": "1200",
    "人民币1200元": "1200",
    "人民币(大写):壹仟贰佰元整": "1200",
    "(1,200)": "-1200",
    "1200-": "-1200",
    "－1200": "-1200",
    "−1200": "-1200",
    "负壹万元": "-10000",
    "1.2万": "12000",
    "1.2 万元": "12000",
    "1.2亿": "120000000",
    "5千元": "5000",
    "1.5百万": "1500000",
    "2千万元": "20000000",
    "1万亿": "1000000000000",
    "5e3": "5000",
    "1.5E+8": "150000000",
    "3万5千": "35000",
    "12万3456元": "123456",
    "1亿2000万": "120000000",
    "100.000000万人民币": "1000000",
    "500万元人民币": "5000000",
    "3011万人民币元": "30110000",
    "11,437(万)": "114370000",
    "4,860(万元人民币)": "48600000",
    "壹万贰仟元整": "12000",
    "壹拾万圆正": "100000",
    "拾万元": "100000",
    "一万二千": "12000",
    "三万零五": "30005",
    "一亿零三百万": "103000000",
    "贰佰伍拾万零伍佰元整": "2500500",
    "壹佰贰拾叁元肆角伍分": "123.45",
    "十二元零五分": "12.05",
    "12元5角3分": "12.53",
    "伍角": "0.5",
    "二〇〇〇元": "2000",
    "两千": "2000",
    "壹万元整(¥10,000.00)": "10000",
    "¥10000.00(壹万元整)": "10000",
    "折合人民币70万元": "700000",
}


def _read(text: str, **options: Any) -> tuple[Decimal | None, str | None]:
    read = parse("amount", pa.array([text]), **options)
    return read.values[0].as_py(), read.verdicts[0].as_py()


@pytest.mark.parametrize("text", FORMS)
def test_written_forms(text: str) -> None:
    value, verdict = _read(text)
    assert value == Decimal(FORMS[text])
    assert verdict == ("amount_negative" if value < 0 else None)


def test_there_are_more_than_twenty_forms() -> None:
    assert len(FORMS) > 40


@pytest.mark.parametrize(
    "text",
    ["三万五", "3万5", "一百二", "一千二", "一二百", "百万", "万元", "12块5", "12元13角",
"1.5万3", "壹万元整(¥10,001.00)", "12人民币34", "约1000",
"1000-2000", "1000元/月", "12:30", "()", "元整", "1 2a", "5,000000", "1.2.3", "见决定书", "十十", "万万五"],
)  # fmt: skip
def test_two_readings_or_none(text: str) -> None:
    assert _read(text) == (None, "amount_unparsable")


@pytest.mark.parametrize("text", ["10%", "０.5％", "5‰", "百分之十"])
def test_percentages_are_no_amounts(text: str) -> None:
    assert _read(text) == (None, "amount_percentage")


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("50.0(万美元)", "USD"),
        ("US$5", "USD"),
        ("742万港币", "HKD"),
        ("741.0200(万日元)", "JPY"),
        ("6,472(万欧元)", "EUR"),
        ("€5", "EUR"),
        ("10万美元折合人民币70万元", "USD"),
        ("5万新加坡元", "SGD"),
        ("$5", "XXX"),
        ("外币100", "XXX"),
    ],
)
def test_foreign_currencies_are_named(text: str, currency: str) -> None:
    assert _read(text) == (None, "amount_foreign_currency")
    assert currency_of(text) == currency


@pytest.mark.parametrize("text", ["100", "100元", "人民币100万元", "RMB5", "CNY 5", "五百"])
def test_yuan_is_no_foreign_currency(text: str) -> None:
    assert currency_of(text) is None


def _han(number_: int) -> str:
    """An amount below 1e12 in capital numerals, by the book."""
    digits, places = "零壹贰叁肆伍陆柒捌玖", ("仟", "佰", "拾", "")
    text = ""
    for power, great in ((8, "亿"), (4, "万"), (0, "")):
        section = number_ // 10**power % 10**4
        if section and text and section < 1000:
            text += "零"
        zero = False
        for place, figure in zip(places, f"{section:04d}".lstrip("0").rjust(4, " "), strict=True):
            if figure == "0":
                zero = True
            elif figure != " ":
                text += ("零" if zero else "") + digits[int(figure)] + place
                zero = False
        text += great if section else ""
    return f"{text}元整"


@settings(max_examples=400, deadline=None)
@given(st.integers(1, 10**12 - 1))
def test_capital_numerals(amount: int) -> None:
    assert _read(_han(amount)) == (Decimal(amount), None)


NUMBERS = st.one_of(
    st.from_regex(r"-?[0-9]{1,18}(\.[0-9]{0,8})?", fullmatch=True),
    st.text("0123456789.,-", max_size=18),
    st.none(),
)


@settings(max_examples=800, deadline=None)
@given(st.lists(NUMBERS, max_size=10), st.sampled_from(sorted(UNITS)))
def test_the_bulk_path_agrees_with_the_slow_one(cells: list[str | None], unit: str) -> None:
    texts = pa.array(["9" * 20, *cells, "0"], pa.string()).slice(1, len(cells))
    column, left = swift(texts, Options(unit=unit))
    for at, (cell, rest) in enumerate(zip(cells, left.tolist(), strict=True)):
        if rest or not cell:
            assert column.values[at].as_py() is None
        else:
            slow = judge_amount(pa.array([cell]), Options(unit=unit))
            assert slow.values[0].as_py() == column.values[at].as_py() is not None
            assert slow.ranks[0] == column.ranks[at] == 0
            assert slow.changed[0] == column.changed[at]


@pytest.mark.parametrize(
    ("unit", "largest"), [("元", "123456789012"), ("元", "9999999999.99"), ("万元", "12345678.99")]
)
def test_usual_numbers_take_the_bulk_path(unit: str, largest: str) -> None:
    texts = pa.array(["0", "5", "12345678", largest, "0.5", "1234567.89", "12.345678", None, ""])
    assert not swift(texts, Options(unit=unit))[1].any()


def test_words_are_loaded_from_every_place() -> None:
    """Rows of every length, at the beginning and at the end of a buffer."""
    for size in range(1, 18):
        texts = pa.array(["12345678901234567"[:size]] * 3)
        rows = Rows.of(texts)
        ends = rows.starts + rows.lengths
        read = number(rows.word_before(ends, rows.lengths))
        assert read.tolist() == [int("12345678901234567"[:size][-8:])] * 3
        assert are_digits(rows.word_before(ends, rows.lengths)).all()


def test_first_byte_of_a_word() -> None:
    words = np.frombuffer(b"1234567..2345.7.12345678", "<u8")
    assert first_byte_at(words, np.uint8(ord("."))).tolist() == [7, 0, 8]
