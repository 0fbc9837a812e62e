"""Dates in every layout that has been seen: read where there is one reading, refused with its reason where there are two or none."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuyuan.standards import parse
from shuyuan.standards.calendar import possible
from shuyuan.standards.dates import LONG_TERM, UNKNOWN, judge, swift
from shuyuan.standards.options import Options

DAY = date(2019, 4, 4)


def _read(text: str, **options: Any) -> tuple[date | None, str | None]:
    read = parse("date", pa.array([text]), **options)
    return read.values[0].as_py(), read.verdicts[0].as_py()


@pytest.mark.parametrize(
    "text",
    [
        "二〇一九年四月四日",
        "二○一九年四月四日",
        "二零一九年四月四号",
        "二O一九年四月四日",
        "2019年4月4号",
        "2019 年 4 月 4 日",
        "2019年4月4日 星期四",
        "2019-04-04 (周四)",
        "2019-4-4 9:5:1",
        "20190404 095152",
        "20190404 09:51:52",
        "2019-04-04T09:51+08",
        "04-Apr-2019",
        "4 April 2019",
        "4th April, 2019",
        "April 4, 2019",
        "Apr. 4, 2019",
        "04-4月-2019",
        "04/04/2019",
        "04.04.2019 09:51",
        "Thu Apr 04 09:51:52 CST 2019",
        "Thu Apr 04 2019 09:51:52 GMT+0800 (中国标准时间)",
    ],
)
def test_one_reading(text: str) -> None:
    assert _read(text) == (DAY, None)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("二〇二〇年十二月三十一日", date(2020, 12, 31)),
        ("一九四九年十月一日", date(1949, 10, 1)),
        ("二〇二一年十一月廿五日", date(2021, 11, 25)),
        ("二〇二一年十月卅日", date(2021, 10, 30)),
        ("二〇二一年〇五月二十日", date(2021, 5, 20)),
        ("25/12/2019", date(2019, 12, 25)),
        ("12/25/2019", date(2019, 12, 25)),
        ("31.01.2019", date(2019, 1, 31)),
        ("2019-04-04T23:59:59-05:00", date(2019, 4, 5)),
    ],
)
def test_other_days(text: str, day: date) -> None:
    assert _read(text) == (day, None)


@pytest.mark.parametrize(
    "text",
    [
        "2012",
        "201211",
        "2012-11",
        "2012/11",
        "2012.11",
        "2012年11月",
        "2012年11月份",
        "2012年",
        "二〇一二年十一月",
        "2012Q3",
        "2012年第三季度",
        "2012年上半年",
        "2012年4月上旬",
        "2012-11-00",
        "20121100",
        "2012-00-00",
        "2012年度",
    ],
)
def test_a_missing_day_is_never_guessed(text: str) -> None:
    assert _read(text) == (None, "date_incomplete")


@pytest.mark.parametrize(
    "text",
    [
        "19-04-04",
        "04/05/2019",
        "1/2/2019",
        "01-02-2019",
        "5.4.19",
        "19年4月4日",
        "04-APR-19",
        "04-4月 -19",
        "20194",
        "2019404",
        "991231",
    ],
)
def test_two_readings_are_refused(text: str) -> None:
    assert _read(text) == (None, "date_ambiguous")


@pytest.mark.parametrize(
    "text",
    [
        "2019-02-29",
        "2019-13-01",
        "20190431",
        "2019-04/04",
        "2019年4-4",
        "20190404256161",
        "2019-04-04abc",
        "2019-4-4-4",
        "无效日期",
        "13/13/2019",
        "31/04/2019",
        "32-Jan-2019",
        "二〇一九年十三月四日",
        "二〇一九年四月四十日",
        "1990年代",
        "5",
        "99999",
        "00000",
        "2019-04-04至2020-04-03",
        "1554336000000",
        "十月一日",
        "二〇一九年十十月一日",
    ],
)
def test_what_no_calendar_knows(text: str) -> None:
    assert _read(text) == (None, "date_unparsable")


@pytest.mark.parametrize(
    "text", ["9999-09-09", "99991231", "2099-12-31", "2099/12/31", "2099-12-31 00:00;00", "2999-12-31"]
)
@pytest.mark.parametrize("as_of", [None, DAY])
def test_long_term_days(text: str, as_of: date | None) -> None:
    assert _read(text, as_of=as_of) == (None, "date_long_term")


@pytest.mark.parametrize("text", ["长期", "长期有效", "永久", "有效期: 无处罚期限", "无固定期限", "2019-04-04至长期"])
def test_long_term_words(text: str) -> None:
    assert _read(text, as_of=DAY) == (None, "date_long_term")


@pytest.mark.parametrize(
    "text",
    [
        "1900-01-01",
        "19000101",
        "1899-12-31 12:00:00",
        "1899-12-30",
        "0001-01-01",
        "0000-00-00",
        "00000000",
        "0000-00-00 00:00:00",
        "0000/00/00",
    ],
)
def test_placeholders(text: str) -> None:
    assert _read(text, as_of=DAY) == (None, "date_sentinel")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("43559", DAY),
        ("43559.0", DAY),
        ("43559.41101", DAY),
        ("10000", date(1927, 5, 18)),
        ("73415", date(2100, 12, 31)),
    ],
)
def test_serials_of_the_1900_system(text: str, day: date) -> None:
    assert _read(text) == (day, "date_serial")


@pytest.mark.parametrize(
    ("text", "verdict"), [("19001", "date_ambiguous"), ("20204", "date_ambiguous"), ("9999", None), ("73416", None)]
)
def test_numbers_that_are_no_serials(text: str, verdict: str | None) -> None:
    """A year with its month, or a number outside of 1927 to 2100."""
    value, said = _read(text)
    assert value is None
    assert said not in (None, "date_serial")
    assert verdict in (None, said)


LAYOUTS = (
    "%Y-%m-%d",
    "%Y%m%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y-%m-%d 23:59:59",
    "%Y/%m/%d 0:00",
    "%Y%m%d235959",
    "%Y-%m-%dT23:59:59.999",
)


def test_the_bulk_path_agrees_with_the_slow_one_on_every_day() -> None:
    """Whatever the bulk path reads, the slow path reads the same; what it leaves are sentinels and implausible days only."""
    first = date(1880, 1, 1)
    days = [first + timedelta(n) for n in range(0, 365 * 250, 3)] + [date(1900, 1, n) for n in range(1, 32)]
    for layout in LAYOUTS:
        texts = pa.array([f"{day:{layout}}" for day in days])
        column, left = swift(texts, Options(as_of=date(2000, 1, 1)))
        slow = judge(texts, Options(as_of=date(2000, 1, 1)))
        read = pa.array(~left)
        assert column.values.filter(read).equals(slow.values.filter(read))
        assert (column.ranks[~left] == slow.ranks[~left]).all()
        assert (column.changed[~left] == slow.changed[~left]).all()
        months = {day // 100 for day in (*UNKNOWN, *LONG_TERM)}
        strange = [not 1900 <= d.year <= 2100 or d.year * 100 + d.month in months for d in days]
        assert left.tolist() == strange


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.none(), st.text("0123456789-/. :T", max_size=20), st.integers(0, 99999999).map(lambda n: f"{n:08d}")
        ),
        max_size=8,
    )
)
def test_the_bulk_path_reads_nothing_that_the_slow_one_would_not(cells: list[str | None]) -> None:
    texts = pa.array(["前", *cells, "2019"], pa.string()).slice(1, len(cells))
    column, left = swift(texts, Options())
    for cell, value, rest in zip(cells, column.values.to_pylist(), left.tolist(), strict=True):
        assert rest or value is not None or not cell
        if value is not None:
            assert judge(pa.array([cell]), Options()).values.to_pylist() == [value]


def test_possible_days_are_those_of_the_calendar() -> None:
    import numpy as np

    numbers = np.array([20000229, 19000229, 20190230, 20191301, 20190001, 0, -1, 20190431], np.int32)
    assert possible(numbers).tolist() == [True, False, False, False, False, False, False, False]
