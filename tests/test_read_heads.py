"""Names of columns found above a table without a contract: titles, headers of several rows, none at all."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from shuyuan.reader import heads, names
from shuyuan.reader.header import normalise


def top(*rows: Sequence[str]) -> heads.Top:
    return heads.table_in(list(enumerate(rows, 1)))


BODY = [["1", "甲公司", "911101", "京1", "2020-01-01"], ["2", "乙公司", "911102", "京2", "2020-01-02"]]


def test_titles_units_and_label_lines_stand_above_the_header() -> None:
    got = top(
        ["关于2020年许可的公示", "", "", "", ""],
        ["单位：万元", "", "", "", ""],
        ["填表单位:某局", "", "填表日期：2020-02-01", "", ""],
        ["序号", "名称", "代码", "文号", "日期"],
        *BODY,
    )
    assert (got.header, got.first, got.names) == ((4,), 5, ("序号", "名称", "代码", "文号", "日期"))


def test_a_header_of_two_rows_is_merged_right_and_down() -> None:
    got = top(["序号", "企业信息", "", "许可信息", ""], ["", "名称", "代码", "文号", "日期"], *BODY)
    assert got.header == (1, 2)
    assert got.names == ("序号", "企业信息/名称", "企业信息/代码", "许可信息/文号", "许可信息/日期")


def test_a_header_of_three_rows_and_one_said_twice() -> None:
    got = top(
        ["序号", "企业", "", "许可", ""],
        ["", "基本", "", "文书", ""],
        ["", "名称", "代码", "文号", "日期"],
        *BODY,
        *BODY,
    )
    assert got.header == (1, 2, 3)
    assert got.names[1:3] == ("企业/基本/名称", "企业/基本/代码")
    again = top(["a", "b"], ["a", "b"], ["1", "2"], ["3", "4"], ["5", "6"])
    assert (again.header, again.names, again.first) == ((1, 2), ("a", "b"), 3)


def test_no_header_is_invented() -> None:
    assert top(["1", "2"], ["3", "4"]).names == ("column_1", "column_2")
    people = top(["张三", "男", "北京"], ["李四", "女", "上海"], ["王五", "男", "广州"])
    assert (people.named, people.first) == (False, 1)


def test_texts_alone_have_a_header_when_no_value_comes_again() -> None:
    got = top(["姓名", "性别", "城市"], ["张三", "男", "北京"], ["李四", "女", "上海"], ["王五", "男", "广州"])
    assert (got.header, got.first) == ((1,), 2)


def test_years_and_question_numbers_can_be_names() -> None:
    assert top(["指标", "2019", "2020"], ["人口", "100.5", "102"], ["车辆", "1", "2"]).names == ("指标", "2019", "2020")
    assert top(["id", "101", "102"], ["a1", "true", "false"], ["a2", "true", "true"]).names == ("id", "101", "102")


def test_a_header_alone_and_one_row_of_data() -> None:
    assert (top(["id", "name"]).first, top(["id", "name"]).header) == (None, (1,))
    assert (top(["id", "name"], ["1", "a"]).header, top(["id", "name"], ["1", "a"]).first) == ((1,), 2)


def test_a_header_with_a_delimiter_too_many_or_too_few() -> None:
    data = [["2020-01-01", "10:10", "3", "a1"], ["2020-01-02", "10:20", "4", "a2"], ["2020-01-03", "10:30", "5", "a3"]]
    assert top(["date", "time", "", "qty", "code"], *data).names == ("date", "time", "qty", "code")
    short = top(["datetime", "qty", "code"], *data)
    assert (short.named, short.header, short.names[0]) == (False, (1,), "column_1")
    assert "cannot be told" in short.why[0]


def test_names_are_not_put_over_columns_that_they_contradict() -> None:
    """The last column is empty, so eight names over nine columns look like rows that end with a delimiter."""
    data = [
        ["2020-01-01", "10:10", "3", "a1", ""],
        ["2020-01-02", "10:20", "4", "a2", ""],
        ["2020-01-03", "9:30", "5", "a3", ""],
    ]
    assert top(["datetime", "qty", "code", "remarks"], *data).named is False
    trailing = top(["date", "time", "qty", "code"], *data)
    assert (trailing.named, trailing.names) == (True, ("date", "time", "qty", "code"))


def test_row_numbers_without_a_name() -> None:
    got = top(["name", "age"], ["1", "Ann", "33"], ["2", "Bob", "44"], ["3", "Eve", "55"])
    assert got.names == ("column_1", "name", "age")


@given(
    st.lists(
        st.lists(st.sampled_from(["", "a", "b", "1", "2020-01-01", "合计", "单位：", "中文"]), max_size=5), max_size=8
    )
)
@settings(max_examples=400, deadline=None)
def test_any_rows_have_names_that_are_unique_and_never_empty(rows: list[list[str]]) -> None:
    got = top(*rows)
    assert all(got.names)
    assert len({normalise(n) for n in got.names}) == len(got.names) == got.width
    assert bool(got.names) == any(c for r in rows for c in r)


def test_names_are_tidy_and_unique_as_the_reader_compares_them() -> None:
    assert names.unique(["a", "A", "", '"', "x\n y"]) == ("a", "A_2", "column_3", "column_4", "x y")
